package dns_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/trawlsearch/trawl/crawl/dns"
)

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
