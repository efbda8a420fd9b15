package postings

import (
	"encoding/binary"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// A Cursor walks over one list, from the first document to the last. After Reset it
// stands before the first document: the first call is Next, Seek, SeekBlock or
// EnterBlock, and
//
//	for doc := c.Next(); doc != postings.None; doc = c.Next() { … }
//
// visits them all. At the end it stands on None and stays there, but for EnterBlock.
// Bytes that cannot be right also end the walk: who comes to None or to the end of
// the blocks asks Err. The zero Cursor holds no list: Reset it before anything else.
// A Cursor is some 2.5 KB, is used again and again by Reset, and does not allocate.
// One goroutine.
type Cursor struct {
	src  *Source
	list List
	err  error

	// Where the cursor stands.
	blk, blocks    int    // -1 before the first block, blocks at the end
	first, lastDoc uint32 // bounds of the documents of the block
	n              int    // postings of the block; 0 where no block is
	i              int    // place in the block; -1 before its first document
	doc            uint32 // docs[i], or None

	// What of the current block is known.
	decoded             int  // n if docs are its documents, else 0
	opened, freqsOpened bool // its bytes, and the frequencies, have passed their gates
	hasFreqs            bool // freqs are its frequencies

	// A blocked list: columns and blocks, in place. A shorter list is
	// not, and docs and freqs hold all of it from Reset on.
	blocked             bool
	last                []byte
	end, posEnd         column
	head                []byte
	impacts, windows    []byte
	payload             []byte // up to the end of Source.Post
	payloadAt           uint64 // where that is in Source.Post
	long                bool   // each block is asked for when it is opened
	payloadSize         uint32 // of the list
	short               int    // documents of a shorter list
	shortImpact         uint8  // its impact; 0: not yet computed
	docSrc, freqSrc     []byte // of the block, and what follows
	docSize             int
	docToken, freqToken byte
	patches             patches          // of the frequencies
	docs, freqs         [BlockLen]uint32 // docs are None from n on
	chunk               chunk
}

// Reset puts the cursor before the first document of a list. It keeps src.
func (c *Cursor) Reset(src *Source, list List) {
	c.src, c.list, c.err = src, list, nil
	c.blk, c.blocks, c.first, c.lastDoc, c.n, c.i, c.doc = -1, 0, 0, 0, 0, -1, 0
	c.decoded, c.opened, c.freqsOpened, c.hasFreqs = 0, false, false, false
	c.blocked, c.last, c.end, c.posEnd, c.head, c.impacts, c.windows, c.payload = false, nil, column{}, column{}, nil, nil, nil, nil
	c.short, c.shortImpact = 0, 0
	c.chunk.ready = false
	switch {
	case list.Docs == 0:
		c.spend()
	case !within(list.Post, list.PostSize, src.Post):
		c.fail("list at %d, %d bytes, leaves the postings of %d bytes", list.Post, list.PostSize, len(src.Post))
	case !within(list.Pos, list.PosSize, src.Pos):
		c.fail("positions at %d, %d bytes, leave the positions of %d bytes", list.Pos, list.PosSize, len(src.Pos))
	case src.Norms != nil && uint64(len(src.Norms)) < uint64(src.MaxDoc):
		c.fail("%d norms for %d documents", len(src.Norms), src.MaxDoc)
	case !c.needList():
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
	list := c.src.Post[c.list.Post : c.list.Post+c.list.PostSize]
	r := corrupt.NewReader(list)
	c.head = r.Bytes(headerBytes)
	blocks := (uint64(c.list.Docs) + BlockLen - 1) / BlockLen
	if r.Bad() || c.head[0]&^knownFlags != 0 || blocks*7 > uint64(r.Len()) {
		c.fail("header of the list of %d documents at %d", c.list.Docs, c.list.Post)
		return
	}
	n := int(blocks)
	c.last, c.end = r.Bytes(4*n), readColumn(&r, list, n, c.head[0]>>shiftEnd)
	if c.head[0]&flagPositions != 0 {
		c.posEnd = readColumn(&r, list, n, c.head[0]>>shiftPosEnd)
	}
	c.impacts = r.Bytes(n)
	if c.head[0]&flagWindows != 0 {
		c.windows = r.Bytes(windows(c.src.MaxDoc))
	}
	if !r.Bad() {
		c.payloadSize = c.end.at(n - 1)
	}
	if r.Bad() || uint64(c.payloadSize) != uint64(r.Len()) {
		c.fail("columns of the list at %d", c.list.Post)
		return
	}
	c.payloadAt = c.list.Post + uint64(r.Off())
	c.payload = c.src.Post[c.payloadAt:]
	c.blocked, c.blocks = true, n
}

// Size is the number of documents of the list (df).
func (c *Cursor) Size() uint32 { return c.list.Docs }

// Doc is the document where the cursor stands: None at the end. It has no meaning
// before the first document of the list or of a block that was entered.
func (c *Cursor) Doc() uint32 { return c.doc }

// Err says what was wrong with the bytes, wrapping ErrCorrupt, or why they could not
// be read, or is nil.
func (c *Cursor) Err() error { return c.err }

// Next moves to the next document, or None.
func (c *Cursor) Next() uint32 {
	if c.i+1 < c.decoded {
		c.i++
		c.doc = c.docs[c.i]
		return c.doc
	}
	return c.nextBlock()
}

// nextBlock moves to the first document of the next block, or of the current one
// if that was entered only.
func (c *Cursor) nextBlock() uint32 {
	if (c.n == 0 || c.i >= 0) && !c.enter(c.blk+1) || c.decoded == 0 && !c.decodeDocs() {
		return None
	}
	c.i, c.doc = 0, c.docs[0]
	return c.doc
}

// Seek moves to the first document that is not below doc, or None. It does not
// move if the cursor is there already, and never goes back.
func (c *Cursor) Seek(doc uint32) uint32 {
	if c.i >= 0 && c.doc >= doc {
		return c.doc
	}
	if !c.SeekBlock(doc) || c.decoded == 0 && !c.decodeDocs() {
		return None
	}
	c.i = bitpack.CountLess(&c.docs, doc)
	c.doc = c.docs[c.i]
	return c.doc
}

// find is the first block, from the current one on, whose last document is not
// below doc: by doubling steps, for the next one is most often near.
func (c *Cursor) find(doc uint32) int {
	low := max(c.blk, 0) // all before low end below doc
	if !c.blocked {
		if low < c.blocks && c.LastOf(low) < doc {
			low++
		}
		return low
	}
	step := 1
	for low+step <= c.blocks && word(c.last, low+step-1) < doc {
		low += step
		step *= 2
	}
	high := min(low+step-1, c.blocks)
	for low < high {
		mid := int(uint(low+high) / 2)
		if word(c.last, mid) < doc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// enter makes a block current, and spends the cursor where there is none. It is
// the gate of the columns: behind it first is not above lastDoc, which is in the
// segment.
func (c *Cursor) enter(b int) bool {
	if uint(b) >= uint(c.blocks) {
		c.spend()
		return false
	}
	c.blk, c.i, c.doc, c.chunk.ready = b, -1, 0, false
	if !c.blocked {
		c.n, c.decoded, c.opened, c.freqsOpened, c.hasFreqs = c.short, c.short, true, true, true
		c.first, c.lastDoc = 0, c.docs[c.short-1]
		return true
	}
	c.n, c.decoded, c.opened, c.freqsOpened, c.hasFreqs = min(int(c.list.Docs)-b*BlockLen, BlockLen), 0, false, false, false
	before, last := uint32(None), word(c.last, b)
	if b > 0 {
		before = word(c.last, b-1)
	}
	if last >= c.src.MaxDoc || b > 0 && before >= last {
		c.fail("block %d of the list at %d: documents behind %d up to %d", b, c.list.Post, before, last)
		return false
	}
	c.first, c.lastDoc = before+1, last
	return true
}

// openBlock is the gate of a block's bytes: behind it they are as many as its
// tokens say, and a bitset ends with the last document.
func (c *Cursor) openBlock() bool {
	if c.n == 0 {
		return false
	}
	start, end := uint32(0), c.end.at(c.blk)
	if c.blk > 0 {
		start = c.end.at(c.blk - 1)
	}
	if start > end || end > c.payloadSize || end-start < 2 {
		c.fail("block %d of the list at %d: bytes %d to %d", c.blk, c.list.Post, start, end)
		return false
	}
	src := c.payload[start:]
	docToken, freqToken := src[0], src[1]
	docs := uint64(packedSize(c.n, docToken))
	if docToken == tokenBitset {
		docs = 8 * uint64(bitsetWords(c.first, c.lastDoc))
	}
	if uint64(end-start) != 2+docs+uint64(packedSize(c.n, freqToken)) ||
		docToken == tokenBitset && !bitsetEnds(src[2:2+docs], c.first, c.lastDoc) {
		c.fail("block %d of the list at %d: tokens %#x and %#x in %d bytes", c.blk, c.list.Post, docToken, freqToken, end-start)
		return false
	}
	c.docToken, c.freqToken, c.docSrc, c.freqSrc = docToken, freqToken, src[2:], src[2+docs:]
	c.docSize, c.opened = int(docs), true
	return true
}

// openFreqs is the gate of the frequencies: behind it none is above MaxFreq.
func (c *Cursor) openFreqs() bool {
	if !c.opened && !c.openBlock() {
		return false
	}
	width, exceptions := splitToken(c.freqToken)
	if exceptions > 0 {
		c.patches = readPatches(c.freqSrc[lowSize(c.n, width):], exceptions)
	}
	if width > maxFreqWidth || exceptions > 0 && c.patches.most()>>(maxFreqWidth-width) != 0 {
		c.fail("block %d of the list at %d: frequencies of token %#x", c.blk, c.list.Post, c.freqToken)
		return false
	}
	c.freqsOpened = true
	return true
}

// decodeDocs decodes the documents of the current block: strictly rising, from
// first up to lastDoc.
func (c *Cursor) decodeDocs() bool {
	if !c.opened && !c.openBlock() {
		return false
	}
	var ok bool
	if c.docToken == tokenBitset {
		ok = bitpack.Expand(&c.docs, c.docSrc[:c.docSize], c.first) == c.n
	} else {
		ok = decodeGaps(&c.docs, c.docSrc, c.n, c.docToken, c.first-1) || rising(c.docs[:c.n])
	}
	if !ok || c.docs[c.n-1] != c.lastDoc {
		c.fail("block %d of the list at %d: its %d documents do not end at %d", c.blk, c.list.Post, c.n, c.lastDoc)
		return false
	}
	if c.n < BlockLen {
		copy(c.docs[c.n:], nowhere[c.n:])
	}
	c.decoded = c.n
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

// decodeFreqs decodes the frequencies of the current block.
func (c *Cursor) decodeFreqs() {
	if !c.freqsOpened && !c.openFreqs() {
		return
	}
	if c.freqToken == 0 {
		c.freqs = once
	} else {
		unpack(&c.freqs, c.freqSrc, c.n, c.freqToken, 1)
	}
	c.hasFreqs = true
}

// Freq is how often the current document holds the term; 0 at the end.
func (c *Cursor) Freq() uint32 {
	if c.i < 0 || c.i >= c.decoded {
		return 0
	}
	return c.FreqAt(c.i)
}

// spend puts the cursor at the end.
func (c *Cursor) spend() {
	c.blk, c.first, c.lastDoc, c.n, c.i, c.doc = c.blocks, None, None, 0, 0, None
	c.decoded, c.opened, c.freqsOpened, c.hasFreqs, c.chunk.ready = 0, false, false, false, false
}

// fail ends the walk for bytes that cannot be right.
func (c *Cursor) fail(format string, args ...any) {
	c.failWith(corrupt.Errorf("postings: "+format, args...))
}

func (c *Cursor) failWith(err error) {
	if c.err == nil {
		c.err = err
	}
	c.blocks, c.impacts, c.windows = 0, nil, nil
	c.spend()
}

// word is entry i of a column of 32 bits.
func word(column []byte, i int) uint32 { return binary.LittleEndian.Uint32(column[4*i:]) }

// A column is ends of blocks, of 2 to 4 bytes each.
type column struct {
	data  []byte // and the two bytes behind, so that an end is one load
	width int
	mask  uint32
}

func (c *column) at(i int) uint32 {
	return binary.LittleEndian.Uint32(c.data[i*c.width:]) & c.mask
}

// readColumn takes n ends, whose width is told by the low bits of code. Behind
// columns there are impacts and blocks: never less than three bytes.
func readColumn(r *corrupt.Reader, list []byte, n int, code byte) column {
	width, start := leastEnd+int(code&maskEnd), r.Off()
	r.Bytes(n * width)
	if width > 4 || r.Len() < 3 {
		r.Fail()
		return column{}
	}
	return column{data: list[start : r.Off()+2], width: width, mask: 1<<(8*width) - 1}
}
