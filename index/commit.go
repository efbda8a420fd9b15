package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

const (
	// keepManifests is how many states can be opened: the newest and, should a
	// bit of that one rot, the one before.
	keepManifests = 2

	// commitRounds bounds how often a commit finds its number taken by itself.
	commitRounds = 4

	// liveRounds bounds how many leftovers of a crash may hold the names of live
	// objects.
	liveRounds = 100
)

// Commit makes durable what was put and deleted before, and remembers seq, the
// place in the log up to which that is all. Seq must not fall. Where nothing has
// changed nothing is written.
//
// ErrFenced means that another writer has claimed the index and nothing was
// committed. After any other error it is not known whether the commit came to
// be; call it again.
func (w *Writer) Commit(ctx context.Context, seq uint64) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	defer w.ops.Unlock()
	if seq < w.Seq() {
		return fmt.Errorf("index: commit %d: the last was %d", seq, w.Seq())
	}
	if err := w.flush(ctx, w.looseCount() > 0); err != nil {
		return err
	}
	if err := w.persist(ctx); err != nil {
		return fmt.Errorf("index: commit: %w", err)
	}
	segments, err := w.writeLives(ctx)
	if err != nil {
		return fmt.Errorf("index: commit: %w", err)
	}
	defer release(segments)
	last := w.kept[len(w.kept)-1]
	m := w.manifest(segments, seq)
	if last.LastSeq == seq && slices.Equal(last.Segments, m.Segments) {
		return nil
	}
	if err := w.createNext(ctx, m); err != nil {
		return err
	}
	objects := w.trash.list(ctx, w)
	if err := w.checkNewest(ctx, m); err != nil {
		return err
	}
	w.keep(m)
	w.state.Lock()
	w.seq = seq
	w.publish()
	w.state.Unlock()
	w.trash.collect(ctx, w, objects)
	return nil
}

// createNext creates the manifest under the number behind the last. If the number is
// taken by an earlier try of this writer, whose outcome it did not learn, the
// next one is free.
func (w *Writer) createNext(ctx context.Context, m *manifest) error {
	for range commitRounds {
		err := createManifest(ctx, w.st, m)
		if err == nil {
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("index: commit: %w", err)
		}
		there, err := readManifest(ctx, w.st, m.Number)
		if err != nil && !damaged(err) {
			return fmt.Errorf("index: commit: %w", err)
		}
		if err != nil || there.Writer != w.id {
			return w.fence(m.Number)
		}
		w.keep(there)
		m.Number++
	}
	return fmt.Errorf("index: commit: %d numbers are taken by this writer", commitRounds)
}

// keep makes m, which is there, the last manifest.
func (w *Writer) keep(m *manifest) {
	w.kept = append(w.kept, m)
	w.kept = w.kept[max(0, len(w.kept)-keepManifests):]
	w.state.Lock()
	defer w.state.Unlock()
	w.number = m.Number
}

// checkNewest makes sure that there is no newer manifest than m, just created:
// its number could be free because a later writer has deleted what stood there.
func (w *Writer) checkNewest(ctx context.Context, m *manifest) error {
	numbers, err := manifestNumbers(ctx, w.st)
	if err != nil {
		return fmt.Errorf("index: commit: %w", err)
	}
	if len(numbers) == 0 || numbers[0] != m.Number {
		return w.fence(m.Number)
	}
	return nil
}

// fence ends the writer.
func (w *Writer) fence(number uint64) error {
	err := w.fail(ErrFenced)
	w.log.Warn("index: fenced", "manifest", number, "holder", w.opt.Holder)
	return err
}

// writeLives writes the live bitmaps that have changed, and returns the segments
// with a reference to each, for the caller to release. A bitmap that was written
// is not written again if the commit fails.
func (w *Writer) writeLives(ctx context.Context) ([]*Segment, error) {
	w.state.Lock()
	segments := slices.Clone(w.segments)
	for _, g := range segments {
		g.acquire()
	}
	number := w.number + 1
	w.state.Unlock()
	for i, g := range segments {
		if g.live == nil || g.liveName != "" {
			continue
		}
		named, err := w.writeLive(ctx, g, number)
		if err != nil {
			release(segments)
			return nil, err
		}
		segments[i] = named
		w.replace(g, named)
	}
	return segments, nil
}

// writeLive writes the bitmap of a segment under the first free name from number
// on, and returns the segment with that name.
func (w *Writer) writeLive(ctx context.Context, g *Segment, number uint64) (*Segment, error) {
	named := *g
	for n := number; n < number+liveRounds; n++ {
		named.liveName = liveName(g.id, n)
		err := w.st.Create(ctx, named.liveName, func(out io.Writer) error {
			count := &countWriter{w: out}
			err := writeLive(count, g.id, g.MaxDoc(), g.live, time.Now())
			named.liveSize = count.n
			return err
		})
		if !errors.Is(err, fs.ErrExist) {
			return &named, err
		}
	}
	return nil, fmt.Errorf("index: write %s: the %d names behind are taken too: %w", liveName(g.id, number), liveRounds, fs.ErrExist)
}

// replace puts one form of a segment in the place of another, if that is still
// there.
func (w *Writer) replace(old, now *Segment) {
	w.swap.Lock()
	defer w.swap.Unlock()
	w.state.Lock()
	defer w.state.Unlock()
	if i := slices.Index(w.segments, old); i >= 0 {
		w.segments = slices.Clone(w.segments)
		w.segments[i] = now
	}
}
