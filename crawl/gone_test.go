package crawl

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// TestGoneHost: when the name of a host does not exist any more, or nothing answers
// there, its documents stay for a week, and are deleted then; they come back when it
// does.
func TestGoneHost(t *testing.T) {
	for name, gone := range map[string]func(s *crawltest.Site, gone bool){
		"no such name": func(s *crawltest.Site, gone bool) {
			if !gone {
				s.SetLookup(nil)
				return
			}
			s.SetLookup(func(int) ([]netip.Addr, error) { return nil, &net.DNSError{Err: "no such host", IsNotFound: true} })
		},
		"nothing answers": func(s *crawltest.Site, gone bool) { s.SetDown(gone) },
	} {
		t.Run(name, func(t *testing.T) { disappears(t, gone) })
	}
}

const gonePages = 5

// days crawls for ten minutes a day.
func (b *bed) days(n int) {
	for range n {
		b.open()
		stop := b.start()
		time.Sleep(10 * time.Minute)
		stop()
		b.close() // pebble's own timers make long waits long
		time.Sleep(day - 10*time.Minute)
	}
}

// twoHosts crawls a.test and b.test, which are visited again each day.
func (b *bed) twoHosts() (live func(host string) int) {
	b.opt.Scope.Mode = "any"
	b.opt.Recrawl = frontier.Recrawl{Max: time.Hour}
	b.site.Mount(crawltest.Generate(3, gonePages))
	b.web.Site("b.test").Mount(crawltest.Generate(4, 1))
	b.crawl(false, "http://a.test/", "http://b.test/")
	b.close()
	live = func(host string) (n int) {
		for _, id := range b.sink.live() {
			if !strings.HasPrefix(id, "/") {
				id = strings.TrimPrefix(id, "http://"+host)
			} else if host != "a.test" {
				continue
			}
			if strings.HasPrefix(id, "/") {
				n++
			}
		}
		return n
	}
	if live("a.test") != gonePages || live("b.test") != 1 {
		b.t.Fatalf("%d and %d documents", live("a.test"), live("b.test"))
	}
	return live
}

func disappears(t *testing.T, gone func(s *crawltest.Site, gone bool)) {
	inBed(t, func(b *bed) {
		live := b.twoHosts()
		gone(b.site, true)
		b.days(7)
		if n := live("a.test"); n != gonePages {
			t.Errorf("%d documents after six days, want %d", n, gonePages)
		}
		b.days(8)
		if n := live("a.test"); n != 0 || live("b.test") != 1 {
			t.Errorf("%d documents of a host that is gone, %d of the other", n, live("b.test"))
		}
		b.open()
		hosts, err := b.c.Hosts(0, 10)
		at := slices.IndexFunc(hosts, func(h frontier.HostStatus) bool { return h.Origin == "http://a.test" })
		if err != nil || at < 0 || !hosts[at].Gone || hosts[at].Absent.IsZero() {
			t.Errorf("hosts %+v, %v", hosts, err)
		}
		b.close()
		gone(b.site, false)
		b.days(9)
		if n := live("a.test"); n != gonePages {
			t.Errorf("%d documents after the host came back, want %d", n, gonePages)
		}
	})
}

// TestOurOwnFault: no fault of ours makes a host a host that is gone.
func TestOurOwnFault(t *testing.T) {
	for name, fail := range map[string]func(b *bed){
		"no network": func(b *bed) {
			b.site.SetDown(true)
			b.web.Site("b.test").SetDown(true)
		},
		"resolver down": func(b *bed) {
			for _, s := range []*crawltest.Site{b.site, b.web.Site("b.test")} {
				s.SetLookup(func(int) ([]netip.Addr, error) {
					return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
				})
			}
		},
		"resolver down for one": func(b *bed) { // and the other is known by its address
			b.site.SetLookup(func(int) ([]netip.Addr, error) { return nil, &net.DNSError{Err: "timeout", IsTimeout: true} })
		},
		"resolver that knows no name": func(b *bed) {
			for _, s := range []*crawltest.Site{b.site, b.web.Site("b.test")} {
				s.SetLookup(func(int) ([]netip.Addr, error) { return nil, &net.DNSError{Err: "no such host", IsNotFound: true} })
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBed(t, func(b *bed) {
				live := b.twoHosts()
				fail(b)
				b.days(30)
				if n := live("a.test") + live("b.test"); n != gonePages+1 {
					t.Errorf("%d documents, want %d", n, gonePages+1)
				}
			})
		})
	}
}

// TestPresence: what goes through a proxy tells of nobody behind it.
func TestPresence(t *testing.T) {
	direct := &Crawler{}
	led := &Crawler{opt: Options{Fetch: fetch.Options{Proxies: []fetch.ProxyRoute{{}}}}}
	for _, tt := range []struct {
		class       fetch.Class
		direct, led frontier.Presence
	}{
		{fetch.ClassNXDomain, frontier.Absent, frontier.Absent},
		{fetch.ClassConnect, frontier.Absent, frontier.Unclear},
		{fetch.ClassTimeout, frontier.Absent, frontier.Unclear},
		{fetch.ClassDNS, frontier.Unclear, frontier.Unclear},
		{fetch.ClassProxy, frontier.Unclear, frontier.Unclear},
		{fetch.ClassTLS, frontier.Present, frontier.Present},
		{"", frontier.Unclear, frontier.Unclear},
	} {
		if got := direct.presence(tt.class, nil); got != tt.direct {
			t.Errorf("%s: %d", tt.class, got)
		}
		if got := led.presence(tt.class, nil); got != tt.led {
			t.Errorf("%s by proxy: %d", tt.class, got)
		}
	}
	if got := direct.presence(fetch.ClassConnect, fmt.Errorf("dial: %w", &net.OpError{Err: syscall.ENETUNREACH})); got != frontier.Unclear {
		t.Errorf("no route to the network: %d", got)
	}
}
