package crawl

import (
	"net/http"
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/learn"
	"github.com/trawlsearch/trawl/weburl"
)

// keepLessons: what is learned of a host is kept at each so many pages, and when it
// matters at once. A crash forgets the rest, which is learned again.
const keepLessons = 32

// softTries is how often a page is looked at while its folder is probed: after 1, 4,
// 16, 64, 256 s.
const softTries = 5

// lessons gives fn what is learned of the host of u, alone. If fn says so, or it is
// time, it is kept with the result.
func (c *Crawler) lessons(r *result, fn func(h *learn.Host) (keep bool)) {
	u := r.lease.URL
	o := c.origins.get(u)
	o.mu.Lock()
	defer o.mu.Unlock()
	c.learned(o, u)
	keep := fn(o.host)
	if o.lessons++; keep || o.lessons%keepLessons == 0 {
		r.host = &frontier.HostDelta{Host: u, Learned: o.host.Encode()}
	}
}

// learned reads what was kept of a host; o.mu is held.
func (c *Crawler) learned(o *origin, u weburl.URL) {
	if o.host != nil {
		return
	}
	b, err := c.front.Learned(u)
	if err != nil {
		c.log.Error("crawl: what was learned of a host cannot be read", "host", u.Host(), "err", err)
	}
	o.host = learn.Decode(b)
}

// fold gives the address that stands for u and those that differ from it only by what
// changes nothing on its host.
func (c *Crawler) fold(u weburl.URL) weburl.URL {
	o := c.origins.peek(u)
	if o == nil {
		return u
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.host == nil {
		return u
	}
	return o.host.Fold(u)
}

// schooled settles a page that what was learned of its host decides about, before it
// is asked for: another address is the same page, the host is a mirror, or it has
// shown so many copies that what is only found on them is one more.
func (c *Crawler) schooled(r *result) bool {
	u := r.lease.URL
	if r.lease.Mark&(markSitemap|markFeed|markProbe) != 0 {
		return false
	}
	var to weburl.URL
	var mirror string
	o := c.origins.get(u)
	o.mu.Lock()
	c.learned(o, u)
	to, mirror = o.host.Fold(u), o.host.MirrorOf(u.Origin())
	patient := o.host.Patient()
	o.mu.Unlock()
	switch {
	case to != u:
		r.out.Alias = to
		r.out.Links = []frontier.Item{{URL: to, Depth: r.lease.Depth, Priority: r.lease.Priority, Referrer: u}}
		r.drop(frontier.Redirect, samePage)
		return true
	case !patient && r.lease.Fetched.IsZero() && c.behindCopy(r.lease):
		r.deny(behindCopies)
		return true
	case mirror != "" && !r.lease.HasDoc && !c.scope.names(u):
		if v, err := weburl.Parse(mirror + u.Target()); err == nil {
			if _, known := c.front.Why(v); known { // it is crawled there
				r.deny("mirror-of " + mirror)
				return true
			}
		}
	}
	return false
}

// lesson takes what a page teaches about its host and settles the page if that is not
// there at all.
func (c *Crawler) lesson(r *result, f *portrait, k kin) (settled bool) {
	u := r.lease.URL
	verdict := learn.There
	var probes []weburl.URL
	least := c.least(u, k.twin)
	c.lessons(r, func(h *learn.Host) bool {
		h.Address(u, f.Text)
		if !c.opt.KeepMissing {
			verdict = h.Judge(u, &f.Page, k.near)
		}
		if !k.twin.IsZero() && k.twin.Origin() == u.Origin() && r.lease.Visits == 0 {
			h.Echoes++
		}
		switch {
		case verdict == learn.Suspect:
			probes = h.Probes(u)
		case k.reason == nearDuplicate && k.twin.Origin() == u.Origin():
			h.Twin(u)
		case verdict != learn.There || f.Words < twinWords:
		case k.twin.IsZero():
			h.Own++
		case least != "":
			h.Copies++
		}
		return verdict == learn.Suspect
	})
	switch verdict {
	case learn.Gone:
		r.out.Links = nil // they lead nowhere, or on and on
		r.drop(frontier.Gone, "soft-404")
		return true
	case learn.Suspect:
		for _, p := range probes {
			r.out.Links = append(r.out.Links, frontier.Item{URL: p, Depth: r.lease.Depth, Mark: markProbe, Unheld: true, Referrer: u})
		}
	case learn.Waiting:
		if r.lease.Tries >= softTries {
			return false
		}
		r.out.Links = nil // it is looked at again
		r.end(frontier.Retry, missingWaits)
		r.out.ETag, r.out.LastModified = "", ""
		r.out.RetryAt = time.Now().Add(time.Second << (2 * r.lease.Tries))
		return true
	}
	return false
}

// gone settles a page that is known to say that nothing is there.
func (c *Crawler) gone(r *result, f *portrait) bool {
	missing := false
	c.lessons(r, func(h *learn.Host) bool {
		missing = !c.opt.KeepMissing && h.Missing(r.lease.URL, &f.Page)
		return false
	})
	if missing {
		r.out.Links = nil
		r.drop(frontier.Gone, "soft-404")
	}
	return missing
}

// least is the first by name of the hosts that the hosts of a page and of its twin are
// known to be alike. Both know it from now on: all mirrors of a site come to agree.
func (c *Crawler) least(u, twin weburl.URL) string {
	if twin.IsZero() || twin.Origin() == u.Origin() || twin.Path() != u.Path() {
		return ""
	}
	least := min(u.Origin(), twin.Origin())
	pair := []*origin{c.origins.peek(u), c.origins.peek(twin)}
	for round := range 2 { // what the second knows the first learns on the second round
		for i, o := range pair {
			if o == nil {
				continue
			}
			o.mu.Lock()
			if o.host != nil {
				least = o.host.Alike(least)
				if i == 1 && round == 0 {
					o.host.Shared()
				}
			}
			o.mu.Unlock()
		}
	}
	return least
}

// probed is what becomes of an address that should not exist: f is its page, nil if
// the host said that there is none.
func (c *Crawler) probed(r *result, f *portrait) *result {
	r.out.Links = nil
	c.lessons(r, func(h *learn.Host) bool {
		var p *learn.Page
		if f != nil {
			p = &f.Page
		}
		for _, u := range h.Probed(r.lease.URL, p) {
			r.out.Links = append(r.out.Links, frontier.Item{URL: u, Depth: r.lease.Depth, Again: true, Referrer: r.lease.Referrer})
		}
		return true
	})
	if r.resp != nil && r.resp.Status != http.StatusOK {
		return r.drop(frontier.Gone, "probe")
	}
	return r.drop(frontier.Skipped, "probe")
}
