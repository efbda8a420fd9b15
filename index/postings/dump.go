package postings

import (
	"fmt"
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// Dump writes the annotated bytes of one list and of its positions. What is
// damaged is shown as far as it can be, and said in the error.
func Dump(w io.Writer, src *Source, list List) error {
	var c Cursor
	c.Reset(src, list)
	fmt.Fprintf(w, "# list: %d documents, %d occurrences, %d bytes at %d, positions %d bytes at %d\n",
		list.Docs, list.Freq, list.PostSize, list.Post, list.PosSize, list.Pos)
	if c.err == nil && list.Docs > 0 {
		dumpList(w, &c)
	}
	if c.err == nil && list.Docs > 0 && list.PosSize > 0 {
		dumpPositions(w, &c)
	}
	if c.err != nil {
		fmt.Fprintf(w, "# damaged: %v\n", c.err)
	}
	return c.err
}

func dumpList(w io.Writer, c *Cursor) {
	d := corrupt.NewDump(w, c.src.Post[c.list.Post:c.list.Post+c.list.PostSize], int(c.list.Post))
	switch {
	case c.list.Docs == 1:
		d.Note("singleton: document %d", c.list.Doc)
	case !c.blocked:
		dumpTiny(d, c)
	default:
		dumpHeader(d, c)
		for b := range c.blocks {
			if !dumpBlock(d, c, b) {
				return
			}
		}
	}
}

func dumpTiny(d *corrupt.Dump, c *Cursor) {
	r := corrupt.NewReader(c.src.Post[c.list.Post : c.list.Post+c.list.PostSize])
	for i, doc := range c.docs[:c.short] {
		at := r.Off()
		if r.Uvarint()&1 == 0 {
			r.Uvarint()
		}
		d.Bytes(r.Off()-at, "document %d, frequency %d", doc, c.freqs[i])
	}
}

func dumpHeader(d *corrupt.Dump, c *Cursor) {
	ends := func(name string, ends *column) {
		for b := 0; b < c.blocks && ends.data != nil; b++ {
			d.Bytes(ends.width, "%s of block %d: %d", name, b, ends.at(b))
		}
	}
	d.Bytes(1, "flags: positions %v, windows %v, ends of %d and %d bytes", c.posEnd.data != nil, c.windows != nil, c.end.width, c.posEnd.width)
	d.Bytes(1, "impact of the list: %d", c.Impact())
	for i, k := range kths {
		d.Bytes(1, "level that %d postings reach: %d", k, c.head[headKth+i])
	}
	for b := range c.blocks {
		d.Bytes(4, "last document of block %d: %d", b, word(c.last, b))
	}
	ends("end", &c.end)
	ends("end of positions", &c.posEnd)
	for b, impact := range c.impacts {
		d.Bytes(1, "impact of block %d: %d", b, impact)
	}
	for w, impact := range c.windows {
		d.Bytes(1, "impact of window %d: %d", w, impact)
	}
}

func dumpBlock(d *corrupt.Dump, c *Cursor, b int) bool {
	if !c.EnterBlock(b) {
		return false
	}
	docs, freqs := c.Docs(), c.Freqs()
	if c.err != nil {
		return false
	}
	d.Note("block %d: documents %d to %d, frequencies %v...", b, docs[0], docs[c.n-1], freqs[:min(c.n, 8)])
	if c.docToken == tokenBitset {
		d.Bytes(1, "documents: a bitset")
		d.Bytes(1, "frequencies: %s", tokenName(c.freqToken))
		d.Bytes(c.docSize, "bitset from document %d on", c.first)
	} else {
		d.Bytes(1, "documents: %s", tokenName(c.docToken))
		d.Bytes(1, "frequencies: %s", tokenName(c.freqToken))
		dumpPacked(d, "gaps - 1", c.n, c.docToken)
	}
	dumpPacked(d, "frequencies - 1", c.n, c.freqToken)
	return true
}

func tokenName(token byte) string {
	width, exceptions := splitToken(token)
	return fmt.Sprintf("%d bits, %d exceptions", width, exceptions)
}

func dumpPacked(d *corrupt.Dump, what string, n int, token byte) {
	width, exceptions := splitToken(token)
	d.Bytes(lowSize(n, width), "%s of %d bits", what, width)
	d.Bytes(exceptions, "places of exceptions")
	d.Bytes(exceptions, "their high bits")
}

func dumpPositions(w io.Writer, c *Cursor) {
	d := corrupt.NewDump(w, c.src.Pos[c.list.Pos:c.list.Pos+c.list.PosSize], int(c.list.Pos))
	c.Reset(c.src, c.list)
	for ok := c.EnterBlock(0); ok; ok = c.EnterBlock(c.blk + 1) {
		first := c.PositionsAt(0, nil)
		if c.err != nil {
			return
		}
		k := &c.chunk
		d.Note("positions of block %d: %d, the first %v", c.blk, k.total, first[:min(len(first), 8)])
		if !c.blocked && k.total < BlockLen {
			d.Bytes(d.Len(), "%d varints", k.total)
			continue
		}
		d.Bytes(len(k.tokens), "tokens")
		for sub, token := range k.tokens {
			n := min(BlockLen, k.total-sub*BlockLen)
			dumpPacked(d, fmt.Sprintf("sub-block %d: %d values", sub, n), n, token)
		}
	}
}
