package crawl

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/robots"
	"github.com/trawlsearch/trawl/weburl"
)

// Stats are how a crawl stands. What is said to be since Open is not kept.
type Stats struct {
	Pages     int64 // documents of this crawl
	Queued    int64 // not yet settled, those under way too
	Retrying  int64 // of Queued: failed, and wait for another try
	Waiting   int64 // of Queued: were fetched, and wait for what another page proves to be
	Skipped   int64 // fetched, and no document: noindex, canonical elsewhere, type, sitemap
	Redirects int64
	Gone      int64 // 404, 410
	Denied    int64 // by robots.txt or a changed scope
	Failed    int64
	Errors    map[string]int64 // Failed by reason
	Reasons   map[string]int64 // all that is no page, as "state/reason"
	Hosts     int64
	InFlight  int64
	Outbox    int64 // batches of documents that wait for Emit
	NextDue   time.Time
	Oldest    Underway // of the pages that workers have in hand, the one begun first; zero: there is none

	Started        time.Time // Open
	Fetched        int64     // answers, since Open
	NotModified    int64     // pages that had not changed, since Open
	Bytes          int64     // of bodies as they came over the wire, since Open
	PagesPerSecond float64   // answers, over the last 10 s
}

// rateSeconds is what PagesPerSecond looks back at.
const rateSeconds = 10

// totals count since Open.
type totals struct {
	started time.Time

	mu                          sync.Mutex
	fetched, notModified, bytes int64
	second                      [rateSeconds + 1]int64 // a ring of counts,
	at                          [rateSeconds + 1]int64 // each of this second of Unix time
}

func (t *totals) count(group []*result) {
	now := time.Now().Unix()
	t.mu.Lock()
	defer t.mu.Unlock()
	i := now % int64(len(t.at))
	if t.at[i] != now {
		t.at[i], t.second[i] = now, 0
	}
	for _, r := range group {
		if r.out.State == frontier.NotModified {
			t.notModified++
		}
		if r.resp != nil {
			t.fetched++
			t.second[i]++
			t.bytes += r.resp.WireBytes
		}
	}
}

// Stats is as of the last commit.
func (c *Crawler) Stats() Stats {
	f := c.front.Stats()
	s := Stats{
		Pages: f.Done, Queued: f.Queued, Retrying: f.Retrying, Waiting: f.Waiting, Skipped: f.Skipped, Redirects: f.Redirects, Gone: f.Gone,
		Denied: f.Denied, Failed: f.Failed, Errors: map[string]int64{}, Reasons: f.Reasons, Hosts: f.Hosts,
		InFlight: int64(f.InFlight), Outbox: f.Outbox, NextDue: f.NextDue, Oldest: c.watch.oldest(), Started: c.totals.started,
	}
	for reason, n := range f.Reasons {
		if class, ok := strings.CutPrefix(reason, "failed/"); ok {
			s.Errors[class] = n
		}
	}
	t := &c.totals
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Fetched, s.NotModified, s.Bytes = t.fetched, t.notModified, t.bytes
	now := time.Now()
	sum := int64(0)
	for i, at := range t.at {
		if age := now.Unix() - at; age > 0 && age <= rateSeconds {
			sum += t.second[i]
		}
	}
	s.PagesPerSecond = float64(sum) / min(rateSeconds, max(1, now.Sub(t.started).Seconds()))
	return s
}

// List lists up to limit addresses of a range of slots, host by host, without those
// that were made up: to see what a host says of them, or to look for a sitemap where
// none proved to be.
func (c *Crawler) List(ctx context.Context, r frontier.Range, which frontier.Filter, limit int) ([]frontier.Status, error) {
	which.Skip = madeUp
	return c.front.List(ctx, r, which, limit)
}

func madeUp(s frontier.State, mark uint8, referred bool) bool {
	return mark&markProbe != 0 || mark&markSitemap != 0 && !referred && s == frontier.Gone
}

// Hosts lists up to limit hosts, after skipping skip: how they are treated, and
// why they are paused.
func (c *Crawler) Hosts(skip, limit int) ([]frontier.HostStatus, error) {
	return c.front.Hosts(skip, limit)
}

// maxPerhaps is how many pages are named that may have a link to an address, the
// likeliest of so many that are looked at.
const (
	maxPerhaps    = 5
	maxCandidates = 1000
)

// A Reason is why an address is where it is.
type Reason struct {
	frontier.Status              // zero where the crawl never met it
	Known           bool         // the crawl has met it
	Scope           string       // why the scope refuses it; empty: it does not
	Robots          string       // the line of robots.txt that forbids it, where the rules are at hand
	PerhapsOn       []weburl.URL // of what was never met: truncated pages of its site, those next to it by their path first
}

// Why tells what became of an address, or why it was never queued, as far as that is
// at hand.
func (c *Crawler) Why(ctx context.Context, address string) (Reason, error) {
	u, err := parseSeed(address)
	if err != nil {
		return Reason{}, err
	}
	return c.why(ctx, u, c.origins.cached(u))
}

// Explain is Why of an address about which robots.txt has a say: it is asked for where
// its rules are not at hand.
func (c *Crawler) Explain(ctx context.Context, address string) (Reason, error) {
	u, err := parseSeed(address)
	if err != nil {
		return Reason{}, err
	}
	rules := c.origins.cached(u)
	if r, err := c.why(ctx, u, rules); err != nil || r.Known || r.Scope != "" || rules != nil {
		return r, err
	}
	return c.why(ctx, u, c.origins.rule(ctx, c.origins.get(u), c.client, c.opt.Fetch.Product, u).rules)
}

func (c *Crawler) why(ctx context.Context, u weburl.URL, rules *robots.Rules) (r Reason, err error) {
	r.Status, r.Known = c.front.Why(u)
	r.URL = u
	if v := c.fold(u); !r.Known && v != u {
		r.Alias, r.Reason = v, samePage // it would be queued as that
	}
	r.Scope = c.scope.refuses(u, r.Depth, r.Mark)
	if allowed, _, rule := rules.Match(c.opt.Fetch.Product, u.Target()); !allowed {
		r.Robots = rule
	}
	if r.Known || r.Scope != "" || r.Robots != "" || r.Refused != "" {
		return r, nil
	}
	r.PerhapsOn, err = c.perhapsOn(ctx, u)
	return r, err
}

// perhapsOn is pages of which not all links are known, and that may have one to u.
func (c *Crawler) perhapsOn(ctx context.Context, u weburl.URL) ([]weburl.URL, error) {
	slot := frontier.SlotOf(u)
	read := frontier.Filter{States: []frontier.State{frontier.Done, frontier.Skipped}, Truncated: true}
	list, err := c.List(ctx, frontier.Range{From: slot, To: slot + 1}, read, maxCandidates)
	if err != nil {
		return nil, err
	}
	var out []weburl.URL
	for i := range list {
		if v := list[i].URL; v.Site() == u.Site() {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b weburl.URL) int {
		return cmp.Or(cmp.Compare(shared(b, u), shared(a, u)), cmp.Compare(a.String(), b.String()))
	})
	return out[:min(len(out), maxPerhaps)], nil
}

// shared is how many bytes two addresses have in common from the front.
func shared(a, b weburl.URL) int {
	s, t := a.String(), b.String()
	n := 0
	for n < len(s) && n < len(t) && s[n] == t[n] {
		n++
	}
	return n
}
