package index

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var sortings = map[string]SortBy{
	"key":        {Order: ByKey},
	"keyDown":    {Order: ByKey, Descending: true},
	"int":        {Order: ByField, Field: 3},
	"intDown":    {Order: ByField, Field: 3, Descending: true},
	"string":     {Order: ByField, Field: 2},
	"stringDown": {Order: ByField, Field: 2, Descending: true},
}

// TestSorted: an index whose segments are sorted is the same index, and its segments
// are sorted, behind flushes, merges, deletes and commits.
func TestSorted(t *testing.T) {
	for name, by := range sortings {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			st := newMemory()
			w, err := OpenWriter(ctx, st, testSchema, WriterOptions{Sort: by, Grace: -1})
			must(t, err)
			defer w.Close()
			r := rand.New(rand.NewPCG(50, 51))
			want := oracle{}
			for i := range 500 {
				d := randomDocument(r, r.IntN(300))
				must(t, w.Put(ctx, d))
				want[d.Key] = d
				switch r.IntN(60) {
				case 0:
					must(t, w.Refresh(ctx))
				case 1:
					must(t, w.Commit(ctx, uint64(i)))
				case 2:
					k := testKey(r.IntN(300))
					must(t, w.Delete(ctx, k))
					delete(want, k)
				}
			}
			must(t, w.Refresh(ctx))
			checkVisible(t, w, want)
			checkSorted(t, w, by)
			must(t, w.Optimize(ctx))
			checkVisible(t, w, want)
			checkSorted(t, w, by)
			must(t, w.Commit(ctx, 1000))
			checkCommitted(t, st, want, 1000)
		})
	}
	if w, err := OpenWriter(t.Context(), newMemory(), testSchema, WriterOptions{Sort: SortBy{Order: ByField, Field: 1}}); err == nil {
		w.Close()
		t.Error("sorted by a text")
	}
}

// checkSorted holds the live documents of each segment to the order, told naively.
func checkSorted(t *testing.T, w *Writer, by SortBy) {
	t.Helper()
	s := w.Snapshot()
	defer s.Close()
	for _, g := range s.Segments() {
		last := ""
		for doc := range g.MaxDoc() {
			if !g.Live(doc) {
				continue
			}
			var now string // as bytes in the order of the values
			switch {
			case by.Order == ByKey:
				k := g.Key(doc)
				now = string(k[:])
			case !g.Has(by.Field, doc):
				now = "none"
			case by.Field == 2:
				now = "v" + termAt(g, 2, g.Column(2).Get(doc))
			default:
				now = fmt.Sprintf("v%020d", uint64(g.Column(3).Get(doc))^1<<63)
			}
			if last != "" {
				switch {
				case last == "none" && now != "none":
					t.Fatalf("document %d has a value, the one before none", doc)
				case now == "none":
				case by.Descending && now > last || !by.Descending && now < last:
					t.Fatalf("document %d: %q after %q", doc, now, last)
				}
			}
			last = now
		}
	}
}

// TestReorder: an index that was reordered is the same index, also where documents
// are deleted meanwhile, and its lists of documents are smaller.
func TestReorder(t *testing.T) {
	ctx := t.Context()
	w, err := OpenWriter(ctx, newMemory(), testSchema, WriterOptions{NoMerge: true})
	must(t, err)
	defer w.Close()
	r := rand.New(rand.NewPCG(52, 53))
	want := oracle{}
	for i := range 4000 {
		d := topicDocument(r, i)
		must(t, w.Put(ctx, d))
		want[d.Key] = d
		if i%900 == 0 {
			must(t, w.Refresh(ctx))
		}
	}
	must(t, w.Delete(ctx, testKey(100)))
	delete(want, testKey(100))
	must(t, w.Optimize(ctx))
	before := postSize(w)
	must(t, w.Optimize(ctx, OptimizeOptions{Reorder: true}))
	checkVisible(t, w, want)
	if after := postSize(w); after > before*95/100 {
		t.Errorf("postings of %d bytes, before %d", after, before)
	}

	for i := range 50 {
		must(t, w.Put(ctx, topicDocument(r, 5000+i)))
	}
	must(t, w.Refresh(ctx))
	s := w.Snapshot()
	for _, g := range s.Segments() {
		for doc := range g.MaxDoc() {
			if doc%50 == 0 && g.Live(doc) {
				k := g.Key(doc)
				must(t, w.Delete(ctx, k))
			}
		}
	}
	s.Close()
	must(t, w.Refresh(ctx))
	s = w.Snapshot()
	defer s.Close()
	live := map[Key]bool{}
	for _, g := range s.Segments() {
		for doc := range g.MaxDoc() {
			if g.Live(doc) {
				live[g.Key(doc)] = true
			}
		}
	}
	// A merge, and meanwhile a delete.
	sources := w.pick(func([]*Segment) []int { return []int{0, 1} })
	defer release(sources)
	order, err := bisected(ctx, w.schema, sources)
	must(t, err)
	merged, err := w.create(ctx, uint32(len(order.docs)), func(out io.Writer, id UUID) error {
		return writeMerged(ctx, out, id, w.schema, sources, order, w.scratch())
	})
	must(t, err)
	gone := sources[0].Key(1)
	must(t, w.Delete(ctx, gone))
	must(t, w.Refresh(ctx))
	w.exchange(sources, merged, order)
	delete(live, gone)
	fresh := w.Snapshot()
	defer fresh.Close()
	if fresh.Docs() != uint64(len(live)) {
		t.Fatalf("%d documents, want %d", fresh.Docs(), len(live))
	}
	for k := range live {
		if _, ok := fresh.Segments()[0].Find(k); !ok {
			t.Fatalf("%s is gone", k)
		}
	}
}

// topicDocument has words of one of twenty topics, which says nothing of its number.
func topicDocument(r *rand.Rand, n int) *Document {
	topic := r.IntN(20)
	var b strings.Builder
	for range 40 {
		fmt.Fprintf(&b, "t%dw%d ", topic, r.IntN(60))
	}
	return &Document{Key: testKey(n), Values: []Value{{Field: 1, Text: b.String()}, {Field: 3, Int: int64(n)}}}
}

// postSize is the bytes of the postings of the body.
func postSize(w *Writer) int {
	s := w.Snapshot()
	defer s.Close()
	n := 0
	for _, g := range s.Segments() {
		n += len(g.fields[1].lists.Post)
	}
	return n
}

// TestBisect finds two kinds of documents that are mixed.
func TestBisect(t *testing.T) {
	const docs = 1000
	var starts []uint64
	var terms []uint32
	r := rand.New(rand.NewPCG(54, 55))
	for d := range docs {
		starts = append(starts, uint64(len(terms)))
		for i := range 30 {
			if r.IntN(3) == 0 {
				terms = append(terms, uint32(30*(d%2)+i))
			}
		}
	}
	order, err := bisect(t.Context(), append(starts, uint64(len(terms))), terms, 60)
	must(t, err)
	odd := 0
	for _, d := range order[:docs/2] {
		odd += int(d % 2)
	}
	if share := math.Abs(float64(odd)/(docs/2) - 0.5); share < 0.45 {
		t.Errorf("%d of the first half are odd", odd)
	}
	slices.Sort(order)
	for i, d := range order {
		if int(d) != i {
			t.Fatalf("document %d is not there once", i)
		}
	}
}
