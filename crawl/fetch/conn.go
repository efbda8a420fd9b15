package fetch

import (
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"sync"
	"sync/atomic"
)

// maxUnasked is how many bytes a connection may bring between two signs of
// progress, which are a request and a part of a body: more than a response
// header and all that HTTP/2 lets wait for us (see Client.newRoad). Who sends more
// floods us with frames that stand for nothing.
const maxUnasked = 1 << 20

var errFlood = errors.New("the server sends more than was asked for")

// A conn knows the address it was dialled to, which a hook's own may hide, and
// ends when it is flooded.
type conn struct {
	net.Conn
	addr    netip.AddrPort // zero: a proxy knows
	unasked atomic.Int64
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.unasked.Add(int64(n)) > maxUnasked {
		c.Close()
		return 0, errFlood
	}
	return n, err
}

func (c *conn) progress() { c.unasked.Store(0) }

// A trace hears what the transport does for one request, from the transport's
// goroutines too.
type trace struct {
	max1xx int

	mu   sync.Mutex
	conn *conn
	n1xx int
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: t.gotConn, Got1xxResponse: t.got1xx}
}

// gotConn notes the connection that was dialled, beneath TLS if there is any.
func (t *trace) gotConn(info httptrace.GotConnInfo) {
	nc := info.Conn
	if tc, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = tc.NetConn()
	}
	c, _ := nc.(*conn)
	if c != nil {
		c.progress()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn, t.n1xx = c, 0
}

func (t *trace) got1xx(int, textproto.MIMEHeader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n1xx++; t.n1xx > t.max1xx {
		return errMany1xx
	}
	return nil
}

// dialled is the connection that the request went over, nil if there was none.
func (t *trace) dialled() *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn
}

func (t *trace) flooded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n1xx > t.max1xx
}

// remote is where a connection leads, "" where only a proxy knows.
func (c *conn) remote() string {
	if c == nil || !c.addr.IsValid() {
		return ""
	}
	return c.addr.String()
}
