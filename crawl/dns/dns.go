// Package dns finds the addresses of a name and keeps the answer for as long as
// its zone says: a stub resolver (RFC 1034, 5.3.1) with a cache, for a crawler
// that asks for many names once and for some of them all day.
//
// It reads resolv.conf(5) and hosts(5), and both again when they change. It
// asks for A and AAAA at the same time, over UDP with EDNS(0), and over TCP what
// did not fit. Where there is no nameserver to ask, Options.Fallback answers,
// and its answers hold for a minute. nsswitch.conf, mDNS and DNSSEC are not for
// us: a crawler wants what the public DNS says.
//
// # Errors
//
// All are *net.DNSError. IsNotFound: the name, or an address of it, does not
// exist, on a server's authority. IsTimeout: nobody answered in time.
// IsTemporary without IsTimeout: a server said that it failed (SERVFAIL), would
// not (REFUSED), or answered nonsense, a circle of aliases among it.
//
// # Against forgery
//
// An answer is taken if it comes from the server asked, to the port asked from
// (a new one for each question, chosen by the system), with the random 16-bit
// id and the name spelt in the random case of the question (0x20). Records that
// are not on the chain of aliases from the name are not looked at. After a few
// answers that do not match, the question is put over TCP.
//
// # Limits
//
//	what                              value
//	lifetime of addresses             as the zone says, within Options.MinTTL and MaxTTL
//	lifetime of "does not exist"      RFC 2308, at most Options.MaxNegativeTTL
//	lifetime of a failure             Options.FaultTTL (RFC 9520)
//	names kept                        Options.MaxEntries
//	one question to one server        Options.Timeout; one look-up in all 30 s
//	aliases in a row                  16
//	addresses of a name               64
//	servers, search domains           3, 6 (resolv.conf(5))
//	resolv.conf; hosts                64 KiB; 1 MiB; looked at again after 5 s
package dns

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the settings of a Resolver. The zero value works.
type Options struct {
	Servers    []netip.AddrPort // whom to ask; zero: the nameservers of ConfigFile
	ConfigFile string           // zero: "/etc/resolv.conf"
	HostsFile  string           // zero: "/etc/hosts"
	NoSearch   bool             // take every name as it stands, whatever "search" and "ndots" say

	MinTTL         time.Duration // addresses are kept at least so long; zero: 10 s; negative: no floor
	MaxTTL         time.Duration // and at most so long; zero: 24 h
	MaxNegativeTTL time.Duration // the longest that a name is taken not to exist; zero: 10 min
	FaultTTL       time.Duration // how long a failure is not asked about again; zero: 10 s
	MaxEntries     int           // names kept; zero: 65,536

	Timeout  time.Duration // of one question to one server; zero: ConfigFile's, and 2 s if it says nothing
	Attempts int           // rounds over all servers; zero: ConfigFile's, and 2 if it says nothing

	// Fallback is asked where there is no nameserver; nil: net.DefaultResolver.
	Fallback Upstream
	// Dial connects to a server by "udp" or "tcp"; nil: the system does. A
	// connection by "udp" gives one datagram a Read.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	Log *slog.Logger // nil: nothing is logged
}

// An Upstream finds addresses; *net.Resolver is one.
type Upstream interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

const (
	maxLookup   = 30 * time.Second
	fallbackTTL = time.Minute // net.Resolver does not tell lifetimes
)

func (o *Options) setDefaults() {
	def(&o.ConfigFile, "/etc/resolv.conf")
	def(&o.HostsFile, "/etc/hosts")
	def(&o.MinTTL, 10*time.Second)
	def(&o.MaxTTL, 24*time.Hour)
	def(&o.MaxNegativeTTL, 10*time.Minute)
	def(&o.FaultTTL, 10*time.Second)
	def(&o.MaxEntries, 64<<10)
	if o.Fallback == nil {
		o.Fallback = net.DefaultResolver
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func def[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// A Resolver looks names up. Any goroutine may call it.
type Resolver struct {
	opt   Options
	conf  watched[*config]
	hosts watched[hosts]
	cache cache
	lame  lameServers

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	lookups sync.WaitGroup
	stats   counters
}

// New makes a resolver.
func New(opt Options) *Resolver {
	opt.setDefaults()
	r := &Resolver{opt: opt, cache: cache{max: opt.MaxEntries}}
	r.conf = watched[*config]{path: opt.ConfigFile, limit: maxConfigBytes, parse: parseConfig}
	r.hosts = watched[hosts]{path: opt.HostsFile, limit: maxHostsBytes, parse: parseHosts}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// Close ends the look-ups under way and waits for them. Later ones fail.
func (r *Resolver) Close() {
	r.stop()
	r.lookups.Wait()
}

// Caches says that answers are kept here, so that nobody else should: fetch
// asks it.
func (r *Resolver) Caches() bool { return true }

// Stats are counts since New.
type Stats struct {
	Hits      uint64 // answered from what was kept, or together with another
	Misses    uint64 // looked up
	Queries   uint64 // questions sent
	TCP       uint64 // of these over TCP
	Timeouts  uint64 // questions that nobody answered
	Failures  uint64 // look-ups that ended in neither addresses nor "does not exist"
	NotFound  uint64 // look-ups that ended in "does not exist"
	Fallbacks uint64 // look-ups that Options.Fallback answered
	Stray     uint64 // answers that were not to our question: forged or late
	Entries   int    // names kept now
}

type counters struct {
	hits, misses, queries, tcp, timeouts, failures, notFound, fallbacks, stray atomic.Uint64
}

// Stats counts.
func (r *Resolver) Stats() Stats {
	c := &r.stats
	return Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Queries: c.queries.Load(), TCP: c.tcp.Load(),
		Timeouts: c.timeouts.Load(), Failures: c.failures.Load(), NotFound: c.notFound.Load(),
		Fallbacks: c.fallbacks.Load(), Stray: c.stray.Load(), Entries: r.cache.len(),
	}
}

// LookupNetIP finds the addresses of a name, IPv4 first, for network "ip",
// "ip4" or "ip6". A look-up goes on when its caller's context ends: the answer
// is kept for the next.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	want, err := familiesOf(network)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	name := strings.ToLower(host)
	if why := unusable(name); why != "" {
		return nil, &net.DNSError{Err: why, Name: host, IsNotFound: true}
	}
	if addrs := want.only(r.hosts.get().find(name)); len(addrs) > 0 {
		return addrs, nil
	}
	if r.ctx.Err() != nil {
		return nil, &net.DNSError{Err: "the resolver is closed", Name: host, IsTemporary: true}
	}
	e, mine := r.cache.enter(key{name, want}, time.Now())
	if mine {
		r.stats.misses.Add(1)
		r.lookups.Go(func() { r.fill(e, name, want) })
	} else {
		r.stats.hits.Add(1)
	}
	select {
	case <-e.done:
		return slices.Clone(e.addrs), e.err
	case <-ctx.Done():
		return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host, UnwrapErr: ctx.Err(),
			IsTimeout: errors.Is(ctx.Err(), context.DeadlineExceeded), IsTemporary: true}
	}
}

// fill looks an entry's name up.
func (r *Resolver) fill(e *entry, name string, want families) {
	ctx, cancel := context.WithTimeout(r.ctx, maxLookup)
	defer cancel()
	var a answer
	conf := r.conf.get()
	if len(r.known(conf)) == 0 {
		r.stats.fallbacks.Add(1)
		a = r.fallback(ctx, name, want)
	} else {
		a = r.search(ctx, conf, name, want)
	}
	ttl := a.ttl
	switch a.kind() {
	case found:
		ttl = max(min(ttl, r.opt.MaxTTL), r.opt.MinTTL)
	case notFound:
		r.stats.notFound.Add(1)
		ttl = max(min(ttl, r.opt.MaxNegativeTTL), r.opt.FaultTTL)
	default:
		r.stats.failures.Add(1)
		ttl = r.opt.FaultTTL
		r.opt.Log.Debug("dns: look-up failed", "name", name, "err", a.err)
	}
	e.addrs, e.err = a.addrs, a.err
	e.expires = time.Now().Add(ttl)
	close(e.done)
}

// fallback asks the system's resolver.
func (r *Resolver) fallback(ctx context.Context, name string, want families) answer {
	addrs, err := r.opt.Fallback.LookupNetIP(ctx, want.network(), name)
	var dns *net.DNSError
	switch {
	case err == nil && len(addrs) == 0:
		return answer{err: missing(name, "no addresses"), ttl: fallbackTTL}
	case err == nil:
		return answer{addrs: want.only(addrs), ttl: fallbackTTL}
	case errors.As(err, &dns):
		return answer{err: err, ttl: fallbackTTL}
	}
	return answer{err: &net.DNSError{Err: err.Error(), Name: name, UnwrapErr: err, IsTemporary: true}}
}

// unusable says why a name cannot be in the DNS: its form (RFC 1035, 2.3.4), or
// that it belongs to another system (RFC 7686).
func unusable(name string) string {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return "no domain name"
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return "no domain name"
		}
	}
	if name == "onion" || strings.HasSuffix(name, ".onion") {
		return "not a name of the DNS"
	}
	return ""
}

// families are the kinds of address that are wanted: 4, 6 or both.
type families uint8

const (
	ipv4 families = 1 << iota
	ipv6
)

func familiesOf(network string) (families, error) {
	switch network {
	case "ip":
		return ipv4 | ipv6, nil
	case "ip4":
		return ipv4, nil
	case "ip6":
		return ipv6, nil
	}
	return 0, net.UnknownNetworkError(network)
}

func (f families) network() string {
	switch f {
	case ipv4:
		return "ip4"
	case ipv6:
		return "ip6"
	}
	return "ip"
}

// only keeps the wanted addresses, IPv4 first: many a crawler's machine has no
// way out by IPv6.
func (f families) only(addrs []netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, want := range []families{ipv4, ipv6} {
		for _, a := range addrs {
			a = a.Unmap()
			if f&want != 0 && a.Is4() == (want == ipv4) && len(out) < maxAddrs {
				out = append(out, a)
			}
		}
	}
	return out
}
