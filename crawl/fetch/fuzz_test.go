package fetch

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// FuzzBody reads anything under any coding: it must end, within the limits,
// and without a panic.
func FuzzBody(f *testing.F) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(bytes.Repeat([]byte("text "), 1000))
	w.Close()
	for _, coding := range []string{"gzip", "br", "zstd", "deflate", "gzip, br", "x, identity", "gzip,gzip,gzip"} {
		f.Add(coding, z.Bytes())
	}
	f.Add("zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x09, 0x00, 0x00, 'a', 0x99, 0xe9, 0xd8, 0x51})
	f.Add("br", []byte{0x0b, 0x02, 0x80, 'h', 'e', 'l', 'l', 'o', 0x03})
	c := New(Options{MaxBodyBytes: 1 << 16})
	f.Fuzz(func(t *testing.T, coding string, wire []byte) {
		hresp := &http.Response{Header: http.Header{"Content-Encoding": {coding}}, Body: http.NoBody}
		hresp.Body = readCloser{bytes.NewReader(wire)}
		out := &Response{}
		lim := limits{body: 1 << 16, wire: 1 << 16}
		if len(wire)%2 == 0 {
			hresp.ContentLength = int64(len(wire))
		}
		l := c.newLife(context.Background(), time.Minute)
		defer l.over()
		class, err := c.readBody(l, hresp, lim, nil, out)
		if (class == "") != (err == nil) && out.Cut == "" {
			t.Errorf("class %q, error %v", class, err)
		}
		if len(out.Body) > 1<<16 || out.WireBytes > 1<<16 {
			t.Errorf("%d bytes of body, %d over the wire", len(out.Body), out.WireBytes)
		}
		if !out.Truncated && len(codings(hresp.Header)) == 0 && !bytes.Equal(out.Body, wire) {
			t.Error("a plain body was changed")
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "99999999999999999999", "Mon, 23 Nov 2026 10:00:45 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := RetryAfter(http.Header{"Retry-After": {s}}, time.Unix(1e9, 0))
		if d < 0 || d > maxRetryAfter || !ok && d != 0 {
			t.Errorf("%q: %v %v", s, d, ok)
		}
		if d := robotsLife(http.Header{"Cache-Control": {"max-age=" + s}}); d < minRobotsTTL || d > robotsTTL {
			t.Errorf("max-age=%q: %v", s, d)
		}
	})
}

// FuzzTunnel is a proxy that says what it likes: no tunnel comes of it but after
// the words of the protocol.
func FuzzTunnel(f *testing.F) {
	f.Add("socks5", "", []byte("\x05\x00\x05\x00\x00\x01\x01\x02\x03\x04\x00\x50"))
	f.Add("socks5", "pw", []byte("\x05\x02\x01\x00\x05\x00\x00\x03\x01a\x00\x50"))
	f.Add("http", "pw", []byte("HTTP/1.1 200 OK\r\nX: y\r\n\r\n"))
	f.Fuzz(func(t *testing.T, scheme, password string, says []byte) {
		hook := func(context.Context, string, string) (net.Conn, error) {
			return &scripted{bytes.NewReader(says)}, nil
		}
		d := &dialer{guard: &guard{}, hook: hook, timeout: time.Second, maxAddrs: 8}
		x := &tunnel{dialer: d, proxy: &proxy{Proxy: Proxy{Scheme: scheme, Host: "10.0.0.1:1", RemoteDNS: true, Password: NewSecret(password)}}}
		c, err := x.DialContext(context.Background(), "tcp", "a.test:80")
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		socks := len(says) >= 9 && says[0] == 5
		if err == nil && !(scheme == "socks5" && socks || scheme != "socks5" && bytes.HasPrefix(says, []byte("HTTP/1."))) {
			t.Errorf("a tunnel came of %q", says)
		}
	})
}

// A scripted connection takes everything and says one thing.
type scripted struct{ *bytes.Reader }

func (s *scripted) Write(p []byte) (int, error)      { return len(p), nil }
func (s *scripted) Close() error                     { return nil }
func (s *scripted) LocalAddr() net.Addr              { return nil }
func (s *scripted) RemoteAddr() net.Addr             { return nil }
func (s *scripted) SetDeadline(time.Time) error      { return nil }
func (s *scripted) SetReadDeadline(time.Time) error  { return nil }
func (s *scripted) SetWriteDeadline(time.Time) error { return nil }
