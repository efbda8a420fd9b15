package index

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index/postings"
)

// completeIndex has two states, each with what an index can have: several segments,
// documents deleted in some, all kinds of fields, lists of all shapes. It returns the
// states' digests by the number of the manifest; the claim's is the first.
func completeIndex(t testing.TB, docs int) (st *memory, digests map[uint64]uint64) {
	t.Helper()
	ctx := t.Context()
	st = newMemory()
	w, err := OpenWriter(ctx, st, testSchema, WriterOptions{NoMerge: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	digests = map[uint64]uint64{}
	note := func() {
		s := w.Snapshot()
		defer s.Close()
		if digests[s.Number()], err = digest(s); err != nil {
			t.Fatal(err)
		}
	}
	note()
	r := rand.New(rand.NewPCG(30, 31))
	for seq := range uint64(2) {
		for range 2 {
			for range docs / 4 {
				if err := w.Put(ctx, randomDocument(r, r.IntN(docs))); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(w.Delete(ctx, testKey(r.IntN(docs))), w.Refresh(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(ctx, seq+1); err != nil {
			t.Fatal(err)
		}
		note()
	}
	return st, digests
}

// digest reads all that a snapshot gives and sums it up. As for searches, an error
// means that nothing counts.
func digest(s *Snapshot) (uint64, error) {
	h := fnv.New64a()
	fmt.Fprintln(h, s.Docs(), s.Seq())
	for _, g := range s.Segments() {
		if err := digestDocs(h, g); err != nil {
			return 0, err
		}
		for field := range s.Schema().Fields {
			if err := digestTerms(h, g, field); err != nil {
				return 0, err
			}
			if err := digestPairs(h, g, field); err != nil {
				return 0, err
			}
		}
		if err := g.Err(); err != nil {
			return 0, err
		}
	}
	return h.Sum64(), nil
}

func digestDocs(h io.Writer, g *Segment) error {
	var values []StoredValue
	fmt.Fprintln(h, g.MaxDoc(), g.Docs())
	for doc := range g.MaxDoc() {
		key := g.Key(doc)
		at, found := g.Find(key)
		fmt.Fprintln(h, g.Live(doc), key, at, found)
		for field := range g.fields {
			if col := g.Column(field); col != nil {
				fmt.Fprintln(h, g.Has(field, doc), col.Get(doc))
			}
			if norms := g.Norms(field); norms != nil {
				fmt.Fprintln(h, norms[doc])
			}
		}
		var err error
		if values, err = g.Stored(doc, values[:0]); err != nil {
			return err
		}
		fmt.Fprintln(h, values)
	}
	return nil
}

func digestTerms(h io.Writer, g *Segment, field int) error {
	if g.Terms(field) == nil {
		return nil
	}
	var c postings.Cursor
	var positions []uint32
	it := g.Terms(field).Iter()
	for it.Next() {
		info, ok := g.Terms(field).Get(it.Term())
		fmt.Fprintf(h, "%x %v %v\n", it.Term(), info, ok)
		g.PostingsAt(&c, field, it.Info())
		for doc := c.Next(); doc != postings.None; doc = c.Next() {
			positions = c.Positions(positions[:0])
			fmt.Fprintln(h, doc, c.Freq(), positions)
		}
		g.PostingsAt(&c, field, it.Info()) // and once by blocks
		for b := c.Blocks() - 1; b >= 0 && c.EnterBlock(b); b-- {
			positions = c.PositionsAt(c.Len()/2, positions[:0])
			fmt.Fprintln(h, c.First(), c.Last(), c.Impact(), c.FreqAt(c.Len()-1), c.Docs()[0], c.Freqs()[0], positions)
		}
		fmt.Fprintln(h, c.AppendWindows(nil), c.Kth(10))
		if err := c.Err(); err != nil {
			return fmt.Errorf("%s: %w", g.Name(), err)
		}
	}
	return it.Err()
}

// digestPairs reads the pairs of the frequent words, and of one that is none.
func digestPairs(h io.Writer, g *Segment, field int) error {
	var c postings.Cursor
	words := append([]string{"none"}, g.field(field).pairs.words...)
	for _, a := range words {
		for _, b := range words {
			info, known := g.Pair(field, []byte(a), []byte(b))
			g.PairAt(&c, field, info)
			fmt.Fprintln(h, a, b, info, known, c.Impact(), c.AppendWindows(nil))
			for doc := c.Next(); doc != postings.None; doc = c.Next() {
				fmt.Fprintln(h, doc, c.Freq())
			}
			if err := c.Err(); err != nil {
				return fmt.Errorf("%s: %w", g.Name(), err)
			}
		}
	}
	return nil
}

// merged is what a merge of all segments writes.
func merged(t testing.TB, s *Snapshot) ([]byte, error) {
	var out bytes.Buffer
	err := writeMerged(t.Context(), &out, UUID{2}, s.Schema(), s.Segments(), nil, scratch{spoolBytes: 1 << 20})
	return out.Bytes(), err
}

// A spoilt index is one with an object that is not what was written.
type spoilt struct {
	good    *memory
	digests map[uint64]uint64
	merge   []byte // of the newest state
}

func newSpoilt(t *testing.T, docs int) *spoilt {
	sp := &spoilt{}
	sp.good, sp.digests = completeIndex(t, docs)
	s, err := Open(t.Context(), sp.good)
	must(t, err)
	defer s.Close()
	sp.merge, err = merged(t, s)
	must(t, err)
	return sp
}

// check opens the index with another content of one object, and holds all it says to
// what is right, or to an error that wraps ErrCorrupt and names the object. It tells
// whether the damage was seen.
func (sp *spoilt) check(t *testing.T, what, name string, data []byte) (seen bool) {
	t.Helper()
	st := sp.good.copy()
	st.objects[name] = data
	honest := func(err error) bool {
		if err != nil && (!errors.Is(err, ErrCorrupt) && !strings.Contains(err.Error(), "use the Trawl that wrote it") || !strings.Contains(err.Error(), name)) {
			t.Fatalf("%s: %v", what, err)
		}
		return err != nil
	}
	s, err := Open(t.Context(), st)
	if honest(err) {
		return true
	}
	defer s.Close()
	seen = honest(s.Damage())
	if !seen && s.Number() != 3 {
		t.Fatalf("%s: state %d is open, and no damage", what, s.Number())
	}
	got, err := digest(s)
	if !honest(err) && got != sp.digests[s.Number()] {
		t.Fatalf("%s: other answers, and no error", what)
	}
	seen = seen || err != nil
	out, err := merged(t, s)
	if !honest(err) && !seen && !bytes.Equal(out, sp.merge) {
		t.Fatalf("%s: another merge, and no error", what)
	}
	if len(what)%8 == 0 { // now and then: FuzzInspect does more of it
		Inspect(io.Discard, name, data)
	}
	return seen || err != nil
}

// TestEveryBit flips a bit at every offset of a small and complete index (of a sample
// of them, without -every), and cuts each object there: all answers are right, or it
// is said what is damaged.
func TestEveryBit(t *testing.T) {
	sp := newSpoilt(t, 24)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 40))
	step := 40 // all of them take a minute
	if *every {
		step = 1
	}
	unseen := map[string]int{}
	places := 0
	for _, name := range slices.Sorted(maps.Keys(sp.good.objects)) {
		data := sp.good.objects[name]
		for at := r.IntN(step); at < len(data); at += 1 + r.IntN(2*step-1) {
			places++
			bad := slices.Clone(data)
			bad[at] ^= 1 << r.IntN(8)
			if !sp.check(t, fmt.Sprintf("seed %d: %s: byte %d of %d", seed, name, at, len(data)), name, bad) {
				unseen[name]++
			}
			sp.check(t, fmt.Sprintf("seed %d: %s: cut to %d of %d", seed, name, at, len(data)), name, data[:at:at])
		}
		sp.check(t, name+": a byte too long", name, append(slices.Clone(data), 0))
	}
	for name, n := range unseen {
		if name != manifestName(2) && name != manifestName(1) { // which are not read
			t.Errorf("seed %d: %s: %d flips were not seen", seed, name, n)
		}
	}
	t.Logf("%d places of %d objects", places, len(sp.good.objects))
}

// TestEveryChunk flips a bit in each chunk of segments of many: nothing at Open sees
// it, but whoever reads it.
func TestEveryChunk(t *testing.T) {
	docs := 8000
	if testing.Short() {
		docs = 3000
	}
	sp := newSpoilt(t, docs)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 41))
	flips, chunks := 0, 0
	for name, data := range sp.good.objects {
		if !strings.HasPrefix(name, segmentPrefix) {
			continue
		}
		for from := 0; from < len(data); from += 1 << 16 {
			chunks++
			at := from + r.IntN(min(1<<16, len(data)-from))
			bad := slices.Clone(data)
			bad[at] ^= 1 << r.IntN(8)
			if sp.check(t, fmt.Sprintf("seed %d: %s: byte %d of %d", seed, name, at, len(data)), name, bad) {
				flips++
			}
		}
	}
	if flips != chunks || chunks < 8 {
		t.Errorf("seed %d: %d of %d flips were seen", seed, flips, chunks)
	}
}
