package fetch_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// TestRobots: the table of specs/crawler.md 4.3, and rows R01 to R11 as far as
// one fetch goes. An answer is shown as what it says of /a, of /private, the
// status, the class, the hops, and how long it holds.
func TestRobots(t *testing.T) {
	check := func(name string, set func(web *crawltest.Web, a *crawltest.Site), want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			web := crawltest.NewInMemory(t)
			a := web.Site("a.test")
			set(web, a)
			c := newClient(t, web, fetch.Options{})
			ans := c.Robots(t.Context(), parse(t, "http://a.test/some/page?q#f"))
			got := fmt.Sprintf("%v %v %d %s %d %v", ans.Rules.Allowed("Trawl", "/a"), ans.Rules.Allowed("Trawl", "/private"),
				ans.Status, ans.Class, ans.Hops, time.Until(ans.Expires).Round(time.Second))
			if got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
			if n := len(web.Requests()); n > 6 {
				t.Errorf("%s: %d requests", name, n)
			}
		})
	}
	const rules = "User-agent: *\nDisallow: /private\n"
	page := func(p crawltest.Page) func(*crawltest.Web, *crawltest.Site) {
		return func(_ *crawltest.Web, a *crawltest.Site) { a.Page("/robots.txt", p) }
	}
	handle := func(h http.Handler) func(*crawltest.Web, *crawltest.Site) {
		return func(_ *crawltest.Web, a *crawltest.Site) { a.Handle("/robots.txt", h) }
	}
	chain := func(n int) func(*crawltest.Web, *crawltest.Site) {
		return func(web *crawltest.Web, a *crawltest.Site) {
			a.Redirect("/robots.txt", 301, "https://b.test/1")
			for i := 1; i < n; i++ {
				web.Site("b.test").Redirect(fmt.Sprintf("/%d", i), 302, fmt.Sprintf("/%d", i+1))
			}
			web.Site("b.test").Page(fmt.Sprintf("/%d", n), crawltest.Page{HTML: rules})
		}
	}
	head := func(name, value string) crawltest.Page {
		return crawltest.Page{HTML: rules, Header: http.Header{name: {value}}}
	}
	status := func(code int, retry string) crawltest.Page {
		return crawltest.Page{Status: code, HTML: rules, Header: http.Header{"Retry-After": {retry}}}
	}
	check("rules", page(crawltest.Page{HTML: rules}), "true false 200  0 24h0m0s")
	check("empty", page(crawltest.Page{}), "true true 200  0 24h0m0s")
	check("204", page(crawltest.Page{Status: 204}), "true true 204  0 24h0m0s")
	for _, code := range []int{400, 401, 403, 404, 410, 418, 451} {
		check("R01", page(crawltest.Page{Status: code, HTML: "<html>\nUser-agent: *\nDisallow: /"}), fmt.Sprintf("true true %d  0 24h0m0s", code))
	}
	for _, code := range []int{500, 502, 503, 504} {
		check("R02", page(crawltest.Page{Status: code, HTML: "User-agent: *\nAllow: /"}), fmt.Sprintf("false false %d  0 1m0s", code))
	}
	check("R03", page(status(503, "120")), "false false 503  0 2m0s")
	check("R03 date", page(status(503, "Sat, 01 Jan 2000 01:00:00 GMT")), "false false 503  0 1h0m0s") // the bubble's year
	check("R03 huge", page(status(503, "999999999999")), "false false 503  0 24h0m0s")
	check("R03 short", page(status(503, "1")), "false false 503  0 1m0s")
	check("R04", page(status(429, "")), "false false 429  0 1m0s")
	check("R05", handle(crawltest.Hang("")), "false false 0 timeout 0 1m0s")
	check("R06", chain(5), "true false 200  5 24h0m0s")
	check("R07", chain(6), "true true 302 redirect-limit 5 24h0m0s")
	check("R07 loop", func(_ *crawltest.Web, a *crawltest.Site) { a.Redirect("/robots.txt", 301, "/robots.txt") }, "true true 301 redirect-limit 5 24h0m0s")
	check("redirect nowhere", func(_ *crawltest.Web, a *crawltest.Site) { a.Redirect("/robots.txt", 301, "") }, "true true 301 bad-redirect 0 24h0m0s")
	check("redirect to file", func(_ *crawltest.Web, a *crawltest.Site) { a.Redirect("/robots.txt", 301, "file:///etc/passwd") }, "true true 301 bad-scheme 0 24h0m0s")
	check("redirect to 404", func(_ *crawltest.Web, a *crawltest.Site) { a.Redirect("/robots.txt", 301, "/none") }, "true true 404  1 24h0m0s")
	check("redirect to private", func(_ *crawltest.Web, a *crawltest.Site) { a.Redirect("/robots.txt", 301, "http://127.0.0.1:1/") }, "false false 301 private-address 1 1m0s")
	long := strings.Repeat("# a comment of forty bytes, to the limit\n", 512_000/41) + "Disallow: /private\n" + strings.Repeat("#\n", 50_000) + "Disallow: /a\n"
	check("R08", page(crawltest.Page{HTML: "User-agent: *\nDisallow: /private\n" + long}), "true false 200  0 24h0m0s")
	check("R09", handle(crawltest.Endless("HTTP/1.1 200 OK\r\n\r\n"+rules, "# for ever and ever\n", nil)), "true false 200  0 24h0m0s")
	check("R11", page(crawltest.Page{HTML: string(pack(t, "gzip", []byte(rules))), Header: http.Header{"Content-Encoding": {"gzip"}}}), "true false 200  0 24h0m0s")
	check("truncated", handle(crawltest.Bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nUser-agent: *\nAllow: /\n")), "false false 200 truncated 0 1m0s")
	check("slow", handle(crawltest.Drip("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("#\n", 1000), time.Second)), "false false 200 slow 0 1m0s")
	check("damaged", page(crawltest.Page{HTML: rules, Header: http.Header{"Content-Encoding": {"gzip"}}}), "false false 200 decode-error 0 1m0s")
	check("refused", func(_ *crawltest.Web, a *crawltest.Site) { a.SetDown(true) }, "false false 0 connect 0 1m0s")
	check("no such host", func(_ *crawltest.Web, a *crawltest.Site) {
		a.SetLookup(func(int) ([]netip.Addr, error) { return nil, &net.DNSError{IsNotFound: true} })
	}, "false false 0 dns-nxdomain 0 1m0s")
	check("max-age", page(head("Cache-Control", "public, Max-Age=3600")), "true false 200  0 1h0m0s")
	check("max-age 0", page(head("Cache-Control", "no-cache, max-age=0")), "true false 200  0 5m0s")
	check("max-age of a year", page(head("Cache-Control", "max-age=31536000")), "true false 200  0 24h0m0s")
	check("max-age of nonsense", page(head("Cache-Control", "max-age=x, max-age")), "true false 200  0 24h0m0s")
}

// TestRobotsRead: rows R08 and R09 again, for what is read of the network.
func TestRobotsRead(t *testing.T) {
	web := crawltest.New(t)
	var sent atomic.Int64
	web.Site("a.test").Handle("/robots.txt", crawltest.Endless("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("# x\n", 1000), &sent))
	ans := newClient(t, web, fetch.Options{}).Robots(t.Context(), parse(t, "http://a.test/"))
	if ans.Status != 200 || ans.Class != "" || len(ans.Body) != 512<<10 {
		t.Errorf("%d %s, %d bytes", ans.Status, ans.Class, len(ans.Body))
	}
}

func TestFollow(t *testing.T) {
	web := crawltest.New(t)
	a, b := web.Site("a.test"), web.Site("b.test")
	c := newClient(t, web, fetch.Options{})
	for i := range 25 {
		a.Redirect(fmt.Sprintf("/chain/%d", i), 301, fmt.Sprintf("%d", i+1))
	}
	a.Redirect("/loop-a", 302, "/loop-b").Redirect("/loop-b", 302, "http://a.test/loop-a#x")
	a.Redirect("/self", 307, "").Redirect("/file", 302, "file:///etc/passwd")
	a.HandleFunc("/grow/*", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"/x")
		w.WriteHeader(302)
	})
	a.HandleFunc("/cookie", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("seen"); err == nil {
			w.Write([]byte("in"))
			return
		}
		w.Header().Set("Set-Cookie", "seen=1; Path=/")
		w.Header().Set("Location", "/cookie")
		w.WriteHeader(302)
	})
	a.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "secret=1")
		w.Header().Set("Location", "http://b.test/")
		w.WriteHeader(302)
	})
	a.Redirect("/denied", 302, "http://b.test/private/x")
	a.Redirect("/two", 302, "/one").Redirect("/one", 303, "http://b.test/")
	b.Page("/*", crawltest.Page{HTML: "b"})
	allow := func(u weburl.URL) error {
		if strings.HasPrefix(u.Path(), "/private") {
			return errors.New("robots")
		}
		return nil
	}
	check := func(path, want string, hops, requests int) {
		t.Helper()
		web.Forget()
		r, got, err := c.Follow(t.Context(), fetch.Request{URL: parse(t, "http://a.test"+path), ETag: `"x"`}, allow)
		if show(r, err) != want || len(got) != hops {
			t.Errorf("%s: %s after %v (%v), want %s after %d", path, show(r, err), got, err, want, hops)
		}
		log := web.Requests()
		if len(log) != requests {
			t.Errorf("%s: %d requests, want %d", path, len(log), requests)
		}
		for i, r := range log {
			if i > 0 && r.Header.Get("If-None-Match") != "" {
				t.Errorf("%s: the validator of one address was sent to another", path)
			}
			if r.Host == "b.test" && r.Header.Get("Cookie") != "" {
				t.Errorf("%s: cookies of a.test went to b.test", path)
			}
		}
	}
	check("/two", "200 1", 2, 3)
	check("/chain/0", "301 0 !redirect-limit", 10, 11) // D02
	check("/chain/15", "404 "+fmt.Sprint(len(notFound(t, c))), 10, 11)
	check("/grow/", "302 0 !redirect-limit", 10, 11) // D03
	check("/loop-a", "302 0 !redirect-loop", 1, 2)   // D01
	check("/cookie", "200 2", 1, 2)                  // D04
	check("/self", "307 0 !bad-redirect", 0, 1)      // D05
	check("/file", "302 0 !bad-scheme", 0, 1)        // D08
	check("/denied", "302 0 !refused", 0, 1)         // R14
	check("/away", "200 1", 1, 2)
}

func notFound(t *testing.T, c *fetch.Client) []byte {
	r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/none")})
	if err != nil {
		t.Fatal(err)
	}
	return r.Body
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	check := func(value, want string) {
		t.Helper()
		d, ok := fetch.RetryAfter(http.Header{"Retry-After": {value}}, now)
		if got := fmt.Sprint(d, ok); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	check("", "0s false")
	check("soon", "0s false")
	check("-5", "0s false")
	check("1.5", "0s false")
	check("0", "0s true")
	check(" 30 ", "30s true")
	check("999999999", "24h0m0s true")
	check("99999999999999999999", "24h0m0s true")
	check("Mon, 23 Nov 2026 10:00:45 GMT", "45s true")
	check("Monday, 23-Nov-26 10:00:45 GMT", "45s true")
	check("Mon, 23 Nov 2026 09:00:00 GMT", "0s true")
	check("Mon, 23 Nov 2099 09:00:00 GMT", "24h0m0s true")
}
