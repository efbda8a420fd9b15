package postings

import (
	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// A chunk reads the positions of one block: sub-blocks of 128 values, one at a
// time, those of the current document and no others.
type chunk struct {
	ready  bool
	data   []byte               // sub-blocks, and what follows them in Source.Pos
	widths []byte               // of the sub-blocks
	cum    [BlockLen + 1]uint32 // values before each document of the block
	total  int                  // values of the chunk
	sub    int                  // the sub-block in buf; -1: none
	buf    [bitpack.N]uint32
}

// Positions appends the positions of the term in the current document to dst:
// Freq many, not falling. None if the field keeps none, or at the end.
func (c *Cursor) Positions(dst []uint32) []uint32 {
	if c.i < 0 || c.i >= c.decoded {
		return dst
	}
	return c.PositionsAt(c.i, dst)
}

// appendTo appends the positions of posting i of the block.
func (k *chunk) appendTo(dst []uint32, i int) []uint32 {
	var p uint32
	for from, to := k.cum[i], k.cum[i+1]; from < to; {
		if sub := int(from / bitpack.N); sub != k.sub {
			k.decodeSub(sub)
		}
		low := from % bitpack.N
		high := min(low+to-from, bitpack.N)
		for _, delta := range k.buf[low:high] {
			p += delta
			dst = append(dst, p)
		}
		from += high - low
	}
	return dst
}

// openChunk is the gate of a chunk: behind it there is a width for every
// sub-block, and the sub-blocks are as long as the widths say.
func (c *Cursor) openChunk() bool {
	if !c.hasFreqs {
		if c.decodeFreqs(); !c.hasFreqs {
			return false
		}
	}
	k := &c.chunk
	var total uint32 // at most 128·MaxFreq = 2^31
	for i, freq := range c.freqs[:c.n] {
		total += freq
		k.cum[i+1] = total
	}
	start, end := uint64(0), c.list.PosSize
	if c.posEnd != nil {
		end = uint64(word(c.posEnd, c.blk))
		if c.blk > 0 {
			start = uint64(word(c.posEnd, c.blk-1))
		}
	}
	if start > end || end > c.list.PosSize || c.last != nil && c.posEnd == nil {
		return c.failChunk()
	}
	r := corrupt.NewReader(c.src.Pos[c.list.Pos+start : c.list.Pos+end])
	k.sub, k.total = -1, int(total)
	if c.last == nil && total < bitpack.N {
		for i := range total {
			k.buf[i] = uint32(r.Count(None))
		}
		k.sub, k.ready = 0, !r.Bad() && r.Len() == 0
		return k.ready || c.failChunk()
	}
	k.widths = r.Bytes(int((total + bitpack.N - 1) / bitpack.N))
	k.data = c.src.Pos[int(c.list.Pos+start)+r.Off():]
	var size int
	for i, width := range k.widths {
		if width > bitpack.MaxWidth {
			return c.failChunk()
		}
		size += bitpack.Size(k.subLen(i), int(width))
	}
	k.ready = !r.Bad() && size == r.Len()
	return k.ready || c.failChunk()
}

func (c *Cursor) failChunk() bool {
	c.fail("positions of block %d of the list at %d do not add up", c.blk, c.list.Post)
	return false
}

// subLen is the number of values of a sub-block: 128, but for the last one.
func (k *chunk) subLen(sub int) int { return min(bitpack.N, k.total-sub*bitpack.N) }

// decodeSub decodes a sub-block.
func (k *chunk) decodeSub(sub int) {
	at := 0
	for _, width := range k.widths[:sub] {
		at += bitpack.Size(bitpack.N, int(width))
	}
	bitpack.Unpack(&k.buf, k.data[at:], k.subLen(sub), int(k.widths[sub]))
	k.sub = sub
}
