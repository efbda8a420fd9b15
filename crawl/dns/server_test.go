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
