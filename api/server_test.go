package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/search"
)

// fakeNode stands in for the process behind the API.
type fakeNode struct {
	cols map[string]Collection
	docs []*document.Document
	deny error
	hits []search.Hit

	asked  search.Request // the last
	facets []search.Facet

	crawls []Crawl
}

func (f *fakeNode) Collections() []Collection {
	var out []Collection
	for _, c := range f.cols {
		out = append(out, c)
	}
	return out
}

func (f *fakeNode) Collection(name string) (Collection, error) {
	c, ok := f.cols[name]
	if !ok {
		return c, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	return c, nil
}

func (f *fakeNode) Change(_ context.Context, name string, fn func(*Collection) error) (Collection, error) {
	c, ok := f.cols[name]
	if !ok {
		c = Collection{Name: name, Shards: 1}
	}
	if err := fn(&c); err != nil {
		return c, err
	}
	c.Version++
	f.cols[name] = c
	return c, nil
}

func (f *fakeNode) Stats(context.Context, *search.Request) (*search.Stats, error) { return nil, nil }

func (f *fakeNode) Search(_ context.Context, req *search.Request) (*search.Result, error) {
	f.asked = *req
	switch req.Query {
	case "boom":
		return nil, errors.New("secret detail")
	case "nofield":
		return nil, fmt.Errorf("%w: x", search.ErrField)
	}
	return &search.Result{Facets: f.facets, Hits: slices.Clone(f.hits), Total: 7, Docs: 9, Shards: search.Shards{Total: 2, OK: 1, Failed: 1}}, nil
}

func (f *fakeNode) Fetch(_ context.Context, req *search.Request, hits []search.Hit) error {
	for i := range hits {
		hits[i].ID, hits[i].Title = "id", "<T>"
		if req.Brief {
			continue
		}
		hits[i].Snippet = []search.Span{{Text: "a <b> "}, {Text: "word", Mark: true}}
		hits[i].Section = &search.Section{URL: "http://a.test/#s", Title: []search.Span{{Text: "S"}}, Level: 2}
		hits[i].Sections = []search.Section{{URL: "http://a.test/#t", Title: []search.Span{{Text: "<"}, {Text: "T", Mark: true}}, Snippet: hits[i].Snippet}}
	}
	return nil
}

func serve(t *testing.T) (*fakeNode, *Client) {
	t.Helper()
	f := &fakeNode{cols: map[string]Collection{"web": {Name: "web", Shards: 1, Version: 1}}, hits: make([]search.Hit, 1)}
	srv := httptest.NewServer(New(Options{
		Catalog: f, Authorize: func(*http.Request) error { return f.deny },
		Searcher: func(_ context.Context, name string) (search.Searcher, error) {
			if _, err := f.Collection(name); err != nil {
				return nil, err
			}
			return f, nil
		},
		Append: func(_ context.Context, _ string, docs []*document.Document) error {
			f.docs = append(f.docs, docs...)
			return nil
		},
		Crawls: func(_ context.Context, name string, limit int) ([]Crawl, error) {
			if _, err := f.Collection(name); err != nil {
				return nil, err
			}
			return f.crawls[:min(limit, len(f.crawls))], nil
		},
		List: func(_ context.Context, name string, which Listing) (Addresses, error) {
			if which.States[0] == "bad" {
				return Addresses{}, fmt.Errorf("%w: no state", ErrInvalid)
			}
			return Addresses{Addresses: []Address{{URL: "http://a.test/" + strings.Join(which.States, "/"), Known: true, State: "gone", Truncated: which.Truncated}}, More: which.Limit == 1}, nil
		},
		Address: func(_ context.Context, name, address string) (Address, error) {
			if address == "bad" {
				return Address{}, fmt.Errorf("%w: no address", ErrInvalid)
			}
			return Address{URL: address, Known: true, State: "done"}, nil
		},
		Reparse: func(_ context.Context, name string, progress func(Reparsed)) (Reparsed, error) {
			if name == "gone" {
				return Reparsed{}, ErrUnavailable
			}
			progress(Reparsed{Captures: 1})
			return Reparsed{Captures: 2, Documents: 1}, nil
		},
		Import: func(_ context.Context, name string, r io.Reader) (Captured, error) {
			b, err := io.ReadAll(r)
			if string(b) == "damage" {
				return Captured{Corrupt: 1, Damage: []Damage{{Offset: 7, Error: "no record"}}}, err
			}
			return Captured{Accepted: 1, Captures: int64(len(b)), Skipped: map[string]int64{"http-404": 2}}, err
		},
		Diff: func(_ context.Context, name string, limit int) (Diff, error) {
			return Diff{Collection: name, From: limit}, nil
		},
		Events: func(context.Context, string, int) ([]Event, error) {
			return []Event{{Number: 1, Kind: EventHeld}}, nil
		},
		Status: func(name string) (Status, error) {
			if _, err := f.Collection(name); err != nil {
				return Status{}, err
			}
			return Status{Collection: name, Crawl: &CrawlStatus{Number: 3, State: "idle"}}, nil
		},
	}))
	t.Cleanup(srv.Close)
	return f, &Client{Base: srv.URL}
}

func TestSearch(t *testing.T) {
	_, c := serve(t)
	ans, err := c.Search(t.Context(), "web", "word", 10, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []Hit{{
		ID: "id", Title: "<T>", Snippet: "a <b> word", Highlight: "a &lt;b&gt; <mark>word</mark>",
		Section:  &Section{Title: "S", URL: "http://a.test/#s", Level: 2},
		Sections: []Section{{Title: "<T", URL: "http://a.test/#t", Snippet: "a <b> word", Highlight: "a &lt;b&gt; <mark>word</mark>"}},
	}}
	if !reflect.DeepEqual(ans.Hits, want) || ans.Total != 7 || ans.Shards.Failed != 1 {
		t.Errorf("got %+v", ans)
	}
	ans, err = c.Rank(t.Context(), "web", "word", 10, 0)
	if err != nil || len(ans.Hits) != 1 || !reflect.DeepEqual(ans.Hits[0], Hit{ID: "id", Title: "<T>"}) {
		t.Errorf("without snippets: %+v, %v", ans, err)
	}
}

func TestSortAndFacets(t *testing.T) {
	f, c := serve(t)
	n := int64(-7)
	f.hits[0].Number = &n
	f.facets = []search.Facet{{Field: "site", Values: []search.FacetValue{{Value: "a.test", Count: 3}}}, {Field: "lang"}}
	ans, err := c.Ask(t.Context(), "web", Question{Query: "word", Limit: 1, Sort: "-fetched", Facets: []string{"site:20", "lang"}})
	if err != nil {
		t.Fatal(err)
	}
	want := search.Request{
		Query: "word", Limit: 1, Sort: search.Sort{Field: "fetched", Descending: true},
		Facets: []search.FacetRequest{{Field: "site", Limit: 20}, {Field: "lang"}},
	}
	if !reflect.DeepEqual(f.asked, want) {
		t.Errorf("asked %+v, want %+v", f.asked, want)
	}
	facets := []Facet{{"site", []FacetValue{{"a.test", 3}}}, {"lang", []FacetValue{}}}
	if !reflect.DeepEqual(ans.Facets, facets) || len(ans.Hits) != 1 || *ans.Hits[0].SortValue != -7 {
		t.Errorf("got %+v", ans)
	}
	url := c.Base + "/api/v1/collections/web/search?q=x&"
	for _, bad := range []string{"facet=site:0", "facet=site:many", "facet=site:1001"} {
		check(t, "GET", url+bad, "", 400, "bad_parameter")
	}
	check(t, "GET", c.Base+"/api/v1/collections/web/search?q=nofield", "", 400, "bad_parameter")
}

// check asks raw and wants a problem of that status and code.
func check(t *testing.T, method, url, body string, status int, code string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	if resp.StatusCode != status || p.Code != code || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: %d %+v, want %d %s", method, url, resp.StatusCode, p, status, code)
	}
	if strings.Contains(p.Detail, "secret") {
		t.Errorf("%s %s tells what belongs into the log: %s", method, url, p.Detail)
	}
}

func TestProblems(t *testing.T) {
	f, c := serve(t)
	web := c.Base + "/api/v1/collections/web"
	check(t, "GET", c.Base+"/api/v1/collections/none/search?q=x", "", 404, "collection_not_found")
	check(t, "GET", c.Base+"/api/v1/nothing", "", 404, "no_such_resource")
	check(t, "GET", web+"/search?q=x&limit=many", "", 400, "bad_parameter")
	check(t, "GET", web+"/search?q=x&limit=-1", "", 400, "bad_parameter")
	check(t, "GET", web+"/search?q="+strings.Repeat("x", MaxQueryBytes+1), "", 400, "query_too_long")
	check(t, "GET", web+"/search?q=boom", "", 500, "internal")
	check(t, "PUT", c.Base+"/api/v1/collections/Bad%20Name", "{}", 400, "bad_collection")
	check(t, "PUT", web, `{"unheard":1}`, 400, "bad_json")
	check(t, "PUT", web, `{} {}`, 400, "bad_json")
	check(t, "PUT", web, `{"shards":5}`, 409, "conflict")
	check(t, "PUT", web, strings.Repeat(" ", 1<<20)+"{}", 413, "body_too_large")
	check(t, "POST", web+"/crawl", `{"scope":"galaxy","seeds":["http://a.test/"]}`, 400, "bad_collection")
	check(t, "POST", web+"/crawl", `{"include":["("],"seeds":["http://a.test/"]}`, 400, "bad_collection")
	check(t, "POST", web+"/crawl", "", 400, "no_seeds")
	check(t, "POST", web+"/documents", "{\"id\":\"a\"}\nnot json\n", 400, "bad_document")
	if len(f.docs) != 1 || f.docs[0].ID != "a" {
		t.Errorf("the line before the bad one: %v", f.docs)
	}
	f.deny = errors.New("not you")
	check(t, "PUT", web, "{}", 403, "forbidden")
	check(t, "POST", web+"/crawl", "{}", 403, "forbidden")
	check(t, "POST", web+"/documents", "{}", 403, "forbidden")
}

func TestPushAndCrawl(t *testing.T) {
	f, c := serve(t)
	n, err := c.Push(t.Context(), "shop", strings.NewReader(`{"id":7,"title":"T","text":["a","b"],"price":1.50,"x":{"y":"z"}}`+"\n\n"+`{"id":"g","deleted":true}`))
	if err != nil || n != 2 {
		t.Fatalf("pushed %d, %v", n, err)
	}
	want := []document.Field{{Name: "price", Text: "1.50"}, {Name: "body", Text: "a\nb"}, {Name: "title", Text: "T"}, {Name: "x", Text: "z"}}
	if d := f.docs[0]; d.ID != "7" || !reflect.DeepEqual(d.Fields, want) || d.Key != document.KeyOf("7") {
		t.Errorf("got %+v", d)
	}
	if !f.docs[1].Deleted {
		t.Error("a deletion came as a document")
	}
	for i, seeds := range [][]string{{"http://a.test/"}, {"http://b.test/"}, nil} {
		number, err := c.Crawl(t.Context(), "shop", Source{Seeds: seeds, Delay: -1})
		if err != nil || number != int64(i+1) {
			t.Fatalf("crawl %d: number %d, %v", i, number, err)
		}
	}
	if got := f.cols["shop"].Source; !reflect.DeepEqual(got.Seeds, []string{"http://a.test/", "http://b.test/"}) || got.Delay != -1 {
		t.Errorf("source %+v", got)
	}
}

func TestWatchEnds(t *testing.T) {
	_, c := serve(t)
	err := c.Watch(t.Context(), "web", func(st *Status) bool { return !st.Done(3) })
	if err != nil {
		t.Fatal(err)
	}
}

// TestOpenAPI holds the description to the routes: each is described, and
// nothing else is.
func TestCrawls(t *testing.T) {
	f, c := serve(t)
	if got, err := c.Crawls(t.Context(), "web", 5); err != nil || len(got) != 0 {
		t.Errorf("none recorded: got %v, %v", got, err)
	}
	end := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.crawls = []Crawl{{Number: 2, State: "running", Started: end, Pages: 3}, {Number: 1, State: "idle", Seeds: []string{"http://a.test/"}, Started: end, Finished: &end, Pages: 7, Failed: 1}}
	got, err := c.Crawls(t.Context(), "web", 5)
	if err != nil || !reflect.DeepEqual(got, f.crawls) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Crawls(t.Context(), "web", 1); err != nil || len(got) != 1 || got[0].Number != 2 {
		t.Errorf("limit 1: got %+v, %v", got, err)
	}
	check(t, "GET", c.Base+"/api/v1/collections/web/crawls?limit=0", "", 400, "bad_parameter")
	check(t, "GET", c.Base+"/api/v1/collections/nowhere/crawls", "", 404, "collection_not_found")
}

// TestPushInParts: what waits to be appended is bounded by its size too.
func TestPushInParts(t *testing.T) {
	line := `{"id":"x","text":"` + strings.Repeat("word ", 100_000) + `"}`
	most, docs := 0, 0
	n, err := readDocuments(strings.NewReader(strings.Repeat(line+"\n", 40)), time.Now, func(d []*document.Document) error {
		most, docs = max(most, len(d)), docs+len(d)
		return nil
	})
	if err != nil || n != 40 || docs != 40 {
		t.Fatalf("%d of 40 documents, %d handed on, %v", n, docs, err)
	}
	if most > maxPartBytes/500_000+1 {
		t.Errorf("%d documents of 500 KB at once", most)
	}
}

func TestAddressAndReparse(t *testing.T) {
	_, c := serve(t)
	for _, limit := range []int{1, 2} {
		if l, err := c.List(t.Context(), "web", Listing{Limit: limit}); err != nil || len(l.Addresses) != 1 || l.Addresses[0].URL != "http://a.test/failed/denied/gone" || l.More != (limit == 1) {
			t.Errorf("%+v, %v", l, err)
		}
	}
	if _, err := c.List(t.Context(), "web", Listing{States: []string{"bad"}, Limit: 1}); err == nil {
		t.Error("a state that is none is listed")
	}
	if l, err := c.List(t.Context(), "web", Listing{Truncated: true, Limit: 2}); err != nil || !l.Addresses[0].Truncated || l.Addresses[0].URL != "http://a.test/done/skipped" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := c.List(t.Context(), "web", Listing{Limit: MaxAddresses + 1}); err == nil {
		t.Error("too many are listed")
	}
	a, err := c.Address(t.Context(), "web", "http://a.test/?x=1&y")
	if err != nil || a.URL != "http://a.test/?x=1&y" || a.State != "done" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := c.Address(t.Context(), "web", "bad"); err == nil {
		t.Error("a bad address is taken")
	}
	var seen []int64
	st, err := c.Reparse(t.Context(), "web", func(p Reparsed) { seen = append(seen, p.Captures) })
	if err != nil || !st.Done || st.Documents != 1 || fmt.Sprint(seen) != "[1 2]" {
		t.Errorf("%+v, %v, %v", st, seen, err)
	}
	if _, err := c.Reparse(t.Context(), "gone", func(Reparsed) {}); err == nil {
		t.Error("no crawl, no error")
	}
}

func TestCaptures(t *testing.T) {
	f, c := serve(t)
	got, err := c.PushCaptures(t.Context(), "new", strings.NewReader("four"))
	if err != nil || got.Accepted != 1 || got.Captures != 4 || got.Skipped["http-404"] != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := f.Collection("new"); err != nil {
		t.Errorf("the collection was not made: %v", err)
	}
	var p *Problem
	if _, err := c.PushCaptures(t.Context(), "new", strings.NewReader("damage")); !errors.As(err, &p) || p.Code != "bad_archive" || !strings.Contains(p.Detail, "at byte 7: no record") {
		t.Errorf("%v", err)
	}
	f.deny = errors.New("not you")
	if _, err := c.PushCaptures(t.Context(), "new", strings.NewReader("x")); !errors.As(err, &p) || p.Status != 403 {
		t.Errorf("%v", err)
	}
}

func TestOpenAPI(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openapi, &doc); err != nil {
		t.Fatal(err)
	}
	_, c := serve(t)
	for path, methods := range doc.Paths {
		for method := range methods {
			if method == "parameters" {
				continue
			}
			url := c.Base + strings.ReplaceAll(path, "{collection}", "web")
			req, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), url, bytes.NewReader(nil))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed {
				t.Errorf("%s %s is described and answers %s", method, path, resp.Status)
			}
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(`{"id":"a","title":"t","tags":["x",{"y":null}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		n, err := readDocuments(bytes.NewReader(line), time.Now, func([]*document.Document) error { return nil })
		if err == nil && n > bytes.Count(line, []byte("\n"))+1 {
			t.Errorf("%d documents in %d lines", n, bytes.Count(line, []byte("\n"))+1)
		}
	})
}
