package postings

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// drain reads all that a list still gives, by every way, and holds it to what
// even a damaged list promises: rising documents of the segment, and an error of
// the one kind.
func drain(t *testing.T, src *Source, list List) {
	t.Helper()
	src.Post, src.Pos = src.Post[:len(src.Post):len(src.Post)], src.Pos[:len(src.Pos):len(src.Pos)]
	var c Cursor
	before := int64(-1)
	docs := uint32(0)
	step := func(doc uint32) bool {
		if doc == None {
			return false
		}
		if int64(doc) <= before || doc >= src.MaxDoc {
			t.Fatalf("document %d after %d of %d", doc, before, src.MaxDoc)
		}
		before = int64(doc)
		if docs++; docs > list.Docs {
			t.Fatalf("more than %d documents", list.Docs)
		}
		return true
	}
	c.Reset(src, list)
	for step(c.Next()) {
		if freq := c.Freq(); freq == 0 || freq > MaxFreq {
			t.Fatalf("frequency %d", freq)
		}
	}
	checkErr(t, &c)
	before, docs = -1, 0
	c.Reset(src, list)
	var positions []uint32
	for doc := c.Next(); step(doc); doc = c.Seek(doc + 1 + docs%300) {
		if docs%3 == 0 {
			positions = c.Positions(positions[:0])
		}
	}
	checkErr(t, &c)
	drainBlocks(t, &c, src, list)
	c.Reset(src, list)
	c.SeekBlock(1 << 31)
	c.Seek(1 << 20)
	c.Positions(nil)
	Dump(&bytes.Buffer{}, src, list)
}

// drainBlocks is drain for the walk by blocks, forwards and backwards.
func drainBlocks(t *testing.T, c *Cursor, src *Source, list List) {
	t.Helper()
	c.Reset(src, list)
	c.Impact()
	c.Kth(10)
	if n := len(c.AppendWindows(nil)); n != windows(src.MaxDoc) {
		t.Fatalf("%d windows of %d documents", n, src.MaxDoc)
	}
	for b := range c.Blocks() {
		c.ImpactOf(b)
		c.LastOf(b)
	}
	var positions []uint32
	visit := func(b int) {
		if !c.EnterBlock(b) {
			return
		}
		for i := range c.Len() {
			c.FreqAt(i)
			if i%9 == 0 {
				positions = c.PositionsAt(i^5, positions[:0])
			}
		}
		first, last := c.First(), c.Last()
		if set, ok := c.Dense(); ok && (len(set)%8 != 0 || !setEnds(set, last-first)) {
			t.Fatalf("a bitset of %d bytes from %d to %d", len(set), first, last)
		}
		c.Deltas(nil)
		for i, doc := range c.Docs()[:c.Len()] {
			if doc < first || doc > last || doc >= src.MaxDoc || i > 0 && doc <= c.Docs()[i-1] {
				t.Fatalf("document %d of a block from %d to %d", doc, first, last)
			}
		}
		c.Freqs()
	}
	for b := range c.Blocks() {
		visit(b)
	}
	for b := c.Blocks(); b >= 0; b-- {
		visit(b)
	}
	checkErr(t, c)
	c.Reset(src, list)
	set := make([]uint64, 40)
	for base := uint32(0); base < 1<<20; base += 64 * 40 {
		c.SetBits(set, base)
	}
	c.SetBits(set, 1<<32-64)
	checkErr(t, c)
}

// setEnds tells whether the last bit of a bitset is the given one.
func setEnds(set []byte, last uint32) bool {
	for i := 8*len(set) - 1; i >= 0; i-- {
		if set[i/8]>>(i%8)&1 != 0 {
			return uint32(i) == last
		}
	}
	return false
}

func checkErr(t *testing.T, c *Cursor) {
	t.Helper()
	if c.Err() != nil && (!errors.Is(c.Err(), ErrCorrupt) || c.Doc() != None || c.Next() != None) {
		t.Fatalf("stands on %d, %v", c.Doc(), c.Err())
	}
}

var damageGens = []gen{
	{df: 1, maxGap: 5, maxTF: 4, seed: 1, withPos: true, maxPositionGap: 9},
	{df: 60, maxGap: 300, maxTF: 2, seed: 2, withPos: true, maxPositionGap: 9},
	{df: 90, maxGap: 30, maxTF: 9, seed: 3, withPos: true, maxPositionGap: 90},
	{df: 300, maxGap: 40, maxTF: 3, seed: 4, withPos: true, maxPositionGap: 20},
	{df: 140, maxGap: 5, maxTF: 90, rareTF: 40, seed: 6, withPos: true, maxPositionGap: 20},
	{df: 256, maxGap: 1, maxTF: 1, seed: 7},
	{df: 200, maxGap: 90, rareGap: 90, maxTF: 900, rareTF: 90, seed: 8, withPos: true, maxPositionGap: 200},
	{df: 130, maxGap: 1 << 24, maxTF: 30, rareTF: 9, seed: 5},
}

// TestEveryByteMutated changes each byte of a list and of its positions.
func TestEveryByteMutated(t *testing.T) {
	for _, g := range damageGens {
		good := write(t, g.list(), g.withPos)
		for i := range len(good.src.Post) + len(good.src.Pos) {
			flips := []byte{1, 0x80, 0xff}
			if testing.Short() {
				flips = flips[i%3:][:1]
			}
			for _, x := range flips {
				src := good.src
				if i < len(src.Post) {
					src.Post = bytes.Clone(src.Post)
					src.Post[i] ^= x
				} else {
					src.Pos = bytes.Clone(src.Pos)
					src.Pos[i-len(src.Post)] ^= x
				}
				drain(t, &src, good.list)
			}
		}
	}
}

// TestListMutated changes what the dictionary says of a list.
func TestListMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, g := range damageGens {
		good := write(t, g.list(), g.withPos)
		rounds := 3000
		if testing.Short() {
			rounds = 1000
		}
		for range rounds {
			list, src := good.list, good.src
			v := r.Uint64() >> r.IntN(64)
			switch r.IntN(9) {
			case 0:
				list.Docs = uint32(v)
			case 1:
				list.Doc = uint32(v)
			case 2:
				list.Freq = v
			case 3:
				list.Post = v
			case 4:
				list.PostSize = v
			case 5:
				list.Pos = v
			case 6:
				list.PosSize = v
			case 7:
				src.MaxDoc = uint32(r.IntN(int(src.MaxDoc) + 1))
			case 8:
				src.Post, src.Pos = src.Post[:r.IntN(len(src.Post)+1)], src.Pos[:r.IntN(len(src.Pos)+1)]
			}
			drain(t, &src, list)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, g := range damageGens {
		w := write(f, g.list(), g.withPos)
		f.Add(w.src.Post, w.src.Pos, w.list.Docs, uint64(w.list.Freq), w.list.Post, w.list.PostSize, w.list.Pos, w.list.PosSize, w.src.MaxDoc, uint32(3))
	}
	f.Fuzz(func(t *testing.T, post, pos []byte, docs uint32, freq, off, size, posOff, posSize uint64, maxDoc, at uint32) {
		post = bytes.Clone(post)
		if len(post) > 0 {
			post[int(at)%len(post)] ^= byte(at >> 24)
		}
		drain(t, &Source{Post: post, Pos: pos, MaxDoc: maxDoc},
			List{Docs: docs, Doc: docs >> 3, Freq: freq, Post: off, PostSize: size, Pos: posOff, PosSize: posSize})
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint16(129), uint8(7), uint8(3), uint64(1))
	f.Add(uint16(3), uint8(25), uint8(19), uint64(1))
	f.Fuzz(func(t *testing.T, df uint16, gap, tf uint8, seed uint64) {
		if df == 0 || df > 2000 || gap > 20 || tf > 12 {
			t.Skip()
		}
		g := gen{df: int(df), maxGap: 1 << gap, rareGap: int(seed%4) * 300, maxTF: 1 << tf, rareTF: 50, seed: seed, withPos: seed%2 == 0, maxPositionGap: 1 << (tf % 10)}
		list := g.list()
		w := write(t, list, g.withPos)
		var c Cursor
		walk(t, &c, g, list, w, rand.New(rand.NewPCG(seed, 1)))
		c.Reset(&w.src, w.list)
		for _, want := range list {
			c.Next()
			checkAt(t, &c, want, g.withPos)
		}
	})
}

// TestFrequencyTooHigh raises the high bits of a frequency above what there can be.
func TestFrequencyTooHigh(t *testing.T) {
	list := gen{df: 128, maxGap: 3, maxTF: 1, seed: 2}.list()
	for i := range list {
		list[i].freq = 1<<18 - uint32(i)
	}
	list[77].freq = 1 << 20
	w := write(t, list, false)
	end := w.list.Post + w.list.PostSize
	post := bytes.Clone(w.src.Post)
	if post[end-2] != 77 || post[end-1] != 3 {
		t.Fatalf("the block ends with % x", post[end-2:end])
	}
	post[end-1] = 0xff
	src := w.src
	src.Post = post
	var c Cursor
	for _, ask := range []func(){func() { c.Freqs() }, func() { c.FreqAt(77) }} {
		c.Reset(&src, w.list)
		c.EnterBlock(0)
		if c.Docs(); c.Err() != nil {
			t.Fatal(c.Err())
		}
		ask()
		checkErr(t, &c)
		if c.Err() == nil {
			t.Error("it was taken")
		}
	}
}
