// Package crawltest is a web on one machine, for tests: any number of virtual
// hosts behind one listener, with a resolver and a dialer that lead a
// fetch.Client there, and a log of every request.
//
//	web := crawltest.New(t)
//	site := web.Site("a.test")
//	site.Page("/", crawltest.Page{Title: "A", Links: []string{"/b"}})
//	client := fetch.New(fetch.Options{Resolver: web, Dial: web.Dial, RootCAs: web.RootCAs()})
//	// client.Get of http://a.test/ and https://a.test/ both work
//	web.Hits("a.test", "/")
//
// Each host has a public address of its own, which nothing but Web.Dial can
// reach, so that a client with its guard up can be tested; SetAddrs gives it
// any other. Dial connects these addresses to the web, loopback addresses to
// what really listens there (a Canary), and refuses the rest.
//
// New listens on loopback. NewInMemory uses no sockets: inside a
// testing/synctest bubble time then passes without waiting.
//
// Any goroutine may call a Web and its sites.
package crawltest

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A Web is a set of virtual hosts and the log of what was asked of them.
type Web struct {
	tb      testing.TB
	ca      *authority
	plain   net.Listener // port 80
	secure  net.Listener // port 443
	servers []*http.Server
	done    sync.WaitGroup

	mu       sync.Mutex // guards what follows
	sites    map[string]*Site
	lookups  map[string]int
	dials    map[string]int
	refused  []string
	canary   *Canary // nil: none yet
	raw      map[net.Conn]bool
	closed   bool
	requests []*Request
	inFlight map[string]int // by host, and by address
	most     map[string]int // the most there ever were
}

// New starts a web on loopback that ends with the test.
func New(tb testing.TB) *Web {
	tb.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatalf("crawltest: %v", err)
		}
		return l
	}
	return start(tb, listen(), listen())
}

// NewInMemory starts a web that is reached through pipes.
func NewInMemory(tb testing.TB) *Web {
	tb.Helper()
	return start(tb, newPipes(), newPipes())
}

func start(tb testing.TB, plain, secure net.Listener) *Web {
	ca, err := newAuthority()
	if err != nil {
		tb.Fatalf("crawltest: %v", err)
	}
	w := &Web{
		tb: tb, ca: ca, plain: plain, secure: secure, raw: map[net.Conn]bool{},
		sites: map[string]*Site{}, lookups: map[string]int{}, dials: map[string]int{},
		inFlight: map[string]int{}, most: map[string]int{},
	}
	server := func(serve func(s *http.Server) error) {
		s := &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: ca.config()}
		w.servers = append(w.servers, s)
		w.done.Go(func() { serve(s) })
	}
	server(func(s *http.Server) error { return s.Serve(plain) })
	server(func(s *http.Server) error { return s.ServeTLS(secure, "", "") })
	tb.Cleanup(w.close)
	return w
}

func (w *Web) close() {
	for _, s := range w.servers {
		s.Close()
	}
	w.plain.Close()
	w.secure.Close()
	w.hangUp()
	w.done.Wait()
}

// RootCAs trusts the certificates of this web, which every host has.
func (w *Web) RootCAs() *x509.CertPool { return w.ca.pool }

// Site gives the virtual host of that name, and makes it the first time.
// "*.a.test" answers for all hosts below a.test that have no site of their own.
func (w *Web) Site(host string) *Site {
	host = strings.ToLower(host)
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sites[host]
	if s == nil {
		s = &Site{web: w, host: host, handlers: map[string]http.Handler{}}
		// 9.0.0.0/8 is a public network; our dialer is all that such an
		// address ever meets.
		n := len(w.sites) + 1
		s.addrs = []netip.Addr{netip.AddrFrom4([4]byte{9, byte(n >> 16), byte(n >> 8), byte(n)})}
		w.sites[host] = s
	}
	return s
}

// find gives the site that answers for a host, or nil.
func (w *Web) find(host string) *Site {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.sites[host]; s != nil {
		return s
	}
	for rest := host; ; {
		_, after, ok := strings.Cut(rest, ".")
		if !ok {
			return nil
		}
		if s := w.sites["*."+after]; s != nil {
			return s
		}
		rest = after
	}
}

// LookupNetIP resolves the names of this web, and says of others that they do
// not exist. It is a fetch.Resolver.
func (w *Web) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	s := w.find(host)
	w.mu.Lock()
	w.lookups[host]++
	w.mu.Unlock()
	if s == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return s.resolve(ctx)
}

// Lookups is how often a name was looked up.
func (w *Web) Lookups(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lookups[host]
}

// Dial connects an address of the web to it. Port 443 speaks TLS, all other
// ports plain HTTP, unless the site listens there itself. Where there is a
// canary, all that is not of the public internet leads to it.
func (w *Web) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("crawltest: dial %s: not an address", addr)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	canary := w.canary
	w.mu.Unlock()
	switch site := w.at(ap.Addr()); {
	case site != nil:
		w.mu.Lock()
		w.dials[site.host]++
		w.mu.Unlock()
		if f := site.listener(ap.Port()); f != nil {
			return w.connect(ctx, f)
		}
		l := w.plain
		if ap.Port() == 443 {
			l = w.secure
		}
		return dialListener(ctx, l)
	case canary != nil && special(ap.Addr()):
		return canary.dial(ctx)
	case ap.Addr().Unmap().IsLoopback():
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	w.mu.Lock()
	w.refused = append(w.refused, addr)
	w.mu.Unlock()
	return nil, fmt.Errorf("crawltest: dial %s: %w", addr, syscall.ECONNREFUSED)
}

func dialListener(ctx context.Context, l net.Listener) (net.Conn, error) {
	if p, ok := l.(*pipes); ok {
		return p.dial(ctx)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
}

// Dials is how many connections were asked for to the address of a site.
func (w *Web) Dials(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dials[host]
}

// Refused lists the addresses that were dialled and are not of this web: in a
// test of a guard there must be none.
func (w *Web) Refused() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.refused...)
}

// at gives a site that stands at an address, or nil. Of several that share it,
// one that listens itself goes first.
func (w *Web) at(a netip.Addr) *Site {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found *Site
	for _, s := range w.sites {
		if s.down || special(a) || !slices.Contains(s.addrs, a) {
			continue
		}
		if found = s; len(s.ports) > 0 {
			return s
		}
	}
	return found
}

// special says whether a site cannot really stand at an address: to give it
// such an address is to test a guard.
func special(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()
}
