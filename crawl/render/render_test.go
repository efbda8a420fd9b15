package render

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// A site serves made-up hosts on loopback and counts what it is asked for.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int // host and path
}

func newSite(tb testing.TB, pages map[string]http.HandlerFunc) *site {
	s := &site{asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.Host+r.URL.Path]++
		s.mu.Unlock()
		h := pages[r.Host+r.URL.Path]
		if h == nil {
			h = pages[r.URL.Path]
		}
		if h == nil {
			http.NotFound(w, r)
			return
		}
		h(w, r)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func (s *site) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.asked {
		n += v
	}
	return n
}

// anywhere resolves each name to one public address.
type anywhere struct{}

func (anywhere) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if strings.HasSuffix(host, "private.test") {
		return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
}

// client fetches from the site whatever the host.
func (s *site) client(opt fetch.Options) *fetch.Client {
	opt.Resolver = anywhere{}
	opt.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return fetch.New(opt)
}

var browserFlag = flag.String("browser", "", "the program to test with; empty: the first of Names")

func newPool(tb testing.TB, s *site, opt Options) *Pool {
	tb.Helper()
	if opt.Get == nil {
		c := s.client(fetch.Options{})
		opt.Get = func(ctx context.Context, _ weburl.URL, r fetch.Request) (*fetch.Response, error) {
			return c.Get(ctx, r)
		}
	}
	opt.TempDir, opt.Browser = tb.TempDir(), *browserFlag
	p, err := New(opt)
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(p.Close)
	return p
}

func address(tb testing.TB, s string) weburl.URL {
	tb.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func show(tb testing.TB, p *Pool, u string) *Result {
	tb.Helper()
	res, err := p.Render(context.Background(), Request{URL: address(tb, u)})
	if err != nil {
		tb.Fatal(err)
	}
	return res
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, s)
	}
}
