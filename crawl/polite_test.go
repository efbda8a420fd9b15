package crawl

import (
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
)

// TestPoliteness: delays, Crawl-delay, Retry-After and the brake, by the times at
// which requests came.
func TestPoliteness(t *testing.T) {
	gaps := func(times []time.Time) (least time.Duration) {
		least = time.Hour
		for i := 1; i < len(times); i++ {
			least = min(least, times[i].Sub(times[i-1]))
		}
		return least
	}
	inBed(t, func(b *bed) {
		b.opt.Delay = 0 // the default, one second
		b.opt.Scope.Mode = "any"
		for _, host := range []string{"a.test", "b.test", "slow.test"} {
			b.web.Site(host).Mount(crawltest.Generate(6, 12))
		}
		b.web.Site("b.test").Robots("User-agent: *\nCrawl-delay: 7\n")
		for i := range 4 {
			b.web.Site("slow.test").Page([]string{"/1", "/2", "/3", "/4"}[i], crawltest.Page{Title: "slow", Text: "t", Delay: 2 * time.Second})
		}
		b.web.Site("slow.test").Page("/", crawltest.Page{Title: "slow", Text: "t", Links: []string{"/1", "/2", "/3", "/4"}, Delay: 2 * time.Second})
		b.crawl(false, "http://a.test/", "http://b.test/", "http://slow.test/")
		for host, want := range map[string]time.Duration{"a.test": time.Second, "b.test": 7 * time.Second} {
			if got := gaps(b.web.Times(host, "")); got < want || got > want+time.Second {
				t.Errorf("%s: requests %s apart, want %s", host, got, want)
			}
			if n := b.web.MaxInFlight(host); n != 1 {
				t.Errorf("%s: %d requests at once", host, n)
			}
		}
		slow := b.web.Times("slow.test", "")
		if got := gaps(slow[len(slow)-3:]); got < 10*time.Second {
			t.Errorf("slow.test: requests %s apart, want >= 12s", got)
		}
	})
	inBed(t, func(b *bed) { // a crawl that waits for a long Crawl-delay is not idle
		b.opt.Delay = 0
		b.site.Robots("User-agent: *\nCrawl-delay: 200\n")
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/1", "/2", "/3"}})
		b.site.Page("/1", crawltest.Page{Title: "1", Text: "t"}).Page("/2", crawltest.Page{Title: "2", Text: "t"}).Page("/3", crawltest.Page{Title: "3", Text: "t"})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/1", "/2", "/3")
		if got := gaps(b.web.Times("a.test", "")); got < 200*time.Second {
			t.Errorf("requests %s apart, want 200s", got)
		}
	})
	inBed(t, func(b *bed) { // what is denied takes no turn of its host
		b.opt.Delay = 0
		site := crawltest.Generate(6, 100)
		b.site.Mount(site)
		b.opt.MaxPages = 3
		b.crawl(false, "http://a.test/")
		queued := b.c.Stats().Queued
		b.close()
		b.opt.MaxPages = 0
		b.opt.Scope.Exclude = []string{"."}
		b.open()
		start := time.Now()
		b.finish(false)
		if d := time.Since(start); d > 2*time.Second || b.c.Stats().Denied != queued || queued < 10 {
			t.Errorf("%d of %d addresses denied in %s", b.c.Stats().Denied, queued, d)
		}
	})
	inBed(t, func(b *bed) {
		b.opt.Delay = 0
		busy := crawltest.Page{Status: 429, Header: map[string][]string{"Retry-After": {"75"}}}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/busy", "/ok"}})
		b.site.Handle("/busy", crawltest.Turns(busy, busy, crawltest.Page{Title: "busy", Text: "now"}))
		b.site.Page("/ok", crawltest.Page{Title: "ok", Text: "t"})
		b.crawl(true, "http://a.test/")
		b.wantLive("/", "/busy", "/ok")
		all := b.web.Requests()
		for i, q := range all[:len(all)-1] {
			if gap := all[i+1].Start.Sub(q.End); q.Status == 429 && gap < 75*time.Second {
				t.Errorf("asked %s after a 429", gap)
			}
		}
	})
	inBed(t, func(b *bed) {
		b.opt.Delay = 0
		site := crawltest.Generate(7, 300)
		b.site.Mount(crawltest.Page{Status: 500})
		b.site.Robots("")
		var links []string
		for _, p := range site.Pages[1:] {
			links = append(links, p.Path)
		}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		b.open()
		b.c.Add(t.Context(), []string{"http://a.test/"})
		stop := b.start()
		time.Sleep(time.Hour)
		stop()
		if n := len(b.web.Requests()); n < 10 || n > 30 {
			t.Errorf("%d requests in an hour of a site that only fails, want 10 to 30", n)
		}
	})
}
