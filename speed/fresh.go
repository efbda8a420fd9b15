package speed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/trawlsearch/trawl/index"
)

// A Fresh is how soon a document that is put can be found, and is durable, in an
// index of its own. Times are microseconds.
type Fresh struct {
	Dir     string  `json:"dir"`        // where the index was
	Docs    int     `json:"docs"`       // that were there before
	Adds    int     `json:"adds"`       // documents, one at a time
	Visible float64 `json:"visible_us"` // median, from before Put to the snapshot that has it
	Durable float64 `json:"durable_us"` // median, the commit behind it
}

const (
	freshDocs = 1000 // of the collection, that the index holds first
	freshAdds = 20
)

// Freshness copies some documents of a snapshot, as far as they are stored, to an
// index in a folder under dir, which is removed, and adds a few to it one by one.
// The collection is only read. An empty dir is the system's for temporary files.
func Freshness(ctx context.Context, snap *index.Snapshot, dir string) (f Fresh, err error) {
	docs, err := copies(ctx, snap, freshDocs+freshAdds)
	if err != nil {
		return f, err
	}
	if len(docs) < 2 {
		return f, ErrEmpty
	}
	folder, err := os.MkdirTemp(dir, "trawl-bench-")
	if err != nil {
		return f, fmt.Errorf("speed: scratch index: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	w, err := index.OpenWriter(ctx, index.Dir(folder), snap.Schema(), index.WriterOptions{ScratchDir: folder})
	if err != nil {
		return f, fmt.Errorf("speed: scratch index: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	before := len(docs) - min(freshAdds, len(docs)/2)
	f = Fresh{Dir: folder, Docs: before, Adds: len(docs) - before}
	for _, d := range docs[:before] {
		if err := w.Put(ctx, d); err != nil {
			return f, fmt.Errorf("speed: scratch index: %w", err)
		}
	}
	if err := w.Commit(ctx, 1); err != nil {
		return f, fmt.Errorf("speed: scratch index: %w", err)
	}
	var visible, durable []time.Duration
	for i, d := range docs[before:] {
		v, c, err := addOne(ctx, w, d, uint64(i+2))
		if err != nil {
			return f, fmt.Errorf("speed: scratch index: %w", err)
		}
		visible, durable = append(visible, v), append(durable, c)
	}
	slices.Sort(visible)
	slices.Sort(durable)
	f.Visible, f.Durable = micros(visible[len(visible)/2]), micros(durable[len(durable)/2])
	return f, nil
}

// copies makes documents of what the snapshot's are stored as, under keys of
// their own.
func copies(ctx context.Context, snap *index.Snapshot, n int) (out []*index.Document, err error) {
	for _, seg := range snap.Segments() {
		for doc := uint32(0); doc < seg.MaxDoc() && len(out) < n; doc++ {
			if !seg.Live(doc) {
				continue
			}
			values, err := seg.Stored(doc, nil)
			if err != nil {
				return nil, fmt.Errorf("speed: %w", err)
			}
			d := &index.Document{Values: values}
			binary.BigEndian.PutUint64(d.Key[:], uint64(len(out)+1)*0x9e3779b97f4a7c15) // spread, as digests are
			out = append(out, d)
		}
	}
	return out, ctx.Err()
}

func addOne(ctx context.Context, w *index.Writer, d *index.Document, seq uint64) (visible, durable time.Duration, err error) {
	start := time.Now()
	if err := w.Put(ctx, d); err != nil {
		return 0, 0, err
	}
	if err := w.Refresh(ctx); err != nil {
		return 0, 0, err
	}
	snap := w.Snapshot()
	found := slices.ContainsFunc(snap.Segments(), func(g *index.Segment) bool { _, ok := g.Find(d.Key); return ok })
	snap.Close()
	visible = time.Since(start)
	if !found {
		return 0, 0, errors.New("a document that was put is not seen")
	}
	start = time.Now()
	err = w.Commit(ctx, seq)
	return visible, time.Since(start), err
}
