package fetch

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A ProxyRoute sends the requests to some sites through proxies, and never past
// them: where no proxy works the request fails with ClassProxy. Each host stays
// with one proxy while that works, different hosts with different ones.
type ProxyRoute struct {
	Sites   []string // host names, each with all that is below it; none: every host
	Proxies []Proxy
}

// A Proxy is a forward proxy. ParseProxy makes one from an address.
type Proxy struct {
	Scheme   string // http, https or socks5: how it is spoken to
	Host     string // host:port
	User     string // zero: no credentials
	Password Secret
	// RemoteDNS lets the proxy resolve names. It then decides which addresses
	// are reached: the guard only sees addresses that stand in a URL. Otherwise
	// names are resolved here, and the proxy is given addresses that have
	// passed the guard; an HTTP proxy must then let CONNECT reach port 80.
	RemoteDNS bool
}

// ParseProxy reads scheme://[user:password@]host[:port], scheme being http,
// https, socks5 (names are resolved here) or socks5h (by the proxy, as curl has
// it). Its errors do not show the password.
func ParseProxy(s string) (Proxy, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return Proxy{}, errors.New("fetch: parse proxy: want scheme://[user:password@]host[:port]")
	}
	p := Proxy{Scheme: u.Scheme, User: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		p.Password = NewSecret(password)
	}
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	if port == "" {
		return Proxy{}, fmt.Errorf("fetch: parse proxy: scheme %q: want http, https, socks5 or socks5h", u.Scheme)
	}
	if p.Scheme == "socks5h" {
		p.Scheme, p.RemoteDNS = "socks5", true
	}
	p.Host = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	return p, nil
}

// String is the address without credentials.
func (p Proxy) String() string { return p.Scheme + "://" + p.Host }

// forwards says whether the proxy is asked for http addresses as a whole
// (RFC 9112, 3.2.2) rather than for a tunnel: it then resolves the name.
func (p *Proxy) forwards() bool { return p.RemoteDNS && p.Scheme != "socks5" }

// A route is a ProxyRoute at work.
type route struct {
	sites   []string
	proxies []*proxy
}

// A proxy is a Proxy with its health.
type proxy struct {
	Proxy
	proxyHealth
}

func newRoutes(list []ProxyRoute) (out []*route) {
	for _, r := range list {
		n := &route{}
		for _, s := range r.Sites {
			n.sites = append(n.sites, strings.ToLower(strings.Trim(s, ".")))
		}
		for _, p := range r.Proxies {
			n.proxies = append(n.proxies, &proxy{Proxy: p})
		}
		out = append(out, n)
	}
	return out
}

// leads says whether a host is one of the route's.
func (r *route) leads(host string) bool {
	return len(r.sites) == 0 || slices.ContainsFunc(r.sites, func(s string) bool {
		return host == s || strings.HasSuffix(host, "."+s)
	})
}

// order gives the proxies that are usable for an origin, in the order in which
// its host tries them: by the hash of both (rendezvous hashing), so that when one
// goes only its own hosts move, and come back with it.
func (r *route) order(host, origin string, now time.Time) []*proxy {
	type ranked struct {
		p *proxy
		h uint64
	}
	var list []ranked
	for _, p := range r.proxies {
		if p.usable(origin, now) {
			h := fnv.New64a()
			h.Write([]byte(host + "\x00" + p.Host))
			list = append(list, ranked{p, mix(h.Sum64())})
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(b.h, a.h) })
	out := make([]*proxy, len(list))
	for i, x := range list {
		out[i] = x.p
	}
	return out
}

// mix spreads what FNV leaves together: texts that differ in their last bytes
// only (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// getThrough asks through the proxies of a route, one after another until one
// brings an answer or it is clear that none will.
func (c *Client) getThrough(l *life, r *route, key roadKey, q call) (*Response, error) {
	host, origin := q.URL.Hostname(), q.URL.Origin()
	var missed []*proxy // to no avail, and nobody knows why
	err := error(newError(ClassProxy, q.URL.String(), errors.New("no proxy is usable now")))
	for _, p := range r.order(host, origin, time.Now()) {
		var resp *Response
		key.proxy, key.forward = p, p.forwards() && q.URL.Scheme() == "http"
		resp, err = c.twice(l, key, q)
		if resp != nil {
			resp.Proxy = p.String()
			p.worked(origin)
			for _, other := range missed {
				c.pause(other, other.outdone(origin, time.Now()), err)
			}
			return resp, err
		}
		if class := ClassOf(err); key.forward && (class == ClassReset || class == ClassProtocol) {
			// Most proxies say so if it was the server, but not all.
			err = newError(ClassProxy, q.URL.String(), &proxyError{proxy: p.Host, blame: blameEither, err: errors.Unwrap(err)})
		}
		switch blameOf(err) {
		case blameProxy:
			c.pause(p, p.failed(time.Now()), err)
		case blameEither:
			p.missed(origin, time.Now())
			missed = append(missed, p)
		default:
			return nil, err
		}
		// What was posted through a forwarding proxy may have arrived.
		if l.ctx.Err() != nil || len(missed) == opinions || key.forward && !q.Post.IsZero() {
			break
		}
	}
	return nil, err
}

func (c *Client) pause(p *proxy, pause time.Duration, err error) {
	if pause > 0 {
		c.opt.Log.Warn("fetch: proxy is left alone", "proxy", p.String(), "pause", pause, "err", err)
	}
}

// A road is one way to the servers: directly or through one proxy, with TLS
// certificates verified or not.
type road struct {
	main *http.Transport
	// fresh never uses a kept connection and speaks HTTP/1.1 only: for the
	// second try.
	fresh *http.Transport
}

type roadKey struct {
	proxy    *proxy // nil: directly
	insecure bool
	forward  bool // the proxy is asked for the whole address
}

// road gives the transports of a way, and makes them the first time.
func (c *Client) road(k roadKey) *road {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.roads[k]; r != nil {
		return r
	}
	r := c.newRoad(k)
	c.roads[k] = r
	return r
}

func (c *Client) routeOf(host string) *route {
	for _, r := range c.routes {
		if r.leads(host) {
			return r
		}
	}
	return nil
}
