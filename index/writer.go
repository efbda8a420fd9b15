package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"
)

// WriterOptions are how a Writer works; the zero value works.
type WriterOptions struct {
	Holder string // who writes, for people who read manifests

	// MemoryBytes bounds what the Writer holds in memory: three quarters for
	// documents that are not flushed or only to segments in memory, the rest for
	// flushing and merging. What the collector has not yet freed comes on top: set
	// GOMEMLIMIT.
	// 0 means 256 MiB; less than 8 MiB is taken as 8 MiB, more than 4 GiB as 4 GiB.
	MemoryBytes int64

	// Inverters is how many goroutines take in documents beside each other; each
	// makes a segment of its own at a flush. 0 means GOMAXPROCS; there is at most
	// one for each 24 MiB of memory. With one, Put itself does the work.
	Inverters int

	Sort SortBy // of the documents within a segment

	ScratchDir string // of temporary files, as large as the largest segment; empty: the system's

	// MaxSegmentBytes is the size above which segments are not merged any more,
	// except by Optimize. 0 means 4 GiB.
	MaxSegmentBytes int64

	// Grace is how long an object that no kept manifest needs is left for those
	// who may still be opening it. 0 means a minute, negative none.
	Grace time.Duration

	// ResidentBytes is how large an index may be to be brought into memory as a
	// whole: what is mapped counts as the process's while it is there, though the
	// system takes it back when it wants to. 0: half of the memory; less: none.
	ResidentBytes int64

	// MergeBytesPerSecond bounds what merges write to the storage, so that searches
	// and documents on the same disk are not held up. It is lifted while segments
	// pile up, and for Optimize, which somebody waits for. 0 means no bound: a merge
	// writes 100 to 150 MB/s for each core it keeps busy, which an SSD takes.
	MergeBytesPerSecond int64

	// NoMerge leaves merging to Optimize.
	NoMerge bool

	Log *slog.Logger // nil: discarded
}

const (
	defaultMemoryBytes     = 256 << 20
	minMemoryBytes         = 8 << 20
	maxMemoryBytes         = 4 << 30
	defaultMaxSegmentBytes = 4 << 30
	defaultGrace           = time.Minute

	// claimRounds bounds how often OpenWriter gives way to another that is
	// claiming or committing.
	claimRounds = 20
)

func (o WriterOptions) filled() WriterOptions {
	o.MemoryBytes = min(max(cmp.Or(o.MemoryBytes, defaultMemoryBytes), minMemoryBytes), maxMemoryBytes)
	o.Inverters = cmp.Or(max(o.Inverters, 0), runtime.GOMAXPROCS(0))
	o.Inverters = min(o.Inverters, maxInverters, max(1, int(o.MemoryBytes/minInverterBytes)))
	o.MaxSegmentBytes = cmp.Or(o.MaxSegmentBytes, defaultMaxSegmentBytes)
	o.Grace = max(0, cmp.Or(o.Grace, defaultGrace))
	o.Log = discard(o.Log)
	return o
}

// A Writer puts documents into an index. There is one at a time: opening a second
// fences the first. Its methods may be called by any goroutine; Put, Delete,
// Refresh and Commit take turns, Snapshot, Seq and Stats do not wait for them. It
// owns goroutines that take in documents and one that merges; Close waits for them.
//
// If storage fails, the operation returns the error and may be done again: what
// was put before is still there.
type Writer struct {
	st     Storage
	opt    WriterOptions
	log    *slog.Logger
	id     string // in the manifests that it writes
	common *shared
	schema Schema // from OpenWriter on

	ops     sync.Mutex // of the operations, and of:
	buf     *buffer
	deletes map[Key]struct{} // keys to be deleted from the segments, besides those of buf
	kept    []*manifest      // newest last; what they need is not collected
	trash   collector

	buffered int64 // memory of buf and deletes

	swap sync.Mutex // of who changes segments: they are read under it alone

	state    sync.Mutex // is held for moments only, and guards:
	segments []*Segment // with a reference to each; changed under swap too
	making   map[string]bool
	snapshot *Snapshot
	number   uint64
	seq      uint64
	failed   error // ErrFenced or ErrClosed, for ever
	stats    WriterStats

	merge merger
}

// OpenWriter opens the index for writing, and creates it if there is none. It
// claims the index: from then on every other Writer gets ErrFenced when it
// commits. Uncommitted work of the Writer before is gone; go on from Seq.
func OpenWriter(ctx context.Context, st Storage, schema Schema, opt WriterOptions) (*Writer, error) {
	w := &Writer{
		st: st, opt: opt.filled(), id: newUUID().String(), common: newShared().resident(opt.ResidentBytes),
		deletes: map[Key]struct{}{}, making: map[string]bool{},
	}
	w.log = w.opt.Log
	if len(schema.Fields) > 0 { // else it is that of the index
		if err := w.opt.Sort.check(schema); err != nil {
			return nil, err
		}
	}
	if err := w.claim(ctx, schema); err != nil {
		return nil, err
	}
	if err := w.opt.Sort.check(w.schema); err != nil {
		return nil, err
	}
	if d, ok := st.(dir); ok {
		d.sweep(w.log)
	}
	w.buf = newBuffer(w.schema, w.opt.Inverters, w.opt.MemoryBytes)
	for _, p := range w.buf.parts {
		p.sortBy = w.opt.Sort
	}
	w.publish()
	w.merge.start(w)
	return w, nil
}

// begin takes the turn of an operation, unless the writer is finished.
func (w *Writer) begin(ctx context.Context) error {
	w.ops.Lock()
	err := w.Err()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		w.ops.Unlock()
	}
	return err
}

// Err is ErrFenced or ErrClosed if the writer can do nothing more, or nil.
func (w *Writer) Err() error {
	w.state.Lock()
	defer w.state.Unlock()
	return w.failed
}

func (w *Writer) fail(err error) error {
	w.state.Lock()
	defer w.state.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	return w.failed
}

// Put adds a document in the place of any other of its key. It is seen by
// snapshots after the next Refresh or Commit at the latest. The document is not
// kept.
func (w *Writer) Put(ctx context.Context, d *Document) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	defer w.ops.Unlock()
	if err := w.buf.check(d); err != nil {
		return err
	}
	// Before and not behind: if storage fails, nothing was put, and trying again
	// does not grow the buffer.
	if err := w.flushIfFull(ctx); err != nil {
		return err
	}
	w.buf.put(d)
	w.setBuffered()
	return nil
}

// Delete removes the document of a key, if there is one.
func (w *Writer) Delete(ctx context.Context, k Key) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	defer w.ops.Unlock()
	if err := w.flushIfFull(ctx); err != nil {
		return err
	}
	w.buf.remove(k)
	w.deletes[k] = struct{}{}
	w.setBuffered()
	return nil
}

// flushIfFull makes room for the next document.
func (w *Writer) flushIfFull(ctx context.Context) error {
	full := w.opt.MemoryBytes / 4 * 3
	if w.buffered < full {
		return nil
	}
	w.buf.settle()
	if w.setBuffered(); w.buffered-w.buf.slack() < full/2 {
		w.buf.trim()
		w.setBuffered()
	}
	if w.buffered < full {
		return nil
	}
	return w.flush(ctx, false)
}

// Refresh makes visible in Snapshot what was put and deleted, in memory if there is
// not much of it: after one document it takes a millisecond or two. It is not yet a
// commit.
func (w *Writer) Refresh(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	defer w.ops.Unlock()
	return w.flush(ctx, true)
}

// flush turns the buffer into segments, loose ones if they may be and are small,
// applies deletes to the others, and publishes all at once. If it fails nothing has
// changed.
func (w *Writer) flush(ctx context.Context, loose bool) error {
	w.buf.settle()
	if w.buf.docs() == 0 && len(w.deletes) == 0 {
		return nil
	}
	keys := newKeySet(w.buf.byKey, w.deletes)
	w.setBuffered()
	fresh, err := w.flushParts(ctx, loose && w.staysLoose())
	if err != nil {
		return err
	}
	if err := w.apply(keys, fresh); err != nil {
		w.drop(fresh)
		return err
	}
	w.buf.reset()
	clear(w.deletes)
	w.setBuffered()
	w.merge.wake()
	return w.relieve(ctx)
}

// flushParts makes a segment of each part of the buffer that has live documents,
// all beside each other.
func (w *Writer) flushParts(ctx context.Context, loose bool) ([]*Segment, error) {
	if w.buf.byKey.live == 0 {
		return nil, nil
	}
	if err := w.room(ctx); err != nil {
		return nil, err
	}
	made := make([]*Segment, len(w.buf.parts))
	errs := make([]error, len(w.buf.parts))
	var parts sync.WaitGroup
	for i, p := range w.buf.parts {
		docs := len(p.keys) - p.deaths
		if docs == 0 {
			continue
		}
		one := func() {
			write := func(out io.Writer, id UUID) error { return p.writeSegment(ctx, out, id, w.scratch()) }
			if loose {
				made[i], errs[i] = w.createLoose(uint32(docs), write)
			} else {
				made[i], errs[i] = w.create(ctx, uint32(docs), write)
			}
		}
		if docs == w.buf.byKey.live {
			one()
		} else {
			parts.Go(one)
		}
	}
	parts.Wait()
	made = slices.DeleteFunc(made, func(g *Segment) bool { return g == nil })
	if err := errors.Join(errs...); err != nil {
		w.drop(made)
		return nil, fmt.Errorf("index: flush: %w", err)
	}
	return made, nil
}

// apply deletes the documents of keys from all segments, drops segments that have
// none left, adds fresh ones, and publishes all that at once. If a segment cannot
// say whether it has a key, nothing has changed.
func (w *Writer) apply(keys *keySet, fresh []*Segment) error {
	w.swap.Lock()
	defer w.swap.Unlock()
	var segments, empty []*Segment
	for _, g := range w.segments {
		h, err := g.without(keys)
		switch {
		case err != nil:
			return err
		case h.Docs() > 0:
			segments = append(segments, h)
		default:
			empty = append(empty, g)
		}
	}
	w.state.Lock()
	defer w.state.Unlock()
	segments = append(segments, fresh...)
	for _, g := range fresh {
		delete(w.making, g.name)
	}
	w.segments = segments
	w.publish()
	release(empty)
	return nil
}

// scratch is how flushes and merges spill.
func (w *Writer) scratch() scratch {
	return scratch{dir: w.opt.ScratchDir, spoolBytes: int(w.opt.MemoryBytes / 64)}
}

// create makes and opens a segment object. Its name stays in w.making, safe from
// the collector, until the caller has put it among the segments or dropped it.
func (w *Writer) create(ctx context.Context, docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error) {
	id := newUUID()
	name := segmentName(id)
	w.state.Lock()
	w.making[name] = true
	w.state.Unlock()
	var size int64
	err := w.st.Create(ctx, name, func(out io.Writer) error {
		count := &countWriter{w: out}
		err := write(count, id)
		size = count.n
		return err
	})
	var b *body
	if err == nil {
		b, err = openBody(ctx, w.st, name, id, docs, size, w.common)
	}
	if err != nil {
		w.unmake(name)
		return nil, err
	}
	return &Segment{body: b}, nil
}

// unmake leaves an object that came to nothing to the collector.
func (w *Writer) unmake(name string) {
	w.state.Lock()
	defer w.state.Unlock()
	delete(w.making, name)
}

// drop leaves segments that were made to the collector.
func (w *Writer) drop(made []*Segment) {
	for _, g := range made {
		w.unmake(g.name)
	}
	release(made)
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// publish makes the present segments the writer's snapshot. The caller holds
// state.
func (w *Writer) publish() {
	w.countLoose()
	segments := slices.Clone(w.segments)
	for _, g := range segments {
		g.acquire()
	}
	s := newSnapshot(w.st, w.common, w.schema, segments)
	s.number, s.seq = w.number, w.seq
	if w.snapshot != nil {
		w.snapshot.Close()
	}
	w.snapshot = s
}

// Snapshot is what the writer has flushed, committed or not; the caller closes
// it. After Close of the writer it is nil.
func (w *Writer) Snapshot() *Snapshot {
	w.state.Lock()
	defer w.state.Unlock()
	if w.snapshot == nil {
		return nil
	}
	return w.snapshot.Acquire()
}

// Seq is what the last commit was given: whoever feeds the writer goes on behind.
func (w *Writer) Seq() uint64 {
	w.state.Lock()
	defer w.state.Unlock()
	return w.seq
}

// Close ends the writer and waits for its goroutine. What was not committed is
// gone. Snapshots stay until they are closed. Closing twice is closing once.
func (w *Writer) Close() error {
	w.fail(ErrClosed)
	w.merge.stop()
	w.ops.Lock()
	defer w.ops.Unlock()
	if w.buf != nil {
		w.buf.close()
	}
	w.state.Lock()
	defer w.state.Unlock()
	if w.snapshot != nil {
		w.snapshot.Close()
		release(w.segments)
		w.snapshot, w.segments = nil, nil
	}
	w.buf = nil
	return nil
}
