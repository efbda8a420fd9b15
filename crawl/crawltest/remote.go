package crawltest

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// A Remote reaches the web of another process: plain HTTP and TLS to any name,
// without what a Web does below that (resolving, ports of a site's own, canaries).
type Remote struct{ Plain, Secure string }

// Remote is how another process reaches this web, which must be one of New.
func (w *Web) Remote() Remote { return Remote{w.plain.Addr().String(), w.secure.Addr().String()} }

// LookupNetIP gives each name a public address of its own.
func (Remote) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	h := hashed(strings.ToLower(host))
	return []netip.Addr{netip.AddrFrom4([4]byte{9, byte(h >> 16), byte(h >> 8), byte(h)})}, nil
}

// Dial connects any address to the web.
func (r Remote) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	to := r.Plain
	if strings.HasSuffix(addr, ":443") {
		to = r.Secure
	}
	return new(net.Dialer).DialContext(ctx, "tcp", to)
}
