package warc

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// WalkOptions are the settings of Walk. The zero value works.
type WalkOptions struct {
	MaxBodyBytes int64 // of a decoded body, the rest is cut; zero: 20 MiB
}

// maxOpen bounds the files that Walk reads at the same time.
const maxOpen = 64

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
// files that were written at the same time are read side by side (at most 64;
// of more, some wait). Damage is counted and passed over. Indexes beside the
// files are used, and made in a temporary folder where there are none, but
// only if there are revisits. A Page is fn's to keep; fn's error ends the walk.
func Walk(ctx context.Context, paths []string, opt WalkOptions, fn func(*Page) error) (WalkCounts, error) {
	w := &walker{opt: opt, originals: originals{indexes: map[string]string{}}}
	defer w.originals.close()
	files, err := warcFiles(paths)
	if err != nil {
		return w.counts, fmt.Errorf("warc: walk: %w", err)
	}
	w.counts.Files, w.originals.files = len(files), files
	if err := w.walk(ctx, files, fn); err != nil {
		return w.counts, fmt.Errorf("warc: walk: %w", err)
	}
	return w.counts, nil
}

// warcFiles gives the files that paths name, sorted by name, each once.
func warcFiles(paths []string) (files []string, err error) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.ContainsFunc(warcSuffixes, func(s string) bool { return strings.HasSuffix(path, s) }) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

type walker struct {
	opt       WalkOptions
	counts    WalkCounts
	originals originals
}

// A stream is a file being walked, at one of its captures.
type stream struct {
	path  string
	began time.Time // of its first record
	f     *os.File
	r     *Reader
	rec   *Record
	due   time.Time // of rec, or of one before it if that was later
	order int
}

func (w *walker) walk(ctx context.Context, files []string, fn func(*Page) error) error {
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
		if len(waiting) > 0 && len(open) < maxOpen && (len(open) == 0 || !waiting[0].began.After(open[0].due)) {
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
		if err := w.visit(s, fn); err != nil {
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
func (w *walker) begun(files []string) ([]*stream, error) {
	var out []*stream
	for i, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		s := &stream{path: path, order: i}
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
	if s.f, err = os.Open(s.path); err != nil {
		return false, err
	}
	s.r = NewReader(s.f, ReaderOptions{})
	return w.next(s)
}

// next moves to the next capture of a file. At its end the file is closed.
func (w *walker) next(s *stream) (more bool, err error) {
	for {
		rec, err := s.r.Next()
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return false, s.f.Close()
		case errors.As(err, &corrupt):
			w.counts.Corrupt++
			continue
		case err != nil:
			s.f.Close()
			return false, fmt.Errorf("%s: %w", s.path, err)
		}
		switch {
		case rec.Type == TypeResponse, rec.Type == TypeRevisit, rec.Type == "resource" && rec.ContentType != contentFields:
			s.rec = rec
			if rec.Date.After(s.due) {
				s.due = rec.Date
			}
			return true, nil
		}
	}
}

// visit hands one capture to fn.
func (w *walker) visit(s *stream, fn func(*Page) error) error {
	rec := s.rec
	p := &Page{Record: rec, Path: s.path, URL: rec.TargetURI, Date: rec.Date, Original: rec,
		Ref: Ref{File: filepath.Base(s.path), Offset: rec.Offset, Length: rec.Length}}
	if rec.Type == TypeRevisit {
		w.counts.Revisits++
		var err error
		if p.Original, err = w.originals.find(rec, s.path, rec.Offset, maxChain); err != nil {
			return err
		}
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
