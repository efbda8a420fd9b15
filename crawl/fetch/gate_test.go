package fetch_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// A gate is a proxy at an address of its own: HTTP (CONNECT and whole
// addresses) and SOCKS5, told apart by the first byte.
type gate struct {
	web      *crawltest.Web
	password string // of user "u"; "": none is asked for
	tls      *tls.Config

	mu     sync.Mutex
	down   bool // nothing listens
	mute   bool // takes all, says nothing
	answer string
	says   func(target string) string // what it says to HTTP for a target, in parts, before it ends the connection, or "wait", "close"; "": it does its work
	asked  []string                   // "CONNECT host:port", "GET http://...", "SOCKS host:port"
	heads  []http.Header
	conns  int
}

func (g *gate) note(what string, h http.Header) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked, g.heads = append(g.asked, what), append(g.heads, h)
}

func (g *gate) log() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.asked...)
}

func (g *gate) serve(c net.Conn) {
	defer c.Close()
	g.mu.Lock()
	g.conns++
	mute, answer := g.mute, g.answer
	g.mu.Unlock()
	if g.tls != nil {
		c = tls.Server(c, g.tls)
	}
	br := bufio.NewReader(c)
	first, err := br.Peek(1)
	switch {
	case err != nil:
	case mute:
		io.Copy(io.Discard, br)
	case answer != "":
		if first[0] != 5 {
			http.ReadRequest(br)
		} else {
			br.Discard(3)
		}
		io.WriteString(c, answer)
	case first[0] == 5:
		g.socks(c, br)
	default:
		g.http(c, br)
	}
}

func (g *gate) http(c net.Conn, br *bufio.Reader) {
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		g.note(req.Method+" "+req.RequestURI, req.Header)
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+g.password))
		if g.password != "" && req.Header.Get("Proxy-Authorization") != want {
			io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return
		}
		if g.says != nil {
			switch answer := g.says(req.Host); answer {
			case "":
			case "close":
				return
			case "wait":
				io.Copy(io.Discard, br)
				return
			default:
				done := make(chan struct{})
				go func() { io.Copy(io.Discard, br); close(done) }()
				defer func() { c.Close(); <-done }()
				for part := range strings.SplitSeq(answer, "|") {
					io.WriteString(c, part)
				}
				return
			}
		}
		if req.Method == http.MethodConnect {
			g.pipe(c, br, req.RequestURI, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
		req.Header.Del("Proxy-Authorization")
		up, err := g.dial(net.JoinHostPort(req.URL.Hostname(), "80"))
		if err != nil {
			io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			return
		}
		fmt.Fprintf(up, "GET %s HTTP/1.1\r\nHost: %s\r\n", req.URL.RequestURI(), req.Host)
		req.Header.Write(up)
		io.WriteString(up, "\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(up), req)
		if err == nil {
			resp.Write(c)
		}
		up.Close()
	}
}

func (g *gate) socks(c net.Conn, br *bufio.Reader) {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(br, b)
		return b
	}
	method := read(int(read(2)[1]))[0]
	if want := map[bool]byte{true: 2}[g.password != ""]; method != want {
		c.Write([]byte{5, 0xff})
		return
	}
	c.Write([]byte{5, method})
	if method == 2 {
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user != "u" || password != g.password {
			c.Write([]byte{1, 1})
			return
		}
		c.Write([]byte{1, 0})
	}
	var host string
	switch read(4)[3] {
	case 1:
		host = netip.AddrFrom4([4]byte(read(4))).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = netip.AddrFrom16([16]byte(read(16))).String()
	}
	target := net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(read(2))))
	g.note("SOCKS "+target, nil)
	g.pipe(c, br, target, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
}

// dial is the proxy's own way to the web.
func (g *gate) dial(target string) (net.Conn, error) {
	host, port, _ := net.SplitHostPort(target)
	if a, err := netip.ParseAddr(host); err == nil {
		return g.web.Dial(context.Background(), "tcp", net.JoinHostPort(a.String(), port))
	}
	addrs, err := g.web.LookupNetIP(context.Background(), "ip", host)
	if err != nil {
		return nil, err
	}
	return g.web.Dial(context.Background(), "tcp", net.JoinHostPort(addrs[0].String(), port))
}

func (g *gate) pipe(c net.Conn, br *bufio.Reader, target, yes, no string) {
	up, err := g.dial(target)
	if err != nil {
		io.WriteString(c, no)
		return
	}
	defer up.Close()
	io.WriteString(c, yes)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(up, br)
		up.Close()
	}()
	io.Copy(c, up)
	c.Close()
	<-done
}

// A fence is the network of a machine that has proxies: it leads their
// addresses to them and counts every other connection.
type fence struct {
	gates map[string]*gate

	mu     sync.Mutex
	direct []string
}

func (f *fence) dial(_ context.Context, _, addr string) (net.Conn, error) {
	g := f.gates[addr]
	if g == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.direct = append(f.direct, addr)
		return nil, fmt.Errorf("no way out to %s", addr)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		g.conns++
		return nil, fmt.Errorf("connection refused")
	}
	a, b := net.Pipe()
	go g.serve(b)
	return a, nil
}

// fenced makes a web behind proxies at 10.0.0.1:3128, :3129 and so on, and a
// client that is routed through proxies.
func fenced(t *testing.T, gates int, routes ...fetch.ProxyRoute) (*crawltest.Web, *fence, *fetch.Client) {
	web := crawltest.NewInMemory(t)
	f := &fence{gates: map[string]*gate{}}
	for i := range gates {
		f.gates[fmt.Sprintf("10.0.0.1:%d", 3128+i)] = &gate{web: web}
	}
	c := fetch.New(fetch.Options{Resolver: web, Dial: f.dial, RootCAs: web.RootCAs(), Proxies: routes})
	t.Cleanup(c.Close)
	return web, f, c
}

func mustProxy(t testing.TB, s string) fetch.Proxy {
	t.Helper()
	p, err := fetch.ParseProxy(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func via(t testing.TB, addrs ...string) fetch.ProxyRoute {
	var r fetch.ProxyRoute
	for _, s := range addrs {
		r.Proxies = append(r.Proxies, mustProxy(t, s))
	}
	return r
}
