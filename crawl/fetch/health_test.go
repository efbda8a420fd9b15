package fetch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// A pair is two proxies, of which the first says answer for the hosts that it
// refuses, and hosts that ask the first one first.
type pair struct {
	*testing.T
	web           *crawltest.Web
	client        *fetch.Client
	first, second *gate
	scheme        string // of the addresses that are got: http is got by forwarding
	hosts         []string
}

func newPair(t *testing.T, scheme, answer string, refuses func(host string) bool) *pair {
	route := via(t, "http://10.0.0.1:3128", "http://10.0.0.1:3129")
	for i := range route.Proxies {
		route.Proxies[i].RemoteDNS = true
	}
	web, f, client := fenced(t, 2, route)
	p := &pair{T: t, web: web, client: client, first: f.gates["10.0.0.1:3128"], second: f.gates["10.0.0.1:3129"], scheme: scheme}
	for i := 0; len(p.hosts) < 40; i++ {
		host := fmt.Sprintf("h%d.test", i)
		web.Site(host).Page("/", crawltest.Page{HTML: "ok"})
		if r, err := p.get(host); err != nil {
			t.Fatal(err)
		} else if r.Proxy == "http://10.0.0.1:3128" {
			p.hosts = append(p.hosts, host)
		}
	}
	p.first.asked = nil
	p.first.says = func(target string) string {
		host, _, _ := strings.Cut(target, ":")
		if refuses(host) {
			return answer
		}
		return ""
	}
	client.Close() // no connection is left from before
	return p
}

func (p *pair) get(host string) (*fetch.Response, error) {
	return p.client.Get(p.Context(), fetch.Request{URL: parse(p.T, p.scheme+"://"+host+"/")})
}

// want gets a host's page and says what is not as expected of it.
func (p *pair) want(host, proxy string) {
	p.Helper()
	r, err := p.get(host)
	p.client.Close()
	if err != nil || r.Proxy != "http://10.0.0.1:"+proxy {
		p.Fatalf("%s: %s (%v), want it through %s", host, show(r, err), err, proxy)
	}
}

// refusals are what proxies say that may be about the origin.
var refusals = map[string]string{
	"403":           "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
	"404":           "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
	"502":           "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
	"503 of Squid":  "HTTP/1.1 503 Service Unavailable\r\nServer: squid\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\nContent-Length: 4\r\n\r\nno..",
	"504 by status": "HTTP/1.1 504 Gateway Timeout\r\nProxy-Status: p; error=connection_timeout\r\nContent-Length: 0\r\n\r\n",
	"captive 302":   "HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\nContent-Length: 0\r\n\r\n",
	"captive page":  "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\r\n<h1>Pay here.</h1>",
	"late page":     "HTTP/1.1 200 OK\r\n\r\n|<h1>Pay here.</h1>",
	"closes":        "close",
	"waits":         "wait",
}

// TestRefusal: what a proxy says of one origin costs no other origin that proxy,
// and the origin is reached through another one.
func TestRefusal(t *testing.T) {
	for name, answer := range refusals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, "https", answer, func(host string) bool { return host == "bad.test" })
				p.web.Site("bad.test").Page("/", crawltest.Page{HTML: "ok"})
				for i := range 30 {
					p.want("bad.test", "3129")
					p.want(p.hosts[i], "3128")
				}
				asked := strings.Count(strings.Join(p.first.log(), " "), "bad.test")
				if asked > 1 {
					t.Errorf("the origin that it refuses was asked of it %d times", asked)
				}
				time.Sleep(2 * time.Minute) // it is asked again: it may have changed
				p.first.says = nil
				p.want(p.hosts[0], "3128")
			})
		})
	}
}

// TestNothingReached: a proxy that refuses all that others reach is ejected at
// the third origin, and comes back.
func TestNothingReached(t *testing.T) {
	for name, answer := range refusals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, "https", answer, func(string) bool { return true })
				for _, host := range p.hosts {
					p.want(host, "3129")
				}
				if n := len(p.first.log()); n != 3 {
					t.Errorf("it was asked %d times, want 3", n)
				}
				p.first.says = nil
				time.Sleep(time.Minute)
				p.want(p.hosts[10], "3128")
			})
		})
	}
}

// TestOriginsDown: origins that no proxy reaches are held against none.
func TestOriginsDown(t *testing.T) {
	for name, answer := range refusals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := func(host string) bool { return strings.HasPrefix(host, "down") }
				p := newPair(t, "https", answer, down)
				p.second.says = p.first.says
				for i := range 30 {
					r, err := p.get(fmt.Sprintf("down%d.test", i))
					switch fetch.ClassOf(err) {
					case fetch.ClassConnect, fetch.ClassProxy, fetch.ClassTLS:
					default:
						t.Fatalf("%s (%v)", show(r, err), err)
					}
				}
				p.want(p.hosts[0], "3128")
				n := len(p.first.log())
				for range 10 {
					p.get("down0.test")
				}
				if again := len(p.first.log()) - n; again > 2 {
					t.Errorf("an origin that is down was asked for %d times more", again)
				}
			})
		})
	}
}

// TestOneProxy: the only proxy of a route stays, whatever one origin makes it say.
func TestOneProxy(t *testing.T) {
	for name, answer := range refusals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				web, f, c := fenced(t, 1, via(t, "http://10.0.0.1:3128"))
				web.Site("a.test").Page("/", crawltest.Page{HTML: "ok"})
				f.gates["10.0.0.1:3128"].says = func(target string) string {
					if strings.HasSuffix(target, ":443") {
						return answer
					}
					return ""
				}
				for range 10 {
					if r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "https://a.test/")}); err == nil {
						t.Fatal(show(r, err))
					}
					if r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")}); show(r, err) != "200 2" {
						t.Fatalf("%s (%v)", show(r, err), err)
					}
				}
			})
		})
	}
}

// TestOwnTrouble: what is a proxy's own trouble ejects it after three times, be
// they of one origin.
func TestOwnTrouble(t *testing.T) {
	for name, answer := range map[string]string{
		"407":         "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
		"501":         "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n",
		"511":         "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
		"internal":    "HTTP/1.1 500 Oh\r\nProxy-Status: far.test; error=dns_error, \"near, by\"; details=\"a;b\\\"\"; error=proxy_internal_error\r\n\r\n",
		"not a proxy": "SSH-2.0-OpenSSH_9.6\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, "https", answer, func(string) bool { return true })
				for range 10 {
					p.want(p.hosts[0], "3129")
				}
				if n := len(p.first.log()); n != 3 {
					t.Errorf("it was asked %d times, want 3", n)
				}
			})
		})
	}
}

// TestForward: proxies that are asked for whole addresses. An origin that breaks
// the connection, or speaks as a proxy would, does not take it from the others.
func TestForward(t *testing.T) {
	for name, answer := range map[string]string{
		"reset":  "close",
		"forged": "HTTP/1.1 500 Oh\r\nProxy-Status: p; error=proxy_internal_error\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, "http", answer, func(host string) bool { return host == "bad.test" })
				p.second.says = p.first.says
				for i := range 30 {
					if r, err := p.get("bad.test"); err == nil {
						t.Fatal(show(r, err))
					}
					p.want(p.hosts[i], "3128")
				}
			})
		})
	}
	t.Run("an error of the origin", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			answer := "HTTP/1.1 503 Oh\r\nProxy-Status: p; error=http_response_incomplete\r\nContent-Length: 0\r\n\r\n"
			p := newPair(t, "http", answer, func(host string) bool { return true })
			if r, err := p.get(p.hosts[0]); show(r, err) != "503 0" {
				t.Errorf("%s (%v), want the answer itself", show(r, err), err)
			}
		})
	})
}
