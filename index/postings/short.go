package postings

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// openShort decodes a list of less than 128 documents.
func (c *Cursor) openShort() {
	n, sum, ok := int(c.list.Docs), c.list.Freq, true
	next := uint64(c.list.Doc) + 1 // one behind the last document
	if n == 1 {
		c.docs[0], c.freqs[0] = c.list.Doc, uint32(min(c.list.Freq, MaxFreq+1))
		ok = c.list.PostSize == 0
	} else {
		next, sum, ok = c.decodeShort(c.src.Post[c.list.Post:c.list.Post+c.list.PostSize], n)
	}
	if !ok || next > uint64(c.src.MaxDoc) || sum != c.list.Freq || c.freqs[0]-1 >= MaxFreq {
		c.fail("list of %d documents at %d: does not add up", n, c.list.Post)
		return
	}
	copy(c.docs[n:], nowhere[n:])
	c.short, c.blocks = n, 1
}

// decodeShort is the gate of a short list: ok is true if there are n documents that
// rise, with frequencies that may be, and nothing else.
func (c *Cursor) decodeShort(data []byte, n int) (next, sum uint64, ok bool) {
	ok = true
	at := 0
	for i := range min(n, BlockLen) {
		v, size := uvarint(data[at:])
		at += size
		freq := uint64(1)
		if v&1 == 0 {
			more, moreSize := uvarint(data[at:])
			at += moreSize
			freq = 2 + min(more, MaxFreq)
			ok = ok && moreSize > 0 && freq <= MaxFreq
		}
		ok = ok && size > 0
		next = min(next+v>>1, None)
		c.docs[i], c.freqs[i] = uint32(next), uint32(freq)
		next++
		sum += freq
	}
	return next, sum, ok && at == len(data)
}

// uvarint is binary.Uvarint, without a branch on the length of up to 4 bytes, which
// is foretold badly; its size is 0 for bytes that are none.
func uvarint(data []byte) (v uint64, size int) {
	if len(data) < 8 {
		v, size = binary.Uvarint(data)
		return v, max(size, 0)
	}
	x := binary.LittleEndian.Uint64(data)
	end := ^x & 0x80808080 // the top bit of the last byte
	if end == 0 {
		v, size = binary.Uvarint(data)
		return v, max(size, 0)
	}
	x &= end ^ (end - 1)
	return x&0x7f | x>>1&(0x7f<<7) | x>>2&(0x7f<<14) | x>>3&(0x7f<<21), (bits.TrailingZeros64(end) + 1) / 8
}

// Single reads a list of one document without a Cursor, which costs more than all
// else of it: half of the terms of a segment have one. It appends the positions to
// deltas, as Writer.AddBlock takes them. It is false for other lists, for those with
// very many positions, for bytes that are not in memory yet and for damage: a Cursor
// knows more.
func (s *Source) Single(list List, deltas []uint32) ([]uint32, bool) {
	if list.Docs != 1 || list.PostSize != 0 || list.Doc >= s.MaxDoc || list.Freq-1 >= BlockLen-1 ||
		!within(list.Pos, list.PosSize, s.Pos) || !s.PosGate.Has(list.Pos, list.PosSize) {
		return deltas, false
	}
	at := len(deltas)
	deltas = slices.Grow(deltas, int(list.Freq))[:at+int(list.Freq)]
	return deltas, readVarints(deltas[at:], s.Pos[list.Pos:list.Pos+list.PosSize])
}
