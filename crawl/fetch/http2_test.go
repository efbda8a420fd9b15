package fetch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// TestHTTP2 is what of rows B01, B07, B08, B11 and N02 an HTTP/2 server can do
// from a handler.
func TestHTTP2(t *testing.T) {
	web := crawltest.New(t)
	site := web.Site("a.test")
	c := newClient(t, web, fetch.Options{MaxBodyBytes: 1 << 20})
	abort := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	ok := crawltest.Page{HTML: "ok"}
	half := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 500))
	})
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat("x", 1<<14))
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	fields := func(n int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := range n {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 200))
			}
			w.Write([]byte("ok"))
		})
	}
	hints := func(n int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range n {
				w.WriteHeader(103)
			}
			w.Write([]byte("ok"))
		})
	}
	check := func(name string, h http.Handler, want string, protos ...string) {
		t.Helper()
		web.Forget()
		site.Handle("/", h)
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "https://a.test/")})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
		var got []string
		for _, r := range web.Requests() {
			got = append(got, r.Proto)
		}
		if fmt.Sprint(got) != fmt.Sprint(protos) {
			t.Errorf("%s: requests by %v, want %v", name, got, protos)
		}
	}
	const h1, h2 = "HTTP/1.1", "HTTP/2.0"
	check("plain", ok, "200 2", h2)
	check("B01", endless, fmt.Sprintf("200 %d cut:body-limit", 1<<20), h2)
	check("B07", fields(1110), "!header-limit", h2)
	check("B07 far above", fields(20000), "!header-limit", h2, h1) // net/http ends the connection
	check("B08", half, "200 500 cut:truncated", h2)
	check("B11 a stream is reset", crawltest.Turns(abort, ok), "200 2 retried", h2, h1)
	check("B11 every stream is reset", abort, "!reset", h2, h1)
	check("B12 five", hints(5), "200 2", h2)
	check("B12 many", hints(100), "!protocol-error", h2)
	check("plain again", ok, "200 2", h2)
}
