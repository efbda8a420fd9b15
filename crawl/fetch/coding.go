package fetch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// codings gives the content codings in the order in which they were applied.
// What is no coding we know ("none", "utf-8", "binary" are seen) is passed over,
// as browsers do.
func codings(h http.Header) (list []string) {
	for _, line := range h["Content-Encoding"] {
		for name := range strings.SplitSeq(line, ",") {
			switch name = strings.ToLower(strings.TrimSpace(name)); name {
			case "gzip", "x-gzip":
				list = append(list, "gzip")
			case "br", "zstd", "deflate":
				list = append(list, name)
			}
		}
	}
	return list
}

// A decoder undoes the content codings of one body. Its parts come from the
// client and go back to it.
type decoder struct {
	client *Client
	list   []string
	undo   []func()
}

func (d *decoder) coded() bool { return len(d.list) > 0 }

// open gives the decoded body.
func (d *decoder) open(h http.Header, wire io.Reader) (io.Reader, error) {
	d.list = codings(h)
	if len(d.list) == 0 {
		return wire, nil
	}
	if len(d.list) > d.client.opt.MaxCodings {
		return nil, fmt.Errorf("%d content codings", len(d.list))
	}
	first := bufio.NewReader(wire)
	if _, err := first.Peek(1); err != nil {
		return first, nil // an empty body, or the error that comes again
	}
	var in io.Reader = first
	for i := len(d.list) - 1; i >= 0; i-- {
		next, err := d.stage(d.list[i], in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.list[i], err)
		}
		in = next
	}
	return caught{in}, nil
}

// stage undoes one coding.
func (d *decoder) stage(coding string, in io.Reader) (io.Reader, error) {
	c := d.client
	switch coding {
	case "gzip":
		z, ok := c.gzips.Get().(*gzipReader)
		if !ok {
			z = &gzipReader{in: bufio.NewReader(nil)}
		}
		d.undo = append(d.undo, func() { z.in.Reset(nil); c.gzips.Put(z) })
		return z, z.reset(in)
	case "zstd":
		z, ok := c.zstds.Get().(*zstd.Decoder)
		if !ok {
			var err error
			window := uint64(c.opt.ZstdWindowBytes)
			z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(window))
			if err != nil {
				return nil, err
			}
		}
		d.undo = append(d.undo, func() { z.Reset(nil); c.zstds.Put(z) })
		return z, z.Reset(in)
	case "br":
		z, ok := c.brotlis.Get().(*brotli.Reader)
		if !ok {
			z = new(brotli.Reader)
		}
		d.undo = append(d.undo, func() { z.Reset(bytes.NewReader(nil)); c.brotlis.Put(z) })
		return z, z.Reset(in)
	}
	return inflate(in)
}

func (d *decoder) release() {
	for _, undo := range d.undo {
		undo()
	}
}

// inflate undoes "deflate", which is zlib by the standard, and a bare deflate
// stream by some servers.
func inflate(in io.Reader) (io.Reader, error) {
	br := bufio.NewReader(in)
	head, err := br.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}

// A gzipReader reads gzip members until something else follows, which it
// leaves: servers pad.
type gzipReader struct {
	in *bufio.Reader
	z  gzip.Reader
}

func (g *gzipReader) reset(r io.Reader) error {
	g.in.Reset(r)
	return g.member()
}

func (g *gzipReader) member() error {
	if err := g.z.Reset(g.in); err != nil {
		return err
	}
	g.z.Multistream(false)
	return nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if err != io.EOF || n > 0 {
		if err == io.EOF {
			err = nil // it comes again
		}
		return n, err
	}
	if next, _ := g.in.Peek(2); len(next) == 2 && next[0] == 0x1f && next[1] == 0x8b {
		return 0, g.member()
	}
	return 0, io.EOF
}

// caught turns a panic of a decoder into an error: the decoders are foreign
// code that reads whatever strangers send.
type caught struct{ r io.Reader }

func (c caught) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, errors.New(fmt.Sprint("decoder: ", v))
		}
	}()
	return c.r.Read(p)
}
