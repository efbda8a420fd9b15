package warc

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
)

const (
	// maxContent bounds a decoded body (WalkOptions).
	maxContent = 20 << 20
	// maxCodings bounds the codings of one body.
	maxCodings = 2
)

// Content undoes the content codings that h names and gives at most max bytes
// (zero: 20 MiB) of the body. whole is false where there was more, or where
// the rest is damaged. Many archives keep bodies decoded under a header that
// says otherwise: a body that is not coded as claimed is given as it is.
func Content(h http.Header, body []byte, max int64) (content []byte, whole bool) {
	if max <= 0 {
		max = maxContent
	}
	in := io.Reader(bytes.NewReader(body))
	codings := codings(h)
	var err error
	for i := len(codings) - 1; i >= 0 && err == nil && len(codings) <= maxCodings; i-- {
		in, err = undo(codings[i], in)
	}
	if len(codings) == 0 || len(codings) > maxCodings || err != nil {
		return body[:min(int64(len(body)), max)], int64(len(body)) <= max && len(codings) <= maxCodings
	}
	out, err := readSome(in, max+1)
	switch {
	case err != nil && len(out) == 0:
		return body[:min(int64(len(body)), max)], int64(len(body)) <= max
	case int64(len(out)) > max:
		return out[:max], false
	}
	return out, err == nil
}

// codings are the content codings in the order in which they were applied,
// without what is none.
func codings(h http.Header) (list []string) {
	for _, line := range h["Content-Encoding"] {
		for name := range strings.SplitSeq(strings.ToLower(line), ",") {
			switch name = strings.TrimSpace(name); name {
			case "gzip", "x-gzip", "br", "zstd", "deflate":
				list = append(list, name)
			}
		}
	}
	return list
}

// undo undoes one coding.
func undo(coding string, in io.Reader) (io.Reader, error) {
	switch coding {
	case "br":
		return brotli.NewReader(in), nil
	case "zstd":
		dec, err := newZstd(nil)
		if err != nil {
			return nil, err
		}
		return dec, dec.Reset(in)
	case "deflate":
		// By the standard zlib; a bare deflate stream by some servers.
		br := bufio.NewReader(in)
		if p, _ := br.Peek(2); len(p) == 2 && p[0]&15 == 8 && (int(p[0])<<8|int(p[1]))%31 == 0 {
			return zlib.NewReader(br)
		}
		return flate.NewReader(br), nil
	}
	return gzip.NewReader(in)
}

// readSome reads at most n bytes. A decoder is foreign code that reads what
// strangers sent: its panic is damage.
func readSome(r io.Reader, n int64) (out []byte, err error) {
	var b bytes.Buffer
	defer func() {
		if v := recover(); v != nil {
			out, err = b.Bytes(), errors.New(fmt.Sprint("decoder: ", v))
		}
	}()
	_, err = io.Copy(&b, io.LimitReader(r, n))
	return b.Bytes(), err
}
