package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

const (
	// maxAddrs bounds how many addresses of a name are tried.
	maxAddrs = 8
	// headStart is what an address gets before the next is tried beside it
	// (RFC 8305, happy eyeballs, section 5).
	headStart = 250 * time.Millisecond
)

// A dialer resolves, checks and connects. It is handed to http.Transport.
type dialer struct {
	resolver *cachedResolver
	guard    *guard
	hook     func(ctx context.Context, network, addr string) (net.Conn, error)
	timeout  time.Duration
}

// A dialError says that no connection came about.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// A conn knows the address it was dialled to, which a hook's own may hide.
type conn struct {
	net.Conn
	addr netip.AddrPort
}

// DialContext connects to host:port at one of its permitted addresses.
func (d *dialer) DialContext(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, &dialError{err}
	}
	portNumber, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &dialError{fmt.Errorf("bad port %q", port)}
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var targets []netip.AddrPort
	var refused error
	for _, a := range addrs {
		if err := d.guard.check(a); err != nil {
			refused = err
			continue
		}
		targets = append(targets, netip.AddrPortFrom(a, uint16(portNumber)))
	}
	if len(targets) == 0 {
		return nil, refused
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.race(ctx, targets)
}

// lookup gives at least one address.
func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := d.resolver.lookup(ctx, host)
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
	return interleave(addrs), nil
}

// interleave puts IPv6 and IPv4 in turn, the first kind first, and keeps
// maxAddrs (RFC 8305, section 4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var same, other []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() == addrs[0].Unmap().Is4() {
			same = append(same, a)
		} else {
			other = append(other, a)
		}
	}
	var out []netip.Addr
	for len(out) < maxAddrs && len(same)+len(other) > 0 {
		if len(same) > 0 {
			out, same = append(out, same[0]), same[1:]
		}
		same, other = other, same
	}
	return out
}

// race connects to the targets one after another, each with a head start over
// the next, and takes the first connection. It waits for all that it started.
func (d *dialer) race(ctx context.Context, targets []netip.AddrPort) (net.Conn, error) {
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
			c, err := d.connect(ctx, target)
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
func (d *dialer) connect(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
	if err := d.guard.check(target.Addr()); err != nil {
		return nil, err
	}
	var c net.Conn
	var err error
	if d.hook != nil {
		c, err = d.hook(ctx, "tcp", target.String())
	} else {
		nd := net.Dialer{Control: d.guard.control, KeepAlive: 30 * time.Second}
		c, err = nd.DialContext(ctx, "tcp", target.String())
	}
	if err != nil {
		return nil, err
	}
	return &conn{c, target}, nil
}

// What a cachedResolver keeps, and how long. The system's resolver does not
// tell us the lifetimes of answers; a minute is short beside the lifetimes in
// use, and long beside the time between two requests to a host.
const (
	resolvedTTL = time.Minute
	missingTTL  = time.Minute      // NXDOMAIN
	faultTTL    = 10 * time.Second // SERVFAIL, time-outs
	maxNames    = 16 << 10
)

// A cachedResolver asks once for all that ask at the same time, and keeps
// answers, also that there is none.
type cachedResolver struct {
	Resolver
	timeout time.Duration

	mu    sync.Mutex
	names map[string]*answer
}

type answer struct {
	done    chan struct{} // closed when what follows is there
	addrs   []netip.Addr
	err     error
	expires time.Time
}

func (r *cachedResolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	a := r.names[host]
	if a == nil || a.over(time.Now()) {
		a = &answer{done: make(chan struct{})}
		r.store(host, a)
		r.mu.Unlock()
		r.ask(ctx, host, a)
		return a.addrs, a.err
	}
	r.mu.Unlock()
	select {
	case <-a.done:
		return a.addrs, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// over says whether an answer has come and is too old.
func (a *answer) over(now time.Time) bool {
	select {
	case <-a.done:
		return now.After(a.expires)
	default:
		return false
	}
}

// store keeps an answer, and makes room first. r.mu is held.
func (r *cachedResolver) store(host string, a *answer) {
	if len(r.names) >= maxNames {
		now := time.Now()
		for name, old := range r.names {
			if old.over(now) {
				delete(r.names, name)
			}
		}
		if len(r.names) >= maxNames {
			r.names = nil // those who wait hold their answer themselves
		}
	}
	if r.names == nil {
		r.names = map[string]*answer{}
	}
	r.names[host] = a
}

// ask fills in an answer. It does not end with the context of the one who
// happened to ask first: others wait too.
func (r *cachedResolver) ask(ctx context.Context, host string, a *answer) {
	defer close(a.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	defer cancel()
	a.addrs, a.err = r.LookupNetIP(ctx, "ip", host)
	ttl := resolvedTTL
	if a.err != nil {
		ttl = faultTTL
		var dns *net.DNSError
		if errors.As(a.err, &dns) && dns.IsNotFound {
			ttl = missingTTL
		}
	}
	a.expires = time.Now().Add(ttl)
}
