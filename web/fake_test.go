package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/search"
)

// A fakeDoc is a document as a crawl or a push would have brought it.
type fakeDoc struct{ id, url, title, body string }

// A fake answers like a searcher over a few documents: one matches if it holds a
// word of the query. It marks the words, and repeats its matches up to total.
type fake struct {
	docs  []fakeDoc
	total uint64 // 0: as many as match
	tweak func(*search.Result)
	dress func(*search.Hit) // not nil: adds to what Fetch fills in
	err   error

	asked []search.Request
}

var errNoCollection = errors.New("fake: no such collection")

func (f *fake) Stats(context.Context, *search.Request) (*search.Stats, error) {
	return &search.Stats{}, nil
}

func (f *fake) matches(query string) (out []fakeDoc) {
	for _, d := range f.docs {
		for _, word := range strings.Fields(strings.ToLower(query)) {
			if strings.Contains(strings.ToLower(d.title+" "+d.body), word) {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

func (f *fake) Search(_ context.Context, req *search.Request) (*search.Result, error) {
	f.asked = append(f.asked, *req)
	if f.err != nil {
		return nil, f.err
	}
	n := len(f.matches(req.Query))
	res := &search.Result{Total: uint64(n), Docs: uint64(len(f.docs)), Shards: search.Shards{Total: 1, OK: 1}}
	if n > 0 && f.total > 0 {
		res.Total = f.total
	}
	for i := uint64(req.Offset); i < min(res.Total, uint64(req.Offset+req.Limit)); i++ {
		var h search.Hit
		h.Key[0] = byte(i % uint64(n))
		res.Hits = append(res.Hits, h)
	}
	if f.tweak != nil {
		f.tweak(res)
	}
	return res, nil
}

func (f *fake) Fetch(_ context.Context, req *search.Request, hits []search.Hit) error {
	docs := f.matches(req.Query)
	for i := range hits {
		d := docs[hits[i].Key[0]]
		hits[i].ID, hits[i].URL, hits[i].Title = d.id, d.url, d.title
		hits[i].TitleSpans = marked(d.title, req.Query)
		hits[i].Snippet = marked(d.body, req.Query)
		if f.dress != nil {
			f.dress(&hits[i])
		}
	}
	return nil
}

// marked parts a text at the words of a query.
func marked(text, query string) (spans []search.Span) {
	for text != "" {
		at, length := len(text), 0
		for _, w := range strings.Fields(strings.ToLower(query)) {
			if i := strings.Index(strings.ToLower(text), w); i >= 0 && i < at {
				at, length = i, len(w)
			}
		}
		if at > 0 {
			spans = append(spans, search.Span{Text: text[:at]})
		}
		if length > 0 {
			spans = append(spans, search.Span{Text: text[at : at+length], Mark: true})
		}
		text = text[at+length:]
	}
	return spans
}

// A site is a handler over fakes, by collection.
type site struct {
	fakes    map[string]*fake
	names    []string
	progress func(string) (Progress, error)
}

func oneCollection(f *fake) *site {
	return &site{fakes: map[string]*fake{"web": f}, names: []string{"web"}}
}

func (s *site) handler() http.Handler { return s.with(func(*Options) {}) }

// with is the handler with further options.
func (s *site) with(set func(*Options)) http.Handler {
	progress := s.progress
	if progress == nil {
		progress = func(string) (Progress, error) { return Progress{Docs: 3}, nil }
	}
	opt := Options{
		Collections: func() []string { return s.names },
		Searcher: func(_ context.Context, name string) (search.Searcher, error) {
			if f, ok := s.fakes[name]; ok {
				return f, nil
			}
			return nil, fmt.Errorf("%w: %q", errNoCollection, name)
		},
		Progress: func(name string) (Progress, error) {
			if _, ok := s.fakes[name]; !ok {
				return Progress{}, errNoCollection
			}
			return progress(name)
		},
		NotFound: func(err error) bool { return errors.Is(err, errNoCollection) },
		Version:  "1.2.3",
	}
	set(&opt)
	return New(opt)
}

// get asks a site for a page.
func get(t *testing.T, s *site, target string) *httptest.ResponseRecorder {
	t.Helper()
	return record(s.handler(), target)
}

func record(h http.Handler, target string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
	return rec
}

// inSections gives hits of CREATE INDEX their sections.
func inSections(h *search.Hit) {
	if h.ID != "1" {
		return
	}
	part := func(anchor, title, snippet string) search.Section {
		return search.Section{URL: h.URL + "#" + anchor, Title: marked(title, "index"), Level: 2, Snippet: marked(snippet, "index")}
	}
	h.Fields = map[string]string{"attrs": `{"breadcrumb":"Docs\nSQL Commands","published":"2024-06-30","author":"The group"}`}
	h.Section = new(part("DESCRIPTION", "Description", ""))
	h.Sections = []search.Section{
		part("DESCRIPTION", "Description", "It is the one above, and not shown twice."),
		part("CONCURRENTLY", "Building Indexes Concurrently", "Creating an index can interfere with regular operation of a database."),
		part("STORAGE", "Index Storage Parameters", ""),
	}
}

// postgres are documents with the look of the real ones.
var postgres = []fakeDoc{
	{"1", "https://www.postgresql.org/docs/current/sql-createindex.html", "CREATE INDEX",
		"CREATE INDEX constructs an index on the specified column(s) of the specified relation, which can be a table or a materialized view. Indexes are primarily used to enhance database performance (though inappropriate use can result in slower performance)."},
	{"2", "https://www.postgresql.org/docs/current/indexes-multicolumn.html", "11.3. Multicolumn Indexes",
		"An index can be defined on more than one column of a table. Currently, only the B-tree, GiST, GIN, and BRIN index types support multiple-key-column indexes."},
	{"3", "https://www.postgresql.org/docs/current/routine-reindex.html", "25.2. Routine Reindexing",
		"In some situations it is worthwhile to rebuild indexes periodically with the REINDEX command or a series of individual rebuilding steps. B-tree index pages that have become completely empty are reclaimed for re-use."},
	{"4", "https://wiki.example.org/a/rather/deep/path/of/many/parts/Caf%C3%A9?version=17&view=printable", "",
		"The index of the café lists every cup."},
	{"manual/17#4", "", "A pushed document without an address", "It has no link of its own, and its index entry names it by its id."},
	{"6", "https://docs.example.org/", "Zugriffsmethoden für Index-Tabellen – eine sehr lange Überschrift, die auf schmalen Bildschirmen umbricht und trotzdem lesbar bleibt",
		"Ein B-Baum-Index hält seine Schlüssel sortiert. Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverwaltungsvorschrift ist ein langes Wort."},
}
