package warc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// WalkStream gives the captures of one stream of WARC in the order in which they
// stand there. It cannot go back: a revisit has no Original. Damage is counted and
// passed over; opt.Corrupt is told of it under an empty path.
func WalkStream(ctx context.Context, r io.Reader, opt WalkOptions, fn func(*Page) error) (WalkCounts, error) {
	w := &walker{opt: opt}
	rd := NewReader(r, ReaderOptions{MaxBlockBytes: opt.MaxBlockBytes})
	for ctx.Err() == nil {
		rec, err := rd.Next()
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return w.counts, nil
		case errors.As(err, &corrupt):
			w.corrupt("", corrupt)
			continue
		case err != nil:
			return w.counts, err
		case !rec.isAnswer():
			continue
		}
		if err := w.give(newPage(rec), fn); err != nil {
			return w.counts, err
		}
	}
	return w.counts, ctx.Err()
}

// Join writes the captures of WARC files as one stream of WARC that WalkStream
// reads: in the order in which they were made, each revisit as the response that
// it stands for, bodies decoded, and none where the status is not 200. Paths are
// those of Walk, and so is what is counted.
func Join(ctx context.Context, w io.Writer, paths []string, opt WalkOptions) (WalkCounts, error) {
	var buf []byte
	counts, err := Walk(ctx, paths, opt, func(p *Page) error {
		rec := p.joined()
		buf = rec.appendTo(buf[:0])
		_, err := w.Write(buf)
		return err
	})
	if err != nil {
		return counts, fmt.Errorf("warc: join: %w", err)
	}
	return counts, nil
}

// joined is the record that tells by itself what a page is.
func (p *Page) joined() *Record {
	rec := &Record{Type: TypeResponse, ID: NewID(), TargetURI: p.URL, Date: p.Date, IP: p.Record.IP, ContentType: contentResponse}
	if p.Original == nil {
		rec.Type, rec.Profile = TypeRevisit, p.Record.Profile
		rec.RefersToURI, rec.RefersToDate = p.Record.RefersToURI, p.Record.RefersToDate
	}
	body := p.Body
	if p.Status != http.StatusOK {
		body = nil
	}
	if p.Cut && body != nil {
		if rec.Truncated = p.Record.Truncated; rec.Truncated == "" {
			rec.Truncated = "length"
		}
	}
	rec.Block = Response(p.URL, p.Status, "HTTP/1.1", p.Header, body)
	return rec
}

// SameAddress tells whether a revisit speaks of an earlier capture of its own
// address.
func (p *Page) SameAddress() bool {
	to := p.Record.RefersToURI
	return to == "" || to == p.URL || strings.TrimSuffix(to, "/") == strings.TrimSuffix(p.URL, "/")
}
