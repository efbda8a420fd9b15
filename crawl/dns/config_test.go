package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/dns"
)

// TestServers: one that is dead, one that fails, and rotation.
func TestServers(t *testing.T) {
	const three = one + "nameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
	zone := map[string]string{"a.test": "A 9.0.0.1", "b.test": "A 9.0.0.2", "c.test": "A 9.0.0.3"}
	synctest.Test(t, func(t *testing.T) {
		dead, failing, good := newServer(zone), newServer(map[string]string{"a.test": "SERVFAIL", "b.test": "REFUSED", "c.test": "SERVFAIL"}), newServer(zone)
		dead.dropped = true
		r := newResolver(t, network{"10.0.0.1:53": dead, "10.0.0.2:53": failing, "10.0.0.3:53": good}, three, dns.Options{})
		start := time.Now()
		if got := lookup(t, r, "a.test"); got != "9.0.0.1" || time.Since(start) != 2*time.Second {
			t.Errorf("%s after %v", got, time.Since(start))
		}
		start = time.Now()
		if got := lookup(t, r, "b.test"); got != "9.0.0.2" || time.Since(start) != 0 {
			t.Errorf("%s after %v: the dead server was asked first", got, time.Since(start))
		}
		time.Sleep(time.Minute)
		lookup(t, r, "c.test") // it has another chance
		if n := dead.count("udp c.test"); n != 2 {
			t.Errorf("%d queries to the dead server", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		zone := map[string]string{}
		for i := range 30 {
			zone[fmt.Sprintf("n%d.test", i)] = "A 9.0.0.1"
		}
		n := network{"10.0.0.1:53": newServer(zone), "10.0.0.2:53": newServer(zone), "10.0.0.3:53": newServer(zone)}
		r := newResolver(t, n, three+"options rotate\n", dns.Options{})
		for name := range zone {
			lookup(t, r, name)
		}
		for addr, s := range n {
			if got := s.count("udp"); got < 5 || got > 40 {
				t.Errorf("%s: %d of 60 queries", addr, got)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) { // nothing listens: no waiting
		r := newResolver(t, network{}, one, dns.Options{})
		if got := lookup(t, r, "a.test"); got != "!fault" {
			t.Error(got)
		}
	})
}

// TestSearch: the search list, as resolv.conf(5) has it.
func TestSearch(t *testing.T) {
	zone := map[string]string{
		"wiki.corp.test": "A 10.0.0.9", "a.b": "A 9.0.0.1", "a.b.corp.test": "A 10.0.0.8", "x.y.z.corp.test": "A 10.0.0.7",
		"broken": "SERVFAIL", "lost.first.test": "SERVFAIL",
	}
	check := func(conf, name, want string, opt dns.Options) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			r := newResolver(t, network{"10.0.0.1:53": newServer(zone)}, one+conf, opt)
			if got := lookup(t, r, name); got != want {
				t.Errorf("%q %s: %s, want %s", conf, name, got, want)
			}
		})
	}
	o := dns.Options{}
	check("", "wiki", "!notfound", o)
	check("search corp.test\n", "wiki", "10.0.0.9", o)
	check("search first.test corp.test.\n", "wiki", "10.0.0.9", o)
	check("search other.test\ndomain corp.test\n", "wiki", "10.0.0.9", o)
	check("search corp.test\n", "wiki.", "!notfound", o)
	check("search corp.test\n", "wiki", "!notfound", dns.Options{NoSearch: true})
	check("search corp.test\n", "a.b", "9.0.0.1", o)
	check("search corp.test\noptions ndots:2\n", "a.b", "10.0.0.8", o)
	check("search corp.test\n", "x.y.z", "10.0.0.7", o)
	check("search corp.test\n", "broken", "!fault", o)
	check("search first.test\n", "lost", "!fault", o) // not known not to exist
	check("# search corp.test\n; search corp.test\n", "wiki", "!notfound", o)
	check("search \nnonsense\noptions ndots:x timeout:-1 attempts:99 foo:1\n", "a.b", "9.0.0.1", o)
}

// TestFiles: /etc/hosts, and configuration that changes or is not there.
func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := map[string]string{"a.test": "1:A 9.0.0.1", "late.test": "A 9.0.0.2"}
		n := network{"10.0.0.1:53": newServer(zone), "10.0.0.2:53": newServer(map[string]string{"a.test": "A 9.0.0.22"})}
		hosts := file(t, "# comment\n10.1.1.1 a.test A2.test # more\n::2 a.test\nbad a.test\n10.1.1.2\n")
		conf := file(t, one)
		r := dns.New(dns.Options{ConfigFile: conf, HostsFile: hosts, Dial: n.dial, MinTTL: -1})
		defer r.Close()
		check := func(name, want string) {
			t.Helper()
			if got := lookup(t, r, name); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		check("a.test", "10.1.1.1 ::2")
		check("A2.TEST.", "10.1.1.1")
		check("late.test", "9.0.0.2")
		os.WriteFile(hosts, []byte("10.1.1.3 other.test another.test\n"), 0o600)
		os.WriteFile(conf, []byte("nameserver 10.0.0.2\n\n"), 0o600)
		check("a.test", "10.1.1.1 ::2") // not looked at for five seconds
		time.Sleep(5 * time.Second)
		check("a.test", "9.0.0.22")
		check("other.test", "10.1.1.3")
	})
	for _, conf := range []string{"/nonexistent", file(t, "search a.test\n")} {
		synctest.Test(t, func(t *testing.T) {
			up := &upstream{}
			r := dns.New(dns.Options{ConfigFile: conf, HostsFile: "/nonexistent", Fallback: up})
			defer r.Close()
			for range 3 {
				for name, want := range map[string]string{"a.test": "9.0.0.1", "none.test": "!notfound", "odd.test": "!fault", "empty.test": "!notfound"} {
					if got := lookup(t, r, name); got != want {
						t.Errorf("%s: %s, want %s", name, got, want)
					}
				}
			}
			if up.n != 4 || r.Stats().Fallbacks != 4 {
				t.Errorf("asked %d times", up.n)
			}
			time.Sleep(time.Minute)
			lookup(t, r, "a.test")
			if up.n != 5 {
				t.Errorf("asked %d times after a minute", up.n)
			}
		})
	}
}

type upstream struct{ n int }

func (u *upstream) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	u.n++
	switch host {
	case "a.test":
		return []netip.Addr{netip.MustParseAddr("9.0.0.1")}, nil
	case "none.test":
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	case "empty.test":
		return nil, nil
	}
	return nil, errors.New("odd")
}
