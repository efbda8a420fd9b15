package crawl

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/document"
)

// result is what came of one lease, on its way to the group committer.
type result struct {
	lease frontier.Lease
	out   frontier.Outcome
	doc   *document.Document // nil: none
	resp  *fetch.Response    // for the captures; nil: no answer came
	hand  *inHand

	cut     string              // why the document is not whole, if a limit cut it
	host    *frontier.HostDelta // what was learned of the host, if it is to be kept; nil: no
	claimed *portrait           // what the page holds until it is committed; nil: nothing
}

// one is the story of one page: from its lease to what becomes of it. It answers
// nil when the page goes back to the queue as if nothing had been.
func (c *Crawler) one(ctx context.Context, l frontier.Lease, h *inHand) *result {
	r := &result{lease: l, out: frontier.Outcome{Lease: l}, hand: h}

	// Does it belong here? The rules may have changed since it was queued.
	if why := c.scope.refuses(l.URL, l.Depth, l.Mark); why != "" {
		c.front.Forgo(l)
		return r.deny(why)
	}
	if c.standsFor(r) || c.schooled(r) {
		c.front.Forgo(l)
		return r
	}

	// May we?
	if verdict, ok := c.located(ctx, r); !ok {
		return verdict
	}
	o := c.origins.get(l.URL)
	if verdict, ok := c.permission(ctx, o, r); !ok {
		return verdict
	}

	// Fetch. From here on the host is free again for its next page.
	h.at(stageFetch)
	resp, err := c.client.Get(ctx, c.request(l))
	if ctx.Err() != nil {
		return nil
	}
	b := c.bearing(r, o, resp, err)

	// What did we get?
	switch {
	case l.Mark&markProbe != 0 && (err != nil || resp.Status != http.StatusOK):
		return c.probed(r, nil)
	case err != nil:
		return c.noAnswer(r, fetch.ClassOf(err))
	case resp.NotModified:
		return r.same()
	case resp.Status >= 300 && resp.Status < 400:
		return c.redirect(ctx, r, resp.Location)
	case resp.Status != http.StatusOK:
		return c.badStatus(r, b)
	case resp.Truncated && resp.Cut != fetch.ClassBodyLimit && resp.Cut != fetch.ClassRatioLimit && !r.takesPart():
		return r.retry(string(resp.Cut), waitsOfClass[resp.Cut])
	case l.Mark&markSitemap != 0:
		return c.sitemap(r)
	case l.Mark&markFeed != 0:
		return c.feed(r)
	}
	return c.read(ctx, r)
}

// request asks for what changed. A page that another one stood for, which is gone, is
// asked for as if it were new.
func (c *Crawler) request(l frontier.Lease) fetch.Request {
	req := fetch.Request{URL: l.URL, ETag: l.ETag, LastModified: l.LastModified}
	if !l.HasDoc && !l.Alias.IsZero() && c.standing(l.URL, l.Alias) != stands {
		req.ETag, req.LastModified = "", ""
	}
	return req
}

// read is what becomes of a body.
func (c *Crawler) read(ctx context.Context, r *result) *result {
	r.hand.at(stageRead)
	page, unread := c.reader.read(ctx, r.resp.URL, r.resp.Header, r.resp.Body)
	switch {
	case ctx.Err() != nil:
		return nil
	case page.Body == "" && unread != "" && r.resp.Truncated && !strings.HasPrefix(unread, "type "):
		r.out.Truncated = true
		return r.drop(frontier.Skipped, string(r.resp.Cut)+" "+page.MediaType) // half a file is none
	case page.Body == "" && unread != "":
		return r.drop(frontier.Skipped, unread)
	}
	r.cut = unread
	return c.page(ctx, r, c.rendered(ctx, r, page))
}

// located makes sure that the address of the host is free, where it is not known yet.
// If the page is not to be fetched now it is settled or, for nil, given back.
func (c *Crawler) located(ctx context.Context, r *result) (*result, bool) {
	if r.lease.IP.IsValid() || c.opt.PerIP < 0 {
		return nil, true // the frontier has seen to it
	}
	ip, err := c.client.Locate(ctx, r.lease.URL)
	switch {
	case ctx.Err() != nil:
		return nil, false
	case err != nil:
		class := fetch.ClassOf(err)
		r.out.Fault, r.out.Presence = faultOf(0, class), c.presence(class, err)
		return c.noAnswer(r, class), false
	case ip.IsValid() && !c.front.Located(r.lease, ip):
		r.goBack(c, 0)
		return nil, false
	}
	return nil, true
}

// bearing takes in what the request came to: what it says of the host, which is free
// for its next page.
func (c *Crawler) bearing(r *result, o *origin, resp *fetch.Response, err error) bearing {
	b := o.note(resp, c.opt.Delay, c.opt.Fetch.Product)
	c.front.Release(r.lease, b.delay, b.pause)
	r.resp = resp
	r.out.HostDelay, r.out.HostPause = b.delay, b.pause
	status := 0
	if resp != nil {
		status = resp.Status
		c.unspent.Add(resp.WireBytes - r.out.Bytes)
		r.out.Bytes, r.out.Took = resp.WireBytes, resp.Took
		if at, err := netip.ParseAddrPort(resp.RemoteAddr); err == nil && c.opt.PerIP >= 0 {
			c.front.Located(r.lease, at.Addr()) // it may have moved
		}
	}
	class := fetch.ClassOf(err)
	r.out.Fault, r.out.Presence = faultOf(status, class), c.presence(class, err)
	return b
}

// permission asks robots.txt, which is fetched where that is due. If it does not
// give it, the page is settled, or, for nil, is to be leased again: a fetch of
// robots.txt takes the host's turn.
func (c *Crawler) permission(ctx context.Context, o *origin, r *result) (*result, bool) {
	l := r.lease
	product := c.opt.Fetch.Product
	robots := c.origins.rule(ctx, o, c.client, product, l.URL)
	if ctx.Err() != nil {
		return nil, false
	}
	if robots.asked {
		c.findSitemaps(l, robots.rules)
	}
	switch {
	case robots.rules == nil:
		return c.noRules(r, robots), false
	case !robots.rules.Allowed(product, l.URL.Target()):
		if !robots.asked {
			c.front.Forgo(l)
		}
		return r.deny("robots"), false
	case robots.asked && c.opt.Delay > 0:
		delay, _ := robots.rules.Delay(product)
		r.goBack(c, max(delay, c.opt.Delay))
		return nil, false
	}
	return nil, true
}

// goBack returns the lease, first in its host's line after delay.
func (r *result) goBack(c *Crawler, delay time.Duration) {
	if err := c.front.Return(r.lease, delay); err != nil {
		c.log.Error("crawl: lease not returned", "url", r.lease.URL.String(), "err", err)
	}
}

// end settles the page in a state; its document, if it has one, stands.
func (r *result) end(s frontier.State, reason string) *result {
	r.out.State, r.out.Reason, r.out.Waits = s, reason, ownWait(reason)
	if r.lease.Mark&markFeed != 0 {
		r.out.Due = r.nextFeed(time.Now())
	}
	if r.resp != nil {
		r.out.Status = r.resp.Status
		if !r.resp.Truncated {
			r.out.ETag, r.out.LastModified = r.resp.Header.Get("ETag"), r.resp.Header.Get("Last-Modified")
		}
	}
	return r
}

// same settles a page that did not change since it was last fetched.
func (r *result) same() *result {
	switch {
	case r.lease.HasDoc:
		return r.end(frontier.NotModified, "")
	case !r.lease.Alias.IsZero():
		return r.end(frontier.NotModified, "canonical")
	}
	return r.end(frontier.NotModified, "not-modified")
}

// drop settles the page in a state in which it has no document: if it had one, a
// deletion goes out.
func (r *result) drop(s frontier.State, reason string) *result {
	r.end(s, reason)
	if r.lease.HasDoc {
		r.out.Deleted = true
		r.doc = deletion(r.lease.URL)
	}
	return r
}

// deniedFor is how long a document outlives the permission to fetch its page.
const deniedFor = 30 * 24 * time.Hour

// deny settles the page as one that may not be fetched. A scope that was changed
// takes its documents out; robots.txt, which may be wrong for a day, after a month.
func (r *result) deny(why string) *result {
	if why == "robots" && time.Since(r.lease.Fetched) < deniedFor {
		return r.end(frontier.Denied, why)
	}
	return r.drop(frontier.Denied, why)
}

// retry queues the page again, or gives it up when it was tried often enough. Its
// document stands.
func (r *result) retry(reason string, waits []time.Duration) *result {
	at, ok := again(waits, r.lease.Tries)
	if !ok {
		return r.end(frontier.Failed, reason)
	}
	r.end(frontier.Retry, reason)
	r.out.RetryAt = at
	return r
}

// takesPart tells whether a page whose body was cut is taken as it is: it was
// tried before, and there is no whole copy that it would replace.
func (r *result) takesPart() bool { return r.lease.Tries > 0 && !r.lease.HasDoc }

// noAnswer is what becomes of a page whose request failed.
func (c *Crawler) noAnswer(r *result, class fetch.Class) *result {
	if r.resp != nil {
		r.resp.Truncated = true // of a failed request only the header is of use
	}
	return r.retry(string(class), waitsOfClass[class])
}

// noRules is what becomes of a page while robots.txt cannot be had: the host is
// left alone, for as long as it answers at all. Where no answer comes that is in
// the end the page's own failure.
func (c *Crawler) noRules(r *result, robots ruling) *result {
	reason := "robots-unreachable " + robots.trouble
	if robots.asked {
		r.out.Presence = c.presence(fetch.Class(robots.trouble), nil)
	}
	switch class := fetch.Class(robots.trouble); class {
	case fetch.ClassNXDomain, fetch.ClassPrivateAddress:
		return r.retry(robots.trouble, waitsOfClass[class]) // nothing was asked of any host
	case fetch.ClassDNS, fetch.ClassConnect, fetch.ClassTimeout, fetch.ClassTLS:
		r.out.HostPause = robots.until
		return r.retry(reason, waitsOfClass[class])
	}
	r.out.HostPause = robots.until
	r.end(frontier.Postponed, reason)
	r.out.RetryAt = robots.until
	return r
}

// missing is what becomes of a page that is not there. One that was there is looked
// for once more before its document goes.
func (r *result) missing() *result {
	r.out.Missing = true
	l := r.lease
	if !l.HasDoc || l.Misses > 0 && time.Since(l.MissingSince) >= missingAgain*9/10 {
		return r.drop(frontier.Gone, httpReason(http.StatusNotFound))
	}
	r.end(frontier.Postponed, httpReason(http.StatusNotFound))
	r.out.RetryAt = time.Now().Add(missingAgain)
	return r
}

// badStatus is what becomes of a page that is neither there nor elsewhere.
func (c *Crawler) badStatus(r *result, b bearing) *result {
	status := r.resp.Status
	switch {
	case status == http.StatusGone:
		return r.drop(frontier.Gone, httpReason(status))
	case status == http.StatusNotFound:
		return r.missing()
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		r.end(frontier.Postponed, httpReason(status))
		r.out.RetryAt = b.pause
		return r
	case status >= 200 && status < 300:
		return r.drop(frontier.Skipped, httpReason(status))
	}
	return r.retry(httpReason(status), waitsOfStatus[status])
}
