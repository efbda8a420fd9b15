package dns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/trawlsearch/trawl/crawl/dns"
)

// A server answers for a zone: names to lines of "A 9.9.9.9", "CNAME b.test",
// "NX", "NODATA", "SERVFAIL", "REFUSED", "DROP", "FORMERR" (with EDNS only),
// "BIG" (truncated over UDP), each after "ttl:" if there is one, for A and AAAA
// or, in front of the line, only one of them.
type server struct {
	mu      sync.Mutex
	zone    map[string]string
	asked   map[string]int // "udp name A"
	soa     uint32         // minimum; 0: no SOA record
	mangle  func(msg []byte, network string) [][]byte
	dropped bool // answers nobody
}

func newServer(zone map[string]string) *server {
	return &server{zone: zone, asked: map[string]int{}, soa: 300}
}

func (s *server) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range s.asked {
		if strings.HasPrefix(k, prefix) {
			n += v
		}
	}
	return n
}

func (s *server) set(name, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone[name] = line
}

// answer gives the datagrams to send.
func (s *server) answer(msg []byte, network string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m dnsmessage.Message
	if err := m.Unpack(msg); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	kind := q.Type.String()[len("Type"):]
	s.asked[network+" "+name+" "+kind]++
	if s.dropped {
		return nil
	}
	edns := len(m.Additionals) > 0
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	cur := q.Name
	for hops := 0; hops < 40; hops++ {
		line, ok := s.zone[strings.TrimSuffix(strings.ToLower(cur.String()), ".")]
		if !ok {
			line = "NX"
		}
		next, again := s.records(&out, line, cur, q.Type, edns, network)
		if next == "drop" {
			return nil
		}
		if !again {
			break
		}
		cur = dnsmessage.MustNewName(next + ".")
		if strings.HasPrefix(next, "far.") && hops == 0 {
			break // this server does not follow
		}
	}
	b, err := out.Pack()
	if err != nil {
		panic(err)
	}
	if s.mangle != nil {
		return s.mangle(b, network)
	}
	return [][]byte{b}
}

func (s *server) records(out *dnsmessage.Message, line string, name dnsmessage.Name, t dnsmessage.Type, edns bool, network string) (string, bool) {
	for part := range strings.SplitSeq(line, ";") {
		ttl := uint32(60)
		if n, rest, ok := strings.Cut(strings.TrimSpace(part), ":"); ok && len(n) < 12 && !strings.Contains(n, " ") {
			fmt.Sscan(n, &ttl)
			part = rest
		}
		f := strings.Fields(part)
		h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: ttl}
		switch {
		case f[0] == "CNAME":
			h.Type = dnsmessage.TypeCNAME
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(f[1] + ".")}})
			return f[1], true
		case f[0] == "A":
			h.Type = dnsmessage.TypeA
			if t == h.Type {
				out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: netip.MustParseAddr(f[1]).As4()}})
			}
		case f[0] == "AAAA":
			h.Type = dnsmessage.TypeAAAA
			if t == h.Type {
				out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(f[1]).As16()}})
			}
		case f[0] == "BIG" && network == "udp":
			out.Truncated = true
			return "", false
		case f[0] == "NX":
			out.RCode = dnsmessage.RCodeNameError
		case f[0] == "SERVFAIL":
			out.RCode = dnsmessage.RCodeServerFailure
			return "", false
		case f[0] == "REFUSED":
			out.RCode = dnsmessage.RCodeRefused
			return "", false
		case f[0] == "FORMERR" && edns:
			out.RCode = dnsmessage.RCodeFormatError
			return "", false
		case f[0] == "DROP", f[0] == "DROP4" && t == dnsmessage.TypeA, f[0] == "DROP6" && t == dnsmessage.TypeAAAA:
			return "drop", false
		}
	}
	none := !slices.ContainsFunc(out.Answers, func(r dnsmessage.Resource) bool { return r.Header.Type == t })
	if none && s.soa > 0 {
		h := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("test."), Class: dnsmessage.ClassINET, TTL: 3600}
		n := dnsmessage.MustNewName("ns.test.")
		out.Authorities = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.SOAResource{NS: n, MBox: n, MinTTL: s.soa}}}
	}
	return "", false
}

// serve answers on one connection, datagrams or a stream.
func (s *server) serve(c net.Conn, network string) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n := 0
		var err error
		if network == "tcp" {
			var size [2]byte
			if _, err = io.ReadFull(c, size[:]); err == nil {
				n, err = io.ReadFull(c, buf[:binary.BigEndian.Uint16(size[:])])
			}
		} else {
			n, err = c.Read(buf)
		}
		if err != nil {
			return
		}
		for _, msg := range s.answer(buf[:n], network) {
			if network == "tcp" {
				msg = append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
			}
			if _, err := c.Write(msg); err != nil {
				return
			}
		}
	}
}

// network leads each server address to a server, through pipes.
type network map[string]*server

func (n network) dial(_ context.Context, network, addr string) (net.Conn, error) {
	s := n[addr]
	if s == nil {
		return nil, errors.New("connection refused")
	}
	a, b := net.Pipe()
	go s.serve(b, network)
	return a, nil
}

// file writes a configuration.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newResolver(t testing.TB, n network, conf string, opt dns.Options) *dns.Resolver {
	t.Helper()
	opt.ConfigFile = file(t, conf)
	if opt.HostsFile == "" {
		opt.HostsFile = "/nonexistent"
	}
	opt.Dial = n.dial
	r := dns.New(opt)
	t.Cleanup(r.Close)
	return r
}

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

// TestForged: answers that are not to our question.
func TestForged(t *testing.T) {
	good := map[string]string{"a.test": "A 9.0.0.1"}
	evil := newServer(map[string]string{"a.test": "A 6.6.6.6", "other.test": "A 6.6.6.6"})
	check := func(name string, udp func(msg []byte) [][]byte, want string, tcp int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newServer(good)
			s.mangle = func(msg []byte, network string) [][]byte {
				if network == "tcp" {
					return [][]byte{msg}
				}
				return udp(msg)
			}
			r := newResolver(t, network{"10.0.0.1:53": s}, one, dns.Options{})
			addrs, err := r.LookupNetIP(t.Context(), "ip4", "a.test")
			if got := show(addrs, err); got != want || s.count("tcp") != tcp {
				t.Errorf("%s: %s with %d queries by TCP, want %s with %d", name, got, s.count("tcp"), want, tcp)
			}
		})
	}
	otherID := func(msg []byte) []byte {
		b := append([]byte(nil), evil.forge(msg)...)
		b[0] ^= 0x55
		return b
	}
	check("another id", func(m []byte) [][]byte { return [][]byte{otherID(m), m} }, "9.0.0.1", 0)
	check("a flood of ids", func(m []byte) [][]byte {
		var out [][]byte
		for range 20 {
			out = append(out, otherID(m))
		}
		return append(out, m)
	}, "9.0.0.1", 1)
	check("another name", func(m []byte) [][]byte {
		b := append([]byte(nil), m...)
		b[13] = 'b'
		return [][]byte{b, m}
	}, "9.0.0.1", 0)
	check("another case", func(m []byte) [][]byte {
		b := evil.forge(m)
		for i := 12; i < 20; i++ { // the name in the question
			if 'a' <= b[i]|0x20 && b[i]|0x20 <= 'z' {
				b[i] ^= 0x20
			}
		}
		return [][]byte{b, m}
	}, "9.0.0.1", 1)
	check("a question", func(m []byte) [][]byte { m[2] &^= 0x80; return [][]byte{m} }, "!timeout", 0)
	check("half an answer", func(m []byte) [][]byte { return [][]byte{m[:len(m)-3]} }, "!fault", 0)
	check("nothing", func(m []byte) [][]byte { return [][]byte{{}, m[:5], m} }, "9.0.0.1", 0)
	check("records of another name", func(m []byte) [][]byte {
		var msg dnsmessage.Message
		if err := msg.Unpack(m); err != nil {
			t.Error(err)
		}
		msg.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("bank.test."), Class: dnsmessage.ClassINET, TTL: 9},
			Body:   &dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}},
		}}
		b, _ := msg.Pack()
		return [][]byte{b}
	}, "!notfound", 0)
}

// forge answers in this server's words what another was asked.
func (s *server) forge(answer []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil {
		panic(err)
	}
	m.Response, m.Answers = false, nil
	q, _ := m.Pack()
	return s.answer(q, "udp")[0]
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

// TestSockets: over real sockets, the port from which is asked changes.
func TestSockets(t *testing.T) {
	s := newServer(map[string]string{"a.test": "A 9.0.0.1", "big.test": "BIG; A 9.0.0.2"})
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	l, err := net.Listen("tcp", pc.LocalAddr().String())
	if err != nil {
		t.Skip("the port is taken for TCP: ", err)
	}
	defer l.Close()
	ports := map[string]bool{}
	var mu sync.Mutex
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			mu.Lock()
			ports[from.String()] = true
			mu.Unlock()
			for _, b := range s.answer(buf[:n], "udp") {
				pc.WriteTo(b, from)
			}
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c, "tcp")
		}
	}()
	r := dns.New(dns.Options{Servers: []netip.AddrPort{netip.MustParseAddrPort(pc.LocalAddr().String())}, ConfigFile: "/nonexistent"})
	defer r.Close()
	for name, want := range map[string]string{"a.test": "9.0.0.1", "big.test": "9.0.0.2", "none.test": "!notfound"} {
		if got := lookup(t, r, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ports) < 4 {
		t.Errorf("asked from %d ports: %v", len(ports), ports)
	}
}

// FuzzAnswer sends whatever the fuzzer likes, behind a true header and question
// or alone.
func FuzzAnswer(f *testing.F) {
	s := newServer(map[string]string{"a.test": "CNAME b.test", "b.test": "A 9.0.0.1"})
	f.Add([]byte{}, true)
	f.Add([]byte("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x09\x00\x00\x01"), true)
	f.Add([]byte("\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c"), true)
	f.Fuzz(func(t *testing.T, tail []byte, behind bool) {
		s.mu.Lock()
		s.mangle = func(msg []byte, _ string) [][]byte {
			if !behind {
				return [][]byte{append(msg[:2:2], tail...)}
			}
			m := append([]byte(nil), msg[:12+8+4]...)
			binary.BigEndian.PutUint16(m[6:], uint16(len(tail)))
			binary.BigEndian.PutUint16(m[8:], uint16(len(tail)))
			return [][]byte{append(m, tail...)}
		}
		s.mu.Unlock()
		r := newResolver(t, network{"10.0.0.1:53": s}, one, dns.Options{Timeout: 20 * time.Millisecond, Attempts: 1})
		addrs, err := r.LookupNetIP(t.Context(), "ip", "a.test")
		if (err == nil) != (len(addrs) > 0) || len(addrs) > 64 {
			t.Errorf("%v, %v", addrs, err)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add("nameserver 1.1.1.1\nsearch a.test b.test\noptions ndots:3\n", "127.0.0.1 a b # c\n", "x.y")
	f.Fuzz(func(t *testing.T, conf, hosts, name string) {
		r := newResolver(t, network{"1.1.1.1:53": newServer(nil)}, conf, dns.Options{
			HostsFile: file(t, hosts), Timeout: time.Millisecond, Attempts: 1, Fallback: &upstream{},
		})
		addrs, err := r.LookupNetIP(t.Context(), "ip", name)
		if (err == nil) != (len(addrs) > 0) {
			t.Errorf("%v, %v", addrs, err)
		}
	})
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
