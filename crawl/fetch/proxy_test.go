package fetch_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// TestProxy: every kind of proxy, with and without a password, names resolved
// here and there.
func TestProxy(t *testing.T) {
	remote := func(r fetch.ProxyRoute) fetch.ProxyRoute { r.Proxies[0].RemoteDNS = true; return r }
	for _, c := range []struct {
		name, url, password string
		route               fetch.ProxyRoute
		asked, want         string
	}{
		{"CONNECT", "https://a.test/", "", via(t, "http://10.0.0.1:3128"), "CONNECT 9.0.0.1:443", "200 2"},
		{"CONNECT for http", "http://a.test/", "", via(t, "http://10.0.0.1:3128"), "CONNECT 9.0.0.1:80", "200 2"},
		{"CONNECT by name", "https://a.test/", "", remote(via(t, "http://10.0.0.1:3128")), "CONNECT a.test:443", "200 2"},
		{"whole address", "http://a.test/x?q=1", "", remote(via(t, "http://10.0.0.1:3128")), "GET http://a.test/x?q=1", "200 2"},
		{"whole address //", "http://a.test//x", "", remote(via(t, "http://10.0.0.1:3128")), "GET http://a.test//x", "200 2"},
		{"password", "https://a.test/", "p:w", via(t, "http://u:p%3Aw@10.0.0.1:3128"), "CONNECT 9.0.0.1:443", "200 2"},
		{"whole address, password", "http://a.test/", "pw", remote(via(t, "http://u:pw@10.0.0.1:3128")), "GET http://a.test/", "200 2"},
		{"N06 407", "https://a.test/", "pw", via(t, "http://10.0.0.1:3128"), "CONNECT 9.0.0.1:443", "!proxy"},
		{"N06 407 with a wrong password", "https://a.test/", "pw", via(t, "http://u:no@10.0.0.1:3128"), "CONNECT 9.0.0.1:443", "!proxy"},
		{"N06 407 to a whole address", "http://a.test/", "pw", remote(via(t, "http://10.0.0.1:3128")), "GET http://a.test/", "!proxy"},
		{"SOCKS5", "https://a.test/", "", via(t, "socks5://10.0.0.1:3128"), "SOCKS 9.0.0.1:443", "200 2"},
		{"SOCKS5 by name", "http://a.test/", "", via(t, "socks5h://10.0.0.1:3128"), "SOCKS a.test:80", "200 2"},
		{"SOCKS5 IPv6", "http://six.test/", "", via(t, "socks5://10.0.0.1:3128"), "SOCKS [2600::6]:80", "200 2"},
		{"SOCKS5 password", "https://a.test/", "pw", via(t, "socks5://u:pw@10.0.0.1:3128"), "SOCKS 9.0.0.1:443", "200 2"},
		{"SOCKS5 wrong password", "https://a.test/", "pw", via(t, "socks5://u:no@10.0.0.1:3128"), "", "!proxy"},
		{"SOCKS5 no password", "https://a.test/", "pw", via(t, "socks5://10.0.0.1:3128"), "", "!proxy"},
		{"no such name here", "https://none.test/", "", via(t, "http://10.0.0.1:3128"), "", "!dns-nxdomain"},
		{"no such name there", "https://none.test/", "", remote(via(t, "http://10.0.0.1:3128")), "CONNECT none.test:443", "!connect"},
		{"target down, SOCKS5", "http://none.test/", "", via(t, "socks5h://10.0.0.1:3128"), "SOCKS none.test:80", "!connect"},
		{"guard on a name", "http://private.test/", "", via(t, "socks5://10.0.0.1:3128"), "", "!private-address"},
		{"guard on an address", "http://127.0.0.1:1/", "", via(t, "socks5h://10.0.0.1:3128"), "", "!private-address"},
		{"guard on an address, HTTP", "https://[::1]/", "", remote(via(t, "http://10.0.0.1:3128")), "", "!private-address"},
		{"guard on a whole address", "http://169.254.169.254/", "", remote(via(t, "http://10.0.0.1:3128")), "", "!private-address"},
		{"other site", "https://a.test/", "", fetch.ProxyRoute{Sites: []string{"b.test"}, Proxies: []fetch.Proxy{mustProxy(t, "http://10.0.0.1:3128")}}, "", "!connect"},
		{"sub-domain", "https://a.test/", "", fetch.ProxyRoute{Sites: []string{".Test"}, Proxies: []fetch.Proxy{mustProxy(t, "http://10.0.0.1:3128")}}, "CONNECT 9.0.0.1:443", "200 2"},
		{"no proxies", "https://a.test/", "", fetch.ProxyRoute{}, "", "!proxy"},
		{"unknown kind of proxy", "https://a.test/", "", fetch.ProxyRoute{Proxies: []fetch.Proxy{{Host: "10.0.0.1"}}}, "", "!proxy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				web, f, client := fenced(t, 1, c.route)
				gate := f.gates["10.0.0.1:3128"]
				gate.password = c.password
				web.Site("a.test").Page("/*", crawltest.Page{HTML: "ok"})
				web.Site("six.test").SetAddrs("2600::6").Page("/*", crawltest.Page{HTML: "ok"})
				web.Site("private.test").SetAddrs("10.0.0.9")
				r, err := client.Get(t.Context(), fetch.Request{URL: parse(t, c.url)})
				if got := show(r, err); got != c.want {
					t.Errorf("%s (%v), want %s", got, err, c.want)
				}
				if got := strings.Join(gate.log(), ","); got != c.asked {
					t.Errorf("the proxy was asked for %q, want %q", got, c.asked)
				}
				if len(f.direct) > 0 && c.name != "other site" {
					t.Errorf("went directly to %v", f.direct)
				}
				if err != nil && c.password != "" && (strings.Contains(err.Error(), "no@") || strings.Contains(err.Error(), "pw")) {
					t.Errorf("the error tells the password: %v", err)
				}
				if r == nil {
					return
				}
				if want := c.route.Proxies[0].String(); r.Proxy != want || strings.Contains(r.Proxy, "pw") {
					t.Errorf("through %q, want %q", r.Proxy, want)
				}
				if known := strings.Contains(c.asked, " 9.0.0.1:") || strings.Contains(c.asked, "2600::"); (r.RemoteAddr != "") != known {
					t.Errorf("answered by %q", r.RemoteAddr)
				}
				for _, req := range web.Requests() { // what the origin saw
					for name := range req.Header {
						switch name {
						case "User-Agent", "Accept", "Accept-Encoding":
						default:
							t.Errorf("the origin got %s", name)
						}
					}
				}
				for _, h := range []http.Header{r.RequestHeader} {
					if h.Get("Proxy-Authorization") != "" {
						t.Error("the kept header has the proxy's password")
					}
				}
				if strings.HasPrefix(c.asked, "CONNECT") {
					for name := range gate.heads[0] {
						if name != "Proxy-Authorization" {
							t.Errorf("the proxy got %s", name)
						}
					}
				}
			})
		})
	}
}

// TestTLSProxy: a proxy that is spoken to over TLS.
func TestTLSProxy(t *testing.T) {
	web := crawltest.New(t)
	web.Site("a.test").Page("/", crawltest.Page{HTML: strings.Repeat("x", 8<<20)})
	web.Site("example.com").SetAddrs("9.9.9.9")
	g := &gate{web: web, password: "pw"}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr != "9.9.9.9:443" {
			return nil, fmt.Errorf("directly to %s", addr)
		}
		a, b := net.Pipe()
		go g.serve(b)
		return a, nil
	}
	srv := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate of example.com
	defer srv.Close()
	g.tls = &tls.Config{Certificates: srv.TLS.Certificates}
	trusted := web.RootCAs().Clone()
	trusted.AddCert(srv.Certificate())
	for _, trust := range []bool{true, false} {
		opt := fetch.Options{Resolver: web, Dial: dial, Proxies: []fetch.ProxyRoute{via(t, "https://u:pw@example.com")}}
		want := "!proxy"
		if trust {
			opt.RootCAs, want = trusted, fmt.Sprint("200 ", 8<<20)
		}
		c := fetch.New(opt)
		defer c.Close()
		for _, url := range []string{"http://a.test/", "https://a.test/"} {
			r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, url)})
			if got := show(r, err); got != want {
				t.Errorf("%s: %s (%v), want %s", url, got, err, want)
			}
		}
	}
}

// TestProxyHealth: row N06, rotation of three with one dead, in fake time.
func TestProxyHealth(t *testing.T) {
	t.Run("N06", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			web, f, c := fenced(t, 3, via(t, "socks5://10.0.0.1:3128", "http://10.0.0.1:3129", "http://10.0.0.1:3130"))
			dead := f.gates["10.0.0.1:3128"]
			dead.down = true
			const hosts = 60
			round := func() (by map[string]string) {
				by = map[string]string{}
				for i := range hosts {
					host := fmt.Sprintf("h%d.test", i)
					web.Site(host).Page("/", crawltest.Page{HTML: "ok"})
					r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "https://"+host+"/")})
					if show(r, err) != "200 2" {
						t.Fatalf("%s: %s (%v)", host, show(r, err), err)
					}
					by[host] = r.Proxy
				}
				return by
			}
			spread := func(by map[string]string) map[string]int {
				n := map[string]int{}
				for _, p := range by {
					n[p]++
				}
				return n
			}
			first := round()
			if n := spread(first); len(n) != 2 || n["http://10.0.0.1:3129"] < 10 || n["http://10.0.0.1:3130"] < 10 {
				t.Errorf("hosts by proxy: %v", n)
			}
			if dead.conns != 3 {
				t.Errorf("the dead proxy was tried %d times before it was ejected", dead.conns)
			}
			if again := round(); fmt.Sprint(again) != fmt.Sprint(first) || dead.conns != 3 {
				t.Errorf("hosts moved, or the dead proxy was tried: %d", dead.conns)
			}
			// It is asked again after 1, 2, 4 minutes and so on to an hour.
			for i, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				time.Sleep(wait*time.Minute - time.Second)
				round()
				if dead.conns != 3+i {
					t.Fatalf("tried %d times just before return %d", dead.conns, i)
				}
				time.Sleep(time.Second)
				round()
				if dead.conns != 4+i {
					t.Fatalf("tried %d times at return %d", dead.conns, i)
				}
			}
			dead.down = false
			time.Sleep(time.Hour)
			last := round()
			if n := spread(last); n["socks5://10.0.0.1:3128"] < 10 {
				t.Errorf("hosts by proxy after all are well: %v", n)
			}
			for host, p := range last {
				if p != first[host] && p != "socks5://10.0.0.1:3128" {
					t.Errorf("%s went from one living proxy to another", host)
				}
			}
			if len(f.direct) > 0 {
				t.Errorf("direct connections: %v", f.direct)
			}
		})
	})
	t.Run("N06 all dead", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			web, f, c := fenced(t, 2, via(t, "socks5://10.0.0.1:3128", "http://10.0.0.1:3129"))
			web.Site("a.test").Page("/", crawltest.Page{HTML: "ok"})
			f.gates["10.0.0.1:3128"].mute = true
			f.gates["10.0.0.1:3129"].answer = "nonsense\r\n\r\n"
			for i := range 5 {
				start := time.Now()
				r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
				if show(r, err) != "!proxy" {
					t.Errorf("%s (%v)", show(r, err), err)
				}
				if took := time.Since(start); i < 3 && took != 10*time.Second || i >= 3 && took != 0 {
					t.Errorf("request %d took %v", i, took)
				}
			}
			if len(f.direct) > 0 || len(web.Requests()) > 0 {
				t.Errorf("direct connections: %v", f.direct)
			}
		})
	})
	t.Run("hostile proxies", func(t *testing.T) {
		for _, scheme := range []string{"http", "socks5"} {
			for _, answer := range []string{
				"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 10000),
				"\x05\x00\x05", "\x05\x00\x05\x00\x00\x09", "\x05\xff", "\x05\x00\x05\x00\x00\x03\xffabc", "\x04\x00", "HTTP/1.1 100 Continue\r\n\r\n",
			} {
				synctest.Test(t, func(t *testing.T) {
					web, f, c := fenced(t, 1, via(t, scheme+"://10.0.0.1:3128"))
					web.Site("a.test")
					f.gates["10.0.0.1:3128"].answer = answer
					r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
					if show(r, err) != "!proxy" {
						t.Errorf("%s, %.20q: %s (%v)", scheme, answer, show(r, err), err)
					}
				})
			}
		}
	})
}

func TestParseProxy(t *testing.T) {
	for in, want := range map[string]string{
		"http://p.test":                  "http://p.test:80",
		"https://u:secret@p.test:8443/":  "https://p.test:8443",
		"socks5://[::1]":                 "socks5://[::1]:1080",
		"socks5h://u:secret@p.test":      "socks5://p.test:1080 remote",
		"ftp://u:secret@p.test":          "!",
		"p.test:3128":                    "!",
		"http://u:secret@p.test/path":    "!",
		"http://u:secret%zz@p.test":      "!",
		"http://":                        "!",
		"http://u:secret@p.test:80?x=13": "!",
	} {
		p, err := fetch.ParseProxy(in)
		got := p.String()
		if p.RemoteDNS {
			got += " remote"
		}
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		if s := fmt.Sprintf("%v %+v %#v %v", p, p, p, err); strings.Contains(s, "secret") {
			t.Errorf("%s: printed as %s", in, s)
		}
	}
}
