package index

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
)

// A Snapshot is one state of the index. It is immutable and any number of
// goroutines may read it; each who got it, by Open, Reload, Acquire or
// Writer.Snapshot, closes it once and reads nothing of it afterwards.
type Snapshot struct {
	number   uint64
	seq      uint64
	schema   Schema
	segments []*Segment
	docs     uint64
	stats    []FieldStats

	st     Storage
	common *shared
	damage error
	newest uint64 // manifest there was when this was opened, whole or not
	refs   atomic.Int64
}

// openRounds bounds how often Open follows a writer that deletes what it reads.
const openRounds = 10

// OpenOptions are how an index is opened for reading; the zero value works.
type OpenOptions struct {
	ResidentBytes int64 // as in WriterOptions
}

// Open reads the newest whole state of the index. If the newest manifest or an
// object that it needs is damaged, that is the one before, and Damage says why.
// An index that was never written is fs.ErrNotExist.
func Open(ctx context.Context, st Storage, opt ...OpenOptions) (*Snapshot, error) {
	common := newShared()
	for _, o := range opt {
		common.resident(o.ResidentBytes)
	}
	_, s, err := openNewest(ctx, st, common, nil)
	return s, err
}

// Reload returns the newest state and true, or s itself and false if there is
// none newer. Segments that both have are shared. The new snapshot is closed for
// itself, like s.
func (s *Snapshot) Reload(ctx context.Context) (*Snapshot, bool, error) {
	numbers, err := manifestNumbers(ctx, s.st)
	if err != nil {
		return s, false, err
	}
	if len(numbers) == 0 || numbers[0] <= s.number {
		return s, false, nil
	}
	_, fresh, err := openNewest(ctx, s.st, s.common, s)
	if err != nil {
		return s, false, err
	}
	if fresh.number <= s.number { // all newer ones are damaged
		fresh.Close()
		return s, false, nil
	}
	return fresh, true, nil
}

// openNewest opens the newest state that is whole, sharing what old has.
func openNewest(ctx context.Context, st Storage, common *shared, old *Snapshot) (*manifest, *Snapshot, error) {
	var damage []error
	numbers, err := manifestNumbers(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	for top, round := uint64(0), 0; len(numbers) > 0; round++ {
		n := numbers[0]
		top = max(top, n)
		m, s, err := openManifest(ctx, st, common, old, n)
		if err == nil {
			s.damage, s.newest = errors.Join(damage...), top
			return m, s, nil
		}
		if !damaged(err) {
			return nil, nil, err
		}
		// A writer may have gone on and deleted what n needs: that is not damage.
		newer, lerr := manifestNumbers(ctx, st)
		if lerr != nil {
			return nil, nil, lerr
		}
		if len(newer) > 0 && newer[0] > top && round < openRounds {
			numbers, damage = newer, nil
			continue
		}
		damage = append(damage, err)
		numbers = numbers[1:]
	}
	if len(damage) > 0 {
		return nil, nil, fmt.Errorf("index: open: no manifest is whole: %w", errors.Join(damage...))
	}
	return nil, nil, fmt.Errorf("index: open: no manifest: %w", fs.ErrNotExist)
}

// openManifest opens the state of manifest n.
func openManifest(ctx context.Context, st Storage, common *shared, old *Snapshot, n uint64) (*manifest, *Snapshot, error) {
	m, err := readManifest(ctx, st, n)
	if err != nil {
		return nil, nil, err
	}
	var segments []*Segment
	for _, e := range m.Segments {
		g, err := openSegment(ctx, st, common, old, e)
		if err != nil {
			release(segments)
			return nil, nil, fmt.Errorf("index: manifest %d: %w", n, err)
		}
		segments = append(segments, g)
	}
	s := newSnapshot(st, common, m.Schema, segments)
	s.number, s.seq = m.Number, m.LastSeq
	return m, s, nil
}

// openSegment opens a segment and its live object as a manifest names them.
func openSegment(ctx context.Context, st Storage, common *shared, old *Snapshot, e segmentEntry) (*Segment, error) {
	id, err := parseUUID(e.UUID)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrCorrupt, e.Name, err)
	}
	g := &Segment{body: old.body(id), deleted: e.Deleted, liveName: e.Live, liveSize: e.LiveBytes}
	if g.body == nil {
		if g.body, err = openBody(ctx, st, e.Name, id, e.Docs, e.Bytes, common); err != nil {
			return nil, err
		}
	}
	if e.Live == "" {
		return g, nil
	}
	if g.live, err = openLive(ctx, st, e, id); err != nil {
		g.release()
		return nil, err
	}
	return g, nil
}

// body returns the open object of a segment with a reference, or nil. The
// snapshot may be nil.
func (s *Snapshot) body(id UUID) *body {
	if s == nil {
		return nil
	}
	for _, g := range s.segments {
		if g.id == id && g.Err() == nil { // what could not be read is tried anew
			return g.acquire()
		}
	}
	return nil
}

func openLive(ctx context.Context, st Storage, e segmentEntry, id UUID) (liveBits, error) {
	o, err := st.Open(ctx, e.Live)
	if err != nil {
		return nil, fmt.Errorf("index: open %s: %w", e.Live, err)
	}
	defer o.Close()
	if o.Size() != e.LiveBytes {
		return nil, fmt.Errorf("index: open %s: %w: %d bytes, the manifest says %d", e.Live, ErrCorrupt, o.Size(), e.LiveBytes)
	}
	live, err := readLive(o.Bytes(), id, e.Docs)
	if err != nil {
		return nil, fmt.Errorf("index: open %s: %w", e.Live, err)
	}
	if n := e.Docs - live.count(); n != e.Deleted {
		return nil, fmt.Errorf("index: open %s: %w: %d deleted, the manifest says %d", e.Live, ErrCorrupt, n, e.Deleted)
	}
	return live, nil
}

// newSnapshot makes a snapshot of segments, whose references it takes.
func newSnapshot(st Storage, common *shared, schema Schema, segments []*Segment) *Snapshot {
	s := &Snapshot{st: st, common: common, schema: schema, segments: segments, stats: make([]FieldStats, len(schema.Fields))}
	s.refs.Store(1)
	for _, g := range segments {
		s.docs += uint64(g.Docs())
		for i := range s.stats {
			f := g.FieldStats(i)
			s.stats[i].Docs += f.Docs
			s.stats[i].Tokens += f.Tokens
		}
	}
	return s
}

// release gives back one reference to each segment.
func release(segments []*Segment) {
	for _, g := range segments {
		g.release()
	}
}

// Acquire returns s for one more reader, who closes it too. Only who has not
// closed it may call it.
func (s *Snapshot) Acquire() *Snapshot {
	s.refs.Add(1)
	return s
}

// Close ends one reader's use of the snapshot; the last unmaps what no other
// snapshot needs.
func (s *Snapshot) Close() {
	switch n := s.refs.Add(-1); {
	case n == 0:
		release(s.segments)
	case n < 0:
		panic("index: a snapshot was closed more often than acquired")
	}
}

// Number is that of the last manifest in the snapshot.
func (s *Snapshot) Number() uint64 { return s.number }

// Seq is what the last commit in the snapshot was given: its place in the log.
func (s *Snapshot) Seq() uint64 { return s.seq }

// Docs is the number of live documents.
func (s *Snapshot) Docs() uint64 { return s.docs }

// Schema is the fields of the index.
func (s *Snapshot) Schema() Schema { return s.schema }

// Segments are the parts of the snapshot. No key is live in two of them.
func (s *Snapshot) Segments() []*Segment { return s.segments }

// Damage says why Open passed over newer manifests, or is nil.
func (s *Snapshot) Damage() error { return s.damage }

// Err is Segment.Err of all segments.
func (s *Snapshot) Err() error {
	for _, seg := range s.segments {
		if err := seg.Err(); err != nil {
			return err
		}
	}
	return nil
}

// FieldStats is how much of a field there is. Deleted documents count until they
// are merged away.
func (s *Snapshot) FieldStats(field int) FieldStats {
	if field < 0 || field >= len(s.stats) {
		return FieldStats{}
	}
	return s.stats[field]
}

// DocFreq is the number of documents that hold the term in the field. Deleted
// documents count until they are merged away.
func (s *Snapshot) DocFreq(field int, term []byte) uint64 {
	n := uint64(0)
	for _, g := range s.segments {
		n += uint64(g.DocFreq(field, term))
	}
	return n
}

// Verify compares the checksums of all segments; the error names what is
// damaged. It reads every byte: 1 s for a few GB that are in memory.
func (s *Snapshot) Verify(ctx context.Context) error {
	for _, g := range s.segments {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("index: verify: %w", err)
		}
		if err := g.Verify(); err != nil {
			return err
		}
	}
	return nil
}
