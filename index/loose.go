package index

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// A loose segment stands in memory and not yet in the storage. Refresh makes them,
// so that what was put is seen in a millisecond, without a file and a sync for each
// handful of documents. They are merged in memory while there are more than a few,
// reach the storage, as one segment, with the next Commit or when there is too much
// of them, and are gone with the process like all else that is not committed.

const (
	// maxLoose is how many loose segments there may be before some are merged, and
	// stallLoose from how many on a Refresh does that itself.
	maxLoose   = 8
	stallLoose = 4 * maxLoose

	// looseShare of the memory of a Writer is for loose segments. It is of the part
	// that is for documents which are not flushed.
	looseShare = 8
)

// looseObject is the object of a loose segment.
type looseObject struct {
	*bytes.Reader
	data []byte
}

func (o looseObject) Bytes() []byte { return o.data }
func (o looseObject) Close() error  { return nil }

func (g *Segment) loose() bool {
	_, loose := g.object.(looseObject)
	return loose
}

// createLoose makes a segment in memory.
func (w *Writer) createLoose(docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error) {
	id := newUUID()
	var out bytes.Buffer
	if err := write(&out, id); err != nil {
		return nil, err
	}
	data := bytes.Clone(out.Bytes()) // no larger than it is
	b := &body{name: segmentName(id), id: id, object: looseObject{bytes.NewReader(data), data}, common: w.common}
	b.refs.Store(1)
	if err := b.read(docs, int64(len(data)), w.common); err != nil {
		return nil, fmt.Errorf("index: read %s: %w", b.name, err)
	}
	return &Segment{body: b}, nil
}

// maxLooseBytes is how much of loose segments there may be, about.
func (w *Writer) maxLooseBytes() int64 { return w.opt.MemoryBytes / looseShare }

// staysLoose tells whether what is in the buffer may become loose segments.
func (w *Writer) staysLoose() bool {
	return !w.opt.NoMerge && w.buffered-w.looseBytes() <= w.maxLooseBytes() && w.looseBytes() < w.maxLooseBytes()
}

// looseBytes is the size of the loose segments.
func (w *Writer) looseBytes() int64 {
	w.state.Lock()
	defer w.state.Unlock()
	return w.stats.LooseBytes
}

// looseCount is how many loose segments there are.
func (w *Writer) looseCount() int {
	w.state.Lock()
	defer w.state.Unlock()
	return w.stats.LooseSegments
}

// countLoose notes the loose segments. The caller holds state.
func (w *Writer) countLoose() {
	w.stats.LooseSegments, w.stats.LooseBytes = 0, 0
	for _, g := range w.segments {
		if g.loose() {
			w.stats.LooseSegments++
			w.stats.LooseBytes += g.Bytes()
		}
	}
}

// tidyLoose merges loose segments if there are too many, or brings all of them to
// the storage if they are too large, and tells whether it did.
func (w *Writer) tidyLoose(ctx context.Context) (bool, error) {
	w.merge.looseTurn.Lock()
	defer w.merge.looseTurn.Unlock()
	if err := w.Err(); err != nil {
		return false, err
	}
	if w.looseBytes() > w.maxLooseBytes() {
		return true, w.settleLoose(ctx)
	}
	sources := w.pick(func(segments []*Segment) []int { return chooseLoose(segments) })
	defer release(sources)
	if len(sources) < 2 {
		return false, nil
	}
	return true, w.mergeInto(ctx, sources, w.opt.Sort.arrange, func(docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error) {
		return w.createLoose(docs, write)
	})
}

// chooseLoose returns the loose segments to merge next, as positions: the smallest,
// as long as the next is not larger than those before it together.
func chooseLoose(segments []*Segment) []int {
	var loose []int
	for i, g := range segments {
		if g.loose() {
			loose = append(loose, i)
		}
	}
	if len(loose) <= maxLoose {
		return nil
	}
	slices.SortStableFunc(loose, func(a, b int) int { return cmp.Compare(segments[a].Bytes(), segments[b].Bytes()) })
	n, sum := 0, int64(0)
	for n < len(loose) && (n < 2 || segments[loose[n]].Bytes() <= sum) {
		sum += segments[loose[n]].Bytes()
		n++
	}
	chosen := loose[:n]
	slices.Sort(chosen)
	return chosen
}

// persist brings all loose segments to the storage.
func (w *Writer) persist(ctx context.Context) error {
	w.merge.looseTurn.Lock()
	defer w.merge.looseTurn.Unlock()
	return w.settleLoose(ctx)
}

// settleLoose brings all loose segments to the storage, as one. The caller has the
// turn of loose ones.
func (w *Writer) settleLoose(ctx context.Context) error {
	sources := w.pick(func(segments []*Segment) (all []int) {
		for i, g := range segments {
			if g.loose() {
				all = append(all, i)
			}
		}
		return all
	})
	defer release(sources)
	if len(sources) == 0 {
		return nil
	}
	return w.mergeInto(ctx, sources, w.opt.Sort.arrange, func(docs uint32, write func(out io.Writer, id UUID) error) (*Segment, error) {
		return w.create(ctx, docs, write)
	})
}
