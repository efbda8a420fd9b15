package search_test

import (
	"context"
	"fmt"
	"os"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search"
)

// writer is the Source of what a Writer has been given.
type writer struct{ *index.Writer }

func (w writer) Acquire() (*index.Snapshot, error) { return w.Snapshot(), nil }

// An index in a directory: put, commit, search, explain. Errors are left out.
func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)

	schema := index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text, Stored: true}, {Name: "body", Kind: index.Text}}}
	w, _ := index.OpenWriter(ctx, index.Dir(dir), schema, index.WriterOptions{})
	defer w.Close()
	w.Put(ctx, &index.Document{Key: index.Key{1}, Values: []index.Value{{Field: 0, Text: "Red wine"}, {Field: 1, Text: "From black grapes."}}})
	w.Put(ctx, &index.Document{Key: index.Key{2}, Values: []index.Value{{Field: 0, Text: "White wine"}, {Field: 1, Text: "From any grape."}}})
	w.Commit(ctx, 2)

	s := search.Local(writer{w}, nil, search.Options{})
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
