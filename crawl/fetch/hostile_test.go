package fetch_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// fault asks for one behaviour, over sockets.
func fault(t *testing.T, opt fetch.Options, h http.Handler) (*crawltest.Web, *fetch.Response, error) {
	t.Helper()
	web := crawltest.New(t)
	web.Site("a.test").Handle("/", h)
	r, err := newClient(t, web, opt).Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
	return web, r, err
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

// TestBodies: rows B01, B02, B07 to B12, and bodies that are merely odd.
// The number is how many requests the server saw.
func TestBodies(t *testing.T) {
	kib := strings.Repeat("0123456789abcdef", 64)
	limit := fetch.Options{MaxBodyBytes: 1 << 10, MaxWireBytes: 1 << 10}
	many := strings.Repeat("X-Header: value\r\n", 100_000)
	check := func(name string, opt fetch.Options, h http.Handler, want string, requests int) {
		t.Helper()
		web, r, err := fault(t, opt, h)
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
		if n := web.Hits("a.test", ""); n != requests {
			t.Errorf("%s: %d requests, want %d", name, n, requests)
		}
	}
	o := fetch.Options{}
	check("whole", o, crawltest.Bytes(head+"Content-Length: 3\r\n\r\nabc"), "200 3", 1)
	check("to the end of the connection", o, crawltest.Bytes(head+"\r\nabc"), "200 3", 1)
	check("chunks", o, crawltest.Bytes(head+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "200 3", 1)
	check("HTTP/1.0", o, crawltest.Bytes("HTTP/1.0 200 OK\r\n\r\nabc"), "200 3", 1)
	check("exactly the limit", limit, crawltest.Bytes(head+"Content-Length: 1024\r\n\r\n"+kib), "200 1024", 1)
	check("above the limit", limit, crawltest.Bytes(head+"Content-Length: 1025\r\n\r\n"+kib+"x"), "200 1024 cut:body-limit", 1)
	check("above, in chunks", limit, crawltest.Bytes(head+"Transfer-Encoding: chunked\r\n\r\n400\r\n"+kib+"\r\n1\r\nx\r\n0\r\n\r\n"), "200 1024 cut:body-limit", 1)
	check("B07 one header", o, crawltest.Bytes("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 20<<20)+"\r\n\r\nabc"), "!header-limit", 1)
	check("B07 many headers", o, crawltest.Bytes("HTTP/1.1 200 OK\r\n"+many+"\r\nabc"), "!header-limit", 1)
	check("B08 short", o, crawltest.Bytes(head+"Content-Length: 1000\r\n\r\n"+kib[:500]), "200 500 cut:truncated", 1)
	check("B08 nothing", o, crawltest.Bytes(head+"Content-Length: 1000\r\n\r\n"), "200 0 cut:truncated !truncated", 1)
	check("B08 no last chunk", o, crawltest.Bytes(head+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "200 3 cut:truncated", 1)
	check("B09 bad chunk early", o, crawltest.Bytes(head+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"), "200 3 cut:decode-error !decode-error", 1)
	check("B09 bad chunk late", o, crawltest.Bytes(head+"Transfer-Encoding: chunked\r\n\r\n400\r\n"+kib+"\r\nzz\r\n"), "200 1024 cut:decode-error", 1)
	check("B10 HTTP/0.9", o, crawltest.Bytes("<html>hello\n"), "!protocol-error", 1)
	check("B10 garbage", o, crawltest.Bytes("\x00\x01\x02\xff\r\n\r\n"), "!protocol-error", 1)
	check("B10 bad status", o, crawltest.Bytes("HTTP/1.1 abc\r\n\r\n"), "!protocol-error", 1)
	check("B10 status 999", o, crawltest.Bytes("HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"), "999 0 !protocol-error", 1)
	check("B10 two lengths", o, crawltest.Bytes(head+"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "!protocol-error", 1)
	check("B10 bad header", o, crawltest.Bytes("HTTP/1.1 200 OK\r\n: x\r\n\r\nab"), "!protocol-error", 1)
	check("B11 closed at once", o, crawltest.Bytes(""), "!reset", 2)
	check("B11 reset at once", o, crawltest.Reset(""), "!reset", 2)
	ok := crawltest.Page{HTML: "ok"}
	check("B11 reset once", o, crawltest.Turns(crawltest.Reset(""), ok), "200 2 retried", 2)
	check("B11 closed once", o, crawltest.Turns(crawltest.Bytes(""), ok), "200 2 retried", 2)
	check("B11 reset after the header", o, crawltest.Turns(crawltest.Reset(head+"Content-Length: 5\r\n\r\n"), ok), "200 2 retried", 2)
	check("B12 five informational", o, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5)+head+"Content-Length: 3\r\n\r\nabc"), "200 3", 1)
	check("B12 100 informational", o, crawltest.Bytes(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100)+head+"\r\nabc"), "!protocol-error", 1)
	check("switching protocols", o, crawltest.Bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "101 0 !protocol-error", 1)
	check("redirect with a bad body", o, crawltest.Bytes("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 9\r\n\r\n"), "301 0 cut:truncated", 1)
}

// TestEndless: rows B01 and B02. The client takes what it may and no more; the
// buffers of the network hold the rest of what the server got rid of.
func TestEndless(t *testing.T) {
	block := strings.Repeat("x", 1<<14)
	for name, h := range map[string]func(n *atomic.Int64) http.Handler{
		"B01 length": func(n *atomic.Int64) http.Handler {
			return crawltest.Endless(head+"Content-Length: 10000000000\r\n\r\n", block, n)
		},
		"B02 chunks": func(n *atomic.Int64) http.Handler {
			return crawltest.Endless(head+"Transfer-Encoding: chunked\r\n\r\n", "4000\r\n"+block+"\r\n", n)
		},
	} {
		web := crawltest.New(t)
		var sent, read atomic.Int64
		web.Site("a.test").Handle("/", h(&sent))
		c := fetch.New(fetch.Options{Resolver: web, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := web.Dial(ctx, network, addr)
			return countConn{c, &read}, err
		}})
		defer c.Close()
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if got := show(r, err); got != fmt.Sprintf("200 %d cut:body-limit", 10<<20) {
			t.Errorf("%s: %s", name, got)
		}
		if n := read.Load(); n > 10<<20+64<<10 {
			t.Errorf("%s: %d bytes read, the limit is %d", name, n, 10<<20)
		}
	}
}

type countConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// TestTimes: rows B05 and B06, in fake time.
func TestTimes(t *testing.T) {
	kib := strings.Repeat("x", 1<<10)
	check := func(name string, h http.Handler, want string, took time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			web := crawltest.NewInMemory(t)
			web.Site("a.test").Handle("/", h)
			c := newClient(t, web, fetch.Options{})
			start := time.Now()
			r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
			if got := show(r, err); got != want || time.Since(start) != took {
				t.Errorf("%s: %s (%v) after %v, want %s after %v", name, got, err, time.Since(start), want, took)
			}
		})
	}
	each := 3 * time.Second
	check("B05 a byte in 3 s", crawltest.Drip(head+"\r\n", each), "200 4 cut:slow !slow", 10*time.Second)
	check("B05 after a good start", crawltest.Drip(head+"\r\n"+strings.Repeat(kib, 20), each), "200 20487 cut:slow", 20*time.Second)
	check("B05 not quite 1 KiB/s", crawltest.Drip(head+"\r\n"+kib, 1100*time.Microsecond), "200 10115 cut:slow", 10*time.Second)
	check("B06 header, a byte a second", crawltest.Drip("", time.Second), "!timeout", 10*time.Second)
	check("B06 no header", crawltest.Hang(""), "!timeout", 10*time.Second)
	check("hangs in the body", crawltest.Hang(head+"Content-Length: 2000\r\n\r\n"+kib), "200 1024 cut:slow", 10*time.Second)
	check("just fast enough", crawltest.Drip(head+"\r\n", 700*time.Microsecond), "200 85715 cut:timeout", time.Minute)
	check("slow but whole", crawltest.Page{HTML: "ok", Delay: 9 * time.Second}, "200 2", 9*time.Second)
}

// pack encodes a body.
func pack(t testing.TB, coding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw-deflate":
		w, _ = flate.NewWriter(&b, 6)
	}
	w.Write(body)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCodings(t *testing.T) {
	web := crawltest.New(t)
	site := web.Site("a.test")
	c := newClient(t, web, fetch.Options{})
	rnd := rand.New(rand.NewPCG(1, 2))
	var text bytes.Buffer
	for range 60_000 {
		fmt.Fprintf(&text, "word%d ", rnd.IntN(5000))
	}
	body := text.Bytes()
	check := func(name, coding string, wire []byte, want string) *fetch.Response {
		t.Helper()
		site.Handle("/", crawltest.Coded(coding, wire))
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		if got := show(r, err); got != want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
		if err == nil && r.Status == 200 && !bytes.HasPrefix(body, r.Body) && want == fmt.Sprintf("200 %d", len(body)) {
			t.Errorf("%s: not the body", name)
		}
		return r
	}
	whole := fmt.Sprintf("200 %d", len(body))
	for range 2 { // the second time with used decoders
		for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
			wire := pack(t, coding, body)
			r := check(coding, coding, wire, whole)
			if r.WireBytes != int64(len(wire)) || r.Header.Get("Content-Encoding") != coding {
				t.Errorf("%s: %d bytes of %d, %v", coding, r.WireBytes, len(wire), r.Header)
			}
			check(coding+" empty", coding, nil, "200 0")
			check(coding+" of nothing", coding, pack(t, coding, nil), "200 0")
			check(coding+" garbage", coding, []byte("<html>this is not encoded at all</html>"), "200 0 cut:decode-error !decode-error")
			check(coding+" damaged early", coding, append([]byte{wire[0], wire[1], wire[2]}, bytes.Repeat([]byte{0xff}, 100)...), "200 0 cut:decode-error !decode-error")
			site.Handle("/", crawltest.Coded(coding, wire[:len(wire)/2]))
			r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
			if err != nil || r.Cut != fetch.ClassDecode || !bytes.HasPrefix(body, r.Body) || len(r.Body) < 1024 {
				t.Errorf("%s cut in half: %s", coding, show(r, err))
			}
		}
	}
	check("bare deflate", "deflate", pack(t, "raw-deflate", body), whole)
	check("spelling", " X-GZIP ,", pack(t, "gzip", body), whole)
	check("none of it true", "utf-8, none", body, whole)
	check("identity", "identity, gzip", pack(t, "gzip", body), whole)
	check("members", "gzip", append(pack(t, "gzip", body[:1000]), pack(t, "gzip", body[1000:])...), whole)
	check("padding", "gzip", append(pack(t, "gzip", body), "\x00\x00\r\n"...), whole)
	two := pack(t, "br", pack(t, "gzip", body))
	check("two codings", "gzip, br", two, whole)
	check("three codings", "gzip, br, gzip", pack(t, "gzip", two), "200 0 cut:decode-error !decode-error")
	damaged := pack(t, "gzip", body)
	damaged[len(damaged)-5] ^= 1
	check("B09 corrupt gzip tail", "gzip", damaged, whole+" cut:decode-error")
	if n := len(web.Requests()); n < 50 {
		t.Errorf("%d requests", n)
	}
}

// TestBombs: rows B03 and B04.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 16<<20)
	var wide bytes.Buffer // a frame that asks for a window of 2 GiB
	wide.Write([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3})
	wide.Write(bytes.Repeat([]byte{0x02, 0xff, 0xff, 'x'}, 100))
	bombs := map[string]struct {
		wire []byte
		want string
	}{
		"gzip":             {crawltest.GzipBomb(10 << 10), "ratio"},
		"br":               {pack(t, "br", zeros), "ratio"},
		"zstd":             {pack(t, "zstd", zeros), "ratio"},
		"deflate":          {pack(t, "deflate", zeros), "ratio"},
		"gzip, gzip":       {pack(t, "gzip", crawltest.GzipBomb(1024)), "ratio"},
		"zstd, identity":   {wide.Bytes(), "decode"},
		"gzip, gzip, gzip": {pack(t, "gzip", pack(t, "gzip", pack(t, "gzip", zeros))), "decode"},
	}
	zeros = nil
	for coding, bomb := range bombs {
		web := crawltest.New(t)
		web.Site("a.test").Handle("/", crawltest.Coded(coding, bomb.wire))
		c := newClient(t, web, fetch.Options{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test/")})
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		switch {
		case bomb.want == "ratio" && (err != nil || r.Cut != fetch.ClassRatioLimit || len(r.Body) > 4<<20),
			bomb.want == "decode" && fetch.ClassOf(err) != fetch.ClassDecode:
			t.Errorf("%s: %s (%v)", coding, show(r, err), err)
		}
		// All that was allocated, freed or not: more than ever lived at once.
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
			t.Errorf("%s: %d MiB allocated", coding, n>>20)
		}
		if took > time.Second {
			t.Errorf("%s: took %v", coding, took)
		}
	}
}

// TestKeepAlive: connections are used again, whatever the framing and coding,
// and a kept connection that the server closed is no failure (B11).
func TestKeepAlive(t *testing.T) {
	web := crawltest.New(t)
	var dials atomic.Int64
	c := fetch.New(fetch.Options{Resolver: web, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return web.Dial(ctx, network, addr)
	}})
	defer c.Close()
	site := web.Site("a.test")
	get := func(path string) {
		t.Helper()
		r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test"+path)})
		if err != nil || r.Status != 200 || r.Retried || string(r.Body) != "hello" {
			t.Errorf("%s: %s (%v)", path, show(r, err), err)
		}
	}
	site.Page("/length", crawltest.Page{HTML: "hello"})
	for _, coding := range []string{"", "gzip", "br", "zstd"} {
		body := []byte("hello")
		if coding != "" {
			body = pack(t, coding, body)
		}
		site.HandleFunc("/chunks-"+coding, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", coding)
			for _, b := range body {
				w.Write([]byte{b})
				http.NewResponseController(w).Flush()
			}
		})
		site.Handle("/length-"+coding, crawltest.Coded(coding, body))
	}
	for range 3 {
		get("/length")
		for _, coding := range []string{"", "gzip", "br", "zstd"} {
			get("/chunks-" + coding)
			get("/length-" + coding)
		}
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	// The server drops the kept connection: at once seen, or while we write.
	site.Handle("/drop", crawltest.Bytes(head+"Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"))
	for range 5 {
		get("/drop")
		get("/length")
	}
	if n := dials.Load(); n > 6 {
		t.Errorf("%d connections", n)
	}
}

// TestResetReused: the server breaks a kept connection after it has read the
// request.
func TestResetReused(t *testing.T) {
	web := crawltest.New(t)
	c := newClient(t, web, fetch.Options{})
	site := web.Site("a.test")
	for i := range 5 {
		path := fmt.Sprintf("/%d", i)
		site.Page("/", crawltest.Page{HTML: "ok"})
		site.Handle(path, crawltest.Turns(crawltest.Reset(""), crawltest.Page{HTML: "hello"}))
		for _, p := range []string{"/", path} {
			r, err := c.Get(t.Context(), fetch.Request{URL: parse(t, "http://a.test"+p)})
			if err != nil || r.Status != 200 {
				t.Errorf("%s: %s (%v)", p, show(r, err), err)
			}
		}
		if n := web.Hits("a.test", path); n != 2 {
			t.Errorf("%s: %d requests", path, n)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	web := crawltest.New(b)
	g := crawltest.Generate(1, 100)
	web.Site("a.test").Mount(g)
	c := newClient(b, web, fetch.Options{})
	i := 0
	for b.Loop() {
		p := g.Pages[i%len(g.Pages)]
		if _, err := c.Get(b.Context(), fetch.Request{URL: parse(b, "http://a.test"+p.Path)}); err != nil {
			b.Fatal(err)
		}
		if i++; i%1000 == 0 {
			web.Forget()
		}
	}
}
