package postings

import (
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
