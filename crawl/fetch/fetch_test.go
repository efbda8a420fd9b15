package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

func parse(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

// newClient makes a client of a web.
func newClient(t testing.TB, web *crawltest.Web, opt fetch.Options) *fetch.Client {
	opt.Resolver, opt.Dial, opt.RootCAs = web, web.Dial, web.RootCAs()
	c := fetch.New(opt)
	t.Cleanup(c.Close)
	return c
}

// show is an answer in one line: status, class, cut, bytes of the body.
func show(r *fetch.Response, err error) string {
	var s []string
	if r != nil {
		s = append(s, fmt.Sprint(r.Status), fmt.Sprint(len(r.Body)))
		if r.Truncated {
			s = append(s, "cut:"+string(r.Cut))
		}
		if r.Retried {
			s = append(s, "retried")
		}
	}
	if err != nil {
		var e *fetch.Error
		if !errors.As(err, &e) {
			return err.Error()
		}
		s = append(s, "!"+string(e.Class))
	}
	return strings.Join(s, " ")
}

func TestGet(t *testing.T) {
	web := crawltest.New(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	web.Site("a.test").Page("/p", crawltest.Page{HTML: "hello", ETag: `"v1"`, LastModified: at})
	for scheme, proto := range map[string]string{"http": "HTTP/1.1", "https": "HTTP/2.0"} {
		c := newClient(t, web, fetch.Options{Agent: "Trawl/9 (+http://x.test)", From: "me@x.test"})
		u := parse(t, scheme+"://user:pass@A.test/p?q#frag")
		r, err := c.Get(t.Context(), fetch.Request{URL: u})
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != 200 || string(r.Body) != "hello" || r.Proto != proto || r.WireBytes != 5 || r.Truncated || r.NotModified || r.Retried {
			t.Errorf("%+v", r)
		}
		if r.URL.String() != scheme+"://a.test/p?q" || !strings.HasPrefix(r.RemoteAddr, "9.0.0.1:") || r.IP() != "9.0.0.1" || r.Took <= 0 || r.Started.IsZero() {
			t.Errorf("%s from %s", r.URL, r.RemoteAddr)
		}
		got := web.RequestsTo("a.test", "/p")
		h := got[len(got)-1].Header
		for name, want := range map[string]string{
			"User-Agent": "Trawl/9 (+http://x.test)", "Accept-Encoding": "gzip, br, zstd", "From": "me@x.test",
			"Authorization": "", "If-None-Match": "", "Cookie": "", "Referer": "",
		} {
			if h.Get(name) != want || r.RequestHeader.Get(name) != want {
				t.Errorf("%s: sent %q, said %q, want %q", name, h.Get(name), r.RequestHeader.Get(name), want)
			}
		}
		for _, req := range []fetch.Request{
			{URL: u, ETag: r.Header.Get("ETag")},
			{URL: u, LastModified: r.Header.Get("Last-Modified")},
			{URL: u, ETag: `"v1"`, LastModified: r.Header.Get("Last-Modified")},
		} {
			if r, err := c.Get(t.Context(), req); err != nil || r.Status != 304 || !r.NotModified || len(r.Body) != 0 {
				t.Errorf("%+v: %s", req, show(r, err))
			}
		}
	}
}

// TestTarget: the address goes out as weburl wrote it.
func TestTarget(t *testing.T) {
	web := crawltest.New(t)
	web.Site("a.test").Page("/*", crawltest.Page{HTML: "x"})
	c := newClient(t, web, fetch.Options{})
	for _, target := range []string{"/", "/%7Ea?%zz", "/a|b[c]", "/?", "/a//b", "/a?b=%20c+d&&e", "/%2F/..%2f", "/a;b=c,d'(e)!*"} {
		u := parse(t, "http://a.test"+target)
		if _, err := c.Get(t.Context(), fetch.Request{URL: u}); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		log := web.RequestsTo("a.test", "")
		if got := log[len(log)-1].Target; got != u.Target() {
			t.Errorf("%s went out as %s", u.Target(), got)
		}
	}
	u := parse(t, "http://a.test//x//y")
	if _, err := c.Get(t.Context(), fetch.Request{URL: u}); err != nil {
		t.Errorf("%s: %v", u, err)
	}
	log := web.RequestsTo("a.test", "")
	if got := log[len(log)-1].Target; got != "//x//y" && got != "http://a.test//x//y" {
		t.Errorf("%s went out as %s", u, got)
	}
}

// TestRedirects: rows D05, D06 and D08 of the hostile web.
func TestRedirects(t *testing.T) {
	web := crawltest.New(t)
	site := web.Site("a.test")
	c := newClient(t, web, fetch.Options{})
	check := func(status int, location, want string) {
		t.Helper()
		web.Forget()
		site.Redirect("/d/p", status, location)
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/d/p")})
		got := "!" + string(fetch.ClassOf(err))
		if err == nil {
			got = r.Location.String()
		}
		if got != want || r == nil || r.Status != status {
			t.Errorf("%d to %q: %s (%v), want %s", status, location, got, err, want)
		}
		if n := len(web.Requests()); n != 1 {
			t.Errorf("%d to %q: %d requests", status, location, n)
		}
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		check(status, "../x?y#frag", "http://a.test/x?y#frag")
		check(status, "//b.test", "http://b.test/")
		check(status, "", "!bad-redirect")
	}
	check(302, "http://[bad", "!bad-redirect")
	check(302, "/"+strings.Repeat("x", 9000), "!bad-redirect")
	check(302, "/é ü", "http://a.test/%C3%A9%20%C3%BC")
	check(302, "https:\\\\b.test\\x", "https://b.test/x")
	for _, s := range []string{"file:///etc/passwd", "ftp://a.test/", "javascript:alert(1)", "data:text/html,x", "gopher://a.test/"} {
		check(302, s, "!bad-scheme")
	}
	check(200, "/ignored", "")
	check(300, "/ignored", "")
	check(404, "/ignored", "")
	if _, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "file:///etc/passwd")}); fetch.ClassOf(err) != fetch.ClassBadScheme {
		t.Errorf("file: %v", err)
	}
	if _, err := c.Get(t.Context(), fetch.Request{}); fetch.ClassOf(err) != fetch.ClassBadScheme {
		t.Errorf("zero: %v", err)
	}
}

// TestGuard: rows S01 to S04. No spelling of a private address, no name, no
// second answer of a name server and no redirect leads to the canary.
func TestGuard(t *testing.T) {
	web := crawltest.New(t)
	canary := crawltest.NewCanary(t)
	public := netip.MustParseAddr("9.7.7.7")
	local := netip.MustParseAddr("127.0.0.1")
	web.Site("private.test").SetAddrs("127.0.0.1")
	web.Site("ten.test").SetAddrs("10.0.0.1")
	web.Site("meta.test").SetAddrs("169.254.169.254")
	web.Site("both.test").SetAddrs("10.0.0.1", "9.7.7.8").Page("/", crawltest.Page{HTML: "ok"})
	web.Site("rebind.test").SetAddrs("9.7.7.7").Page("/", crawltest.Page{HTML: "ok"}).SetLookup(func(n int) ([]netip.Addr, error) {
		if n == 0 {
			return []netip.Addr{public}, nil
		}
		return []netip.Addr{local}, nil
	})
	check := func(c *fetch.Client, url, want string) {
		t.Helper()
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, url)})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", url, got, err, want)
		}
	}
	// With the web's dialer, and with the system's.
	real := fetch.New(fetch.Options{Resolver: web})
	defer real.Close()
	port := ":" + canary.Port()
	for _, c := range []*fetch.Client{newClient(t, web, fetch.Options{}), real} {
		for _, host := range []string{
			"127.0.0.1", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
			"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "127.0.0.1.", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "１２７.0.0.1",
			"private.test", "ten.test", "meta.test",
		} {
			check(c, "http://"+host+port+"/secret", "!private-address")
			check(c, "https://"+host+port+"/secret", "!private-address")
		}
	}
	c := newClient(t, web, fetch.Options{})
	check(c, "http://both.test/", "200 2") // of several addresses, the public ones
	web.Site("a.test").Redirect("/", 302, "http://127.0.0.1"+port+"/secret")
	r, hops, err := c.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")}, nil)
	if len(hops) != 1 || fetch.ClassOf(err) != fetch.ClassPrivateAddress {
		t.Errorf("redirect: %s after %d hops", show(r, err), len(hops))
	}
	synctest.Test(t, func(t *testing.T) { // the answers of name servers are kept for a while
		web := crawltest.NewInMemory(t)
		web.Site("rebind.test").SetAddrs("9.7.7.7").Page("/", crawltest.Page{HTML: "ok"}).SetLookup(func(n int) ([]netip.Addr, error) {
			return []netip.Addr{[]netip.Addr{public, local}[min(n, 1)]}, nil
		})
		c := newClient(t, web, fetch.Options{})
		check(c, "http://rebind.test/", "200 2")
		time.Sleep(2 * time.Minute) // fake
		check(c, "http://rebind.test"+port+"/", "!private-address")
	})
	if n := canary.Connections(); n != 0 {
		t.Errorf("the canary was called %d times", n)
	}
	if got := web.Refused(); len(got) != 0 {
		t.Errorf("dialled %v", got)
	}
	check(newClient(t, web, fetch.Options{AllowPrivate: true}), "http://private.test"+port+"/", "200 6")
	one := netip.MustParsePrefix("127.0.0.1/32")
	check(newClient(t, web, fetch.Options{AllowPrefixes: []netip.Prefix{one}}), "http://private.test"+port+"/", "200 6")
	if n := canary.Connections(); n != 2 {
		t.Errorf("the canary was called %d times where it was allowed", n)
	}
}

// TestNoProxy: the environment is not asked.
func TestNoProxy(t *testing.T) {
	web := crawltest.New(t)
	canary := crawltest.NewCanary(t)
	t.Setenv("HTTP_PROXY", "http://"+canary.Addr())
	t.Setenv("HTTPS_PROXY", "http://"+canary.Addr())
	web.Site("a.test").Page("/", crawltest.Page{HTML: "ok"})
	r, err := newClient(t, web, fetch.Options{AllowPrivate: true}).Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
	if show(r, err) != "200 2" || canary.Connections() != 0 {
		t.Errorf("%s, %d connections to the proxy", show(r, err), canary.Connections())
	}
}

// TestResolve: row N03, in fake time.
func TestResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		c := newClient(t, web, fetch.Options{})
		fail := func(err error) func(int) ([]netip.Addr, error) {
			return func(int) ([]netip.Addr, error) { return nil, err }
		}
		web.Site("fail.test").SetLookup(fail(&net.DNSError{Err: "server misbehaving", IsTemporary: true}))
		web.Site("other.test").SetLookup(fail(errors.New("no idea")))
		web.Site("empty.test").SetLookup(fail(nil))
		var hundred []netip.Addr
		for i := range 100 {
			hundred = append(hundred, netip.AddrFrom4([4]byte{9, 200, 0, byte(i)}))
		}
		web.Site("hundred.test").SetLookup(func(int) ([]netip.Addr, error) { return hundred, nil })
		check := func(host, want string) {
			t.Helper()
			for range 3 {
				r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://"+host+"/")})
				if got := show(r, err); got != want {
					t.Errorf("%s: %s (%v), want %s", host, got, err, want)
				}
			}
			if n := web.Lookups(host); n != 1 {
				t.Errorf("%s: %d look-ups", host, n)
			}
		}
		check("none.test", "!dns-nxdomain")
		check("empty.test", "!dns-nxdomain")
		check("fail.test", "!dns")
		check("other.test", "!dns")
		check("hundred.test", "!connect")
		if n := len(web.Refused()); n != 3*8 {
			t.Errorf("%d of 100 addresses tried, three times", n)
		}
		web.Site("down.test").SetDown(true)
		check("down.test", "!connect")
	})
}

// TestSlowResolver and a host whose first address never answers.
func TestConnectTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		web.Site("a.test").SetAddrs("9.1.1.1", "9.1.1.2", "9.1.1.3").Page("/", crawltest.Page{HTML: "ok"})
		opt := fetch.Options{Resolver: slowly{web}, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if !strings.HasPrefix(addr, "9.1.1.3:") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return web.Dial(ctx, network, addr)
		}}
		c := fetch.New(opt)
		defer c.Close()
		check := func(host, want string, took time.Duration) {
			t.Helper()
			start := time.Now()
			r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://"+host+"/")})
			if got := show(r, err); got != want || time.Since(start) != took {
				t.Errorf("%s: %s after %v, want %s after %v", host, got, time.Since(start), want, took)
			}
		}
		check("a.test", "200 2", 500*time.Millisecond) // the third address, two head starts later
		web.Site("b.test").SetAddrs("9.1.1.1")
		check("b.test", "!connect", 10*time.Second)
		check("slow.test", "!dns", 5*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if r, err := c.Get(ctx, fetch.Request{URL: parse(t, "http://b.test/")}); fetch.ClassOf(err) != fetch.ClassTimeout {
			t.Errorf("the caller's deadline: %s", show(r, err))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if r, err := c.Get(ctx, fetch.Request{URL: parse(t, "http://b.test/")}); fetch.ClassOf(err) != fetch.ClassCanceled || !errors.Is(err, context.Canceled) {
			t.Errorf("the caller's cancel: %s", show(r, err))
		}
		time.Sleep(time.Minute) // what was dialled for nobody ends by itself
	})
}

type slowly struct{ fetch.Resolver }

func (s slowly) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if host == "slow.test" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Resolver.LookupNetIP(ctx, network, host)
}

// TestTLS: row N01.
func TestTLS(t *testing.T) {
	web := crawltest.New(t)
	for _, host := range []string{"a.test", "expired.test", "wrong.test"} {
		web.Site(host).Page("/", crawltest.Page{HTML: "ok"})
	}
	web.Site("plain.test").Page("/", crawltest.Page{HTML: "ok"})
	check := func(c *fetch.Client, url, want string) {
		t.Helper()
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, url)})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", url, got, err, want)
		}
	}
	c := newClient(t, web, fetch.Options{})
	check(c, "https://a.test/", "200 2")
	check(c, "https://expired.test/", "!tls")
	check(c, "https://wrong.test/", "!tls")
	check(c, "https://plain.test:80/", "!tls") // no TLS spoken there
	unknown := fetch.New(fetch.Options{Resolver: web, Dial: web.Dial})
	defer unknown.Close()
	check(unknown, "https://a.test/", "!tls")
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		web.Site("a.test")
		c := fetch.New(fetch.Options{Resolver: web, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() { // takes everything, says nothing
				b := make([]byte, 1<<10)
				for {
					if _, err := server.Read(b); err != nil {
						return
					}
				}
			}()
			return client, nil
		}})
		defer c.Close()
		start := time.Now()
		if r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "https://a.test/")}); fetch.ClassOf(err) != fetch.ClassTLS || time.Since(start) != 10*time.Second {
			t.Errorf("a stalled handshake: %s after %v", show(r, err), time.Since(start))
		}
	})
}
