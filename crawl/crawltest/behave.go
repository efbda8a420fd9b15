package crawltest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Behaviours of servers that are broken, or mean us harm: handlers for
// Site.Handle. They take the connection over, which HTTP/2 does not allow: ask
// for them by http.

// Raw hands the connection to f, which writes what it likes; it is closed when
// f returns.
func Raw(f func(c net.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "this behaviour needs HTTP/1.1", http.StatusInternalServerError)
			return
		}
		defer c.Close()
		f(c)
	})
}

// Bytes answers with s, byte for byte, and closes.
func Bytes(s string) http.Handler {
	return Raw(func(c net.Conn) { io.WriteString(c, s) })
}

// Reset answers with s and breaks the connection (RST where there is TCP).
func Reset(s string) http.Handler {
	return Raw(func(c net.Conn) {
		io.WriteString(c, s)
		if n, ok := c.(counted); ok {
			c = n.Conn
		}
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
	})
}

// Hang answers with s and then nothing, until the client goes.
func Hang(s string) http.Handler {
	return Raw(func(c net.Conn) {
		io.WriteString(c, s)
		io.Copy(io.Discard, c)
	})
}

// Drip answers with head and then one byte of an endless body each time, until
// the client goes. An empty head drips the header itself.
func Drip(head string, each time.Duration) http.Handler {
	return Raw(func(c net.Conn) {
		gone := make(chan struct{})
		go func() {
			io.Copy(io.Discard, c)
			close(gone)
		}()
		defer func() { c.Close(); <-gone }()
		io.WriteString(c, head)
		rest := ""
		if head == "" {
			rest = "HTTP/1.1 200 OK\r\nX: "
		}
		for i := 0; ; i++ {
			b := byte('x')
			if i < len(rest) {
				b = rest[i]
			}
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			select {
			case <-time.After(each):
			case <-gone:
				return
			}
		}
	})
}

// Endless answers with head and then block for ever. taken counts the bytes
// that were written: what the client took, and what lay in the buffers of the
// network.
func Endless(head, block string, taken *atomic.Int64) http.Handler {
	return Raw(func(c net.Conn) {
		w := bufio.NewWriterSize(c, 16<<10)
		w.WriteString(head)
		for {
			n, err := w.WriteString(block)
			if err != nil {
				return
			}
			if taken != nil {
				taken.Add(int64(n))
			}
		}
	})
}

// Turns lets each handler answer once, in order, and the last for ever.
func Turns(handlers ...http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := min(int(n.Add(1)), len(handlers))
		handlers[i-1].ServeHTTP(w, r)
	})
}

// Coded answers with a body under a content coding, and its length.
func Coded(coding string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", coding)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	})
}

// GzipBomb makes mib MiB of zeros, in whole 16 MiB, into about a thousandth of
// that: one gzip member, repeated.
func GzipBomb(mib int) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(make([]byte, 16<<20))
	z.Close()
	return bytes.Repeat(b.Bytes(), max(1, mib/16))
}
