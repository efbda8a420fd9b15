package postings

import "github.com/trawlsearch/trawl/index/bitpack"

// This file is the walk by blocks: what a search does that looks at columns first
// and decodes only where it must. A list below 128 documents is one block, decoded
// by Reset.

// nowhere is what Docs shows where no block is.
var nowhere = func() (docs [BlockLen]uint32) {
	for i := range docs {
		docs[i] = None
	}
	return docs
}()

// once is the frequencies of a block whose documents hold the term once.
var once = func() (freqs [BlockLen]uint32) {
	for i := range freqs {
		freqs[i] = 1
	}
	return freqs
}()

// Blocks is the number of blocks; 0 for a list that is empty or damaged.
func (c *Cursor) Blocks() int { return c.blocks }

// Block is the current block: -1 before the first, Blocks() at the end.
func (c *Cursor) Block() int { return c.blk }

// SeekBlock makes the first block, from the current one on, current whose last
// document is not below doc. If that is the current one nothing changes. It
// decodes nothing; false: there is none, and the cursor is at the end.
func (c *Cursor) SeekBlock(doc uint32) bool {
	if uint(c.blk) < uint(c.blocks) && c.lastDoc >= doc {
		return true
	}
	return c.enter(c.find(doc))
}

// EnterBlock makes a block current, be it before or behind the present one, and
// puts Next before its first document. If it is the current one nothing changes.
// It decodes nothing; false: there is no such block, or damage (Err), and the
// cursor is at the end.
func (c *Cursor) EnterBlock(b int) bool {
	if b == c.blk && uint(b) < uint(c.blocks) {
		return true
	}
	return c.enter(b)
}

// First is the least document that the current block may hold: one behind the last
// of the block before.
func (c *Cursor) First() uint32 { return c.first }

// Last is the last document of the current block, and None at the end.
func (c *Cursor) Last() uint32 { return c.lastDoc }

// LastOf is the last document of a block; None if there is no such block.
func (c *Cursor) LastOf(b int) uint32 {
	switch {
	case uint(b) >= uint(c.blocks):
		return None
	case !c.blocked:
		return c.docs[c.short-1]
	}
	return word(c.last, b)
}

// Len is the number of postings of the current block; 0 where no block is.
func (c *Cursor) Len() int { return c.n }

// Docs is the documents of the current block, and None from Len on. It is decoded
// once, lives until another block is current, and is not to be written to.
func (c *Cursor) Docs() *[BlockLen]uint32 {
	if c.decoded == 0 && !c.decodeDocs() {
		return &nowhere
	}
	return &c.docs
}

// Freqs is the frequencies of the current block; from Len on anything. It is
// decoded once, lives until another block is current, and is not to be written to.
func (c *Cursor) Freqs() *[BlockLen]uint32 {
	if !c.hasFreqs {
		c.decodeFreqs()
	}
	return &c.freqs
}

// FreqAt is the frequency of posting i, below Len, of the current block, without
// decoding the block. It is 0 from Len on, or if the block is damaged.
func (c *Cursor) FreqAt(i int) uint32 {
	switch {
	case uint(i) >= uint(c.n): // of a bitset that has more bits than it should
		return 0
	case c.hasFreqs:
		return c.freqs[i&(BlockLen-1)]
	case !c.freqsOpened && !c.openFreqs():
		return 0
	}
	width := int(c.freqToken & tokenWidth)
	freq := bitpack.Get(c.freqSrc, i&(BlockLen-1), width) + 1
	if c.freqToken > tokenWidth {
		freq += c.patches.at(i&(BlockLen-1)) << width
	}
	return freq
}

// Dense is the current block as a bitmap, if it is stored as one and has not been
// decoded: bit i of it is document First()+i. It is a whole number of words of 8
// bytes.
func (c *Cursor) Dense() (bits []byte, ok bool) {
	if c.decoded > 0 || !c.opened && !c.openBlock() || c.docToken != tokenBitset {
		return nil, false
	}
	return c.docSrc[:c.docSize:c.docSize], true
}

// PositionsAt appends the positions of posting i, below Len, of the current block
// to dst. In one block i may go back and forth.
func (c *Cursor) PositionsAt(i int, dst []uint32) []uint32 {
	if c.list.PosSize == 0 || uint(i) >= uint(c.n) || !c.chunk.ready && !c.openChunk() {
		return dst
	}
	return c.chunk.appendTo(dst, i)
}

// SetBits sets, for each document d of the list, bit d-base of bits, if it is
// there and no block before the current one holds d. It leaves the cursor at the
// block that holds or follows the end.
func (c *Cursor) SetBits(bits []uint64, base uint32) {
	end := uint64(base) + 64*uint64(len(bits))
	for ok := c.SeekBlock(base); ok && uint64(c.first) < end; ok = c.enter(c.blk + 1) {
		if set, ok := c.Dense(); ok {
			if c.first >= base {
				bitpack.OrBits(bits, set, c.first-base)
			} else {
				bitpack.OrBitsFrom(bits, set, base-c.first)
			}
		} else if c.opened && c.docToken == 0 && int64(c.lastDoc-c.first)+1 == int64(c.n) {
			setRange(bits, max(c.first, base)-base, uint32(min(uint64(c.lastDoc), end-1))-base)
		} else if c.first < base || uint64(c.lastDoc) >= end || !c.setRuns(bits, base) {
			c.setDecoded(bits, base, end)
		}
		if uint64(c.lastDoc)+1 >= end {
			return
		}
	}
}

// setRuns sets the bits of the current block if its documents follow each other but
// for the gaps of exceptions, as those of the most frequent words do. It is false if
// they do not, or are not what the columns say.
func (c *Cursor) setRuns(bits []uint64, base uint32) bool {
	width, exceptions := splitToken(c.docToken)
	if !c.opened || width != 0 || exceptions == 0 {
		return false
	}
	at := c.docSrc[:2*exceptions]
	docs, sum := uint32(c.n), uint32(0)
	for k, place := range at[:exceptions] {
		if uint32(place) >= docs || k > 0 && place <= at[k-1] {
			return false
		}
		sum += uint32(at[exceptions+k])
	}
	if c.first+docs-1+sum != c.lastDoc {
		return false
	}
	doc, done := c.first-base, uint32(0)
	for k, place := range at[:exceptions] {
		if run := uint32(place) - done; run > 0 {
			setRange(bits, doc, doc+run-1)
			doc += run
		}
		doc += uint32(at[exceptions+k])
		done = uint32(place)
	}
	setRange(bits, doc, doc+docs-done-1)
	return true
}

// setRange sets the bits from first to last.
func setRange(bits []uint64, first, last uint32) {
	low, high := ^uint64(0)<<(first%64), ^uint64(0)>>(63-last%64)
	i, j := first/64, last/64
	if i == j {
		bits[i] |= low & high
		return
	}
	bits[i] |= low
	for k := i + 1; k < j; k++ {
		bits[k] = ^uint64(0)
	}
	bits[j] |= high
}

// setDecoded sets the bits of the current block.
func (c *Cursor) setDecoded(bits []uint64, base uint32, end uint64) {
	docs := c.Docs()
	from, to := 0, c.n
	if c.first < base {
		from = bitpack.CountLess(docs, base)
	}
	if uint64(c.lastDoc) >= end {
		to = min(to, bitpack.CountLess(docs, uint32(end)))
	}
	if from < to {
		bitpack.SetBits(bits, docs[from:to], base)
	}
}
