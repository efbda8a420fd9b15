package crawl

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	defaultHops    = 10
	refreshAtOnce  = 5 * time.Second // a slower <meta refresh> is a link
	canonicalTries = 5               // looks at an address that is to stand for a page: 1, 4, 16, 64, 256 s
)

// page is what becomes of a page that was read.
func (c *Crawler) page(ctx context.Context, r *result, p *extract.Page) *result {
	if !p.Refresh.IsZero() && p.RefreshDelay <= refreshAtOnce && tidy(p.Refresh) != r.lease.URL {
		return c.redirect(ctx, r, p.Refresh)
	}
	f := portraitOf(p)
	if r.lease.Mark&markProbe != 0 {
		return c.probed(r, f)
	}
	r.out.ContentHash, r.out.Truncated = p.ContentHash, p.Truncated || r.resp.Truncated
	r.out.Links = append(c.links(r, p), c.feedsOf(r, p)...)
	if p.NoIndex {
		return r.drop(frontier.Skipped, "noindex")
	}
	if !c.reader.opt.wants(p.MediaType) {
		return r.drop(frontier.Skipped, "type "+p.MediaType)
	}
	if c.opt.MarkedOnly && !p.Marked && isHTML(p.MediaType) {
		return r.drop(frontier.Skipped, "unmarked")
	}
	if other := tidy(p.Canonical); !other.IsZero() && other != r.lease.URL {
		if c.yield(r, other) {
			return r
		}
	}
	if r.lease.HasDoc && p.ContentHash == r.lease.ContentHash {
		if c.gone(r, f) {
			return r
		}
		return r.end(frontier.NotModified, "same-content")
	}
	f.own = p.Canonical == r.lease.URL
	k, err := c.kinOf(r, f)
	if err != nil {
		c.log.Error("crawl: pages like this one cannot be looked up", "url", r.lease.URL.String(), "err", err)
	}
	if !p.NeedsJS && c.lesson(r, f, k) {
		return r
	}
	r.out.Novel = c.novel(r, f, k)
	if !p.NeedsJS && c.only(r, k) {
		return r
	}
	r.end(frontier.Done, r.cut)
	if f.Sketch != nil {
		r.out.Bands, r.out.Sketch = f.bands, f.Sketch.Append(nil)
	}
	r.doc = documentOf(r.lease.URL, p, time.Now())
	return r
}

// links are what a page adds to the frontier.
func (c *Crawler) links(r *result, p *extract.Page) []frontier.Item {
	if p.NoFollow {
		return nil
	}
	out := make([]frontier.Item, 0, len(p.Links)+1)
	depth := r.lease.Depth + 1
	add := func(u weburl.URL) {
		u = c.fold(tidy(u))
		if u.Key() == r.lease.URL.Key() || c.scope.refuses(u, depth, 0) != "" || c.robotsRefuse(u) {
			return
		}
		out = append(out, frontier.Item{URL: u, Depth: depth, Priority: priority(depth), Referrer: r.lease.URL})
	}
	for _, l := range p.Links {
		if !l.NoFollow && !c.endsSession(l) {
			add(l.URL)
		}
	}
	if !p.Refresh.IsZero() {
		add(p.Refresh)
	}
	return out
}

// priority of a page so many links from a seed: what is near the front door is
// fetched first.
func priority(depth int) uint8 {
	switch {
	case depth <= 0:
		return 0
	case depth <= 2:
		return 1
	case depth <= 4:
		return 2
	}
	return 3
}

// robotsRefuse judges an address by rules that are at hand; those of other hosts
// are asked for when it is fetched.
func (c *Crawler) robotsRefuse(u weburl.URL) bool {
	return !c.origins.cached(u).Allowed(c.opt.Fetch.Product, u.Target())
}

// redirect is what becomes of a page that sends us elsewhere: the target is
// queued, and meets scope and robots there like any other.
func (c *Crawler) redirect(ctx context.Context, r *result, target weburl.URL) *result {
	if target.IsZero() {
		return r.end(frontier.Failed, string(fetch.ClassBadRedirect))
	}
	if !target.IsWeb() {
		return r.end(frontier.Failed, string(fetch.ClassBadScheme))
	}
	target = tidy(target)
	if target == r.lease.URL {
		return c.withCookies(ctx, r)
	}
	if st, known := c.front.Why(target); known && st.State == frontier.Redirect && st.Alias == r.lease.URL {
		return r.end(frontier.Failed, string(fetch.ClassRedirectLoop))
	}
	if int(r.lease.Hops) >= hops(c.opt.Fetch) {
		return r.end(frontier.Failed, string(fetch.ClassRedirectLimit))
	}
	r.out.Alias = target
	if why := c.scope.refuses(target, r.lease.Depth, r.lease.Mark); why != "" {
		return r.drop(frontier.Redirect, "redirect-out-of-scope "+why)
	}
	if c.robotsRefuse(target) {
		return r.drop(frontier.Redirect, "redirect-robots")
	}
	r.out.Links = []frontier.Item{{
		URL: target, Depth: r.lease.Depth, Hops: r.lease.Hops + 1, Mark: r.lease.Mark,
		Priority: r.lease.Priority, Referrer: r.lease.URL,
	}}
	return r.drop(frontier.Redirect, "")
}

// hops is how many redirects in a row are followed.
func hops(opt fetch.Options) int { return cmp.Or(opt.MaxRedirects, defaultHops) }

// withCookies fetches a page that redirects to itself: it sets a cookie and wants
// to see it.
func (c *Crawler) withCookies(ctx context.Context, r *result) *result {
	if r.resp.Header.Get("Set-Cookie") == "" {
		return r.end(frontier.Failed, string(fetch.ClassRedirectLoop))
	}
	var cookies []string
	for _, cookie := range (&http.Response{Header: r.resp.Header}).Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	resp, err := c.client.Get(ctx, fetch.Request{URL: r.lease.URL, Header: http.Header{"Cookie": {strings.Join(cookies, "; ")}}})
	if resp != nil {
		r.resp = resp
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return c.noAnswer(r, fetch.ClassOf(err))
	case resp.Status >= 300 && resp.Status < 400:
		return r.end(frontier.Failed, string(fetch.ClassRedirectLoop))
	case resp.Status != http.StatusOK:
		return r.end(frontier.Failed, httpReason(resp.Status))
	}
	return c.read(ctx, r)
}

// yield decides about a page that names another address for itself, which is a
// hint (RFC 6596). Where that address proves to be a page of this crawl with a
// document of its own, this one has none; where it does not, the hint is void.
// While it is not known the page waits and is looked at again: waiting costs a
// turn in the queue, and a request only where the hint was void.
func (c *Crawler) yield(r *result, other weburl.URL) bool {
	if other.Site() != r.lease.URL.Site() || c.scope.refuses(other, r.lease.Depth, 0) != "" || c.robotsRefuse(other) {
		return false
	}
	switch c.standing(r.lease.URL, other) {
	case stands:
		r.out.Alias = other
		r.drop(frontier.Skipped, "canonical")
		return true
	case falls:
		return false
	}
	if r.lease.Tries >= canonicalTries {
		return false
	}
	r.out.Links = append(r.out.Links, frontier.Item{
		URL: other, Depth: r.lease.Depth, Hops: r.lease.Hops, Priority: 0, Referrer: r.lease.URL,
	})
	r.end(frontier.Retry, canonicalWaits)
	r.out.Alias = other
	r.out.RetryAt = time.Now().Add(time.Second << (2 * r.lease.Tries))
	return true
}

type standing int

const (
	waits standing = iota
	stands
	falls
)

// standing tells whether other has a document that can stand for u.
func (c *Crawler) standing(u, other weburl.URL) standing {
	st, known := c.front.Why(other)
	switch {
	case (!known || st.State == frontier.Queued && !st.HasDoc) && c.silent(other):
		return falls
	case !known:
		return waits
	case st.State == frontier.Done, st.State == frontier.Skipped && !st.Alias.IsZero() && st.Alias != u:
		return stands
	case st.State == frontier.Queued && st.HasDoc:
		return stands
	case st.State == frontier.Queued && st.Alias != u && (st.Tries == 0 || ownWait(st.Reason)):
		return waits
	}
	return falls // it is no page, did not answer, or names u in its turn
}

// Why a page that was read is looked at again: something else is not known yet.
const (
	canonicalWaits = "canonical-waits"
	missingWaits   = "soft-404-waits"
)

func ownWait(reason string) bool { return reason == canonicalWaits || reason == missingWaits }

// silent tells whether a host cannot be asked for its robots.txt at the moment, and so
// for nothing.
func (c *Crawler) silent(u weburl.URL) bool {
	o := c.origins.peek(u)
	if o == nil {
		return false
	}
	r, holds := o.ruling()
	return holds && r.rules == nil && r.trouble != ""
}

// standsFor settles a page that waited for another one, where that is known now.
func (c *Crawler) standsFor(r *result) bool {
	other := r.lease.Alias
	if r.lease.Tries == 0 || other.IsZero() {
		return false
	}
	switch c.standing(r.lease.URL, other) {
	case stands:
		r.out.Alias = other
		r.drop(frontier.Skipped, "canonical")
		return true
	case waits:
		if r.lease.Tries < canonicalTries {
			r.end(frontier.Retry, canonicalWaits)
			r.out.Alias = other
			r.out.RetryAt = time.Now().Add(time.Second << (2 * r.lease.Tries))
			return true
		}
	}
	return false
}
