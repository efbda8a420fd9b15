package warc

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// WalkOptions are the settings of Walk. The zero value works.
type WalkOptions struct {
	MaxBodyBytes  int64 // of a decoded body, the rest is cut; zero: 20 MiB
	MaxBlockBytes int64 // kept of a record, the rest is skipped; zero: 64 MiB
	MaxOpen       int   // files that are read at the same time, each with a record in memory; zero: 64

	// OwnIndexes: indexes beside the files are somebody else's and not believed.
	OwnIndexes bool

	Corrupt func(path string, err *CorruptError) // told of each damage; nil: it is counted only
	Read    func(bytes int64)                    // told how many more bytes of the files were read; nil: nobody
}

const defaultOpen = 64

// A Page is one answer of a server as Walk gives it.
type Page struct {
	Record *Record // the response, revisit or resource
	Ref    Ref     // where it stands
	Path   string  // of the file

	// What was captured. Of a revisit it is what the visitor saw then: status
	// and header of this visit (of server-not-modified: of the original, with
	// the fields that the 304 renewed), the body of the original.
	URL    string
	Date   time.Time
	Status int         // of HTTP; 200 of a resource
	Header http.Header // never nil
	Body   []byte      // without transfer and content coding
	Cut    bool        // Body is not the whole body

	// Original is the record that holds the body, which of a revisit is
	// another one. It is nil where it is in none of the files; then Body is
	// empty, and Status and Header are those of the revisit.
	Original *Record
}

// WalkCounts say what Walk met.
type WalkCounts struct {
	Files, Pages, Revisits int
	Unresolved             int // revisits whose original is in none of the files
	Corrupt                int // places where no record could be read
	NotHTTP                int // responses that are no HTTP, or no whole header of it
}

// Walk gives the captures of WARC files, and of all such files below folders,
// in the order in which they were made, and each revisit with the body that it
// speaks of. It needs no network and changes nothing: it is what a new
// extraction of old captures reads.
//
// The order is by WARC-Date between files, and within a file that of the file:
// files that were written at the same time are read side by side (at most
// MaxOpen; of more, some wait). Of a WACZ its WARC files are walked. Damage is counted and passed over. Indexes beside the
// files are used, and made in a temporary folder where there are none, but
// only if there are revisits. A Page is fn's to keep; fn's error ends the walk.
func Walk(ctx context.Context, paths []string, opt WalkOptions, fn func(*Page) error) (WalkCounts, error) {
	if opt.MaxOpen <= 0 {
		opt.MaxOpen = defaultOpen
	}
	w := &walker{opt: opt, originals: originals{own: opt.OwnIndexes}}
	defer w.originals.close()
	files, err := archives(paths)
	if err != nil {
		return w.counts, fmt.Errorf("warc: walk: %w", err)
	}
	w.counts.Files, w.originals.files = len(files), files
	if err := w.walk(ctx, files, fn); err != nil {
		return w.counts, fmt.Errorf("warc: walk: %w", err)
	}
	return w.counts, nil
}

type walker struct {
	opt       WalkOptions
	counts    WalkCounts
	originals originals
}

// A stream is a file being walked, at one of its captures.
type stream struct {
	archive
	began time.Time // of its first record
	f     file
	r     *Reader
	rec   *Record
	due   time.Time // of rec, or of one before it if that was later
	order int
	read  int64 // bytes that were told
}

func (w *walker) walk(ctx context.Context, files []archive, fn func(*Page) error) error {
	waiting, err := w.begun(files)
	if err != nil {
		return err
	}
	var open streams
	defer func() {
		for _, s := range open {
			s.f.Close()
		}
	}()
	for len(open) > 0 || len(waiting) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(waiting) > 0 && len(open) < w.opt.MaxOpen && (len(open) == 0 || !waiting[0].began.After(open[0].due)) {
			s := waiting[0]
			waiting = waiting[1:]
			if more, err := w.open(s); err != nil {
				return err
			} else if more {
				heap.Push(&open, s)
			}
			continue
		}
		s := open[0]
		if err := w.visit(ctx, s, fn); err != nil {
			return err
		}
		more, err := w.next(s)
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
	}
	return nil
}

// begun puts the files in the order of their first records.
func (w *walker) begun(files []archive) ([]*stream, error) {
	var out []*stream
	for i, a := range files {
		f, err := a.open()
		if err != nil {
			return nil, err
		}
		s := &stream{archive: a, order: i}
		if rec, err := NewReader(f, ReaderOptions{MaxBlockBytes: 1}).Next(); err == nil {
			s.began = rec.Date
		}
		f.Close()
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b *stream) int { return a.began.Compare(b.began) })
	return out, nil
}

func (w *walker) open(s *stream) (more bool, err error) {
	if s.f, err = s.archive.open(); err != nil {
		return false, err
	}
	s.r = NewReader(s.f, ReaderOptions{MaxBlockBytes: w.opt.MaxBlockBytes})
	return w.next(s)
}

// next moves to the next capture of a file. At its end the file is closed.
func (w *walker) next(s *stream) (more bool, err error) {
	for {
		rec, err := s.r.Next()
		if at := s.r.src.offset(); w.opt.Read != nil && at > s.read { // resync goes back
			w.opt.Read(at - s.read)
			s.read = at
		}
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return false, s.f.Close()
		case errors.As(err, &corrupt):
			w.corrupt(s.path, corrupt)
			continue
		case err != nil:
			s.f.Close()
			return false, fmt.Errorf("%s: %w", s.path, err)
		}
		if rec.isAnswer() {
			s.rec = rec
			if rec.Date.After(s.due) {
				s.due = rec.Date
			}
			return true, nil
		}
	}
}

// isAnswer tells whether a record is one that Walk gives.
func (r *Record) isAnswer() bool {
	return r.Type == TypeResponse || r.Type == TypeRevisit || r.Type == "resource" && r.ContentType != contentFields
}

func (w *walker) corrupt(path string, err *CorruptError) {
	w.counts.Corrupt++
	if w.opt.Corrupt != nil {
		w.opt.Corrupt(path, err)
	}
}

// visit hands one capture to fn.
func (w *walker) visit(ctx context.Context, s *stream, fn func(*Page) error) error {
	rec := s.rec
	p := newPage(rec)
	p.Path, p.Ref.File = s.path, filepath.Base(s.path)
	if rec.Type == TypeRevisit {
		var err error
		if p.Original, err = w.originals.find(ctx, rec, s.archive, rec.Offset, maxChain); err != nil {
			return err
		}
	}
	return w.give(p, fn)
}

func newPage(rec *Record) *Page {
	p := &Page{Record: rec, URL: rec.TargetURI, Date: rec.Date, Ref: Ref{Offset: rec.Offset, Length: rec.Length}}
	if rec.Type != TypeRevisit {
		p.Original = rec
	}
	return p
}

// give counts a page and hands it to fn.
func (w *walker) give(p *Page, fn func(*Page) error) error {
	if p.Record.Type == TypeRevisit {
		w.counts.Revisits++
	}
	if !p.fill(w.opt.MaxBodyBytes) {
		w.counts.NotHTTP++
		return nil
	}
	if p.Original == nil {
		w.counts.Unresolved++
	}
	w.counts.Pages++
	return fn(p)
}

// fill takes the records apart and says whether there is an answer.
func (p *Page) fill(max int64) bool {
	from := p.Original
	if from == nil || from == p.Record {
		return p.own(max)
	}
	_, own, _, ownErr := ParseResponse(p.Record.Block)
	status, h, body, err := ParseResponse(from.Block)
	if err != nil {
		return false
	}
	var whole bool
	p.Body, whole = Content(h, body, max)
	p.Cut = !whole || from.Cut || from.Truncated != ""
	p.Status, p.Header = status, h
	switch {
	case ownErr != nil: // a revisit need not have a block
	case strings.HasSuffix(p.Record.Profile, "/server-not-modified"):
		renew(p.Header, own)
	default:
		p.Status, _, _, _ = ParseResponse(p.Record.Block)
		p.Header = own
	}
	return true
}

// own fills in what the capture itself holds.
func (p *Page) own(max int64) bool {
	rec := p.Record
	if rec.Type == "resource" && !isHTTP(rec.ContentType) {
		p.Status, p.Header = http.StatusOK, http.Header{"Content-Type": {rec.ContentType}}
		var whole bool
		p.Body, whole = Content(nil, rec.Block, max)
		p.Cut = !whole || rec.Cut || rec.Truncated != ""
		return true
	}
	if !isHTTP(rec.ContentType) && rec.Type != TypeRevisit {
		return false // dns:, and the like
	}
	status, h, body, err := ParseResponse(rec.Block)
	if err != nil {
		if p.Header = (http.Header{}); rec.Type == TypeRevisit {
			return true
		}
		return false
	}
	p.Status, p.Header = status, h
	if rec.Type != TypeRevisit {
		var whole bool
		p.Body, whole = Content(h, body, max)
		p.Cut = !whole || rec.Cut || rec.Truncated != ""
	}
	return true
}

// renew brings a stored header up to date with that of a 304 (RFC 9111, 3.2):
// all fields but those that speak of the body.
func renew(stored, fresh http.Header) {
	for name, values := range fresh {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Transfer-Encoding":
		default:
			stored[name] = values
		}
	}
}

type streams []*stream

func (h streams) Len() int { return len(h) }
func (h streams) Less(i, j int) bool {
	if d := h[i].due.Compare(h[j].due); d != 0 {
		return d < 0
	}
	return h[i].order < h[j].order
}
func (h streams) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *streams) Push(x any)   { *h = append(*h, x.(*stream)) }
func (h *streams) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
