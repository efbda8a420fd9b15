package crawl

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
)

// TestToldTwice: a part of a site that is there twice, and goes on where only its
// second telling leads to, is crawled whole.
func TestToldTwice(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{Title: "A", Text: crawltest.Prose(1, 60), Links: []string{"/std/0", "/core/0"}})
		const chapters = 8
		for i := range chapters {
			for _, part := range []string{"std", "core"} {
				next := fmt.Sprintf("/%s/%d", part, i+1)
				if i == chapters-1 {
					next = "/" + part + "/only"
				}
				b.site.Page(fmt.Sprintf("/%s/%d", part, i), crawltest.Page{Title: fmt.Sprint("Chapter ", i), Text: crawltest.Prose(uint64(10+i), 60), Links: []string{next}})
			}
		}
		b.site.Page("/core/only", crawltest.Page{Title: "Of core", Text: crawltest.Prose(99, 60)})
		b.crawl(true, "http://a.test/")
		for i := range chapters {
			if n := b.web.Hits("a.test", fmt.Sprint("/core/", i)); n != 1 {
				t.Errorf("/core/%d was fetched %d times", i, n)
			}
		}
		b.wantWhy("/core/only", "done", "")
		if live := len(b.sink.live()); live != chapters+2 {
			t.Errorf("%d documents, want %d", live, chapters+2)
		}
	})
}

// TestCopiesWithoutEnd: a session in each path, which nothing can fold away, comes to
// an end on a host that is wanted by its name, and what is left has a reason.
func TestCopiesWithoutEnd(t *testing.T) {
	inBed(t, func(b *bed) {
		const pages = 10
		var session atomic.Int64
		var last atomic.Value
		b.site.Mount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var n uint64
			fmt.Sscanf(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], "p%d", &n)
			var links []string
			for i := range pages {
				links = append(links, fmt.Sprintf("/s/%dx/p%d", session.Add(1), i))
			}
			last.Store(links[0])
			crawltest.Page{Title: fmt.Sprint("Page ", n), Text: crawltest.Prose(n, 80), Links: links}.ServeHTTP(w, r)
		}))
		b.site.Page("/robots.txt", crawltest.Page{Status: 404}).Page("/sitemap.xml", crawltest.Page{Status: 404})
		b.crawl(true, "http://a.test/p0")
		if live := len(b.sink.live()); live != pages {
			t.Errorf("%d documents, want %d", live, pages)
		}
		// The links of each page of its own, and of the copies that are looked through.
		if n := b.web.Hits("a.test", ""); n > pages*pages+4*pages+20+b.opt.Workers+40 {
			t.Errorf("%d requests", n)
		}
		if r, err := b.c.Why(b.t.Context(), "http://a.test"+last.Load().(string)); err != nil || !r.Known || r.Reason == "" {
			t.Errorf("what is left: %+v, %v", r, err)
		}
		if n := b.c.Stats().Reasons["denied/"+behindCopies]; n == 0 {
			t.Error("none was denied for being behind copies")
		}
	})
}

// TestCanonicalToNobody: pages that name an address of a host that does not answer do
// not wait for it.
func TestCanonicalToNobody(t *testing.T) {
	inBed(t, func(b *bed) {
		const pages = 300
		var links []string
		for i := range pages {
			p := fmt.Sprint("/p", i)
			links = append(links, p)
			b.site.Page(p, crawltest.Page{HTML: fmt.Sprintf("<title>%d</title><link rel=canonical href=http://down.a.test/%d><p>%s", i, i, crawltest.Prose(uint64(i), 60))})
		}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		b.web.Site("down.a.test").SetDown(true)
		b.opt.Scope.Mode = "domain"
		b.crawl(false, "http://a.test/")
		if live := len(b.sink.live()); live != pages+1 {
			t.Errorf("%d documents, want %d", live, pages+1)
		}
		if n := b.web.Hits("a.test", ""); n > pages*3/2 { // some were under way when it was not known yet
			t.Errorf("%d requests", n)
		}
	})
}
