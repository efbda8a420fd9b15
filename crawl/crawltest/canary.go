package crawltest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
)

// A Canary is a listener that must not be called.
type Canary struct {
	l     net.Listener
	addr  string
	mu    sync.Mutex
	count int
	done  sync.WaitGroup
}

// NewCanary listens on loopback until the test ends.
func NewCanary(tb testing.TB) *Canary {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("crawltest: %v", err)
	}
	return newCanary(tb, l, l.Addr().String())
}

// Canary gives the canary of this web, and makes it the first time: from then on
// whatever is dialled that is not of the public internet leads to it, private and
// link-local addresses too.
func (w *Web) Canary() *Canary {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.canary != nil {
		return w.canary
	}
	if _, ok := w.plain.(*pipes); ok {
		w.canary = newCanary(w.tb, newPipes(), "127.0.0.1:7777")
	} else {
		w.canary = NewCanary(w.tb)
	}
	return w.canary
}

func newCanary(tb testing.TB, l net.Listener, addr string) *Canary {
	c := &Canary{l: l, addr: addr}
	c.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.count++
			c.mu.Unlock()
			conn.Read(make([]byte, 4<<10)) // an answer before the question would be a fault of its own
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
			conn.Close()
		}
	})
	tb.Cleanup(func() { l.Close(); c.done.Wait() })
	return c
}

func (c *Canary) dial(ctx context.Context) (net.Conn, error) { return dialListener(ctx, c.l) }

// Addr is where it listens: 127.0.0.1:port.
func (c *Canary) Addr() string { return c.addr }

// Port is the port alone.
func (c *Canary) Port() string {
	_, port, _ := net.SplitHostPort(c.Addr())
	return port
}

// Connections is how many there were.
func (c *Canary) Connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}
