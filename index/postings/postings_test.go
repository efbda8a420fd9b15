package postings

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A posting of the naive model: a slice of them is a list.
type posting struct {
	doc, freq uint32
	norm      uint8
	positions []uint32
}

// A gen says what a random list looks like.
type gen struct {
	df             int
	maxGap, maxTF  int
	rareGap        int // one gap in 40 is so many times as large
	rareTF         int // one posting in so many has a frequency up to maxTF; the others up to 3
	seed           uint64
	withPos        bool
	maxPositionGap int
}

func (g gen) String() string {
	return fmt.Sprintf("df=%d,gap=%d,%d,tf=%d,pos=%v,seed=%d", g.df, g.maxGap, g.rareGap, g.maxTF, g.withPos, g.seed)
}

func (g gen) list() []posting {
	r := rand.New(rand.NewPCG(g.seed, 7))
	list := make([]posting, g.df)
	doc := uint32(r.IntN(g.maxGap))
	for i := range list {
		top := min(g.maxTF, 3)
		if g.rareTF > 0 && r.IntN(g.rareTF) == 0 {
			top = g.maxTF
		}
		p := posting{doc: doc, freq: 1 + uint32(r.IntN(top)), norm: uint8(1 + r.IntN(60))}
		if g.withPos {
			p.positions = make([]uint32, p.freq)
			var at uint32
			for j := range p.positions {
				at += uint32(r.IntN(g.maxPositionGap))
				p.positions[j] = at
			}
		}
		list[i] = p
		gap := 1 + r.IntN(g.maxGap)
		if g.rareGap > 0 && r.IntN(40) == 0 {
			gap *= g.rareGap
		}
		doc += uint32(gap)
	}
	return list
}

var gens = func() (out []gen) {
	for i, df := range []int{1, 2, 127, 128, 129, 255, 256, 257, 1000} {
		seed := uint64(i)
		out = append(out,
			gen{df: df, maxGap: 1, maxTF: 1, seed: seed, withPos: true, maxPositionGap: 1},
			gen{df: df, maxGap: 1 << 20, maxTF: 3, seed: seed},
			gen{df: df, maxGap: 40, maxTF: 3, seed: seed, withPos: true, maxPositionGap: 300},
			gen{df: df, maxGap: 5, maxTF: 9, rareTF: 40, seed: seed, withPos: true, maxPositionGap: 30},
			gen{df: df, maxGap: 60, rareGap: 100, maxTF: 200, rareTF: 40, seed: seed, withPos: true, maxPositionGap: 30},
			gen{df: df, maxGap: 1 << 12, maxTF: 5000, rareTF: 20, seed: seed, withPos: true, maxPositionGap: 1 << 11})
	}
	return append(out,
		gen{df: 127, maxGap: 1 << 25, maxTF: 1 << 20, rareTF: 100, seed: 77, withPos: true, maxPositionGap: 16},
		gen{df: 128, maxGap: 1 << 25, maxTF: 1 << 20, rareTF: 100, seed: 78, withPos: true, maxPositionGap: 16},
		gen{df: 130, maxGap: 1 << 10, rareGap: 1 << 17, maxTF: 2, seed: 91},
		gen{df: 150, maxGap: 1, rareGap: 1 << 29, maxTF: 2, seed: 76},
		gen{df: 40_000, maxGap: 1, rareGap: 300, maxTF: 40, rareTF: 50, seed: 75, withPos: true, maxPositionGap: 9},
		gen{df: 20_000, maxGap: 1, rareGap: 20, maxTF: 2, seed: 74},
		gen{df: 100_000, maxGap: 60, maxTF: 1 << 20, rareTF: 5000, seed: 79},
		gen{df: 100_000, maxGap: 100, maxTF: 200, rareTF: 100, seed: 80, withPos: true, maxPositionGap: 90})
}()

// testK is K by norm of all lists of the tests.
var testK = Impacts{K1: 1.2, B: 0.75, Avg: 30}.Table(func(norm byte) uint32 { return uint32(norm) })

// A written is a list and the Source that holds it, among other lists.
type written struct {
	src  Source
	list List
}

func write(t testing.TB, list []posting, withPos bool) written {
	t.Helper()
	var post, pos bytes.Buffer
	maxDoc := list[len(list)-1].doc + 1 + uint32(len(list)%3)*1000
	w := NewWriter(&post, &pos, testK, max(maxDoc, 6))
	if !withPos {
		w = NewWriter(&post, nil, testK, max(maxDoc, 6))
	}
	around := []posting{{doc: 1, freq: 1, norm: 1, positions: []uint32{4}}, {doc: 5, freq: 2, norm: 1, positions: []uint32{4, 4}}}
	finish := func(list []posting) List {
		for _, p := range list {
			w.Add(p.doc, p.freq, p.norm, p.positions)
		}
		l, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	finish(around)
	l := finish(list)
	if after := finish(around); after.Post != l.Post+l.PostSize || after.Pos != l.Pos+l.PosSize {
		t.Fatalf("lists are not contiguous: %+v, then %+v", l, after)
	}
	maxDoc = max(maxDoc, 6)
	src := Source{Post: post.Bytes(), Pos: pos.Bytes(), MaxDoc: maxDoc, K: testK}
	if !withPos {
		src.Pos = nil
	}
	if maxDoc < 1<<24 {
		src.Norms = make([]byte, maxDoc)
		for _, p := range list {
			src.Norms[p.doc] = p.norm
		}
	}
	return written{src, l}
}

func eachList(t *testing.T, fn func(t *testing.T, g gen, list []posting, w written)) {
	for _, g := range gens {
		t.Run(g.String(), func(t *testing.T) {
			list := g.list()
			fn(t, g, list, write(t, list, g.withPos))
		})
	}
}

// checkAt holds everything that the cursor says at a document to the model.
func checkAt(t *testing.T, c *Cursor, want posting, positions bool) {
	t.Helper()
	if c.Doc() != want.doc || c.Freq() != want.freq {
		t.Fatalf("at document %d, frequency %d; want %d, %d (%v)", c.Doc(), c.Freq(), want.doc, want.freq, c.Err())
	}
	if positions {
		if got := c.Positions(nil); !slices.Equal(got, want.positions) {
			t.Fatalf("document %d: %d positions, want %d (%v)", want.doc, len(got), len(want.positions), c.Err())
		}
	}
}

func checkEnd(t *testing.T, c *Cursor) {
	t.Helper()
	if c.Next() != None || c.Doc() != None || c.Seek(0) != None || c.Freq() != 0 || c.Positions(nil) != nil || c.Err() != nil {
		t.Fatalf("a spent cursor stands on %d, err %v", c.Doc(), c.Err())
	}
	if c.Block() != c.Blocks() || c.Len() != 0 || c.Last() != None || c.SeekBlock(0) || c.Docs()[0] != None || c.EnterBlock(c.Blocks()) {
		t.Fatalf("a spent cursor is in block %d of %d, %d postings up to %d", c.Block(), c.Blocks(), c.Len(), c.Last())
	}
}

func TestNext(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		c.Reset(&w.src, w.list)
		if c.Size() != uint32(len(list)) {
			t.Fatalf("Size %d, want %d", c.Size(), len(list))
		}
		for i, want := range list {
			if got := c.Next(); got != want.doc {
				t.Fatalf("Next %d = %d, want %d (%v)", i, got, want.doc, c.Err())
			}
			checkAt(t, &c, want, g.withPos && (i%3 != 1 || i > 300)) // some are passed over
		}
		c.Next()
		checkEnd(t, &c)
	})
}

// naiveSeek is the first posting, from i on, not below doc.
func naiveSeek(list []posting, i int, doc uint32) int {
	for i < len(list) && list[i].doc < doc {
		i++
	}
	return i
}

// TestSeekEverywhere seeks, from a fresh cursor, every document of a list and
// its neighbours.
func TestSeekEverywhere(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		step := max(1, len(list)/2000)
		for i := 0; i < len(list); i += step {
			for _, doc := range []uint32{list[i].doc - min(1, list[i].doc), list[i].doc, list[i].doc + 1} {
				at := naiveSeek(list, max(0, i-1), doc)
				c.Reset(&w.src, w.list)
				got := c.Seek(doc)
				if at == len(list) {
					if got != None {
						t.Fatalf("Seek(%d) = %d, want None", doc, got)
					}
					continue
				}
				if got != list[at].doc {
					t.Fatalf("Seek(%d) = %d, want %d (%v)", doc, got, list[at].doc, c.Err())
				}
				checkAt(t, &c, list[at], g.withPos && i%97 == 0)
			}
		}
	})
}

// TestRandomWalk mixes all moves and compares with the model at each.
func TestRandomWalk(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		for seed := range uint64(8) {
			walk(t, &c, g, list, w, rand.New(rand.NewPCG(seed, g.seed)))
		}
	})
}

func walk(t *testing.T, c *Cursor, g gen, list []posting, w written, r *rand.Rand) {
	t.Helper()
	c.Reset(&w.src, w.list)
	at := -1
	for range 400 {
		switch r.IntN(5) {
		case 0, 1:
			at++
			c.Next()
		case 2:
			doc := list[min(max(at, 0)+r.IntN(1+r.IntN(2*BlockLen)), len(list)-1)].doc + uint32(r.IntN(2))
			at = naiveSeek(list, max(at, 0), doc)
			c.Seek(doc)
		case 3:
			at = (at/BlockLen + 1) * BlockLen * min(1, at+1)
			c.EnterBlock(c.Block() + 1)
			c.Next()
		case 4:
			ahead := naiveSeek(list, max(at, 0), list[min(max(at, 0)+r.IntN(1000), len(list)-1)].doc)
			if !c.SeekBlock(list[ahead].doc) || c.Block() != ahead/BlockLen {
				t.Fatalf("SeekBlock(%d): block %d, want %d", list[ahead].doc, c.Block(), ahead/BlockLen)
			}
			if at < 0 || ahead/BlockLen != at/BlockLen {
				at = ahead / BlockLen * BlockLen
				c.Next()
			}
		}
		if at >= len(list) {
			checkEnd(t, c)
			return
		}
		checkAt(t, c, list[at], g.withPos && r.IntN(3) == 0)
	}
}

func TestCursorDoesNotAllocate(t *testing.T) {
	g := gen{df: 1000, maxGap: 40, maxTF: 3, withPos: true, maxPositionGap: 300}
	w := write(t, g.list(), true)
	var c Cursor
	dst, wins, bits := make([]uint32, 0, 100), make([]byte, 0, 100), make([]uint64, 32)
	n := testing.AllocsPerRun(10, func() {
		c.Reset(&w.src, w.list)
		for doc := c.Next(); doc != None; doc = c.Seek(doc + 3) {
			dst = c.Positions(dst[:0])
			dst = c.PositionsAt(3, dst[:0])
		}
		c.Reset(&w.src, w.list)
		wins = c.AppendWindows(wins[:0])
		c.SetBits(bits, 4096)
		c.Kth(10)
	})
	if n != 0 {
		t.Errorf("%v allocations a walk", n)
	}
}

func TestWriterRefuses(t *testing.T) {
	for name, add := range map[string]func(w *Writer){
		"document twice":        func(w *Writer) { w.Add(3, 1, 1, []uint32{1}); w.Add(3, 1, 1, []uint32{1}) },
		"document that is none": func(w *Writer) { w.Add(None, 1, 1, []uint32{1}) },
		"document beyond":       func(w *Writer) { w.Add(100, 1, 1, []uint32{1}) },
		"frequency 0":           func(w *Writer) { w.Add(3, 0, 1, nil) },
		"frequency too high":    func(w *Writer) { w.Add(3, MaxFreq+1, 1, nil) },
		"missing positions":     func(w *Writer) { w.Add(3, 2, 1, []uint32{1}) },
		"falling positions":     func(w *Writer) { w.Add(3, 2, 1, []uint32{2, 1}) },
	} {
		w := NewWriter(&bytes.Buffer{}, &bytes.Buffer{}, testK, 100)
		add(w)
		if _, err := w.Finish(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEmptyList(t *testing.T) {
	w := NewWriter(&bytes.Buffer{}, nil, nil, 1)
	list, err := w.Finish()
	if err != nil || list.Docs != 0 || list.PostSize != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	var c Cursor
	c.Reset(&Source{}, list)
	checkEnd(t, &c)
}

// TestSingle wants lists of one document read as a Cursor reads them, and all others
// refused.
func TestSingle(t *testing.T) {
	var post, pos bytes.Buffer
	w := NewWriter(&post, &pos, nil, 1000)
	var lists []List
	for _, docs := range [][]uint32{{7}, {0}, {999}, {3, 4}, {5}} {
		for _, doc := range docs {
			positions := []uint32{doc, doc, doc + 200, MaxPosition}
			if doc == 5 {
				positions = make([]uint32, BlockLen)
			}
			w.Add(doc, uint32(len(positions)), 1, positions)
		}
		list, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, list)
	}
	src := &Source{Post: post.Bytes(), Pos: pos.Bytes(), MaxDoc: 1000}
	for i, list := range lists {
		var c Cursor
		c.Reset(src, list)
		c.EnterBlock(0)
		got, ok := src.Single(list, []uint32{1})
		if ok != (i < 3) || ok && !slices.Equal(got[1:], c.Deltas(nil)) {
			t.Errorf("list %d: %v, %v; a cursor has %v", i, got, ok, c.Deltas(nil))
		}
	}
	good := lists[0]
	for name, lie := range map[string]func(l *List){
		"document": func(l *List) { l.Doc = 1000 }, "none": func(l *List) { l.Freq = 0 }, "fewer": func(l *List) { l.Freq-- }, "more": func(l *List) { l.Freq++ },
		"size": func(l *List) { l.PosSize++ }, "place": func(l *List) { l.Pos = 1 << 40 }, "postings": func(l *List) { l.PostSize = 1 },
	} {
		list := good
		lie(&list)
		if got, ok := src.Single(list, nil); ok {
			t.Errorf("%s: %v", name, got)
		}
	}
}
