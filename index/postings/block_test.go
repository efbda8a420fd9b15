package postings

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkBlock holds all that the cursor says of block b to the model.
func checkBlock(t *testing.T, c *Cursor, r *rand.Rand, list []posting, b int, withPos bool) {
	t.Helper()
	from, to := b*BlockLen, min((b+1)*BlockLen, len(list))
	first := uint32(0)
	if from > 0 {
		first = list[from-1].doc + 1
	}
	want := list[from:to]
	if c.Block() != b || c.First() != first || c.Last() != list[to-1].doc || c.LastOf(b) != c.Last() || c.Len() != to-from {
		t.Fatalf("block %d is %d, from %d to %d (%d postings); want from %d to %d (%d)",
			b, c.Block(), c.First(), c.Last(), c.Len(), first, list[to-1].doc, to-from)
	}
	freqs := func() {
		for i, p := range want {
			if got := c.FreqAt(i); got != p.freq {
				t.Fatalf("block %d: FreqAt(%d) = %d, want %d", b, i, got, p.freq)
			}
		}
	}
	steps := []func(){freqs, freqs,
		func() {
			for i, freq := range c.Freqs()[:c.Len()] {
				if freq != want[i].freq {
					t.Fatalf("block %d: Freqs[%d] = %d, want %d", b, i, freq, want[i].freq)
				}
			}
		},
		func() {
			if bits, ok := c.Dense(); ok {
				checkDense(t, bits, c.First(), want)
			}
		},
		func() {
			for i, doc := range c.Docs() {
				if i < len(want) && doc != want[i].doc || i >= len(want) && doc != None {
					t.Fatalf("block %d: Docs[%d] = %d (%v)", b, i, doc, c.Err())
				}
			}
		},
		func() {
			for range 20 {
				i := r.IntN(len(want))
				if got := c.PositionsAt(i, nil); withPos && !slices.Equal(got, want[i].positions) {
					t.Fatalf("block %d: PositionsAt(%d) = %v, want %v (%v)", b, i, got, want[i].positions, c.Err())
				}
			}
		}}
	r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		step()
	}
}

// checkDense holds a bitmap to the documents of a block.
func checkDense(t *testing.T, bits []byte, first uint32, want []posting) {
	t.Helper()
	var got []uint32
	for i := range 8 * len(bits) {
		if bits[i/8]>>(i%8)&1 != 0 {
			got = append(got, first+uint32(i))
		}
	}
	if len(bits)%8 != 0 || !slices.EqualFunc(got, want, func(doc uint32, p posting) bool { return doc == p.doc }) {
		t.Fatalf("bitmap of %d bytes from %d on holds %v", len(bits), first, got)
	}
}

// TestBlockWalk enters blocks forwards, then in random order, then by SeekBlock.
func TestBlockWalk(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		r := rand.New(rand.NewPCG(g.seed, 5))
		c.Reset(&w.src, w.list)
		blocks := (len(list) + BlockLen - 1) / BlockLen
		if c.Blocks() != blocks || c.Block() != -1 || c.Len() != 0 {
			t.Fatalf("%d blocks, in %d; want %d", c.Blocks(), c.Block(), blocks)
		}
		for b := range blocks {
			if !c.EnterBlock(b) {
				t.Fatalf("no block %d: %v", b, c.Err())
			}
			checkBlock(t, &c, r, list, b, g.withPos)
		}
		if c.EnterBlock(blocks) {
			t.Fatal("a block behind the last")
		}
		checkEnd(t, &c)
		for range min(blocks, 50) {
			b := r.IntN(blocks)
			c.EnterBlock(b)
			checkBlock(t, &c, r, list, b, g.withPos)
		}
		c.Reset(&w.src, w.list)
		for at := 0; at < len(list); at += 1 + r.IntN(300) {
			doc := list[at].doc - min(list[at].doc, uint32(r.IntN(2)))
			b := naiveSeek(list, max(at-1, 0), doc) / BlockLen
			if b = max(b, c.Block()); !c.SeekBlock(doc) {
				t.Fatalf("SeekBlock(%d): %v", doc, c.Err())
			}
			checkBlock(t, &c, r, list, b, g.withPos)
		}
		if c.SeekBlock(list[len(list)-1].doc + 1) {
			t.Fatal("a block behind the last document")
		}
		checkEnd(t, &c)
	})
}

// TestSetBits goes through a list window by window, of different lengths.
func TestSetBits(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		for _, words := range []int{1, 32, 33, 512} {
			c.Reset(&w.src, w.list)
			if g.seed%2 == 1 {
				c.EnterBlock(0)
				c.Docs() // decoded before
			}
			bits := make([]uint64, words)
			for at := 0; at < len(list); {
				base := list[at].doc &^ 63
				c.SetBits(bits, base)
				for ; at < len(list) && uint64(list[at].doc) < uint64(base)+64*uint64(words); at++ {
					i := list[at].doc - base
					if bits[i/64]>>(i%64)&1 == 0 {
						t.Fatalf("document %d is missing (%v)", list[at].doc, c.Err())
					}
					bits[i/64] &^= 1 << (i % 64)
				}
				if slices.Max(bits) != 0 {
					t.Fatalf("documents too many in %d words from %d on: %x", words, base, bits)
				}
				if end := uint64(base) + 64*uint64(words); at < len(list) && uint64(c.Last()) < end-1 {
					t.Fatalf("stands at block %d, which ends at %d, after %d", c.Block(), c.Last(), end)
				}
			}
		}
	})
}

// TestAddBlock writes a list in pieces of any size, with Add in between, and wants
// the bytes that Add alone writes.
func TestAddBlock(t *testing.T) {
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		r := rand.New(rand.NewPCG(g.seed, 9))
		var post, pos bytes.Buffer
		out := NewWriter(&post, &pos, testK, w.src.MaxDoc)
		if !g.withPos {
			out = NewWriter(&post, nil, testK, w.src.MaxDoc)
		}
		for rest := list; len(rest) > 0; {
			if r.IntN(3) == 0 {
				out.Add(rest[0].doc, rest[0].freq, rest[0].norm, rest[0].positions)
				rest = rest[1:]
				continue
			}
			n := min(r.IntN(300), len(rest))
			out.AddBlock(pieces(rest[:n]))
			rest = rest[n:]
		}
		got, err := out.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if want := w.list; got.Docs != want.Docs || got.Freq != want.Freq || got.Doc != want.Doc ||
			!bytes.Equal(post.Bytes(), w.src.Post[want.Post:want.Post+want.PostSize]) ||
			!bytes.Equal(pos.Bytes(), w.src.Pos[want.Pos:want.Pos+want.PosSize]) {
			t.Fatal("AddBlock writes what Add does not")
		}
	})
}

// pieces are postings as AddBlock takes them.
func pieces(list []posting) (docs, freqs []uint32, norms []uint8, deltas []uint32) {
	for _, p := range list {
		docs, freqs, norms = append(docs, p.doc), append(freqs, p.freq), append(norms, p.norm)
		before := uint32(0)
		for _, at := range p.positions {
			deltas = append(deltas, at-before)
			before = at
		}
	}
	return docs, freqs, norms, deltas
}

func TestDeltas(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		c.Reset(&w.src, w.list)
		for b := range c.Blocks() {
			c.EnterBlock(b)
			if b%2 == 0 {
				c.Freqs()
			}
			_, _, _, want := pieces(list[b*BlockLen : min((b+1)*BlockLen, len(list))])
			if got := c.Deltas(nil); !slices.Equal(got, want) {
				t.Fatalf("block %d: %d deltas, want %d (%v)", b, len(got), len(want), c.Err())
			}
		}
	})
}

func TestAddBlockRefuses(t *testing.T) {
	for name, add := range map[string]func(w *Writer){
		"missing frequency": func(w *Writer) { w.AddBlock([]uint32{1, 2}, []uint32{1}, []uint8{1, 1}, []uint32{1, 1}) },
		"missing norm":      func(w *Writer) { w.AddBlock([]uint32{1, 2}, []uint32{1, 1}, []uint8{1}, []uint32{1, 1}) },
		"missing position":  func(w *Writer) { w.AddBlock([]uint32{1, 2}, []uint32{1, 2}, []uint8{1, 1}, []uint32{1, 1}) },
		"position too many": func(w *Writer) { w.AddBlock([]uint32{1}, []uint32{1}, []uint8{1}, []uint32{1, 1}) },
		"document twice":    func(w *Writer) { w.AddBlock([]uint32{1, 1}, []uint32{1, 1}, []uint8{1, 1}, []uint32{1, 1}) },
		"frequency 0":       func(w *Writer) { w.AddBlock([]uint32{1}, []uint32{0}, []uint8{1}, nil) },
		"position too far":  func(w *Writer) { w.AddBlock([]uint32{1}, []uint32{1}, []uint8{1}, []uint32{1 << 31}) },
	} {
		w := NewWriter(&bytes.Buffer{}, &bytes.Buffer{}, testK, 100)
		add(w)
		if _, err := w.Finish(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, bad := range map[string]int{"document": 0, "frequency": 1, "position": 2} { // of a blocked list
		list := gen{df: 200, maxGap: 3, maxTF: 2, withPos: true, maxPositionGap: 2}.list()
		docs, freqs, norms, deltas := pieces(list)
		switch bad {
		case 0:
			docs[150] = docs[149]
		case 1:
			freqs[3]--
			freqs[4]++
			if freqs[3] != 0 {
				freqs[3], freqs[4] = 0, freqs[4]+freqs[3]
			}
		case 2:
			deltas[7] = 1 << 31
		}
		w := NewWriter(&bytes.Buffer{}, &bytes.Buffer{}, testK, 1000)
		w.AddBlock(docs, freqs, norms, deltas)
		if _, err := w.Finish(); err == nil {
			t.Errorf("blocked list, %s: no error", name)
		}
	}
}
