package crawl

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

var changeChecks = map[string]func(h *trial){
	"C01": func(h *trial) {
		h.crawl(day)
		docs := len(h.sink.live())
		h.later(2 * day)
		h.web.Forget()
		h.again(day)
		same, all := 0, 0
		for _, q := range h.pages("c01.test") {
			all++
			if q.Status == 304 {
				same++
			}
		}
		if all != crawltest.C01Pages+1 || same*100 < all*95 {
			h.t.Errorf("%d of %d answers were 304, want 95 %%", same, all)
		}
		again := 0
		for _, n := range h.sink.events {
			again += n - 1
		}
		if again != crawltest.C01Changed || docs != crawltest.C01Pages+1 {
			h.t.Errorf("%d documents, %d indexed again, want %d", docs, again, crawltest.C01Changed)
		}
	},
	"C02": func(h *trial) {
		h.crawl(day)
		lying, restless := "http://c02.test/c/lying-etag", "http://c02.test/c/restless-etag"
		for range 10 {
			h.later(2 * day)
			h.again(time.Hour)
		}
		if h.sink.events[lying] != 2 || !strings.Contains(h.doc(lying).Text("body"), strings.Fields(crawltest.Prose(2, 60))[1]) {
			h.t.Errorf("a change behind a constant ETag was not seen in ten visits: %d events", h.sink.events[lying])
		}
		if h.sink.events[restless] != 1 {
			h.t.Errorf("a page that did not change was indexed %d times", h.sink.events[restless])
		}
	},
	"C03": func(h *trial) {
		h.opt.Recrawl = frontier.Recrawl{Min: 5 * time.Minute, Max: 90 * day}
		for i, mean := range crawltest.C03Rates {
			h.converges(i, mean)
		}
	},
	"C04": func(h *trial) {
		h.crawl(day)
		gone, once, always := "http://c04.test/c/410", "http://c04.test/c/404-once", "http://c04.test/c/404-always"
		h.wantDocs(true, gone, once, always)
		h.later(day)
		h.again(time.Minute)
		h.wantDocs(false, gone)
		h.wantDocs(true, once, always)
		for range 3 {
			h.later(25 * time.Hour)
			h.again(time.Hour)
		}
		h.wantDocs(false, gone, always)
		h.wantDocs(true, once)
		// Two or three failures at least a day apart.
		failed := h.web.RequestsTo("c04.test", "/c/404-always")[1:]
		if len(failed) < 2 || failed[min(2, len(failed)-1)].Start.Sub(failed[0].Start) < day {
			h.t.Errorf("deleted after %d failures", len(failed))
		}
		if n := h.sink.events[once]; n != 1 {
			h.t.Errorf("404-once has %d events, want 1", n)
		}
	},
	"C05": func(h *trial) {
		h.crawl(time.Hour)
		u := "http://c05.test/c/5xx-week"
		h.wantDocs(true, u)
		for range 9 {
			h.later(20 * time.Hour)
			h.again(4 * time.Hour)
			h.wantDocs(true, u)
		}
		h.wantReason(u, "done", "")
		if n := h.sink.events[u]; n != 1 {
			h.t.Errorf("%d events, want 1", n)
		}
	},
	"C06": func(h *trial) {
		h.opt.Scope = Scope{}
		h.opt.Budget = &frontier.Budget{} // it would hold most of the 50,000 back
		h.crawl(3 * time.Minute)          // time for all sitemaps, and for few of the 50,000 pages
		for _, path := range crawltest.C06Want() {
			if r := h.why("http://c06.test" + path); !r.Known {
				h.t.Errorf("%s was not found", path)
			}
		}
		for _, path := range []string{"/in/big50000", "/in/too-deep"} {
			if r := h.why("http://c06.test" + path); r.Known {
				h.t.Errorf("%s was found", path)
			}
		}
		for _, path := range []string{"/sitemap-index.xml", "/sm-plain.xml", "/sm-404.xml", "/sm-big.xml", "/sm-nested2.xml"} {
			h.wantHits("c06.test", path, 1, 1)
		}
		if st := h.c.Stats(); st.Pages+st.Queued+st.InFlight < 50_000 || st.Pages+st.Queued+st.InFlight > 50_020 {
			h.t.Errorf("%d addresses, want 50,000 and some", st.Pages+st.Queued)
		}
		h.wantHits("c06elsewhere.test", "", 0, 0)
	},
	"C07": func(h *trial) {
		h.opt.Recrawl = frontier.Recrawl{Min: 5 * time.Minute, Max: 90 * day}
		for end := time.Now().Add(2 * day); time.Now().Before(end); {
			h.crawl(10 * time.Minute)
			if next := h.c.Stats().NextDue; next.After(time.Now()) {
				time.Sleep(min(time.Until(next), time.Until(end)))
			}
		}
		polls := h.web.Times("c07.test", "/c/rss")
		if len(polls) < 10 {
			h.t.Fatalf("the feed was read %d times in two days", len(polls))
		}
		interval := time.Duration(0)
		for i := len(polls) - 8; i < len(polls); i++ {
			interval = max(interval, polls[i].Sub(polls[i-1]))
		}
		if interval > 2*time.Hour {
			h.t.Errorf("a feed with an item each hour is read every %s", interval)
		}
		for i := 4; i < 16; i++ {
			made := time.Now().Add(-time.Duration(i) * time.Hour).Truncate(time.Hour)
			for _, path := range []string{crawltest.C07Item(made), crawltest.C07Item(made) + "-atom"} {
				at := h.web.Times("c07.test", path)
				if len(at) == 0 || at[0].Sub(made) > interval+time.Minute {
					h.t.Errorf("%s of %s was fetched at %v; the interval is %s", path, made, at, interval)
				}
			}
		}
	},
	"C08": killRow,
	"C09": diskRow,
}

// converges crawls page i of C03 alone for twelve visits and more, and checks how
// far apart they come to be, and how fresh they kept it: 0.9 times what as many
// visits at even intervals would, which is the optimum for one page.
func (h *trial) converges(i int, mean time.Duration) {
	h.t.Helper()
	h.close()
	h.opt.Dir = filepath.Join(h.opt.Dir, "next")
	path := fmt.Sprint("/c/poisson/", i)
	h.open()
	if _, err := h.c.Add(h.t.Context(), []string{"http://c03.test" + path}); err != nil {
		h.t.Fatal(err)
	}
	for start := time.Now(); h.web.Hits("c03.test", path) < 16 && time.Since(start) < max(20*day, 40*mean); {
		h.goOn(10 * time.Minute)
		next := h.c.Stats().NextDue
		if next.IsZero() {
			h.t.Fatalf("%s is not to be visited again", path)
		}
		if wait := time.Until(next) - time.Minute; wait > 0 {
			h.later(wait)
			h.open()
		}
	}
	visits := h.web.Times("c03.test", path)
	if len(visits) < 12 {
		h.t.Fatalf("%s: %d visits", path, len(visits))
	}
	late := visits[8:]
	interval := late[len(late)-1].Sub(late[0]) / time.Duration(len(late)-1)
	// What the interval would be if the rate were known: see frontier/change.go. The
	// price is a day, and a seed has weight 2.
	want := time.Duration(math.Sqrt(float64(mean) * float64(day) / 2))
	if interval < want/2 || interval > 2*want {
		h.t.Errorf("%s changes each %s and is visited each %s after eight visits, want about %s", path, mean, interval, want)
	}
	fresh, samples := 0, 0
	step := interval / 50
	for k, from := range late[:len(late)-1] {
		have := crawltest.C03Version(i, from)
		for at := from; at.Before(late[k+1]); at = at.Add(step) {
			samples++
			if crawltest.C03Version(i, at) == have {
				fresh++
			}
		}
	}
	x := float64(interval) / float64(mean)
	best := (1 - math.Exp(-x)) / x
	if got := float64(fresh) / float64(samples); got < 0.9*best {
		h.t.Errorf("%s was fresh for %.2f of the time, with even visits %.2f", path, got, best)
	}
}
