package postings

import (
	"encoding/binary"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// A Cursor walks over one list, from the first document to the last, a block of
// up to 128 documents at a time. After Reset it stands before the first
// document: the first call is Next, Seek or NextBlock, and
//
//	for doc := c.Next(); doc != postings.None; doc = c.Next() { … }
//
// visits them all. At the end it stands on None and stays there. Bytes that
// cannot be right also end the walk: who comes to None asks Err. The zero Cursor
// holds no list: Reset it before anything else. A Cursor is some 2.5 KB, is used
// again and again by Reset, and does not allocate. One goroutine.
type Cursor struct {
	src  *Source
	list List
	err  error

	// Where the cursor stands.
	doc    uint32 // docs[i], or None
	blk    int    // -1 before the first, blocks at the end
	i, n   int    // place in the block, and its length
	look   int    // the block of which BlockImpact speaks
	blocks int

	// A blocked list: columns and blocks, in place. For a shorter list last is
	// nil, and docs and freqs hold all of it from Reset on.
	last, end, posEnd, impacts []byte
	head                       []byte // impacts of the list
	payload                    []byte // up to the end of Source.Post
	short                      int    // documents of a shorter list

	// The current block. Frequencies are decoded when they are asked for.
	docs      [BlockLen]uint32 // None from n on
	freqs     [BlockLen]uint32
	freqSrc   []byte
	freqWidth int
	hasFreqs  bool

	chunk chunk
}

// Reset puts the cursor before the first document of a list. It keeps src.
func (c *Cursor) Reset(src *Source, list List) {
	c.src, c.list, c.err = src, list, nil
	c.doc, c.blk, c.i, c.n, c.look, c.blocks = 0, -1, -1, 0, 0, 0
	c.last, c.end, c.posEnd, c.impacts, c.head, c.payload = nil, nil, nil, nil, nil, nil
	c.short, c.hasFreqs = 0, false
	c.chunk.data, c.chunk.ready = nil, false
	switch {
	case list.Docs == 0:
		c.spend()
	case !within(list.Post, list.PostSize, src.Post):
		c.fail("list at %d, %d bytes, leaves the postings of %d bytes", list.Post, list.PostSize, len(src.Post))
	case !within(list.Pos, list.PosSize, src.Pos):
		c.fail("positions at %d, %d bytes, leave the positions of %d bytes", list.Pos, list.PosSize, len(src.Pos))
	case src.Norms != nil && uint64(len(src.Norms)) < uint64(src.MaxDoc):
		c.fail("%d norms for %d documents", len(src.Norms), src.MaxDoc)
	case list.Docs < BlockLen:
		c.openShort()
	default:
		c.openBlocked()
	}
}

func within(off, size uint64, data []byte) bool {
	return off <= uint64(len(data)) && size <= uint64(len(data))-off
}

// openBlocked is the gate of a blocked list: behind it every column has an entry
// for every block, and the payload is as long as end says.
func (c *Cursor) openBlocked() {
	data := c.src.Post[c.list.Post : c.list.Post+c.list.PostSize]
	r := corrupt.NewReader(data)
	flags, zero, docs := r.U8(), r.Bytes(3), r.U32()
	c.head = r.Bytes(impactBytes)
	blocks := (uint64(c.list.Docs) + BlockLen - 1) / BlockLen
	if r.Bad() || flags&^flagPositions != 0 || zero[0]|zero[1]|zero[2] != 0 || docs != c.list.Docs ||
		blocks*12 > uint64(r.Len()) {
		c.fail("header of the list at %d: flags %#x, %d documents, not %d", c.list.Post, flags, docs, c.list.Docs)
		return
	}
	n := int(blocks)
	c.last, c.end = r.Bytes(4*n), r.Bytes(4*n)
	if flags&flagPositions != 0 {
		c.posEnd = r.Bytes(4 * n)
	}
	c.impacts = r.Bytes(impactBytes * n)
	if r.Bad() || uint64(word(c.end, n-1)) != uint64(r.Len()) {
		c.fail("columns of the list at %d", c.list.Post)
		return
	}
	c.payload = c.src.Post[int(c.list.Post)+r.Off():]
	c.blocks = n
}

// openShort decodes a list of less than 128 documents.
func (c *Cursor) openShort() {
	n := int(c.list.Docs)
	r := corrupt.NewReader(c.src.Post[c.list.Post : c.list.Post+c.list.PostSize])
	next, sum := uint64(c.list.Doc), c.list.Freq
	if n == 1 {
		c.docs[0], c.freqs[0] = c.list.Doc, uint32(min(c.list.Freq, MaxFreq+1))
		next++
	} else {
		next, sum = 0, 0
		for i := range n {
			v := r.Uvarint()
			freq := uint64(1)
			if v&1 == 0 {
				freq = 2 + r.Count(MaxFreq-2)
			}
			next = min(next+v>>1, None)
			c.docs[i], c.freqs[i] = uint32(next), uint32(freq)
			next++
			sum += freq
		}
	}
	if r.Bad() || r.Len() != 0 || next > uint64(c.src.MaxDoc) || sum != c.list.Freq || c.freqs[0]-1 >= MaxFreq {
		c.fail("list of %d documents at %d: does not add up", n, c.list.Post)
		return
	}
	for i := n; i < BlockLen; i++ {
		c.docs[i] = None
	}
	c.short, c.blocks, c.hasFreqs = n, 1, true
}

// Size is the number of documents of the list (df).
func (c *Cursor) Size() uint32 { return c.list.Docs }

// Doc is the document where the cursor stands: None at the end. Before the first
// move it has no meaning.
func (c *Cursor) Doc() uint32 { return c.doc }

// Err says what was wrong with the bytes, wrapping ErrCorrupt, or nil.
func (c *Cursor) Err() error { return c.err }

// Next moves to the next document, or None.
func (c *Cursor) Next() uint32 {
	if c.i+1 < c.n {
		c.i++
		c.doc = c.docs[c.i]
		return c.doc
	}
	return c.NextBlock()
}

// NextBlock moves to the first document of the next block, or None. As the first
// call it moves to the first document of the list.
func (c *Cursor) NextBlock() uint32 { return c.enter(c.blk + 1) }

// Seek moves to the first document that is not below doc, or None. It does not
// move if the cursor is there already, and never goes back.
func (c *Cursor) Seek(doc uint32) uint32 {
	if c.blk >= 0 && c.doc >= doc {
		return c.doc
	}
	if c.blk < 0 || c.lastOf(c.blk) < doc {
		if c.enter(c.find(doc)) >= doc {
			return c.doc
		}
	}
	i := 0
	for step := BlockLen / 2; step > 0; step /= 2 { // how many documents are below doc
		if c.docs[i+step-1] < doc {
			i += step
		}
	}
	c.i = i
	c.doc = c.docs[i]
	return c.doc
}

// find is the first block, from the current one on, whose last document is not
// below doc: by doubling steps, for the next one is most often near.
func (c *Cursor) find(doc uint32) int {
	low := max(c.blk, 0) // all before low end below doc
	if c.look > low && c.look < c.blocks && c.lastOf(c.look-1) < doc {
		low = c.look
	}
	step := 1
	for low+step <= c.blocks && c.lastOf(low+step-1) < doc {
		low += step
		step *= 2
	}
	high := min(low+step-1, c.blocks)
	for low < high {
		mid := int(uint(low+high) / 2)
		if c.lastOf(mid) < doc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// lastOf is the last document of a block that exists.
func (c *Cursor) lastOf(blk int) uint32 {
	if c.last == nil {
		return c.docs[c.short-1]
	}
	return word(c.last, blk)
}

// enter moves to the first document of a block; behind the last it spends the
// cursor.
func (c *Cursor) enter(blk int) uint32 {
	if blk >= c.blocks {
		c.spend()
		return None
	}
	c.blk, c.look, c.i, c.n = blk, blk, 0, c.short
	c.chunk.ready = false
	if c.last != nil {
		if !c.decode(blk) {
			return None
		}
	}
	c.doc = c.docs[0]
	return c.doc
}

// decode is the gate of a block: behind it the documents strictly rise, from
// behind the block before up to the last of this one, which is in the segment.
func (c *Cursor) decode(blk int) bool {
	n := min(int(c.list.Docs)-blk*BlockLen, BlockLen)
	before, start := uint32(None), uint32(0)
	if blk > 0 {
		before, start = word(c.last, blk-1), word(c.end, blk-1)
	}
	last, end := word(c.last, blk), word(c.end, blk)
	total := word(c.end, c.blocks-1) // Reset held it against the payload
	if start > end || end > total || end-start < 2 || last >= c.src.MaxDoc || blk > 0 && last <= before {
		c.fail("block %d of the list at %d: bytes %d to %d, documents %d to %d", blk, c.list.Post, start, end, before, last)
		return false
	}
	src := c.payload[start:]
	docWidth, freqWidth := int(src[0]), int(src[1])
	if docWidth > bitpack.MaxWidth || freqWidth > maxFreqWidth ||
		2+bitpack.Size(n, docWidth)+bitpack.Size(n, freqWidth) != int(end-start) {
		c.fail("block %d of the list at %d: widths %d and %d in %d bytes", blk, c.list.Post, docWidth, freqWidth, end-start)
		return false
	}
	bitpack.UnpackDelta1(&c.docs, src[2:], n, docWidth, before)
	if c.docs[n-1] != last || docWidth > safeDocWidth && !rising(c.docs[:n]) {
		c.fail("block %d of the list at %d: ends at document %d, not %d", blk, c.list.Post, c.docs[n-1], last)
		return false
	}
	for i := n; i < BlockLen; i++ {
		c.docs[i] = None
	}
	c.n = n
	c.freqSrc, c.freqWidth, c.hasFreqs = src[2+bitpack.Size(n, docWidth):], freqWidth, false
	return true
}

func rising(docs []uint32) bool {
	for i := 1; i < len(docs); i++ {
		if docs[i] <= docs[i-1] {
			return false
		}
	}
	return true
}

// Freq is how often the current document holds the term; 0 at the end.
func (c *Cursor) Freq() uint32 {
	switch {
	case c.i < 0 || c.i >= c.n:
		return 0
	case c.hasFreqs:
		return c.freqs[c.i]
	}
	return bitpack.Get(c.freqSrc, c.i, c.freqWidth) + 1
}

// Block is the current document and those behind it in its block, with their
// frequencies: views that live until the cursor enters another block. Both are
// empty at the end.
//
//	for doc := c.NextBlock(); doc != postings.None; doc = c.NextBlock() {
//		docs, freqs := c.Block()
//	}
func (c *Cursor) Block() (docs, freqs []uint32) {
	if c.i < 0 || c.i >= c.n {
		return nil, nil
	}
	c.needFreqs()
	return c.docs[c.i:c.n], c.freqs[c.i:c.n]
}

// Docs is Block without the frequencies, which are not decoded for it.
func (c *Cursor) Docs() []uint32 {
	if c.i < 0 || c.i >= c.n {
		return nil
	}
	return c.docs[c.i:c.n]
}

func (c *Cursor) needFreqs() {
	if c.hasFreqs {
		return
	}
	bitpack.Unpack(&c.freqs, c.freqSrc, c.n, c.freqWidth)
	for i := range c.freqs[:c.n] {
		c.freqs[i]++
	}
	c.hasFreqs = true
}

// spend puts the cursor at the end.
func (c *Cursor) spend() {
	c.doc, c.blk, c.look, c.i, c.n = None, c.blocks, c.blocks, 0, 0
}

// fail ends the walk for bytes that cannot be right.
func (c *Cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = corrupt.Errorf("postings: "+format, args...)
	}
	c.blocks = 0
	c.spend()
}

// word is entry i of a column of 32 bits.
func word(column []byte, i int) uint32 { return binary.LittleEndian.Uint32(column[4*i:]) }
