package search_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search"
)

// An index in a directory: open, add, commit, search, explain. Errors are left out.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)

	schema := index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text, Stored: true}}}
	w, _ := index.OpenWriter(ctx, index.Dir(dir), schema, index.WriterOptions{})
	defer w.Close()
	w.Put(ctx, &index.Document{Key: index.Key{1}, Values: []index.Value{{Field: 0, Text: "Managing Gigabytes"}}})
	w.Put(ctx, &index.Document{Key: index.Key{2}, Values: []index.Value{{Field: 0, Text: "Gigabytes of Wine"}}})
	w.Commit(ctx, 2) // durable; 2 is a place in the log that the documents came from
	s := search.Local(search.View(w.Snapshot), nil, search.Options{})
	req := &search.Request{Query: "managing gigabytes", Limit: 10, Explain: true}
	res, _ := s.Search(ctx, req)
	s.Fetch(ctx, req, res.Hits)
	for _, h := range res.Hits {
		fmt.Printf("%s %.2f %d\n", h.Title, h.Score, len(h.Explain.Terms))
	}
	// Output:
	// Managing Gigabytes 0.68 2
	// Gigabytes of Wine 0.14 1
}

// TestReadme: what the README shows of the library is what runs here.
func TestReadme(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	_, block, ok := strings.Cut(read("../README.md"), "```go\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatal("README.md shows no Go")
	}
	runs := read("example_test.go")
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		if !strings.Contains(runs, "\t"+strings.TrimSpace(line)+"\n") {
			t.Errorf("this does not run in Example: %s", line)
		}
	}
}

// TestView: a search sees what the writer made visible, and that it is closed.
func TestView(t *testing.T) {
	ctx := t.Context()
	w, err := index.OpenWriter(ctx, index.Dir(t.TempDir()), index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text}}}, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := search.Local(search.View(w.Snapshot), nil, search.Options{})
	total := func() uint64 {
		t.Helper()
		res, err := s.Search(ctx, &search.Request{Query: "wine"})
		if err != nil {
			t.Fatal(err)
		}
		return res.Total
	}
	if n := total(); n != 0 {
		t.Errorf("%d before the first document", n)
	}
	if err := w.Put(ctx, &index.Document{Values: []index.Value{{Text: "wine"}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if n := total(); n != 1 {
		t.Errorf("%d behind Refresh", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Search(ctx, &search.Request{Query: "wine"}); !errors.Is(err, index.ErrClosed) {
		t.Errorf("behind Close: %v", err)
	}
}

// How a score came about: what each word adds, in which field.
func ExampleExplain() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)

	schema := index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text, Stored: true}, {Name: "body", Kind: index.Text}}}
	w, _ := index.OpenWriter(ctx, index.Dir(dir), schema, index.WriterOptions{})
	defer w.Close()
	w.Put(ctx, &index.Document{Key: index.Key{1}, Values: []index.Value{{Field: 0, Text: "Red wine"}, {Field: 1, Text: "From black grapes."}}})
	w.Put(ctx, &index.Document{Key: index.Key{2}, Values: []index.Value{{Field: 0, Text: "White wine"}, {Field: 1, Text: "From any grape."}}})
	w.Commit(ctx, 2)

	snap, _ := index.Open(ctx, index.Dir(dir)) // as another process does
	defer snap.Close()
	s := search.Local(search.View(snap.Acquire), nil, search.Options{})
	req := &search.Request{Query: "red grapes", Limit: 10, Explain: true}
	res, _ := s.Search(ctx, req)
	s.Fetch(ctx, req, res.Hits)
	for _, h := range res.Hits {
		fmt.Printf("%s:", h.Title)
		for _, t := range h.Explain.Terms {
			fmt.Printf(" %s %.2f in %s", t.Term, t.Score, t.Fields[0].Field)
		}
		fmt.Println()
	}
	// Output:
	// Red wine: red 0.53 in title grapes 0.08 in body
	// White wine: grapes 0.08 in body
}
