package fetch

import (
	"context"

	"github.com/trawlsearch/trawl/weburl"
)

// A Hop is one answer that sent us on.
type Hop struct {
	URL    weburl.URL
	Status int
}

// Follow gets an address and goes on where its answers point, at most
// Options.MaxRedirects times. allow is asked before each hop, for scope and
// robots rules; its error ends the chain with ClassRefused. nil allows all.
// Cookies live as long as the chain: some sites send a visitor round until the
// cookie they set comes back. To come to the same address with the same
// cookies is a loop.
//
// The Response is of the last request that was sent, and the hops led to it.
func (c *Client) Follow(ctx context.Context, req Request, allow func(weburl.URL) error) (*Response, []Hop, error) {
	resp, hops, err := c.follow(ctx, req, allow)
	return resp.hide(), hops, err
}

func (c *Client) follow(ctx context.Context, req Request, allow func(weburl.URL) error) (*Response, []Hop, error) {
	var jar Jar
	var hops []Hop
	seen := map[string]bool{}
	q := call{Request: req, limits: c.limits}
	for {
		seen[q.URL.Page().String()+"\x00"+q.cookies] = true
		resp, err := c.signed(ctx, q)
		if err != nil || !redirect(resp.Status) {
			return resp, hops, err
		}
		next := resp.Location
		fail := func(class Class, err error) (*Response, []Hop, error) {
			return resp, hops, newError(class, next.Page().String(), err)
		}
		jar.Set(resp.URL, resp.Header)
		cookies := jar.Cookies(next)
		switch {
		case seen[next.Page().String()+"\x00"+cookies]:
			return fail(ClassRedirectLoop, nil)
		case len(hops) == c.opt.MaxRedirects:
			return fail(ClassRedirectLimit, nil)
		}
		if allow != nil {
			if err := allow(next); err != nil {
				return fail(ClassRefused, err)
			}
		}
		hops = append(hops, Hop{URL: resp.URL, Status: resp.Status})
		q = call{Request: Request{URL: next, Accept: req.Accept}, limits: c.limits, cookies: cookies}
	}
}
