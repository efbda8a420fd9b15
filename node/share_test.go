package node

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// TestCrewShare: however many processes there are, they are to have all ranges, none
// more than one more than another, and not the same ones more of every crawl.
func TestCrewShare(t *testing.T) {
	for n := 1; n <= 20; n++ {
		c := newCrew(nil)
		for i := range n {
			c.known[fmt.Sprint("node-", i)] = true
		}
		luck := map[string]bool{}
		for _, collection := range []string{"web", "docs", "shop", "campus", "wiki", "news"} {
			sum := 0
			for name := range c.known {
				got := c.share(collection, name)
				if got < crawlRanges/n || got > crawlRanges/n+1 {
					t.Errorf("%d processes: one is to have %d ranges", n, got)
				}
				if sum += got; got > crawlRanges/n {
					luck[name] = true
				}
			}
			if sum != crawlRanges {
				t.Errorf("%d processes are to have %d ranges", n, sum)
			}
		}
		if extra := crawlRanges % n; extra > 0 && len(luck) <= extra {
			t.Errorf("%d processes: the same %d have more of every crawl", n, len(luck))
		}
	}
	if got := newCrew(nil).share("web", "alone"); got != crawlRanges { // its own beat was not heard yet
		t.Errorf("alone: %d", got)
	}
}

// TestPreference: all ranges, each process in an order of its own.
func TestPreference(t *testing.T) {
	orders := map[string]bool{}
	for i := range 4 {
		s := &sharing{name: "web", crawler: &crawler{node: &Node{cfg: Config{Name: fmt.Sprint("n", i)}}}}
		order := s.preference()
		seen := map[int]bool{}
		for _, r := range order {
			seen[r] = true
		}
		if len(seen) != crawlRanges {
			t.Errorf("order %v", order)
		}
		orders[fmt.Sprint(order)] = true
	}
	if len(orders) != 4 {
		t.Errorf("%d orders of 4", len(orders))
	}
}

// TestCrawlSum: a shared crawl is idle when all that speak are, have all ranges, and
// have read what any of them sent.
func TestCrawlSum(t *testing.T) {
	half := func(node string, from, to int, change func(*crawlReport)) crawlReport {
		r := crawlReport{Node: node, Shared: true, Position: 7, Sent: 7, NextDue: time.Unix(100, 0), CrawlStatus: api.CrawlStatus{
			Number: 2, Generation: 3, State: "idle", Pages: 10, Errors: map[string]int64{"dns": 1}, Processes: 1, Reported: time.Now(),
		}}
		for i := from; i < to; i++ {
			r.Ranges = append(r.Ranges, i)
		}
		change(&r)
		return r
	}
	same := func(*crawlReport) {}
	for _, tc := range []struct {
		name   string
		change func(*crawlReport)
		state  string
		pages  int64
		count  int
	}{
		{"all idle", same, "idle", 20, 2},
		{"one runs", func(r *crawlReport) { r.State = "running" }, "running", 20, 2},
		{"a range is nobody's", func(r *crawlReport) { r.Ranges = r.Ranges[1:] }, "running", 20, 2},
		{"one has not read what was sent", func(r *crawlReport) { r.Position = 6 }, "running", 20, 2},
		{"one has sent what is not read", func(r *crawlReport) { r.Sent = 8 }, "running", 20, 2},
		{"one is silent", func(r *crawlReport) { r.Reported = time.Now().Add(-time.Minute) }, "running", 10, 1},
		{"one has stopped", func(r *crawlReport) { r.State = "stopped" }, "running", 10, 1},
		{"one is at an older generation", func(r *crawlReport) { r.Generation = 2 }, "running", 10, 1},
	} {
		b := newBoard()
		b.crawls["web"] = map[string]crawlReport{"a": half("a", 0, 8, same), "b": half("b", 8, 16, tc.change)}
		sum, ok := b.crawlOf("web", 10*time.Second)
		if !ok || sum.State != tc.state || sum.Pages != tc.pages || sum.Processes != tc.count || sum.Errors["dns"] != int64(tc.count) || sum.Number != 2 {
			t.Errorf("%s: %+v", tc.name, sum)
		}
	}
	b := newBoard()
	b.crawls["web"] = map[string]crawlReport{"a": {CrawlStatus: api.CrawlStatus{State: "running", Pages: 5, Reported: time.Now()}}}
	if sum, _ := b.crawlOf("web", time.Minute); sum.State != "running" || sum.Pages != 5 {
		t.Errorf("one that does not share: %+v", sum)
	}
	if sum, _ := b.crawlOf("web", 0); sum.State != "stopped" || sum.Pages != 5 {
		t.Errorf("one that was not heard of: %+v", sum)
	}
	if _, ok := b.crawlOf("docs", time.Minute); ok {
		t.Error("a crawl that nobody spoke of")
	}
}

func TestParseCopy(t *testing.T) {
	c, ok := parseCopy("frontier/web/1/r07/00000000000000000003-000002-00000001700000000000-00000000000000000120.copy")
	if !ok || c.epoch != 3 || c.number != 2 || c.log != 1_700_000_000_000 || c.position != 120 {
		t.Errorf("%+v, %v", c, ok)
	}
	for _, bad := range []string{"", "x.copy", "1-2-3.copy", "1-2-3-x.copy", "1-2-3-4-5.copy", "-1-2-3-4.copy", "3.claim"} {
		if c, ok := parseCopy("frontier/web/1/r07/" + bad); ok {
			t.Errorf("%s: %+v", bad, c)
		}
	}
}

// FuzzFound: whatever a message holds is an answer or an error.
func FuzzFound(f *testing.F) {
	f.Add(append(binary.AppendUvarint([]byte{foundVersion, 1}, 4095), 2, 0, 0))
	f.Add([]byte{foundVersion, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, slot, items, err := found(b)
		if err != nil {
			return
		}
		if slot >= frontier.Slots {
			t.Errorf("slot %d", slot)
		}
		frontier.DecodeItems(items)
	})
}
