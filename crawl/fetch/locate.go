package fetch

import (
	"context"
	"net/netip"

	"github.com/trawlsearch/trawl/weburl"
)

// Locate names the address at which the host of u would be asked first, for limits by
// address. It is not valid where a proxy asks. Its error is that with which Get would
// fail before it connects.
func (c *Client) Locate(ctx context.Context, u weburl.URL) (netip.Addr, error) {
	if c.routeOf(u.Hostname()) != nil {
		return netip.Addr{}, nil
	}
	addrs, err := c.dialer.permitted(ctx, u.Hostname())
	if err != nil {
		return netip.Addr{}, newError(classify(ctx, ctx, err), u.Page().String(), err)
	}
	return addrs[0], nil
}
