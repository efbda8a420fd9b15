package fetch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// keeping is a resolver that keeps answers itself.
type keeping struct {
	*crawltest.Web
	asked int
}

func (k *keeping) Caches() bool { return true }
func (k *keeping) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	k.asked++
	return k.Web.LookupNetIP(ctx, network, host)
}

// TestLimits: each setting does what it says.
func TestLimits(t *testing.T) {
	web := crawltest.New(t)
	site := web.Site("a.test")
	site.Page("/*", crawltest.Page{HTML: strings.Repeat("x", 5000)})
	check := func(name string, opt fetch.Options, h http.Handler, want string) {
		t.Helper()
		site.Handle("/", h)
		r, err := newClient(t, web, opt).Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
	}
	zeros := pack(t, "gzip", make([]byte, 100_000))
	check("MaxRatio", fetch.Options{MaxRatio: 10, RatioGraceBytes: 1}, crawltest.Coded("gzip", zeros), "200 32768 cut:ratio-limit")
	check("no MaxRatio", fetch.Options{MaxRatio: 1e6, RatioGraceBytes: 1}, crawltest.Coded("gzip", zeros), "200 100000")
	twice := pack(t, "gzip", pack(t, "gzip", []byte("body")))
	check("MaxCodings", fetch.Options{MaxCodings: 1}, crawltest.Coded("gzip, gzip", twice), "200 0 cut:decode-error !decode-error")
	check("Max1xx", fetch.Options{Max1xx: 7}, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 E\r\n\r\n", 7)+head+"Content-Length: 1\r\n\r\na"), "200 1")
	check("Max1xx more", fetch.Options{Max1xx: 7}, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 E\r\n\r\n", 8)+head+"Content-Length: 1\r\n\r\na"), "!protocol-error")
	wide := pack(t, "zstd", []byte(strings.Repeat("abcdefgh", 1<<18)))
	check("ZstdWindowBytes", fetch.Options{ZstdWindowBytes: 1 << 20}, crawltest.Coded("zstd", wide), "200 0 cut:decode-error !decode-error")
	long := "http://a.test/" + strings.Repeat("x", 2048-len("http://a.test/"))
	c := newClient(t, web, fetch.Options{})
	for url, want := range map[string]string{long: "200 5000", long + "y": "!url-limit"} {
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, url)})
		if got := show(r, err); got != want || len(fmt.Sprint(err)) > 2300 {
			t.Errorf("%d bytes: %s, want %s", len(url), got, want)
		}
	}
	site.Robots("User-agent: *\nDisallow: /" + strings.Repeat("x", 900) + "\nDisallow: /late\n")
	for _, most := range []int64{0, 500} {
		a := newClient(t, web, fetch.Options{MaxRobotsBytes: most}).Robots(t.Context(), parse(t, "http://a.test/"))
		if a.Rules.Allowed("Trawl", "/late") != (most > 0) {
			t.Errorf("MaxRobotsBytes %d: %d bytes read", most, len(a.Body))
		}
	}
	k := &keeping{Web: web}
	c = fetch.New(fetch.Options{Resolver: k, Dial: web.Dial})
	for range 3 {
		if r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/x")}); err != nil {
			t.Error(show(r, err))
		}
		c.Close() // the next request connects anew
	}
	if k.asked != 3 {
		t.Errorf("a resolver that keeps answers was asked %d times for 3 connections", k.asked)
	}
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		web.Site("a.test").SetLookup(func(int) (out []netip.Addr, err error) {
			for i := range 20 {
				out = append(out, netip.AddrFrom4([4]byte{9, 200, 0, byte(i)}))
			}
			return out, nil
		})
		c := newClient(t, web, fetch.Options{MaxAddrs: 3})
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if show(r, err) != "!connect" || len(web.Refused()) != 3 {
			t.Errorf("MaxAddrs: %s, %d dialled", show(r, err), len(web.Refused()))
		}
	})
}
