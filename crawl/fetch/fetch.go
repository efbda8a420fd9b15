// Package fetch gets one address and gives one answer, within limits: whatever
// a server does, an answer or a classed error comes in bounded time and memory.
//
// # What a Client does
//
// Get sends one GET request and follows no redirect: the resolved target is in
// Response.Location. Follow goes on to the end of a chain. Robots fetches the
// rules of an origin by RFC 9309. HTTP/1.1, and HTTP/2 over TLS. A connection
// is kept for the next request. A GET whose connection was reset is sent once
// more, over HTTP/1.1 on a fresh connection.
//
// Bodies are content-decoded here (gzip, brotli, zstd, deflate; RFC 9110 8.4).
// A body that was cut (by a limit, the network or damage) is kept and marked
// Truncated, and Response.Cut says why; what is too short to be of use is an
// *Error instead (see keeps in body.go).
//
// No cookie is kept but along the chain of one Follow, no credentials of an
// address are ever sent, no environment is read, and no field of a request tells
// of a proxy.
//
// # Credentials
//
// Options.Auth makes requests to chosen origins those of a user (Authenticator):
// fields (Basic, Bearer, Credential), imported cookies (CookieSession, Jar), or
// a login, which package login does. They go to their origins only, over TLS
// only where the certificate was verified, and stand in no log, error or
// Response (Secret).
//
// # Proxies
//
// Options.Proxies leads sites through HTTP, HTTPS and SOCKS5 proxies
// (ProxyRoute): each host through one of them while it works, through the next
// when it fails, and never past them. A proxy that is itself in trouble is left
// alone for a while; where it may be the origin (403, 503, silence), another proxy
// is asked, and what that one makes of the origin says whose fault it was (see
// proxyHealth, verdict.go). Names are resolved here, and addresses checked, unless
// the proxy is told to resolve.
//
// # Which addresses are reached
//
// Unless Options.AllowPrivate is set, only addresses of the public internet
// are connected to. The check stands behind name resolution, on the address
// that is really dialled, so that no name, redirect or spelling gets around it
// (see guard.go). Names are resolved here; the answers are kept for a minute,
// unless Options.Resolver keeps them itself, by their lifetimes, as that of
// package dns does.
//
// # HTTP/2
//
// A stream that is reset, a connection that goes away or floods us with frames
// (1 MiB without a request or a part of a body): asked again over HTTP/1.1.
//
// # Limits
//
//	what                       zero value of Options
//	address                    2,048 bytes
//	total time of a request    60 s
//	name resolution            5 s
//	connect; TLS handshake     10 s each
//	response header            10 s from the request, 256 KiB, 5 informational answers
//	rate of a body             1 KiB/s, counted over 10 s at a time
//	body over the wire         10 MiB
//	body decoded               20 MiB, and 100 times what came over the wire after 1 MiB
//	content codings            2; zstd window 8 MiB (RFC 9659), brotli 16 MiB
//	addresses of a name        8 are tried, each 250 ms after the last (RFC 8305)
//	redirects                  10 in Follow, 5 in Robots
//	cookies                    300 in a Jar, 4 KiB each, 50 of an answer
//	connections that wait      1000 for each proxy and without, 2 of a host
//	robots.txt                 512 KiB
//	receive buffer             256 KiB a stream, 512 KiB a connection (HTTP/2)
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Options are the settings of a Client. The zero value works.
type Options struct {
	Agent   string // User-Agent; zero: "Trawl/0 (+https://github.com/trawlsearch/trawl)"
	Product string // the product token that robots.txt names; zero: "Trawl"
	From    string // the operator's mail address, sent as From; zero: not sent

	AllowPrivate  bool           // reach loopback, private and other special addresses too
	AllowPrefixes []netip.Prefix // reach these, be they private or not: an intranet
	RootCAs       *x509.CertPool // authorities trusted for TLS; nil: the system's

	MinTLS        uint16   // the oldest version of TLS, as crypto/tls numbers them; zero: 1.2
	InsecureHosts []string // host names whose certificate is not verified; they get no credentials

	MaxURLBytes     int           // of an address; zero: 2048
	MaxBodyBytes    int64         // decoded; zero: 20 MiB
	MaxWireBytes    int64         // as sent; zero: 10 MiB
	MaxRobotsBytes  int64         // of a robots.txt, as sent and decoded; zero: 512 KiB (robots.Parse takes 512,000 bytes)
	MaxRatio        int           // of the decoded body to what was sent; zero: 100. Pages reach 20, bombs 1000
	RatioGraceBytes int64         // decoded, from where MaxRatio holds; zero: 1 MiB
	MaxCodings      int           // content codings of a body; zero: 2
	ZstdWindowBytes int64         // zero: 8 MiB (RFC 9659)
	MaxHeaderBytes  int64         // of a response header; zero: 256 KiB
	Max1xx          int           // informational answers before the real one; zero: 5
	MaxRedirects    int           // of Follow; zero: 10
	MaxAddrs        int           // addresses of a name that are tried; zero: 8
	MaxIdleConns    int           // kept open in all; zero: 1000. A host keeps at most 2
	Timeout         time.Duration // of a request with its body; zero: 60 s
	ConnectTimeout  time.Duration // of connecting, through a proxy too; zero: 10 s
	TLSTimeout      time.Duration // of the TLS handshake; zero: ConnectTimeout
	ResolveTimeout  time.Duration // of name resolution; zero: 5 s
	HeaderTimeout   time.Duration // from the request to the whole response header; zero: 10 s
	MinRate         int64         // bytes a second that a body must bring; zero: 1024; negative: none
	RateWindow      time.Duration // over which MinRate is counted; zero: 10 s

	Auth    []Authenticator // who we are at which origin; nil: nobody
	Proxies []ProxyRoute    // the first whose Sites match a host is its route; nil: every host is reached directly

	// Resolver finds the addresses of a name; nil: net.DefaultResolver. One with
	// a method Caches() bool that says so is asked for every connection.
	Resolver Resolver
	// Dial, where it is set, takes the place of the operating system's
	// connect, and of nothing else: addr is always an IP address and port that
	// was resolved and has passed the guard, or is a proxy's. It is the hook
	// for tests (a fake web) and for tunnels. A fake Resolver that gives a private address
	// therefore still meets the guard.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	Log *slog.Logger // nil: nothing is logged
}

// A Resolver finds the addresses of a name; *net.Resolver is one. Any
// goroutine may call it.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func (o *Options) setDefaults() {
	def(&o.Agent, "Trawl/0 (+https://github.com/trawlsearch/trawl)")
	def(&o.Product, "Trawl")
	def(&o.MinTLS, tls.VersionTLS12)
	def(&o.MaxURLBytes, 2048)
	def(&o.MaxBodyBytes, 20<<20)
	def(&o.MaxWireBytes, 10<<20)
	def(&o.MaxRobotsBytes, 512<<10)
	def(&o.MaxRatio, 100)
	def(&o.RatioGraceBytes, 1<<20)
	def(&o.MaxCodings, 2)
	def(&o.ZstdWindowBytes, 8<<20)
	def(&o.MaxHeaderBytes, 256<<10)
	def(&o.Max1xx, 5)
	def(&o.MaxRedirects, 10)
	def(&o.MaxAddrs, 8)
	def(&o.MaxIdleConns, 1000)
	def(&o.Timeout, 60*time.Second)
	def(&o.ConnectTimeout, 10*time.Second)
	def(&o.TLSTimeout, o.ConnectTimeout)
	def(&o.ResolveTimeout, 5*time.Second)
	def(&o.HeaderTimeout, 10*time.Second)
	def(&o.MinRate, 1024)
	def(&o.RateWindow, 10*time.Second)
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
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

// A Client fetches. Any goroutine may call it.
type Client struct {
	opt    Options
	limits limits
	dialer *dialer
	routes []*route
	auth   map[string][]Authenticator // by origin

	mu    sync.Mutex
	roads map[roadKey]*road

	// Decoders and buffers are kept for the next body.
	gzips, zstds, brotlis, buffers sync.Pool
}

// New makes a client.
func New(opt Options) *Client {
	opt.setDefaults()
	return &Client{
		opt: opt,
		limits: limits{
			body: opt.MaxBodyBytes, wire: opt.MaxWireBytes, total: opt.Timeout,
		},
		dialer: &dialer{
			resolver: resolver(opt.Resolver, opt.ResolveTimeout),
			maxAddrs: opt.MaxAddrs,
			guard:    &guard{allowAll: opt.AllowPrivate, allow: opt.AllowPrefixes},
			hook:     opt.Dial,
			timeout:  opt.ConnectTimeout,
		},
		routes: newRoutes(opt.Proxies),
		auth:   byOrigin(opt.Auth),
		roads:  map[roadKey]*road{},
	}
}

// newRoad makes the transports of a way.
func (c *Client) newRoad(k roadKey) *road {
	dial := c.dialer.DialContext
	if k.proxy != nil {
		t := &tunnel{dialer: c.dialer, proxy: k.proxy, tls: c.opt.tlsConfig(false), forward: k.forward}
		dial = t.DialContext
	}
	r := &road{main: c.transport(dial, k.insecure), fresh: c.transport(dial, k.insecure)}
	r.main.ForceAttemptHTTP2 = true
	r.main.HTTP2 = &http.HTTP2Config{
		// The defaults, 4 MiB and 1 GiB, are what a server may send beyond
		// our limits.
		MaxReceiveBufferPerStream:     256 << 10,
		MaxReceiveBufferPerConnection: 512 << 10,
		SendPingTimeout:               15 * time.Second,
	}
	r.fresh.DisableKeepAlives = true
	return r
}

func (c *Client) transport(dial func(context.Context, string, string) (net.Conn, error), insecure bool) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // not http.ProxyFromEnvironment
		DialContext:            dial,
		TLSClientConfig:        c.opt.tlsConfig(insecure),
		TLSHandshakeTimeout:    c.opt.TLSTimeout,
		DisableCompression:     true,
		MaxIdleConns:           c.opt.MaxIdleConns,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		ResponseHeaderTimeout:  c.opt.HeaderTimeout,
		MaxResponseHeaderBytes: c.opt.MaxHeaderBytes,
		ReadBufferSize:         16 << 10,
	}
}

// Close ends the connections that are not in use. Requests under way go on.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.roads {
		r.main.CloseIdleConnections()
		r.fresh.CloseIdleConnections()
	}
}
