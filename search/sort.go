package search

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/docvalues"
)

// A Sort orders hits by an Int field: rising, or falling if it says so. Documents
// without a number come last, and equal ones by key. The zero Sort is by score.
type Sort struct {
	Field      string `json:"field"`
	Descending bool   `json:"descending,omitempty"`
}

// compare is the order of hits that Search has found by it.
func (s Sort) compare(a, b *Hit) int {
	if s.Field == "" {
		return compareHits(a, b)
	}
	x, y := s.place(a.Number), s.place(b.Number)
	switch {
	case (a.Number == nil) != (b.Number == nil):
		return boolToInt(a.Number == nil) - boolToInt(b.Number == nil)
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return slices.Compare(a.Key[:], b.Key[:])
}

// place is where a number stands: the lowest come first.
func (s Sort) place(n *int64) int64 {
	switch {
	case n == nil:
		return 0
	case s.Descending:
		return ^*n
	}
	return *n
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A ranking keeps the first k documents by a column: a heap whose root is the last.
type ranking struct {
	by       Sort
	field    int
	k        int
	hits     []ranked
	segments []*index.Segment

	number uint32            // of the segment of which the following are:
	column *docvalues.Column // nil: no document has a number
	has    []byte            // documents that have one; nil: all

	docs   []uint32 // scratch
	values []int64
}

// ranked is a document and where its number stands: place is 0 of one without.
type ranked struct {
	place   int64
	missing bool
	segment uint32
	doc     uint32
}

// number is the field of that name, which must be Int.
func number(schema index.Schema, name string) (int, error) {
	i, ok := schema.Field(name)
	if !ok || schema.Fields[i].Kind != index.Int {
		return 0, fmt.Errorf("%w: %q holds no dates or numbers to sort by", ErrField, name)
	}
	return i, nil
}

// begin begins a segment.
func (r *ranking) begin(number int, seg *index.Segment) {
	r.number, r.column = uint32(number), seg.Column(r.field)
	r.has = seg.HasBits(r.field)
}

func (r *ranking) before(a, b ranked) bool {
	switch {
	case a.missing != b.missing:
		return b.missing
	case a.place != b.place:
		return a.place < b.place
	}
	x, y := r.key(a), r.key(b)
	return bytes.Compare(x[:], y[:]) < 0
}

func (r *ranking) key(d ranked) index.Key { return r.segments[d.segment].Key(d.doc) }

func (r *ranking) full() bool { return len(r.hits) == r.k }

// bounds are the numbers that may come among the first.
func (r *ranking) bounds() (low, high int64) {
	low, high = math.MinInt64, math.MaxInt64
	if r.full() && r.k > 0 && !r.hits[0].missing {
		if r.by.Descending {
			low = ^r.hits[0].place
		} else {
			high = r.hits[0].place
		}
	}
	return low, high
}

// hopeless tells whether no document of a window can come among the first.
func (r *ranking) hopeless(base uint32) bool {
	if !r.full() || r.hits[0].missing {
		return false
	}
	if r.column == nil {
		return true
	}
	low, high := r.bounds()
	least, most := r.column.BoundsOf(base, base+window)
	return most < low || least > high
}

// offer offers the documents of a window.
func (r *ranking) offer(found *set, base uint32, w *work) {
	if r.k == 0 {
		return
	}
	missing := *found
	if r.column != nil {
		present := *found
		present.andBits(r.has, base)
		missing.andNot(&present)
		low, high := r.bounds()
		r.docs, r.values = r.column.Select(r.docs[:0], r.values[:0], present[:], base, low, high)
		for i, doc := range r.docs {
			r.add(ranked{place: r.by.place(&r.values[i]), segment: r.number, doc: doc})
		}
	}
	if !r.full() || r.hits[0].missing {
		w.members = missing.appendTo(w.members[:0])
		for _, i := range w.members {
			r.add(ranked{missing: true, segment: r.number, doc: base + i})
		}
	}
}

func (r *ranking) add(d ranked) {
	h := r.hits
	if !r.full() {
		h = append(h, d)
		i := len(h) - 1
		for ; i > 0 && r.before(h[(i-1)/2], d); i = (i - 1) / 2 {
			h[i] = h[(i-1)/2]
		}
		h[i], r.hits = d, h
		return
	}
	if !r.before(d, h[0]) {
		return
	}
	i := 0
	for 2*i+1 < len(h) {
		last := 2*i + 1
		if last+1 < len(h) && r.before(h[last], h[last+1]) {
			last++
		}
		if !r.before(d, h[last]) {
			break
		}
		h[i] = h[last]
		i = last
	}
	h[i] = d
}

// results is the first documents as hits, but for the first offset of them. The
// heap is gone then.
func (r *ranking) results(offset int) []Hit {
	slices.SortFunc(r.hits, func(a, b ranked) int {
		if r.before(a, b) {
			return -1
		}
		return 1
	})
	var out []Hit
	for _, d := range r.hits[min(offset, len(r.hits)):] {
		h := Hit{Key: r.key(d)}
		if !d.missing {
			n := d.place
			if r.by.Descending {
				n = ^n
			}
			h.Number = &n
		}
		out = append(out, h)
	}
	return out
}
