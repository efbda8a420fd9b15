package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

const (
	// minPrefix is the least part of a damaged body that is worth keeping.
	minPrefix = 1 << 10
	// blockBytes is how much is read at once: a limit is passed by no more.
	blockBytes = 64 << 10
	// maxAtOnce bounds what is set aside for a body because a header says so.
	maxAtOnce = 256 << 10
	// maxKeptBuffer bounds the buffers that wait for the next body.
	maxKeptBuffer = 1 << 20
)

// keeps says whether the first n bytes of a body that was cut are worth
// keeping. What was cut by a limit is, however little. What the network cut
// ends in the midst of something that was sent: any of it is. What is damaged
// or was given up may be nothing but damage.
func keeps(cut Class, n int) bool {
	switch cut {
	case ClassBodyLimit, ClassRatioLimit:
		return true
	case ClassTruncated, ClassReset:
		return n > 0
	case ClassDecode, ClassSlow, ClassTimeout:
		return n >= minPrefix
	}
	return false
}

// readBody fills in out.Body and what goes with it. The class it returns is
// empty where out is of use.
func (c *Client) readBody(l *life, hresp *http.Response, lim limits, nc *conn, out *Response) (Class, error) {
	wire := &wireReader{r: hresp.Body, left: lim.wire, conn: nc}
	l.watch(wire)
	defer l.watch(nil)
	var buf *bytes.Buffer
	if n := hresp.ContentLength; n > 0 && n <= maxAtOnce && len(hresp.Header["Content-Encoding"]) == 0 {
		// The body can be read where it will stay.
		buf = bytes.NewBuffer(make([]byte, 0, n+bytes.MinRead))
	} else {
		pooled := c.buffer()
		defer func() {
			out.Body = bytes.Clone(out.Body)
			c.release(pooled)
		}()
		buf = pooled
	}
	cut, err := c.copyBody(buf, wire, hresp.Header, lim)
	out.WireBytes = wire.n.Load()
	out.Body = buf.Bytes()
	if cut == "" && err == nil {
		return "", nil
	}
	if cut == "" {
		cut = bodyClass(l.parent, l.ctx, wire, err)
	}
	out.Truncated, out.Cut = true, cut
	if keeps(cut, buf.Len()) {
		return "", nil
	}
	return cut, err
}

// bodyClass names what ended a body before its time.
func bodyClass(parent, ctx context.Context, wire *wireReader, err error) Class {
	if wire.err == nil {
		return ClassDecode
	}
	if errors.Is(wire.err, errWireLimit) {
		return ClassBodyLimit
	}
	class := classify(parent, ctx, wire.err)
	switch {
	case class == ClassReset && errors.Is(wire.err, io.ErrUnexpectedEOF):
		return ClassTruncated
	case class == ClassProtocol:
		return ClassDecode // of the transfer coding
	}
	return class
}

// copyBody decodes the body into buf, within limits. A limit that was reached
// is the class it returns.
func (c *Client) copyBody(buf *bytes.Buffer, wire *wireReader, h http.Header, lim limits) (Class, error) {
	d := &decoder{client: c}
	defer d.release()
	src, err := d.open(h, wire)
	if err != nil {
		return "", err
	}
	for {
		if buf.Available() < bytes.MinRead {
			buf.Grow(blockBytes / 2)
		}
		b := buf.AvailableBuffer()
		n, err := src.Read(b[:min(cap(b), blockBytes)])
		buf.Write(b[:n])
		if int64(buf.Len()) > lim.body {
			buf.Truncate(int(lim.body))
			return ClassBodyLimit, nil
		}
		if d.coded() && int64(buf.Len()) > c.opt.RatioGraceBytes && int64(buf.Len()) > int64(c.opt.MaxRatio)*wire.n.Load() {
			return ClassRatioLimit, nil
		}
		switch {
		case err == io.EOF && wire.err != nil:
			return "", wire.err // the decoder was content, the network was not
		case err == io.EOF:
			// What the decoder left must be read for the connection to be used
			// again, the end of chunks above all.
			io.CopyN(io.Discard, wire, 4<<10)
			return "", nil
		case err != nil:
			return "", err
		}
	}
}

func (c *Client) buffer() *bytes.Buffer {
	if b, ok := c.buffers.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func (c *Client) release(b *bytes.Buffer) {
	if b.Cap() <= maxKeptBuffer {
		b.Reset()
		c.buffers.Put(b)
	}
}

var errWireLimit = errors.New("the body is too large")

// A wireReader counts and bounds what comes over the wire, and keeps what went
// wrong with it, which decoders may hide.
type wireReader struct {
	r    io.Reader
	left int64
	n    atomic.Int64
	conn *conn // hears that there is progress
	err  error // but io.EOF
}

func (w *wireReader) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.left <= 0 {
		// Only a further byte tells a body of exactly the limit from a larger.
		var one [1]byte
		n, err := io.ReadFull(w.r, one[:])
		if n == 1 {
			err = errWireLimit
		}
		if err != io.EOF {
			w.err = err
		}
		return 0, err
	}
	n, err := w.r.Read(p[:min(int64(len(p)), w.left)])
	w.left -= int64(n)
	w.n.Add(int64(n))
	if n > 0 && w.conn != nil {
		w.conn.progress()
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}
