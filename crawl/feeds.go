package crawl

import (
	"time"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

// maxFeedsPage is how many feeds a page may name that are followed.
const maxFeedsPage = 5

// A feed is there to be looked at often: half an hour after the first time, then after
// two thirds of the time between the last two visits if it had changed, and after half
// as long again if not.
const (
	feedFirst  = 30 * time.Minute
	feedOften  = 10 * time.Minute
	feedSeldom = 24 * time.Hour
	feedFaster = 2.0 / 3
	feedSlower = 3.0 / 2
)

// nextFeed is when a feed is to be visited next.
func (r *result) nextFeed(now time.Time) time.Time {
	if r.lease.Visits == 0 || r.lease.Fetched.IsZero() {
		return now.Add(feedFirst)
	}
	factor := feedSlower
	if r.out.State == frontier.Skipped && r.out.ContentHash != r.lease.ContentHash {
		factor = feedFaster
	}
	wait := time.Duration(float64(now.Sub(r.lease.Fetched)) * factor)
	return now.Add(min(max(wait, feedOften), feedSeldom))
}

// feedsOf are the feeds that a page names, as items.
func (c *Crawler) feedsOf(r *result, p *extract.Page) []frontier.Item {
	var out []frontier.Item
	for _, u := range p.Feeds[:min(len(p.Feeds), maxFeedsPage)] {
		u = tidy(u)
		if c.scope.refuses(u, 0, markFeed) == "" && !c.robotsRefuse(u) {
			out = append(out, frontier.Item{URL: u, Depth: r.lease.Depth, Priority: 1, Mark: markFeed, Referrer: r.lease.URL})
		}
	}
	return out
}

// feed is what becomes of a list of what is new: its entries are queued, and known
// ones again that are newer than our copy. It is visited as often as it changes.
func (c *Crawler) feed(r *result) *result {
	f, ok := feed(r.resp)
	if !ok {
		return r.drop(frontier.Skipped, "not-a-feed")
	}
	sum := newHash()
	for _, it := range f.Items {
		sum.add(it.Link, it.Title, it.Summary)
		u, err := r.resp.URL.Join(it.Link)
		if err != nil {
			continue
		}
		at := it.Updated
		if at.IsZero() {
			at = it.Published
		}
		if item, ok := c.announced(r.lease.URL, tidy(u), at); ok {
			item.Depth = r.lease.Depth + 1
			r.out.Links = append(r.out.Links, item)
		}
	}
	r.out.ContentHash = sum.hash()
	return r.drop(frontier.Skipped, "feed")
}

// announced is the item of an address that a feed or sitemap tells of, with the time
// of its last change; false if it is not to be queued.
func (c *Crawler) announced(by, u weburl.URL, changed time.Time) (frontier.Item, bool) {
	if c.scope.refuses(u, 1, 0) != "" || c.robotsRefuse(u) {
		return frontier.Item{}, false
	}
	it := frontier.Item{URL: u, Depth: 1, Priority: 2, Referrer: by, LastMod: changed}
	if age := time.Since(changed); age >= 0 && age < recentlyChanged {
		it.Priority = 1
		st, known := c.front.Why(u)
		it.Again = known && st.State != frontier.Queued && !st.Fetched.IsZero() && changed.After(st.Fetched)
	}
	return it, true
}
