package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// A merger decides when segments are merged: in two goroutines of the Writer, woken
// by each flush, one of them for loose segments, and in the goroutine of a flush when
// they have fallen behind. One merge of each kind at a time. After one that failed it waits, twice as long after
// each.
type merger struct {
	turn  sync.Mutex     // of who merges, and guards:
	bad   map[*body]bool // damaged, and left alone
	delay time.Duration  // after the last failure; 0 if the last merge succeeded
	next  time.Time      // not before

	looseTurn sync.Mutex // of who merges loose segments, or brings them to the storage

	signal, looseSignal chan struct{}
	cancel              context.CancelFunc
	done                sync.WaitGroup
}

func (m *merger) start(w *Writer) {
	m.bad = map[*body]bool{}
	m.signal, m.looseSignal = make(chan struct{}, 1), make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.done.Go(func() { m.run(ctx, w) })
	m.done.Go(func() { m.runLoose(ctx, w) })
	m.wake() // an index may be opened with segments that want merging
}

// stop ends the goroutines, merges included, and waits for them. It may be called
// again.
func (m *merger) stop() {
	m.cancel()
	m.done.Wait()
}

// wake says that segments have changed.
func (m *merger) wake() {
	for _, signal := range []chan struct{}{m.signal, m.looseSignal} {
		select {
		case signal <- struct{}{}:
		default: // it is awake
		}
	}
}

// runLoose keeps the loose segments few. It does not wait for large merges, nor they
// for it. What cannot be brought to the storage stays in memory, where it counts
// against the documents that are put: they are then flushed to the storage.
func (m *merger) runLoose(ctx context.Context, w *Writer) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.looseSignal:
		}
		for {
			did, err := w.tidyLoose(ctx)
			if err != nil && ctx.Err() == nil && w.Err() == nil {
				w.log.Error("index: merge in memory", "err", err)
			}
			if !did || err != nil {
				break
			}
		}
	}
}

func (m *merger) run(ctx context.Context, w *Writer) {
	for {
		var retry <-chan time.Time
		if wait := m.wait(); wait > 0 {
			retry = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-m.signal:
		case <-retry:
		}
		for !w.opt.NoMerge && w.tryMerge(ctx) {
		}
	}
}

// wait is how long to wait before the next merge.
func (m *merger) wait() time.Duration {
	m.turn.Lock()
	defer m.turn.Unlock()
	if m.delay == 0 {
		return 0
	}
	return max(1, time.Until(m.next))
}

// relieve merges in the caller's goroutine while there are far too many segments.
// What was to be flushed is flushed: that a merge fails is not the flush's error.
func (w *Writer) relieve(ctx context.Context) error {
	for w.looseCount() > stallLoose {
		if did, err := w.tidyLoose(ctx); !did || err != nil {
			break
		}
	}
	for !w.opt.NoMerge && w.segmentCount() > stallSegments && w.tryMerge(ctx) {
	}
	return ctx.Err()
}

// room refuses to make another segment where merging fails and there are too many:
// whoever feeds the writer is to wait and try again. It tries to merge first.
func (w *Writer) room(ctx context.Context) error {
	if w.opt.NoMerge || w.segmentCount() < maxSegments {
		return nil
	}
	w.tryMerge(ctx)
	n, err := w.segmentCount(), w.mergeError()
	if err == nil || n < maxSegments {
		return ctx.Err()
	}
	return fmt.Errorf("index: flush: there are %d segments, and they cannot be merged: %w", n, err)
}

// tryMerge does the merge that the policy wants, and tells whether there was one.
// One that fails is logged, told by Stats, and not tried again for a while.
func (w *Writer) tryMerge(ctx context.Context) bool {
	m := &w.merge
	m.turn.Lock()
	defer m.turn.Unlock()
	if m.delay > 0 && time.Now().Before(m.next) {
		return false
	}
	did, err := w.mergeNext(ctx)
	if err != nil && (ctx.Err() != nil || w.Err() != nil) {
		return false
	}
	w.noteMerge(did, err)
	switch {
	case err == nil:
		m.delay = 0
	case errors.Is(err, ErrCorrupt): // the damaged are left alone from now on: others may do
		w.log.Error("index: merge", "err", err)
	default:
		m.delay = min(max(minMergeDelay, 2*m.delay), maxMergeDelay)
		m.next = time.Now().Add(m.delay)
		w.log.Error("index: merge", "err", err, "again in", m.delay)
		return false
	}
	return did
}

func (w *Writer) segmentCount() int {
	w.state.Lock()
	defer w.state.Unlock()
	return len(w.segments)
}

// mergeNext does the merge that the policy wants, and tells whether there was one.
// The caller has the turn.
func (w *Writer) mergeNext(ctx context.Context) (bool, error) {
	if err := w.Err(); err != nil {
		return false, err
	}
	sources := w.pick(func(segments []*Segment) []int {
		var sizes []sized
		for i, g := range segments {
			if !g.loose() && !w.merge.bad[g.body] {
				sizes = append(sizes, g.sized(i))
			}
		}
		return chooseMerge(sizes, w.mergeLimits())
	})
	defer release(sources)
	if len(sources) == 0 {
		return false, nil
	}
	return true, w.mergeSegments(ctx, sources, w.opt.Sort.arrange, w.opt.MergeBytesPerSecond)
}

// mergeBytesPerDoc is what a merge may hold in memory for each document: 4 bytes
// for each of a few Keyword fields whose values are all different.
const mergeBytesPerDoc = 16

// mergeLimits is how large a merged segment may be: what is held for its documents
// takes a quarter of the memory.
func (w *Writer) mergeLimits() limits {
	return limits{bytes: w.opt.MaxSegmentBytes, docs: min(maxSegmentDocs, w.opt.MemoryBytes/4/mergeBytesPerDoc)}
}

// sized is what the policy is told of a segment.
func (g *Segment) sized(position int) sized {
	s := sized{docs: g.Docs(), position: position, bytes: g.Bytes()}
	if g.MaxDoc() > 0 {
		s.deleted = float64(g.deleted) / float64(g.MaxDoc())
		s.bytes = int64(float64(g.Bytes()) * (1 - s.deleted))
	}
	return s
}

// OptimizeOptions are how Optimize works; the zero value works.
type OptimizeOptions struct {
	// Reorder gives documents that share terms numbers near each other, whatever
	// WriterOptions.Sort says: smaller lists of documents, and searches that pass
	// over more of them. It costs a microsecond or so of one core for each posting,
	// 4 bytes of memory for each, and the compression of all stored texts anew.
	Reorder bool
}

// Optimize flushes, and merges all segments of that moment into one without
// deleted documents, however large. It takes the caller's goroutine; the result
// is durable with the next Commit. At most one set of options is given.
func (w *Writer) Optimize(ctx context.Context, opt ...OptimizeOptions) error {
	reorder := len(opt) > 0 && opt[0].Reorder
	if err := w.Refresh(ctx); err != nil {
		return err
	}
	w.merge.turn.Lock()
	defer w.merge.turn.Unlock()
	w.merge.looseTurn.Lock()
	defer w.merge.looseTurn.Unlock()
	sources := w.pick(func(segments []*Segment) []int {
		if len(segments) == 1 && segments[0].deleted == 0 && !segments[0].loose() && !reorder {
			return nil
		}
		all := make([]int, len(segments))
		for i := range all {
			all[i] = i
		}
		return all
	})
	defer release(sources)
	if len(sources) == 0 {
		return nil
	}
	arrange := w.opt.Sort.arrange
	if reorder {
		arrange = bisected
	}
	return w.mergeSegments(ctx, sources, arrange, 0)
}

// pick returns the chosen ones of the present segments, with a reference to each.
func (w *Writer) pick(choose func(segments []*Segment) []int) []*Segment {
	w.state.Lock()
	defer w.state.Unlock()
	var out []*Segment
	for _, i := range choose(w.segments) {
		w.segments[i].acquire()
		out = append(out, w.segments[i])
	}
	return out
}

// mergeSegments puts one segment in the place of sources, at no more than limit bytes
// a second unless that is 0. The caller has the turn and references to sources.
func (w *Writer) mergeSegments(ctx context.Context, sources []*Segment, arrange arranger, limit int64) error {
	for _, g := range sources {
		// A merge would give damaged bytes new checksums.
		if err := g.Verify(); err != nil {
			w.merge.bad[g.body] = true
			return fmt.Errorf("index: merge: %w", err)
		}
	}
	err := w.mergeInto(ctx, sources, arrange, func(docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error) {
		return w.create(ctx, docs, func(out io.Writer, id UUID) error {
			if limit > 0 {
				out = &pacedWriter{w: out, ctx: ctx, rate: limit, since: time.Now(), hurry: w.piledUp}
			}
			return write(out, id)
		})
	})
	return w.blame(sources, err)
}

// An arranger orders the documents of a merge; nil is the order they have.
type arranger func(ctx context.Context, schema Schema, sources []*Segment) (*arrangement, error)

// mergeInto puts one segment, made by create, in the place of sources, to which the
// caller has references. Nobody else merges them.
func (w *Writer) mergeInto(ctx context.Context, sources []*Segment, arrange arranger, create func(docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error)) error {
	docs := uint64(0)
	for _, g := range sources {
		docs += uint64(g.Docs())
	}
	if docs > maxSegmentDocs {
		return fmt.Errorf("index: merge: %d documents are more than a segment holds", docs)
	}
	order, err := arrange(ctx, w.schema, sources)
	if err != nil {
		return fmt.Errorf("index: merge: %w", err)
	}
	var merged *Segment
	if docs > 0 {
		merged, err = create(uint32(docs), func(out io.Writer, id UUID) error {
			return writeMerged(ctx, out, id, w.schema, sources, order, w.scratch())
		})
		if err != nil {
			return fmt.Errorf("index: merge: %w", err)
		}
	}
	w.exchange(sources, merged, order)
	w.log.Debug("index: merged", "segments", len(sources), "docs", docs)
	return nil
}

// blame keeps sources out of merges if one of them is damaged in a way that
// checksums do not show: it is not known which.
func (w *Writer) blame(sources []*Segment, err error) error {
	if errors.Is(err, ErrCorrupt) {
		for _, g := range sources {
			w.merge.bad[g.body] = true
		}
	}
	return err
}

// exchange puts merged, which may be nil, in the place of the first of sources,
// and takes away the others. Documents of theirs that were deleted while they
// were merged are deleted in merged too.
func (w *Writer) exchange(sources []*Segment, merged *Segment, order *arrangement) {
	w.swap.Lock()
	defer w.swap.Unlock()
	if merged != nil {
		merged = carryDeletes(sources, w.segments, merged, order)
	}
	isSource := map[*body]bool{}
	for _, g := range sources {
		isSource[g.body] = true
	}
	var segments, gone []*Segment
	placed := merged == nil
	for _, g := range w.segments {
		if !isSource[g.body] {
			segments = append(segments, g)
			continue
		}
		gone = append(gone, g)
		if !placed {
			segments = append(segments, merged)
			placed = true
		}
	}
	if !placed {
		segments = append(segments, merged)
	}
	if merged != nil && merged.Docs() == 0 {
		segments = slices.DeleteFunc(segments, func(g *Segment) bool { return g == merged })
		gone = append(gone, merged)
	}
	w.state.Lock()
	defer w.state.Unlock()
	if merged != nil {
		delete(w.making, merged.name)
	}
	if w.snapshot == nil { // the writer has been closed
		if merged != nil {
			merged.release()
		}
		return
	}
	w.segments = segments
	if len(sources) > 0 && !sources[0].loose() {
		w.stats.Merges++
	}
	w.publish()
	release(gone)
}

// carryDeletes returns merged without the documents that are live in sources, as
// they were merged, and not any more in the present segments.
func carryDeletes(sources, present []*Segment, merged *Segment, order *arrangement) *Segment {
	var live liveBits
	deleted, base := uint32(0), uint32(0)
	for i, was := range sources {
		now := &Segment{body: was.body, live: make(liveBits, liveBytes(was.MaxDoc()))} // gone: none live
		for _, g := range present {
			if g.body == was.body {
				now = g
			}
		}
		if !sameBits(now.live, was.live) {
			if live == nil {
				live = allLive(merged.MaxDoc())
			}
			if order != nil {
				deleted += clearArranged(live, order.to[i], was, now)
			} else {
				deleted += clearDeleted(live, base, was, now)
			}
		}
		base += was.Docs()
	}
	if live == nil {
		return merged
	}
	return &Segment{body: merged.body, live: live, deleted: deleted}
}

// sameBits tells whether two bitmaps are one: they are never changed.
func sameBits(a, b liveBits) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// clearDeleted clears in live, from base on, the documents that was has and now
// has not, numbered as a merge numbers them: by their place among the live ones
// of was. It returns how many.
func clearDeleted(live liveBits, base uint32, was, now *Segment) (cleared uint32) {
	before := was.live
	if before == nil {
		before = allLive(was.MaxDoc())
	}
	after := now.live
	if after == nil {
		return 0 // documents do not come back
	}
	for i := range before.words() {
		word := before.word(i)
		for gone := word &^ after.word(i); gone != 0; gone &= gone - 1 {
			below := word & (gone&-gone - 1)
			live.clear(base + uint32(bits.OnesCount64(below)))
			cleared++
		}
		base += uint32(bits.OnesCount64(word))
	}
	return cleared
}

// clearArranged is clearDeleted where to tells the numbers.
func clearArranged(live liveBits, to []uint32, was, now *Segment) (cleared uint32) {
	for doc := range was.MaxDoc() {
		if was.Live(doc) && !now.Live(doc) {
			live.clear(to[doc])
			cleared++
		}
	}
	return cleared
}
