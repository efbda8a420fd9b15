package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// headStart is what an address gets before the next is tried beside it (RFC
// 8305, happy eyeballs, section 5).
const headStart = 250 * time.Millisecond

// A dialer resolves, checks and connects. It is handed to http.Transport.
type dialer struct {
	resolver Resolver
	maxAddrs int
	guard    *guard
	hook     func(ctx context.Context, network, addr string) (net.Conn, error)
	timeout  time.Duration
}

// A dialError says that no connection came about.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// DialContext connects to host:port at one of its permitted addresses.
func (d *dialer) DialContext(ctx context.Context, _, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, &dialError{err}
	}
	portNumber, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &dialError{fmt.Errorf("bad port %q", port)}
	}
	addrs, err := d.permitted(ctx, host)
	if err != nil {
		return nil, err
	}
	var targets []netip.AddrPort
	for _, a := range addrs {
		targets = append(targets, netip.AddrPortFrom(a, uint16(portNumber)))
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.race(ctx, targets, d.guard)
}

// permitted gives the addresses of a host that may be reached, at least one.
func (d *dialer) permitted(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	var refused error
	for _, a := range addrs {
		if err := d.guard.check(a); err != nil {
			refused = err
		} else {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, refused
	}
	return out, nil
}

// lookup gives at least one address.
func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		var dns *net.DNSError
		if !errors.As(err, &dns) {
			err = &net.DNSError{Err: err.Error(), Name: host, UnwrapErr: err}
		}
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return interleave(addrs, d.maxAddrs), nil
}

// interleave puts IPv6 and IPv4 in turn, the first kind first, and keeps
// most of them (RFC 8305, section 4).
func interleave(addrs []netip.Addr, most int) []netip.Addr {
	var same, other []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() == addrs[0].Unmap().Is4() {
			same = append(same, a)
		} else {
			other = append(other, a)
		}
	}
	var out []netip.Addr
	for len(out) < most && len(same)+len(other) > 0 {
		if len(same) > 0 {
			out, same = append(out, same[0]), same[1:]
		}
		same, other = other, same
	}
	return out
}

// race connects to the targets one after another, each with a head start over
// the next, and takes the first connection. It waits for all that it started.
func (d *dialer) race(ctx context.Context, targets []netip.AddrPort, g *guard) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		conn net.Conn
		err  error
	}
	results := make(chan outcome)
	next, running := 0, 0
	start := func() {
		target := targets[next]
		next, running = next+1, running+1
		go func() {
			c, err := d.connect(ctx, target, g)
			results <- outcome{c, err}
		}()
	}
	start()
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	var won net.Conn
	var failed error
	for running > 0 {
		select {
		case r := <-results:
			running--
			switch {
			case r.err == nil && won == nil:
				won = r.conn
				cancel()
			case r.err == nil:
				r.conn.Close()
			case failed == nil:
				failed = r.err // the first is the best witness
			}
			if r.err != nil && won == nil && next < len(targets) && ctx.Err() == nil {
				start()
				timer.Reset(headStart)
			}
		case <-timer.C:
			if won == nil && next < len(targets) {
				start()
				timer.Reset(headStart)
			}
		}
	}
	if won == nil {
		return nil, &dialError{failed}
	}
	return won, nil
}

// connect opens one connection. The guard looks a second time, at what the
// system is about to connect to.
func (d *dialer) connect(ctx context.Context, target netip.AddrPort, g *guard) (net.Conn, error) {
	if err := g.check(target.Addr()); err != nil {
		return nil, err
	}
	var c net.Conn
	var err error
	if d.hook != nil {
		c, err = d.hook(ctx, "tcp", target.String())
	} else {
		nd := net.Dialer{Control: g.control, KeepAlive: 30 * time.Second}
		c, err = nd.DialContext(ctx, "tcp", target.String())
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, addr: target}, nil
}
