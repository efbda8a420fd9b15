package crawl

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// How much worse healthy hosts may fare for hostile ones beside them.
const mostLoss = 0.05

const (
	healthyHosts = 10
	healthyPages = 60
)

// wantOthersWell crawls the row with healthy hosts beside it, for so long, and
// checks that these were done as soon as they are alone.
func (h *trial) wantOthersWell(limit time.Duration) {
	h.t.Helper()
	alone := h.healthyAlone(limit)
	seeds := crawltest.Healthy(h.web, healthyHosts, healthyPages)
	start := time.Now()
	h.crawl(limit, append(seeds, h.row.Seeds...)...)
	together, pages := healthyDone(h.web, start)
	if pages != healthyHosts*healthyPages {
		h.t.Errorf("%d of %d pages of healthy hosts", pages, healthyHosts*healthyPages)
	}
	if together > time.Duration(float64(alone)*(1+mostLoss)) {
		h.t.Errorf("healthy hosts took %s, alone %s", together, alone)
	}
}

// healthyAlone tells how long the healthy hosts take by themselves.
func (h *trial) healthyAlone(limit time.Duration) time.Duration {
	h.t.Helper()
	web := crawltest.NewInMemory(h.t)
	other := &trial{row: h.row, bed: &bed{t: h.t, web: web, sink: newSink(h.t), opt: h.opt}}
	other.opt.Dir = h.t.TempDir()
	other.opt.Fetch = fetch.Options{Resolver: web, Dial: web.Dial, RootCAs: web.RootCAs()}
	defer other.close()
	seeds := crawltest.Healthy(web, healthyHosts, healthyPages)
	start := time.Now()
	other.crawl(limit, seeds...)
	took, pages := healthyDone(web, start)
	if pages != healthyHosts*healthyPages {
		h.t.Fatalf("%d of %d pages of healthy hosts by themselves", pages, healthyHosts*healthyPages)
	}
	return took
}

// healthyDone is when the last page of a healthy host was answered, and how many
// distinct ones there were.
func healthyDone(web *crawltest.Web, start time.Time) (time.Duration, int) {
	var last time.Time
	seen := map[string]bool{}
	for _, q := range web.Requests() {
		if !strings.HasPrefix(q.Host, "healthy") || q.Path() == "/robots.txt" || q.Path() == "/sitemap.xml" {
			continue
		}
		if key := fmt.Sprint(q.Host, q.Target); !seen[key] && q.End.After(last) {
			seen[key], last = true, q.End
		} else {
			seen[key] = true
		}
	}
	return last.Sub(start), len(seen)
}

// mixable are the rows that can stand beside others: not those about our own
// process, and not those that cost a minute of processor time by themselves.
func mixable(sockets bool) (rows []crawltest.Row) {
	for _, row := range crawltest.Hostile() {
		switch row.ID {
		case "C08", "C09", "H12":
			continue
		}
		if !row.Sockets || sockets {
			rows = append(rows, row)
		}
	}
	return rows
}

// TestHostileMixed crawls the whole hostile web at once, and healthy hosts with
// it, which must be done as soon as they are without it. The clock is a fake: what
// counts is who gets the workers, not how fast this machine is.
func TestHostileMixed(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	rows := mixable(false)
	faults := try(t, crawltest.Row{Install: func(w *crawltest.Web) {
		for _, row := range rows {
			row.Install(w)
		}
	}}, func(h *trial) {
		for _, row := range rows {
			h.row.Seeds = append(h.row.Seeds, row.Seeds...)
		}
		h.enough = func() bool {
			_, pages := healthyDone(h.web, time.Now())
			return pages == healthyHosts*healthyPages
		}
		h.wantOthersWell(time.Hour)
		hosts := map[string]bool{}
		for _, q := range h.web.Requests() {
			hosts[q.Host] = true
		}
		if len(hosts) < len(rows) {
			h.t.Errorf("%d hosts were asked", len(hosts))
		}
		if n := h.web.Canary().Connections(); n != 0 {
			h.t.Errorf("%d connections to private addresses", n)
		}
		h.t.Logf("%d requests to %d hosts", h.web.Total(), len(hosts))
	})
	for _, f := range faults {
		t.Error(f)
	}
}

// TestHostileChaos crawls the hostile web and healthy hosts in a process that is
// killed every other second: in the end the healthy hosts are whole.
func TestHostileChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	rows := mixable(true)
	faults := try(t, crawltest.Row{Sockets: true, Install: func(w *crawltest.Web) {
		for _, row := range rows {
			row.Install(w)
		}
	}}, chaos)
	for _, f := range faults {
		t.Error(f)
	}
}

func chaos(h *trial) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	seeds := crawltest.Healthy(h.web, healthyHosts, healthyPages)
	for _, row := range mixable(true) {
		seeds = append(seeds, row.Seeds...)
	}
	v := victim{
		Dir: filepath.Join(h.t.TempDir(), "crawl"), Web: h.web.Remote(), Seeds: seeds, Any: true,
		Delay: 100 * time.Millisecond, PerHost: 1,
	}
	e := newEmitted()
	seen := map[string]bool{}
	const kills = 6
	for i := range kills + 1 {
		before := h.web.Total()
		kill := func() { time.Sleep(500*time.Millisecond + time.Duration(rng.IntN(2000))*time.Millisecond) }
		if i == kills {
			kill = func() { // the last life ends when there is nothing more to wait for
				for start := time.Now(); time.Since(start) < 30*time.Second; time.Sleep(100 * time.Millisecond) {
					if _, pages := healthyDone(h.web, time.Now()); pages == healthyHosts*healthyPages {
						break
					}
				}
				time.Sleep(time.Second) // for the last commit
			}
		}
		if status, stderr := e.run(h, v, kill); status != -1 {
			h.t.Fatalf("seed %d: life %d ended with status %d: %s", seed, i, status, stderr)
		}
		twice := 0
		for _, q := range h.web.Requests()[before:] {
			if !strings.HasPrefix(q.Host, "healthy") || q.Path() == "/robots.txt" || q.Path() == "/sitemap.xml" {
				continue
			}
			if seen[q.Host+q.Target] {
				twice++
			}
			seen[q.Host+q.Target] = true
		}
		if twice > victimInFlight {
			h.t.Errorf("seed %d: in life %d %d pages were fetched again", seed, i, twice)
		}
	}
	for i := range healthyHosts {
		e.wantSite(h, fmt.Sprintf("healthy%d.test", i), healthyPages)
	}
	h.opt.Dir = v.Dir
	h.open()
	for page := range seen {
		if !strings.HasSuffix(page, "/sitemap.xml") {
			h.wantReason("http://"+page, "done", "")
		}
	}
	h.t.Logf("seed %d: %d kills, %d requests, %d documents", seed, kills, h.web.Total(), len(e.docs))
}
