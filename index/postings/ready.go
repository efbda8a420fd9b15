package postings

import "github.com/trawlsearch/trawl/index/internal/gate"

// wholeBytes is how long a list may be to be made ready as a whole when it is opened.
// Of a longer one that are the columns, and each block when it is opened: a search
// may leave out most of them. Positions are made ready by the block.
const wholeBytes = 256 << 10

// needList makes ready what Reset and the columns read.
func (c *Cursor) needList() bool {
	c.long = c.list.PostSize > wholeBytes
	e := c.src.Extent(c.list)
	return c.need(e.Gate, e.Off, e.N)
}

// Extent is the bytes of a list that Reset reads: who opens several lists may bring
// them in at the same time.
func (s *Source) Extent(list List) gate.Extent {
	size := list.PostSize
	if size > wholeBytes {
		blocks := (uint64(list.Docs) + BlockLen - 1) / BlockLen
		size = min(size, 13*blocks+uint64(headerBytes+windows(s.MaxDoc)))
	}
	return gate.Extent{Gate: s.PostGate, Off: list.Post, N: size}
}

// need makes bytes ready to be read, or fails.
func (c *Cursor) need(g *gate.Gate, off, n uint64) bool {
	if g.Has(off, n) {
		return true
	}
	err := g.Need(off, n)
	if err != nil {
		c.failWith(err)
	}
	return err == nil
}
