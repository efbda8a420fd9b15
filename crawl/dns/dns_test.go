package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/dns"
)

const one = "nameserver 10.0.0.1\n"

// show is an outcome in a line.
func show(addrs []netip.Addr, err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return strings.Trim(fmt.Sprint(addrs), "[]")
	case !errors.As(err, &dns):
		return "foreign error " + err.Error()
	case dns.IsNotFound:
		return "!notfound"
	case dns.IsTimeout:
		return "!timeout"
	case dns.IsTemporary:
		return "!fault"
	}
	return "!" + dns.Err
}

func lookup(t testing.TB, r *dns.Resolver, name string) string {
	t.Helper()
	return show(r.LookupNetIP(t.Context(), "ip", name))
}

// TestAnswers: one question each, and what it costs in queries.
func TestAnswers(t *testing.T) {
	long := map[string]string{}
	for i := range 20 {
		long[fmt.Sprintf("c%d.test", i)] = fmt.Sprintf("CNAME c%d.test", i+1)
	}
	long["c20.test"] = "A 9.0.0.20"
	zone := map[string]string{
		"a.test": "A 9.0.0.1", "both.test": "AAAA 2600::1; A 9.0.0.1; A 9.0.0.2", "six.test": "AAAA 2600::6",
		"none.test": "NX", "nodata.test": "NODATA", "fail.test": "SERVFAIL", "refused.test": "REFUSED", "drop.test": "DROP",
		"alias.test": "CNAME a.test", "far.test": "CNAME far.b.test", "far.b.test": "A 9.0.0.3", "dead.test": "CNAME gone.test",
		"loop1.test": "CNAME loop2.test", "loop2.test": "CNAME loop1.test", "self.test": "CNAME self.test",
		"far.l1.test": "CNAME far.l2.test", "far.l2.test": "CNAME far.l1.test",
		"big.test": "BIG; A 9.0.0.9", "old.test": "FORMERR; A 9.0.0.4",
		"half4.test": "DROP6; A 9.0.0.5", "half6.test": "DROP4; AAAA 2600::5",
		"under_score.test": "A 9.0.0.7", "mapped.test": "AAAA ::ffff:9.0.0.8",
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("A 9.1.0.%d", i))
	}
	zone["hundred.test"] = strings.Join(many, ";")
	for k, v := range long {
		zone[k] = v
	}
	for _, c := range []struct {
		name, want string
		udp, tcp   int // queries for any name
	}{
		{"a.test", "9.0.0.1", 2, 0},
		{"A.Test.", "9.0.0.1", 2, 0},
		{"both.test", "9.0.0.1 9.0.0.2 2600::1", 2, 0},
		{"six.test", "2600::6", 2, 0},
		{"none.test", "!notfound", 2, 0},
		{"nodata.test", "!notfound", 2, 0},
		{"fail.test", "!fault", 4, 0}, // two rounds
		{"refused.test", "!fault", 4, 0},
		{"drop.test", "!timeout", 4, 0},
		{"alias.test", "9.0.0.1", 2, 0},
		{"far.test", "9.0.0.3", 4, 0}, // asked again for where the alias leads
		{"dead.test", "!notfound", 2, 0},
		{"loop1.test", "!fault", 2, 0},
		{"self.test", "!fault", 2, 0},
		{"far.l1.test", "!fault", 2 * 16, 0},
		{"c4.test", "9.0.0.20", 2, 0}, // 16 aliases
		{"c3.test", "!fault", 2, 0},
		{"big.test", "9.0.0.9", 2, 2},
		{"old.test", "9.0.0.4", 4, 0},
		{"half4.test", "9.0.0.5", 2, 0},
		{"half6.test", "2600::5", 2, 0},
		{"under_score.test", "9.0.0.7", 2, 0},
		{"mapped.test", "9.0.0.8", 2, 0},
		{"9.8.7.6", "9.8.7.6", 0, 0},
		{"::1", "::1", 0, 0},
		{"localhost", "127.0.0.1 ::1", 0, 0},
		{"x.localhost.", "127.0.0.1 ::1", 0, 0},
		{"", "!notfound", 0, 0},
		{".", "!notfound", 0, 0},
		{"a..test", "!notfound", 0, 0},
		{strings.Repeat("a", 64) + ".test", "!notfound", 0, 0},
		{strings.Repeat("a.", 127) + "test", "!notfound", 0, 0},
		{"facebookcorewwwi.onion", "!notfound", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(zone)
				r := newResolver(t, network{"10.0.0.1:53": s}, one, dns.Options{})
				for range 2 { // the second time from what is kept
					if got := lookup(t, r, c.name); got != c.want {
						t.Errorf("%s, want %s", got, c.want)
					}
				}
				if udp, tcp := s.count("udp"), s.count("tcp"); udp != c.udp || tcp != c.tcp {
					t.Errorf("%d queries by UDP and %d by TCP, want %d and %d", udp, tcp, c.udp, c.tcp)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r := newResolver(t, network{"10.0.0.1:53": newServer(zone)}, one, dns.Options{})
		addrs, err := r.LookupNetIP(t.Context(), "ip", "hundred.test")
		if err != nil || len(addrs) != 64 {
			t.Errorf("%d of 100 addresses, %v", len(addrs), err)
		}
		for network, want := range map[string]string{"ip4": "9.0.0.1 9.0.0.2", "ip6": "2600::1", "ip": "9.0.0.1 9.0.0.2 2600::1"} {
			if got := show(r.LookupNetIP(t.Context(), network, "both.test")); got != want {
				t.Errorf("%s: %s, want %s", network, got, want)
			}
		}
		if _, err := r.LookupNetIP(t.Context(), "tcp", "both.test"); err == nil {
			t.Error("tcp is no network of addresses")
		}
	})
}

// TestLifetimes: what is kept, and how long, in fake time.
func TestLifetimes(t *testing.T) {
	check := func(line string, soa uint32, opt dns.Options, holds time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(map[string]string{"a.test": line})
			s.soa = soa
			r := newResolver(t, network{"10.0.0.1:53": s}, one+"options attempts:1\n", opt)
			lookup(t, r, "a.test")
			first := s.count("udp a.test")
			time.Sleep(holds - time.Millisecond)
			lookup(t, r, "a.test")
			if n := s.count("udp a.test"); n != first {
				t.Errorf("%s: asked again before %v", line, holds)
			}
			time.Sleep(time.Millisecond)
			lookup(t, r, "a.test")
			if n := s.count("udp a.test"); n == first {
				t.Errorf("%s: not asked again after %v", line, holds)
			}
		})
	}
	o := dns.Options{}
	check("60:A 9.0.0.1", 300, o, time.Minute)
	check("3600:A 9.0.0.1; 60:A 9.0.0.2", 300, o, time.Minute)
	check("3600:A 9.0.0.1; 60:AAAA 2600::1", 300, o, time.Minute)
	check("0:A 9.0.0.1", 300, o, 10*time.Second)
	check("1:A 9.0.0.1", 300, dns.Options{MinTTL: -1}, time.Second)
	check("9999999:A 9.0.0.1", 300, o, 24*time.Hour)
	check("4294967295:A 9.0.0.1", 300, o, 10*time.Second) // RFC 2181: taken for 0
	check("60:A 9.0.0.1", 300, dns.Options{MaxTTL: 30 * time.Second}, 30*time.Second)
	check("NX", 300, o, 5*time.Minute)
	check("NX", 86400, o, 10*time.Minute)
	check("NX", 86400, dns.Options{MaxNegativeTTL: 2 * time.Hour}, time.Hour) // the SOA record's own lifetime
	check("NX", 0, o, 10*time.Second)                                         // nobody vouches for it
	check("NODATA", 60, o, time.Minute)
	check("SERVFAIL", 300, o, 10*time.Second)
	check("SERVFAIL", 300, dns.Options{FaultTTL: time.Minute}, time.Minute)
	check("DROP", 300, o, 10*time.Second)
	check("86400:A 9.0.0.1; DROP6", 300, o, 5*time.Minute) // a family is missing for a failure
}

// TestTogether: those who ask at the same time ask once, and one who goes away
// does not take the answer from the others.
func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(map[string]string{"a.test": "DROP"})
		r := newResolver(t, network{"10.0.0.1:53": s}, one+"options timeout:3 attempts:2\n", dns.Options{})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if got := show(r.LookupNetIP(short, "ip", "a.test")); got != "!timeout" || time.Since(start) != time.Second {
			t.Errorf("%s after %v", got, time.Since(start))
		}
		s.set("a.test", "A 9.0.0.1")
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got := lookup(t, r, "a.test"); got != "9.0.0.1" {
					t.Error(got)
				}
			})
		}
		wg.Wait()
		if n := s.count("udp a.test A"); n < 4 || n > 4+4 {
			t.Errorf("%d queries", n)
		}
		if st := r.Stats(); st.Misses != 1 || st.Hits != 50 || st.Entries != 1 || st.Timeouts != 2 {
			t.Errorf("%+v", st)
		}
	})
}

// TestBound: the names kept do not grow for ever, and those in use stay.
func TestBound(t *testing.T) {
	r := dns.New(dns.Options{ConfigFile: "/nonexistent", Fallback: &upstream{}, MaxEntries: 100})
	defer r.Close()
	for i := range 1000 {
		lookup(t, r, fmt.Sprintf("n%d.test", i))
		lookup(t, r, "a.test")
	}
	st := r.Stats()
	if st.Entries > 100 || st.Misses != 1001 || st.Hits != 999 {
		t.Errorf("%+v", st)
	}
}

func BenchmarkCached(b *testing.B) {
	r := dns.New(dns.Options{ConfigFile: "/nonexistent", Fallback: &upstream{}})
	defer r.Close()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.LookupNetIP(b.Context(), "ip", "a.test"); err != nil {
				b.Error(err)
			}
		}
	})
}
