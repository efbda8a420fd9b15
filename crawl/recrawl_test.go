package crawl

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/warc"
)

// capturesOf counts the records of a crawl's captures by type.
func capturesOf(t testing.TB, dir string) map[string]int {
	t.Helper()
	out := map[string]int{}
	names, err := warc.List(filepath.Join(dir, "warc"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, "warc", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := warc.NewReader(f, warc.ReaderOptions{})
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := rec.CheckDigests(); err != nil {
				t.Error(err)
			}
			out[rec.Type]++
		}
	}
	return out
}

// TestSecondCrawl: what did not change gives no document, what changed gives one,
// what went away gives a deletion.
func TestSecondCrawl(t *testing.T) {
	inBed(t, func(b *bed) {
		when := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		links := []string{"/etag", "/date", "/plain", "/changes", "/goes", "/hides", "/moves", "/breaks", "/forbidden"}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links, ETag: `"1"`})
		b.site.Page("/etag", crawltest.Page{Title: "etag", Text: "same", ETag: `"x"`})
		b.site.Page("/date", crawltest.Page{Title: "date", Text: "same", LastModified: when})
		for _, path := range links[2:] {
			b.site.Page(path, crawltest.Page{Title: path, Text: "first text of " + path})
		}
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/breaks", "/changes", "/date", "/etag", "/forbidden", "/goes", "/hides", "/moves", "/plain")

		b.site.Page("/changes", crawltest.Page{Title: "/changes", Text: "second text", Links: []string{"/new"}})
		b.site.Page("/new", crawltest.Page{Title: "new", Text: "new"})
		b.site.Page("/goes", crawltest.Page{Status: 410})
		b.site.Page("/hides", crawltest.Page{HTML: "<title>h</title><meta name=robots content=noindex><p>x"})
		b.site.Redirect("/moves", 301, "/moved").Page("/moved", crawltest.Page{Title: "moved", Text: "moved"})
		b.site.Page("/breaks", crawltest.Page{Status: 500})
		b.site.Robots("User-agent: *\nDisallow: /forbidden\n")
		b.close() // pebble's own timers make open months long
		time.Sleep(48 * time.Hour)
		b.web.Forget()
		b.open()
		if err := b.c.Recrawl(); err != nil {
			t.Fatal(err)
		}
		b.finish(true)
		b.wantLive("/", "/breaks", "/changes", "/date", "/etag", "/forbidden", "/moved", "/new", "/plain")
		for id, want := range map[string]int{"/": 1, "/etag": 1, "/date": 1, "/plain": 1, "/changes": 2, "/goes": 2, "/hides": 2, "/moves": 2, "/breaks": 1, "/forbidden": 1} {
			if n := b.sink.events["http://a.test"+id]; n != want {
				t.Errorf("%s: %d events, want %d", id, n, want)
			}
		}
		if d := b.sink.docs["http://a.test/changes"]; !strings.Contains(d.Text("body"), "second text") {
			t.Errorf("changed to %q", d.Text("body"))
		}
		for _, path := range []string{"/", "/etag", "/date"} {
			if q := b.web.RequestsTo("a.test", path); len(q) != 1 || q[0].Status != http.StatusNotModified {
				t.Errorf("%s was answered %+v", path, q)
			}
		}
		if b.web.Hits("a.test", "/forbidden") != 0 {
			t.Error("a page that is forbidden now was fetched")
		}
		b.wantWhy("/forbidden", "denied", "robots")
		b.wantWhy("/breaks", "failed", "http-500")
		if st := b.c.Stats(); st.NotModified != 4 { // /, /etag, /date by 304; /plain by its content
			t.Errorf("%d pages had not changed, want 4", st.NotModified)
		}

		b.close()
		time.Sleep(31 * 24 * time.Hour)
		b.open()
		if _, err := b.c.RecrawlHost(t.Context(), "a.test"); err != nil {
			t.Fatal(err)
		}
		b.finish(true)
		b.wantLive("/", "/breaks", "/changes", "/date", "/etag", "/moved", "/new", "/plain") // forbidden for a month
		b.close()
		if n := capturesOf(t, b.opt.Dir)["revisit"]; n != 6 {
			t.Errorf("%d revisits captured, want 6", n)
		}
	})
}

// TestScopeChange: what is no longer in scope leaves the index.
func TestScopeChange(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/x", "/y"}})
		b.site.Page("/x", crawltest.Page{Title: "x", Text: "x"}).Page("/y", crawltest.Page{Title: "y", Text: "y"})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/x", "/y")
		b.close()
		b.opt.Scope.Exclude = []string{"/y$"}
		b.open()
		b.c.Recrawl()
		b.finish(false)
		b.wantLive("/", "/x")
		b.wantWhy("/y", "denied", "scope-exclude /y$")
	})
}

func TestResumeAfterClose(t *testing.T) {
	inBed(t, func(b *bed) {
		site := crawltest.Generate(4, 300)
		b.site.Mount(site)
		b.opt.Delay = 100 * time.Millisecond
		b.open()
		b.c.Add(t.Context(), []string{"http://a.test/"})
		stops := 0
		for ; b.c.Stats().Pages < 300; stops++ {
			stop := b.start()
			time.Sleep(3 * time.Second)
			stop()
			b.close()
			b.open()
			if stops > 100 {
				t.Fatalf("does not end: %+v", b.c.Stats())
			}
		}
		b.finish(false)
		if stops < 5 {
			t.Errorf("only %d stops", stops)
		}
		for _, p := range site.Pages {
			if n, m := b.web.Hits("a.test", p.Path), b.sink.events["http://a.test"+p.Path]; n != 1 || m != 1 {
				t.Errorf("%s was fetched %d times, emitted %d times", p.Path, n, m)
			}
		}
		b.close()
		if n := capturesOf(t, b.opt.Dir)["response"]; n != 301 {
			t.Errorf("%d responses captured, want 301", n)
		}
	})
}

// TestStop: what hangs goes back to the queue after five seconds, what comes in
// time is kept.
func TestStop(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/slow", "/slower"}})
		b.site.Page("/slow", crawltest.Page{Title: "slow", Text: "s", Delay: 4 * time.Second})
		b.site.Page("/slower", crawltest.Page{Title: "slower", Text: "s", Delay: 9 * time.Second})
		b.opt.PerHost = 4
		b.open()
		b.c.Add(t.Context(), []string{"http://a.test/"})
		stop := b.start()
		time.Sleep(time.Second)
		start := time.Now()
		stop()
		if d := time.Since(start); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("stopped after %s", d)
		}
		if st := b.c.Stats(); st.Pages != 2 || st.Queued != 1 || st.InFlight != 0 {
			t.Errorf("stats %+v", st)
		}
		b.finish(false)
		b.wantLive("/", "/slow", "/slower")
		b.wantWhy("/slower", "done", "")
	})
}

// TestRunTellsWhy: a crawl whose store fails ends, and says so.
func TestRunTellsWhy(t *testing.T) {
	for _, broken := range []string{"frontier", "captures"} {
		inBed(t, func(b *bed) {
			site := crawltest.Generate(9, 2000)
			b.site.Mount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Millisecond)
				site.ServeHTTP(w, r)
			}))
			b.open()
			b.c.Add(t.Context(), []string{"http://a.test/"})
			done := make(chan error)
			c := b.c
			b.c = nil // Close would tell of the failure again
			go func() { done <- c.Run(b.t.Context()) }()
			time.Sleep(500 * time.Millisecond)
			if broken == "frontier" {
				c.front.Close()
			} else {
				c.warc.Close()
			}
			if err := <-done; err == nil {
				t.Errorf("%s closed: Run answered nil", broken)
			}
			c.Close()
		})
	}
}

func TestCanonical(t *testing.T) {
	page := func(title, canonical string) crawltest.Page {
		return crawltest.Page{HTML: fmt.Sprintf(`<title>%s</title><link rel=canonical href="%s"><p>text of %s`, title, canonical, title)}
	}
	inBed(t, func(b *bed) {
		links := []string{"/?sort=1", "/p?v=1", "/p?v=2", "/to-404", "/to-noindex", "/to-redirect", "/loop-a", "/other-site", "/self", "/chain1"}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		b.site.Page("/p", crawltest.Page{Title: "p", Text: "of many variants"})
		b.site.HandleFunc("/p", func(w http.ResponseWriter, r *http.Request) { page("p"+r.URL.RawQuery, "/p").ServeHTTP(w, r) })
		b.site.Page("/to-404", page("to-404", "/missing"))
		b.site.Page("/to-noindex", page("to-noindex", "/hidden")).Page("/hidden", crawltest.Page{HTML: "<meta name=robots content=noindex>"})
		b.site.Page("/to-redirect", page("to-redirect", "/moved")).Redirect("/moved", 302, "/to-redirect")
		b.site.Page("/loop-a", page("loop-a", "/loop-b")).Page("/loop-b", page("loop-b", "/loop-a"))
		b.site.Page("/other-site", page("other", "http://b.test/x"))
		b.site.Page("/self", page("self", "/self#here"))
		b.site.Page("/chain1", page("chain1", "/chain2")).Page("/chain2", page("chain2", "/chain3")).Page("/chain3", page("chain3", "/chain3"))
		b.crawl(true, "http://a.test/")
		b.wantLive("/", "/chain3", "/loop-b", "/other-site", "/p", "/self", "/to-404", "/to-noindex", "/to-redirect")
		b.wantWhy("/?sort=1", "skipped", "same-text")
		b.wantWhy("/p?v=1", "skipped", "canonical")
		b.wantWhy("/chain1", "skipped", "canonical")
		for target, want := range map[string]int{"/p?v=1": 1, "/chain1": 1, "/to-404": 2} {
			n := 0
			for _, q := range b.web.RequestsTo("a.test", "") {
				if q.Target == target {
					n++
				}
			}
			if n != want {
				t.Errorf("%s was fetched %d times, want %d", target, n, want)
			}
		}
		time.Sleep(time.Hour)
		b.c.Recrawl()
		b.finish(true)
		b.wantLive("/", "/chain3", "/loop-b", "/other-site", "/p", "/self", "/to-404", "/to-noindex", "/to-redirect")
		for id, n := range b.sink.events {
			if n != 1 {
				t.Errorf("%s: %d events after a recrawl that changed nothing", id, n)
			}
		}
	})
}
