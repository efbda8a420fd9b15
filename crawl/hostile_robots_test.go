package crawl

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/weburl"
)

const day = 24 * time.Hour

var robotsChecks = map[string]func(h *trial){
	"R01": func(h *trial) {
		h.crawl(day - 2*time.Hour)
		h.open1h()
		for i := range 5 {
			h.wantHits("r01.test", fmt.Sprint("/page", i+1), 1, 1)
		}
		h.wantHits("r01.test", "/robots.txt", 1, 1)
	},
	"R02": func(h *trial) {
		h.crawl(day)
		if n := len(h.pages("r02.test")); n != 0 {
			h.t.Errorf("%d pages were asked for", n)
		}
		h.wantHits("r02.test", "/robots.txt", 2, 12)
	},
	"R03": func(h *trial) {
		h.crawl(day)
		h.wantRulesFirst("r03.test", 3, 120*time.Second)
		h.wantHits("r03.test", "/open", 1, 1)
		h.wantHits("r03.test", "/private", 0, 0)
		h.wantHits("r03.test", "/private/x", 0, 0)
	},
	"R04": func(h *trial) {
		h.crawl(day)
		h.wantRulesFirst("r04.test", 2, time.Second)
		h.wantHits("r04.test", "/open", 1, 1)
		h.wantHits("r04.test", "/private", 0, 0)
	},
	"R05": func(h *trial) {
		h.wantOthersWell(time.Hour)
		if n := len(h.pages("r05.test")); n != 0 {
			h.t.Errorf("%d pages were asked for", n)
		}
		for _, q := range h.web.RequestsTo("r05.test", "/robots.txt") {
			if d := q.End.Sub(q.Start); d > 11*time.Second {
				h.t.Errorf("waited %s for robots.txt", d)
			}
		}
		h.wantHits("r05.test", "/robots.txt", 2, 12)
	},
	"R06": func(h *trial) {
		h.crawl(day)
		h.wantHits("r06.test", "/a", 0, 0)
		h.wantHits("r06.test", "/b", 1, 1)
		h.wantHits("r06b.test", "/a", 1, 1)
		h.wantHits("r06b.test", "/b", 0, 0)
	},
	"R07": func(h *trial) {
		h.crawl(day)
		for _, host := range []string{"r07.test", "r07loop.test"} {
			hops := h.web.Hits(host, "/robots.txt")
			for i := range 7 {
				hops += h.web.Hits(host, fmt.Sprint("/hop", i+1))
			}
			if hops > 6 {
				h.t.Errorf("%s: %d requests for robots.txt", host, hops)
			}
			h.wantHits(host, "/page1", 1, 1)
			h.wantHits(host, "/page5", 1, 1)
		}
	},
	"R08": func(h *trial) {
		h.crawl(day)
		h.wantHits("r08.test", "/late", 1, 1)
		h.wantHits("r08.test", "/cute", 1, 1)
		h.wantHits("r08.test", "/early", 0, 0)
		const readBuffer = 64 << 10
		for _, q := range h.web.RequestsTo("r08.test", "/robots.txt") {
			if q.Bytes < crawltest.R08Limit || q.Bytes > 512<<10+readBuffer {
				h.t.Errorf("%d bytes were read", q.Bytes)
			}
		}
	},
	"R09": func(h *trial) {
		h.crawl(day)
		for _, q := range h.web.RequestsTo("r09.test", "/robots.txt") {
			// 1,000 bytes a millisecond
			if d := q.End.Sub(q.Start); d > 512*time.Millisecond+time.Second {
				h.t.Errorf("closed after %s and %d bytes", d, q.Bytes)
			}
		}
		h.wantHits("r09.test", "/robots.txt", 1, 1)
		h.wantHits("r09.test", "/open", 1, 1)
		h.wantHits("r09.test", "/private", 0, 0)
	},
	"R10": func(h *trial) {
		h.crawl(day)
		for path, n := range map[string]int{"/open": 1, "/a": 0, "/b": 0, "/c": 0, "/d": 0, "/e/yes": 1} {
			h.wantHits("r10.test", path, n, n)
		}
		googleVerdicts(h)
	},
	"R11": func(h *trial) {
		h.crawl(day)
		h.wantHits("r11.test", "/open", 1, 1)
		h.wantHits("r11.test", "/private", 0, 0)
	},
	"R12": func(h *trial) {
		h.crawl(time.Hour)
		for host, least := range map[string]time.Duration{"r12.test": 2 * time.Second, "r12a.test": time.Second, "r12b.test": maxDelay} {
			list := h.web.RequestsTo(host, "")
			if gap := leastGap(list); gap < least || len(list) < 2 && host != "r12b.test" {
				h.t.Errorf("%s: %d requests, %s apart, want %s", host, len(list), gap, least)
			}
		}
		h.wantHits("r12.test", "/page10", 1, 1)
		h.wantHits("r12a.test", "/page10", 1, 1)
	},
	"R13": func(h *trial) {
		h.opt.Delay = 10 * time.Minute
		h.crawl(3 * day)
		asked := h.web.Times("r13.test", "/robots.txt")
		if len(asked) < 2 {
			h.t.Fatalf("robots.txt was asked for %d times", len(asked))
		}
		if d := asked[1].Sub(asked[0]); d < 20*time.Hour || d > 25*time.Hour {
			h.t.Errorf("robots.txt was asked for again after %s", d)
		}
		pages := h.pages("r13.test")
		if last := pages[len(pages)-1]; last.Start.After(asked[1]) || len(pages) < 50 {
			h.t.Errorf("%d pages, the last %s after the new rules", len(pages), last.Start.Sub(asked[1]))
		}
	},
	"R14": func(h *trial) {
		h.crawl(day)
		h.wantHits("r14.test", "/here", 1, 1)
		h.wantHits("r14.test", "/there", 1, 1)
		h.wantHits("r14.test", "/private/x", 0, 0)
		h.wantHits("r14b.test", "/no/y", 0, 0)
		h.wantReason("http://r14.test/here", "redirect", "robots")
		h.wantReason("http://r14b.test/no/y", "denied", "robots")
	},
}

// open1h crawls on for an hour, with a new seed on each host.
func (h *trial) open1h() {
	time.Sleep(22 * time.Hour)
	h.c.Add(h.t.Context(), []string{h.row.Seeds[0] + "?new"})
	h.goOn(time.Hour)
}

// wantRulesFirst: robots.txt is asked for n times, gap apart, and no page before.
func (h *trial) wantRulesFirst(host string, n int, gap time.Duration) {
	h.t.Helper()
	asked := h.web.RequestsTo(host, "/robots.txt")
	if len(asked) != n {
		h.t.Fatalf("robots.txt was asked for %d times, want %d", len(asked), n)
	}
	if got := leastGap(asked); got < gap {
		h.t.Errorf("robots.txt was asked for again after %s, want %s", got, gap)
	}
	for _, q := range h.pages(host) {
		if q.Start.Before(asked[n-1].End) {
			h.t.Errorf("%s was asked for before the rules were known", q.Target)
		}
	}
}

// googleVerdicts serves each robots.txt of Google's two suites on a host of its
// own and asks the client that reads it for the verdicts of the suites.
func googleVerdicts(h *trial) {
	client := fetch.New(h.opt.Fetch)
	defer client.Close()
	total := 0
	for suite, want := range map[string]int{"robots-google-cpp": 145, "robots-google-spectest": 400} {
		n := 0
		for _, c := range googleCases(h.t, suite) {
			site := h.web.Site(fmt.Sprintf("%s%d.test", suite, n))
			site.Page("/robots.txt", crawltest.Page{HTML: string(c.Robots), ContentType: "text/plain"})
			u, err := weburl.Parse(site.URL("/"))
			if err != nil {
				h.t.Fatal(err)
			}
			agent := c.Agent
			if len(c.Agents) > 0 {
				agent = c.Agents[0]
			}
			if got := client.Robots(h.t.Context(), u).Rules.Allowed(agent, c.URL); got != c.Allowed {
				h.t.Errorf("%s: %q for %s: %v, want %v", suite, agent, c.URL, got, c.Allowed)
			}
			n++
		}
		if n != want && n != 0 {
			h.t.Errorf("%s has %d cases, want %d", suite, n, want)
		}
		total += n
	}
	h.t.Logf("%d of Google's verdicts", total)
}

type googleCase struct {
	Robots  []byte `json:"robots_b64"`
	Agent   string
	Agents  []string
	URL     string
	Allowed bool
}

// googleCases are none where the suites are absent.
func googleCases(t testing.TB, suite string) (out []googleCase) {
	dir := sharedSuite(t, suite)
	if dir == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		if f, err = os.Open(filepath.Join(dir, suite, "cases.jsonl")); err != nil {
			t.Fatal(err)
		}
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var c googleCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// sharedSuite unpacks a suite; "" where it is absent, which skips a part of a row
// and not all of it.
func sharedSuite(t testing.TB, suite string) (dir string) {
	defer func() {
		if r := recover(); r != nil && r != (abandoned{}) {
			panic(r)
		}
	}()
	return shareddata.Untar(skipper{t}, "suites/"+suite+".tar.xz")
}

// skipper makes Skip end a call instead of a test.
type skipper struct{ testing.TB }

func (s skipper) Skip(args ...any)                 { s.Log(args...); panic(abandoned{}) }
func (s skipper) Skipf(format string, args ...any) { s.Logf(format, args...); panic(abandoned{}) }
