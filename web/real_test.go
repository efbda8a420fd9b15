package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search"
)

// A live is a search source over a writer's own snapshots.
type live struct{ *index.Writer }

func (l live) Acquire() (*index.Snapshot, error) { return l.Snapshot(), nil }

// indexed returns a searcher over a real index of documents.
func indexed(t *testing.T, docs []fakeDoc) search.Searcher {
	t.Helper()
	schema := index.Schema{Fields: []index.Field{
		{Name: "id", Kind: index.Stored, Stored: true}, {Name: "url", Kind: index.Stored, Stored: true},
		{Name: "title", Kind: index.Text, Stored: true}, {Name: "body", Kind: index.Text, Stored: true},
	}}
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), schema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, d := range docs {
		sum := sha256.Sum256([]byte(d.id))
		doc := &index.Document{Key: index.Key(sum[:16])}
		for i, text := range []string{d.id, d.url, d.title, d.body} {
			doc.Values = append(doc.Values, index.Value{Field: i, Text: text})
		}
		if err := w.Put(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return search.Local(live{w}, nil, search.Options{})
}

// TestRealSearch has the pages stand on the real search, not the fake.
func TestRealSearch(t *testing.T) {
	docs := append([]fakeDoc(nil), postgres...)
	for i := range 30 {
		docs = append(docs, fakeDoc{fmt.Sprint("many-", i), fmt.Sprintf("https://many.example/%d", i), "Grapes", "The grapes of <b>wrath</b>."})
	}
	searcher := indexed(t, docs)
	h := New(Options{
		Collections: func() []string { return []string{"web"} },
		Searcher:    func(context.Context, string) (search.Searcher, error) { return searcher, nil },
		Progress:    func(string) (Progress, error) { return Progress{Docs: uint64(len(docs))}, nil },
	})
	check := func(target string, want ...string) {
		t.Helper()
		rec := record(h, target)
		for _, w := range want {
			if !strings.Contains(rec.Body.String(), w) {
				t.Errorf("%s: no %q in\n%s", target, w, rec.Body)
			}
		}
	}
	check("/search?q=the+multicolumn+indexes", "11.3. <mark>Multicolumn Indexes</mark>", "Too common to search for: <q>the</q>", "6 results")
	check("/search?q=grapes&page=3", "30 results", `start="21"`, "<mark>grapes</mark> of &lt;b&gt;wrath&lt;/b&gt;.", `aria-current="page">3<`)
	check("/search?q=%22the+grapes%22&page=4", "There is no page 4", "page=3")
	check("/search?q=zebra", "None of the 36 documents")
	check("/search?q=cup", `<a href="https://wiki.example.org/a/rather/deep/path/of/many/parts/Caf%C3%A9?version=17&amp;view=printable">Café</a>`)
}
