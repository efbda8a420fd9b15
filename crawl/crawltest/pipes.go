package crawltest

import (
	"context"
	"net"
	"sync"
)

// pipes is a listener whose connections are net.Pipes.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	over  chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), over: make(chan struct{})}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.over) })
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// connect gives one end of a fresh connection to f, in a goroutine, and answers
// with the other.
func (w *Web) connect(ctx context.Context, f func(net.Conn)) (net.Conn, error) {
	var l net.Listener = newPipes()
	if _, ok := w.plain.(*pipes); !ok {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	w.done.Go(func() {
		server, err := l.Accept()
		if err != nil {
			return
		}
		if !w.keep(server) {
			server.Close()
			return
		}
		accepted <- server
		f(server)
		w.drop(server)
	})
	client, err := dialListener(ctx, l)
	if err != nil {
		return nil, err
	}
	select {
	case <-accepted:
		return client, nil
	case <-ctx.Done():
		client.Close()
		return nil, ctx.Err()
	}
}

func (w *Web) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.raw[c] = true
	}
	return !w.closed
}

func (w *Web) drop(c net.Conn) {
	c.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.raw, c)
}

// hangUp closes the connections that sites took themselves.
func (w *Web) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for c := range w.raw {
		c.Close()
	}
}
