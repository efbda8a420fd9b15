package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// What a cachedResolver keeps, and how long. The system's resolver does not
// tell us the lifetimes of answers; a minute is short beside the lifetimes in
// use, and long beside the time between two requests to a host.
const (
	resolvedTTL = time.Minute
	missingTTL  = time.Minute      // NXDOMAIN
	faultTTL    = 10 * time.Second // SERVFAIL, time-outs
	maxNames    = 16 << 10
)

// resolver gives what a dialer asks: r itself, within the time for it, if it
// keeps answers for as long as they hold, as dns.Resolver does.
func resolver(r Resolver, timeout time.Duration) Resolver {
	if k, ok := r.(interface{ Caches() bool }); ok && k.Caches() {
		return timedResolver{r, timeout}
	}
	return &cachedResolver{Resolver: r, timeout: timeout}
}

type timedResolver struct {
	Resolver
	timeout time.Duration
}

func (r timedResolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.Resolver.LookupNetIP(ctx, network, host)
}

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

// LookupNetIP gives what is kept, or asks.
func (r *cachedResolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	a := r.names[host]
	if a == nil || a.over(time.Now()) {
		a = &answer{done: make(chan struct{})}
		r.store(host, a)
		r.mu.Unlock()
		r.ask(ctx, network, host, a)
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
func (r *cachedResolver) ask(ctx context.Context, network, host string, a *answer) {
	defer close(a.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	defer cancel()
	a.addrs, a.err = r.Resolver.LookupNetIP(ctx, network, host)
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
