package crawl

import (
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/robots"
	"github.com/trawlsearch/trawl/crawl/sitemap"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	maxSitemaps     = 100 // lines of one robots.txt
	recentlyChanged = 7 * 24 * time.Hour
)

// findSitemaps queues the sitemaps that a robots.txt names, and for the host of a
// seed the one that has no need to be named.
func (c *Crawler) findSitemaps(l frontier.Lease, rules *robots.Rules) {
	if rules == nil {
		return
	}
	names := rules.Sitemaps()
	names = names[:min(len(names), maxSitemaps)]
	from, _ := l.URL.Join("/robots.txt")
	var items []frontier.Item
	add := func(name string, from weburl.URL) {
		u, err := l.URL.Join(name)
		if err == nil && c.scope.refuses(u, 0, markSitemap) == "" {
			items = append(items, frontier.Item{URL: u, Priority: 0, Mark: markSitemap, Referrer: from})
		}
	}
	for _, name := range names {
		add(name, from)
	}
	if l.Mark&markSeed != 0 {
		add("/sitemap.xml", weburl.URL{}) // nobody leads there
	}
	if len(items) == 0 {
		return
	}
	if _, err := c.front.Add(items); err != nil {
		c.log.Error("crawl: sitemaps not queued", "host", l.URL.Host(), "err", err)
	}
}

// sitemap is what becomes of a list of addresses. Its Depth counts indexes, not
// links.
func (c *Crawler) sitemap(r *result) *result {
	m, err := sitemap.Parse(r.resp.URL, r.resp.Header, r.resp.Body, c.reader.opt.Sitemaps)
	if err != nil {
		return r.drop(frontier.Skipped, "not-a-sitemap")
	}
	if m.Faults != 0 {
		c.log.Debug("crawl: sitemap against the protocol", "url", r.resp.URL.String(), "faults", m.Faults.String())
	}
	liar := lies(m.Entries)
	for _, e := range m.Entries {
		changed := e.LastMod
		if liar {
			changed = time.Time{}
		}
		if it, ok := c.announced(r.lease.URL, tidy(e.URL), changed); ok {
			r.out.Links = append(r.out.Links, it)
		}
	}
	r.out.Truncated = m.Truncated
	if r.lease.Depth < c.reader.opt.SitemapDepth {
		r.out.Links = append(r.out.Links, c.children(r.lease, m.Children)...)
	}
	return r.drop(frontier.Skipped, "sitemap")
}

// lies tells whether the dates of a sitemap are those of its making: most of them
// within a minute before now.
func lies(entries []sitemap.Entry) bool {
	dated, now := 0, 0
	for _, e := range entries {
		if e.LastMod.IsZero() {
			continue
		}
		dated++
		if age := time.Since(e.LastMod); age < time.Minute {
			now++
		}
	}
	return dated > 2 && 2*now > dated
}

func (c *Crawler) children(l frontier.Lease, entries []sitemap.Entry) []frontier.Item {
	var out []frontier.Item
	for _, e := range entries {
		if c.scope.refuses(e.URL, 0, markSitemap) == "" && !c.robotsRefuse(e.URL) {
			out = append(out, frontier.Item{URL: e.URL, Depth: l.Depth + 1, Priority: 1, Mark: markSitemap, Referrer: l.URL})
		}
	}
	return out
}
