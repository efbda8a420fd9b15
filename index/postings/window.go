package postings

// A window is WindowDocs documents, from a multiple of it on: the unit in which
// searches go through a segment.

// windows is how many windows a segment has.
func windows(maxDoc uint32) int { return int((uint64(maxDoc) + WindowDocs - 1) / WindowDocs) }

// storesWindows tells whether a list keeps a bound of each window. A list with less
// than eight postings a window loses little by the bounds of its blocks.
func storesWindows(docs uint64, windows int) bool { return docs >= 8*uint64(windows) }

// Windows is an impact for each window of the segment that bounds the postings
// there, in place; 0: there is none. It is nil for a list with less than 8 postings
// a window, which does not store it.
func (c *Cursor) Windows() []byte { return c.windows }

// AppendWindows is Windows for every list, appended to dst: of a short list as tight
// as if it were stored, of others from the impacts of the blocks that meet the
// window. It neither decodes nor moves.
func (c *Cursor) AppendWindows(dst []byte) []byte {
	at := len(dst)
	if c.windows != nil {
		return append(dst, c.windows...)
	}
	dst = append(dst, make([]byte, windows(c.src.MaxDoc))...)
	out := dst[at:]
	switch {
	case c.blocks == 0:
	case !c.blocked:
		for i, doc := range c.docs[:c.short] {
			w := doc / WindowDocs
			out[w] = max(out[w], c.shortLevel(i)+1)
		}
	default:
		c.deriveWindows(out)
	}
	return dst
}

func (c *Cursor) deriveWindows(out []byte) {
	first := uint32(0)
	for b, impact := range c.impacts {
		last := word(c.last, b)
		if last >= c.src.MaxDoc || last < first {
			c.fail("block %d of the list at %d: documents %d to %d", b, c.list.Post, first, last)
			return
		}
		for w := first / WindowDocs; w <= last/WindowDocs; w++ {
			out[w] = max(out[w], impact)
		}
		first = last + 1
	}
}
