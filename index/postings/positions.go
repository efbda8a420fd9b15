package postings

import (
	"encoding/binary"

	"github.com/trawlsearch/trawl/index/bitpack"
)

// A chunk reads the positions of one block: sub-blocks of 128 values, one at a
// time, those of the current document and no others.
type chunk struct {
	ready  bool
	data   []byte               // sub-blocks, and what follows them in Source.Pos
	tokens []byte               // of the sub-blocks
	cum    [BlockLen + 1]uint32 // values before each document of the block
	total  int                  // values of the chunk
	sub    int                  // the sub-block in buf; -1: none
	buf    [BlockLen]uint32
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
		deltas := k.deltas(from, to)
		for _, delta := range deltas {
			p += delta
			dst = append(dst, p)
		}
		from += uint32(len(deltas))
	}
	return dst
}

// deltas is the values from a place up to another, or to the end of a sub-block if
// that comes first: a view that lives until the next call.
func (k *chunk) deltas(from, to uint32) []uint32 {
	if sub := int(from / BlockLen); sub != k.sub {
		k.decodeSub(sub)
	}
	low := from % BlockLen
	return k.buf[low:min(low+to-from, BlockLen)]
}

// Deltas appends the positions of all postings of the current block, as
// Writer.AddBlock takes them.
func (c *Cursor) Deltas(dst []uint32) []uint32 {
	if c.list.PosSize == 0 || c.n == 0 || !c.chunk.ready && !c.openChunk() {
		return dst
	}
	k := &c.chunk
	for from := uint32(0); from < uint32(k.total); {
		deltas := k.deltas(from, uint32(k.total))
		dst = append(dst, deltas...)
		from += uint32(len(deltas))
	}
	return dst
}

// openChunk is the gate of a chunk: behind it there is a token for every
// sub-block, and the sub-blocks are as long as the tokens say.
func (c *Cursor) openChunk() bool {
	if c.n == 0 || !c.freqsOpened && !c.openFreqs() {
		return false
	}
	k := &c.chunk
	if cum := (*[BlockLen]uint32)(k.cum[1:]); c.hasFreqs {
		bitpack.Sums(cum, &c.freqs, c.n, 0, 0)
	} else {
		decodeGaps(cum, c.freqSrc, c.n, c.freqToken, 0) // frequencies less 1, as gaps are
	}
	total := k.cum[c.n] // at most 128·MaxFreq = 2^31
	start, end := uint64(0), c.list.PosSize
	if c.posEnd.data != nil {
		end = uint64(c.posEnd.at(c.blk))
		if c.blk > 0 {
			start = uint64(c.posEnd.at(c.blk - 1))
		}
	}
	if start > end || end > c.list.PosSize || c.blocked && c.posEnd.data == nil {
		return c.failChunk()
	}
	if !c.need(c.src.PosGate, c.list.Pos+start, end-start) {
		return false
	}
	data := c.src.Pos[c.list.Pos+start : c.list.Pos+end]
	k.sub, k.total = -1, int(total)
	if !c.blocked && total < BlockLen {
		k.sub, k.ready = 0, readVarints(k.buf[:total], data)
		return k.ready || c.failChunk()
	}
	subs := (int(total) + BlockLen - 1) / BlockLen
	if subs > len(data) {
		return c.failChunk()
	}
	k.tokens = data[:subs]
	k.data = c.src.Pos[c.list.Pos+start+uint64(subs):]
	rest := k.total - (subs-1)*BlockLen
	k.ready = subs+k.offset(subs-1)+packedSize(rest, k.tokens[subs-1]) == len(data)
	return k.ready || c.failChunk()
}

// readVarints is the gate of a chunk of varints: it is true if data is one for each
// place of dst, none above MaxPosition, and nothing else.
func readVarints(dst []uint32, data []byte) bool {
	for i := range dst {
		if len(data) > 0 && data[0] < 0x80 {
			dst[i], data = uint32(data[0]), data[1:]
			continue
		}
		v, size := binary.Uvarint(data)
		if size <= 0 || v > MaxPosition {
			return false
		}
		dst[i], data = uint32(v), data[size:]
	}
	return len(data) == 0
}

func (c *Cursor) failChunk() bool {
	c.fail("positions of block %d of the list at %d do not add up", c.blk, c.list.Post)
	return false
}

// offset is where a sub-block begins: all before it are full. Eight tokens are
// added up at once.
func (k *chunk) offset(sub int) int {
	widths, exceptions := 0, 0
	tokens := k.tokens[:sub]
	for ; len(tokens) >= 8; tokens = tokens[8:] {
		x := binary.LittleEndian.Uint64(tokens)
		widths += int(x & (tokenWidth * eachByte) * eachByte >> 56)
		exceptions += int(x >> tokenShift & (maxExceptions * eachByte) * eachByte >> 56)
	}
	for _, token := range tokens {
		widths += int(token & tokenWidth)
		exceptions += int(token >> tokenShift)
	}
	return bitpack.Size(BlockLen, widths) + 2*exceptions
}

// decodeSub decodes a sub-block: 128 values, but for the last one.
func (k *chunk) decodeSub(sub int) {
	unpack(&k.buf, k.data[k.offset(sub):], min(BlockLen, k.total-sub*BlockLen), k.tokens[sub], 0)
	k.sub = sub
}
