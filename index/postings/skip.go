package postings

// SeekBlock looks ahead, without decoding and without moving, to the block that
// holds the first document, from the current one on, that is not below doc. It
// returns the last document of that block, or None if there is no such block.
// BlockImpact then speaks of it. A document to seek after that may be below doc.
func (c *Cursor) SeekBlock(doc uint32) (last uint32) {
	if c.look = c.find(doc); c.look >= c.blocks {
		return None
	}
	return c.lastOf(c.look)
}

// BlockImpact bounds the postings of the block that SeekBlock found, or, if the
// cursor has entered a block since, of that block. It is zero if there is no such
// block.
func (c *Cursor) BlockImpact() Impact {
	switch {
	case c.look >= c.blocks:
		return Impact{}
	case c.last == nil:
		return c.shortImpact()
	}
	return maxImpact(c.impacts[impactBytes*c.look:][:impactBytes])
}

// BlockImpacts appends a tighter bound of the same block to dst: one or two
// pairs, by rising frequency, such that each posting is bounded by one of them.
// The highest score of the pairs bounds the block.
func (c *Cursor) BlockImpacts(dst []Impact) []Impact {
	switch {
	case c.look >= c.blocks:
		return dst
	case c.last == nil:
		return append(dst, c.shortImpact())
	}
	return appendImpacts(dst, c.impacts[impactBytes*c.look:][:impactBytes])
}

// MaxImpact bounds all postings of the list.
func (c *Cursor) MaxImpact() Impact {
	switch {
	case c.blocks == 0:
		return Impact{}
	case c.last == nil:
		return c.shortImpact()
	}
	return maxImpact(c.head)
}

// MaxImpacts appends a tighter bound of all postings to dst, as BlockImpacts does.
func (c *Cursor) MaxImpacts(dst []Impact) []Impact {
	switch {
	case c.blocks == 0:
		return dst
	case c.last == nil:
		return append(dst, c.shortImpact())
	}
	return appendImpacts(dst, c.head)
}

// shortImpact is computed from the postings and the norms. Without norms every
// document is taken for the shortest.
func (c *Cursor) shortImpact() Impact {
	var m Impact
	if c.src.Norms != nil {
		m.Norm = 255
	}
	for i, doc := range c.docs[:c.short] {
		m.Freq = max(m.Freq, c.freqs[i])
		if c.src.Norms != nil {
			m.Norm = min(m.Norm, c.src.Norms[doc])
		}
	}
	return m
}
