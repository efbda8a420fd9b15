package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/document"
)

// A changing site has pages that the root leads to; what it answers depends on
// how it stands. Page n holds w<n>w and v<version>v.
type changing struct {
	url     string
	pages   int
	version atomic.Int64
	answer  atomic.Pointer[func(n int) (status int, location string)] // nil: all is well
	fetched atomic.Int64
}

func startChanging(t *testing.T, pages int) *changing {
	t.Helper()
	s := &changing{pages: pages}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/"
	return s
}

func (s *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if r.URL.Path != "/" && (err != nil || n <= 0) {
		http.NotFound(w, r)
		return
	}
	s.fetched.Add(1)
	if f := s.answer.Load(); f != nil {
		if status, location := (*f)(n); status != 0 {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>Page %d</title><p>The word of this page is w%dw, of this day v%dv.</p>", n, n, s.version.Load())
	for c := 1; n == 0 && c < s.pages; c++ {
		fmt.Fprintf(w, "<a href=/%d>%d</a> ", c, c)
	}
}

// becomes changes what the site answers; f answers 0 for a page that is well.
func (s *changing) becomes(f func(n int) (status int, location string)) { s.answer.Store(&f) }

// full asks for a full crawl.
func (r *running) full(t *testing.T, collection string) api.CrawlAccepted {
	t.Helper()
	got, err := r.AskCrawl(t.Context(), collection, api.CrawlRequest{Full: true})
	if err != nil {
		t.Fatalf("full crawl: %v\n%s", err, r.log)
	}
	return got
}

// judged waits until the guard has spoken of a candidate.
func (r *running) judged(t *testing.T, collection string, generation int) *api.Status {
	t.Helper()
	var st *api.Status
	r.until(t, fmt.Sprintf("generation %d is judged", generation), func() bool {
		var err error
		st, err = r.Status(t.Context(), collection)
		return err == nil && (st.Generation == generation || st.Candidate != nil && st.Candidate.Number == generation && st.Candidate.Held != nil)
	})
	return st
}

func (r *running) crawlSite(t *testing.T, collection, url string) {
	t.Helper()
	n, err := r.Crawl(t.Context(), collection, api.Source{Seeds: []string{url}, Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	r.crawled(t, collection, n)
}

// TestFullCrawl: a full crawl is built beside the live index, which answers as
// before until the swap; what was pushed before and meanwhile is in both; an
// incremental crawl then goes on in the new one.
func TestFullCrawl(t *testing.T) {
	t.Parallel()
	const pages = 60
	site := startChanging(t, pages)
	dir := t.TempDir()
	r := start1(t, dir, "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	r.push(t, "web", 0, 20)
	r.until(t, "they are found", func() bool { return r.total(t, "web", "pushed") == 20 })

	site.version.Store(1)
	slow := make(chan struct{})
	site.becomes(func(n int) (int, string) {
		if n == pages-1 {
			<-slow // the crawl cannot end before
		}
		if n == 7 {
			return http.StatusNotFound, ""
		}
		return 0, ""
	})
	got := r.full(t, "web")
	if got.Generation != 2 || got.Crawl != 2 {
		t.Errorf("got %+v", got)
	}
	if again := r.full(t, "web"); again != got {
		t.Errorf("one that is under way was begun again: %+v", again)
	}
	r.until(t, "the candidate grows", func() bool {
		st, err := r.Status(t.Context(), "web")
		return err == nil && st.CandidateDocs > 20
	})
	r.push(t, "web", 20, 5) // while it runs
	if _, err := r.Push(t.Context(), "web", strings.NewReader(`{"id":"doc-0","deleted":true}`)); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the pushes are found", func() bool { return r.total(t, "web", "pushed") == 24 })
	if a, b := r.total(t, "web", "v0v"), r.total(t, "web", "v1v"); a != pages || b != 0 {
		t.Errorf("while it runs %d pages of the old day are found and %d of the new", a, b)
	}
	close(slow)
	st := r.judged(t, "web", 2)
	if st.Generation != 2 || st.Candidate != nil || len(st.Previous) != 1 || st.Previous[0].Number != 1 {
		t.Fatalf("got %+v\n%s", st, r.log)
	}
	if a, b, p := r.total(t, "web", "v0v"), r.total(t, "web", "v1v"), r.total(t, "web", "pushed"); a != 0 || b != pages-1 || p != 24 {
		t.Errorf("after the swap: %d of the old day, %d of the new, %d pushed", a, b, p)
	}
	if got := r.total(t, "web", "n0n"); got != 0 {
		t.Error("a document that was deleted meanwhile is back")
	}

	// What is pushed now is there after a roll-back too, and after another.
	r.push(t, "web", 25, 1)
	r.until(t, "it is found", func() bool { return r.total(t, "web", "n25n") == 1 })
	if _, err := r.Rollback(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the old day is back", func() bool { return r.total(t, "web", "v0v") == pages })
	r.until(t, "the push is there", func() bool { return r.total(t, "web", "pushed") == 25 })
	if g, err := r.Rollback(t.Context(), "web"); err != nil || g.Live.Number != 2 {
		t.Fatalf("forward again: %+v, %v", g, err)
	}
	r.until(t, "the new day is back", func() bool { return r.total(t, "web", "v1v") == pages-1 && r.total(t, "web", "v0v") == 0 })

	// The next crawl writes to the generation that is live, from its frontier.
	site.becomes(func(int) (int, string) { return 0, "" })
	site.version.Store(2)
	before := site.fetched.Load()
	n, err := r.Crawl(t.Context(), "web", api.Source{})
	if err != nil {
		t.Fatal(err)
	}
	if st := r.crawled(t, "web", n); st.Crawl.Generation != 2 {
		t.Errorf("got %+v", st.Crawl)
	}
	r.until(t, "the newest day is found", func() bool { return r.total(t, "web", "v2v") == pages })
	if more := site.fetched.Load() - before; more > pages+2 {
		t.Errorf("%d fetches of %d pages", more, pages)
	}
	r.stop(t)

	r = start1(t, dir, "crawl-delay", "-1ms")
	if a, p := r.total(t, "web", "v2v"), r.total(t, "web", "pushed"); a != pages || p != 25 {
		t.Errorf("after a restart: %d pages, %d pushed", a, p)
	}
	list, err := r.Crawls(t.Context(), "web", 10)
	if err != nil || len(list) != 3 || list[1].Number != 2 || list[1].Generation != 2 || list[2].Generation != 1 {
		t.Errorf("crawls: %+v, %v", list, err)
	}
	events, err := r.History(t.Context(), "web", 10)
	kinds := ""
	for _, e := range events {
		kinds += e.Kind + " "
	}
	if err != nil || kinds != "rolled_back rolled_back published begun " {
		t.Errorf("history: %s %v", kinds, err)
	}
	r.stop(t)
}

// TestGuardHolds breaks a site: half of its pages are gone or fail, some have
// moved. The live index is unharmed, the candidate held, and the difference is
// told with reasons; it may be discarded, or published nonetheless.
func TestGuardHolds(t *testing.T) {
	t.Parallel()
	const pages = 40
	site := startChanging(t, pages)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	r.push(t, "web", 0, 3)
	r.until(t, "they are found", func() bool { return r.total(t, "web", "pushed") == 3 })
	site.version.Store(1)
	site.becomes(func(n int) (int, string) {
		switch {
		case n == 0 || n == 1000:
			return 0, ""
		case n == 2:
			return http.StatusMovedPermanently, "/1000" // which is there
		case n%2 == 0:
			return http.StatusNotFound, ""
		case n%8 == 1:
			return http.StatusNotImplemented, "" // which is not tried again
		}
		return 0, ""
	})
	r.full(t, "web")
	st := r.judged(t, "web", 2)
	v := st.Candidate.Held
	if st.Generation != 1 || v == nil || v.Lost != 23 || v.Moved != 1 || v.LivePages != pages || v.Pages != pages-23 || v.Added != 1 || v.Errors != 5 || v.Fetches < pages || v.Fetches > pages+4 || len(v.Reasons) != 2 {
		t.Fatalf("got %+v: %+v\n%s", st, v, r.log)
	}
	r.until(t, "the log tells so", func() bool { return strings.Contains(r.log.String(), "THE FULL CRAWL IS HELD") })
	if a, b := r.total(t, "web", "v0v"), r.total(t, "web", "v1v"); a != pages || b != 0 {
		t.Errorf("%d pages of the old day, %d of the new", a, b)
	}
	d, err := r.Diff(t.Context(), "web", 5)
	if err != nil {
		t.Fatal(err)
	}
	if d.State != "held" || d.From != 1 || d.To != 2 || d.Lost != 23 || d.Moved != 1 || d.Added != 1 || d.Changed != pages-24 || d.Same != 0 ||
		d.Reasons["gone/http-404"] != 18 || d.Reasons["failed/http-501"] != 5 || len(d.LostPages) != 5 || len(d.AddedPages) != 1 || d.AddedPages[0] != site.url+"1000" {
		t.Errorf("got %+v", d)
	}

	// Its crawler is done, and that of the live generation goes on.
	site.becomes(func(int) (int, string) { return 0, "" })
	n, err := r.Crawl(t.Context(), "web", api.Source{})
	if err != nil {
		t.Fatal(err)
	}
	r.crawled(t, "web", n)
	r.until(t, "the live index has the new day", func() bool { return r.total(t, "web", "v1v") == pages })

	r.push(t, "web", 3, 1) // reaches the held one too
	if g, err := r.Node.Client().Publish(t.Context(), "web"); err != nil || g.Live.Number != 2 || g.Live.Crawl != n {
		t.Fatalf("publish: %+v, %v", g, err)
	}
	// The crawl that was asked for last goes on where the candidate stopped.
	r.until(t, "what was lost is found again", func() bool { return r.total(t, "web", "v1v") == pages+1 && r.total(t, "web", "pushed") == 4 })
	var conflict *api.Problem
	if _, err := r.Publish(t.Context(), "web"); !errors.As(err, &conflict) || conflict.Status != http.StatusConflict {
		t.Errorf("publish of nothing: %v", err)
	}

	// A site that is away altogether.
	site.becomes(func(int) (int, string) { return http.StatusNotImplemented, "" })
	r.full(t, "web")
	if st := r.judged(t, "web", 3); st.Candidate == nil || len(st.Candidate.Held.Reasons) != 3 || st.Candidate.Held.Pages != 0 {
		t.Errorf("got %+v", st.Candidate)
	}
	if _, err := r.Discard(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	st, err = r.Status(t.Context(), "web")
	if err != nil || st.Candidate != nil || st.Generation != 2 {
		t.Errorf("after it was discarded: %+v, %v", st, err)
	}
	r.until(t, "its folder is gone", func() bool {
		_, err := os.Stat(filepath.Join(r.cfg.Data, "crawl", "web.g003"))
		return errors.Is(err, os.ErrNotExist)
	})
	r.stop(t)
}

// TestGuardLimits: the limits of a collection count, and a new full crawl takes the
// place of one that is held.
func TestGuardLimits(t *testing.T) {
	t.Parallel()
	const pages = 20
	site := startChanging(t, pages)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	site.becomes(func(n int) (int, string) {
		if n > 0 && n < 6 {
			return http.StatusGone, ""
		}
		return 0, ""
	})
	r.full(t, "web")
	if st := r.judged(t, "web", 2); st.Generation != 1 {
		t.Fatalf("a quarter of the pages is lost: %+v", st)
	}
	lost, keep := 0.5, 0
	if _, err := r.AskCrawl(t.Context(), "web", api.CrawlRequest{Full: true, Guard: &api.Guard{MaxLost: &lost}, KeepGenerations: &keep}); err != nil {
		t.Fatal(err)
	}
	if st := r.judged(t, "web", 3); st.Generation != 3 || len(st.Previous) != 0 || r.total(t, "web", "page") != pages-5 {
		t.Fatalf("got %+v\n%s", st, r.log)
	}
	if _, err := r.Rollback(t.Context(), "web"); err == nil {
		t.Error("rolled back to what is not kept")
	}

	// Nothing of the first two stays, but for the time that searches may take.
	j := newJanitor(r.gateway)
	r.until(t, "all is deleted", func() bool {
		col, err := r.catalog.Collection("web")
		if err != nil {
			t.Fatal(err)
		}
		if err := j.tidy(t.Context(), col, time.Now().Add(2*deleteGrace)); err != nil {
			t.Log(err) // the janitor of the node itself was faster
		}
		return len(col.Generations.Deleting) == 0
	})
	for _, generation := range []int{1, 2} {
		for _, prefix := range []string{"index/web/", "index-log/web/", "guard/web/"} {
			if left, err := r.blobs.List(t.Context(), fmt.Sprintf("%s%d/", prefix, generation)); err != nil || len(left) > 0 {
				t.Errorf("generation %d: %q, %v", generation, left, err)
			}
		}
		r.until(t, "its folder is gone", func() bool {
			_, err := os.Stat(r.crawlDir("web", generation))
			return errors.Is(err, os.ErrNotExist)
		})
	}
	if kept, err := r.blobs.List(t.Context(), "warc/web/"); err != nil || len(kept) == 0 {
		t.Errorf("the captures are gone: %q, %v", kept, err)
	}
	c, err := OpenCommitted(context.Background(), r.cfg, "web")
	if err != nil {
		t.Fatal(err)
	}
	if docs := c.Snapshots()[0].Docs(); docs != pages-5 {
		t.Errorf("%d documents are committed", docs)
	}
	r.stop(t)
}

// TestEvents reads every form of an event, and what is none.
func TestEvents(t *testing.T) {
	d := &document.Document{ID: "x", Key: document.KeyOf("x")}
	plain := d.Append(nil)
	for _, tc := range []struct {
		name       string
		data       []byte
		generation int
		bad        bool
	}{
		{name: "of before", data: plain, generation: 1},
		{name: "generation 1", data: pageEvent(1, plain), generation: 1},
		{name: "generation 2", data: pageEvent(2, plain), generation: 2},
		{name: "generation 300", data: pageEvent(300, plain), generation: 300},
		{name: "pushed", data: pushEvent(d), generation: everyGeneration},
		{name: "no generation", data: []byte{eventPage}, bad: true},
		{name: "generation 0", data: []byte{eventPage, 0}, bad: true},
		{name: "endless varint", data: []byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), bad: true},
		{name: "too great", data: pageEvent(maxGeneration+1, plain), bad: true},
	} {
		generation, doc, err := splitEvent(tc.data)
		if generation != tc.generation || (err != nil) != tc.bad {
			t.Errorf("%s: generation %d, %v", tc.name, generation, err)
		}
		if got, derr := document.Decode(doc); !tc.bad && (derr != nil || got.ID != "x") {
			t.Errorf("%s: %+v, %v", tc.name, got, derr)
		}
	}
}

// TestPutKeepsGenerations: settings that are read, changed and written back do
// not change what is live.
func TestPutKeepsGenerations(t *testing.T) {
	t.Parallel()
	site := startChanging(t, 5)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	r.full(t, "web")
	r.judged(t, "web", 2)
	old, err := r.catalog.Collection("web")
	if err != nil {
		t.Fatal(err)
	}
	r.full(t, "web")
	r.judged(t, "web", 3)
	old.Lang = "de"
	if err := r.Put(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	now, err := r.catalog.Collection("web")
	if err != nil || now.Live() != 3 || now.Lang != "de" || now.Crawl != 3 {
		body, _ := json.Marshal(now)
		t.Errorf("%s, %v", body, err)
	}
	r.stop(t)
}
