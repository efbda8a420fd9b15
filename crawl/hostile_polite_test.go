package crawl

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
)

var politeChecks = map[string]func(h *trial){
	"P01": func(h *trial) {
		h.opt.PerHost = 4
		h.crawl(day)
		h.wantPauses("p01.test", 429, 5, 30*time.Second)
		h.wantDocs(true, "http://p01.test/p/429", "http://p01.test/a", "http://p01.test/c")
	},
	"P02": func(h *trial) {
		h.crawl(day)
		h.wantPauses("p02.test", 503, 2, 45*time.Second)
		h.wantDocs(true, "http://p02.test/p/503-date")
	},
	"P03": func(h *trial) {
		h.crawl(time.Hour)
		hosts, err := h.c.Hosts(0, 10)
		if err != nil || len(hosts) == 0 {
			h.t.Fatalf("hosts: %v, %v", hosts, err)
		}
		for _, s := range hosts {
			if until := time.Until(s.Paused); s.Origin == "http://p03.test" && (s.Paused.IsZero() || until > day || until < 20*time.Hour) {
				h.t.Errorf("parked until %s, in %s", s.Paused, until)
			}
		}
		h.goOn(2 * day)
		h.wantDocs(true, "http://p03.test/p/503-huge", "http://p03.test/b")
	},
	"P04": func(h *trial) {
		h.crawl(day)
		list := h.pages("p04.test")
		if len(list) != 121 {
			h.t.Fatalf("%d requests, want 121", len(list))
		}
		slow := slices.IndexFunc(list, func(q crawltest.Request) bool { return q.End.Sub(q.Start) >= 3*time.Second })
		if gap := list[slow+5].Start.Sub(list[slow+4].End); gap < 3*time.Second || gap > maxDelay {
			h.t.Errorf("%s after the fifth slow answer", gap)
		}
		if gap := leastGap(list[slow+5 : slow+8]); gap < 3*time.Second {
			h.t.Errorf("%s between slow answers", gap)
		}
		if gap := list[120].Start.Sub(list[119].End); gap < time.Second || gap > 1500*time.Millisecond {
			h.t.Errorf("%s between the last fast answers, want about 1 s", gap)
		}
	},
	"P05": func(h *trial) {
		h.crawl(day)
		if n := h.web.MaxInFlightAddr(netip.MustParseAddr(crawltest.P05Addr)); n != 1 {
			h.t.Errorf("%d requests at once at one address, want 1", n)
		}
		for i := range 20 {
			h.wantHits(fmt.Sprintf("v%d.p05.test", i), "/page5", 1, 1)
		}
	},
	"P06": func(h *trial) {
		h.opt.Delay = -1 // so that only retries make gaps
		h.crawl(day)
		retried := 0
		for i := range 12 {
			target := fmt.Sprint("/p/flaky", i+1)
			list := h.web.RequestsTo("p06.test", target)
			if len(list) > 4 || len(list) == 0 {
				h.t.Errorf("%s: %d attempts, want 1 to 4", target, len(list))
			}
			for k := 1; k < len(list); k++ {
				retried++
				// 2, 4, 8 times a base of which the first wait is twice as long
				nominal := serverWaits[0] / 2 << k
				if gap := list[k].Start.Sub(list[k-1].End); gap < nominal/2 || gap > nominal*3/2+2*time.Second {
					h.t.Errorf("%s: attempt %d after %s, want %s and as much as half more or less", target, k+1, gap, nominal)
				}
			}
		}
		if retried < 5 {
			h.t.Errorf("only %d retries", retried)
		}
		h.wantHits("p06.test", "/p/flaky12", 4, 4)
		h.wantReason("http://p06.test/p/flaky12", "failed", "http-500")
	},
	"P07": func(h *trial) {
		h.crawl(time.Hour)
		if n := h.web.Hits("p07.test", ""); n > 30 || n < 12 {
			h.t.Errorf("%d requests in an hour, want 12 to 30", n)
		}
	},
	"P08": func(h *trial) {
		h.crawl(day)
		if n := h.web.Hits("p08.test", ""); n > 120 || n < crawltest.P08Good {
			h.t.Errorf("%d requests, want %d to 120", n, crawltest.P08Good)
		}
		for _, s := range must(h.c.Hosts(0, 10)) {
			if s.Origin == "http://p08.test" && s.Paused.IsZero() {
				h.t.Errorf("the host is not parked: %+v", s)
			}
		}
	},
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// wantPauses: the host answers n times with a status, and each time is left alone
// for so long.
func (h *trial) wantPauses(host string, status, n int, pause time.Duration) {
	h.t.Helper()
	list := h.web.RequestsTo(host, "")
	for i, q := range list {
		if q.Status != status {
			continue
		}
		n--
		for _, next := range list[i+1:] {
			if gap := next.Start.Sub(q.End); gap < pause && gap >= 0 {
				h.t.Errorf("%s was asked for %s after a %d, want %s", next.Target, gap, status, pause)
			}
		}
	}
	if n != 0 {
		h.t.Errorf("%d answers of %d are missing", n, status)
	}
}
