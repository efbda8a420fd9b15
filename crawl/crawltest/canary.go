package crawltest

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// A Canary is a listener that must not be called.
type Canary struct {
	l     net.Listener
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
	c := &Canary{l: l}
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

// Addr is where it listens: 127.0.0.1:port.
func (c *Canary) Addr() string { return c.l.Addr().String() }

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
