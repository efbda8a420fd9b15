package docvalues

import (
	"math/bits"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// # Sets of documents
//
// The functions below read sets: bit i%64 of word i/64 is document base+i, for the
// documents [base, base + 64·len(set)). base is a multiple of 64; 1,024 is best, so
// that no chunk is read twice. Documents that the column does not have are in no
// range, are not counted and not selected. They go chunk by chunk, and what the
// zone of a chunk decides costs nothing by the document. Who has used them asks
// Err, as behind Get. In nanoseconds by the document (BenchmarkInRange and so on,
// one core): a range 0.7, of values wider than 32 bits 1.3, decided by zones 0.01; a
// count 2.9 of all documents, 0.08 of one in a thousand; the first ten of all by
// value, where values come in no order, 0.4.

// fewest is how many values of a block of 128 are worth decoding it whole: Get of
// each costs 3 to 5 ns, the block 60 to 120.
const fewest = 24

// piece is the part of one chunk that a set spans: documents from..to-1.
type piece struct{ chunk, from, to int }

// next is the piece behind this one, up to end.
func (p *piece) next(end int) bool {
	p.from = p.to
	p.chunk = p.from / ChunkLen
	p.to = min((p.chunk+1)*ChunkLen, end)
	return p.from < p.to
}

// span is what a set spans of the column: an empty piece before it, and its end.
// Pieces begin at multiples of 64 from the base on.
func (c *Column) span(set []uint64, base uint32) (before piece, end int) {
	if base%64 != 0 {
		panic("docvalues: the base of a set is no multiple of 64")
	}
	return piece{to: int(base)}, min(int(base)+64*len(set), c.n)
}

// InRange adds to a set its documents whose value is lo to hi, both among them.
func (c *Column) InRange(set []uint64, base uint32, lo, hi int64) {
	p, end := c.span(set, base)
	for p.next(end) {
		least, most := c.Zone(p.chunk)
		switch {
		case hi < least || most < lo || hi < lo:
		case lo <= least && most <= hi:
			fill(set, p.from-int(base), p.to-int(base))
		default:
			c.compare(set, int(base), p, max(lo, least), min(hi, most))
		}
	}
}

// fill sets the bits from..to-1, where from is a multiple of 64.
func fill(set []uint64, from, to int) {
	for ; to-from >= 64; from += 64 {
		set[from/64] = ^uint64(0)
	}
	if from < to {
		set[from/64] |= 1<<(to-from) - 1
	}
}

// compare is InRange for the part of a chunk whose zone holds lo and hi.
func (c *Column) compare(set []uint64, base int, p piece, lo, hi int64) {
	var b decoded
	least, width := long(c.least, p.chunk), int(c.widths[p.chunk])
	from, span := uint64(lo)-least, uint64(hi)-uint64(lo)
	for at := p.from; at < p.to; {
		c.decode(&b, at)
		for ; at < min(b.end, p.to); at += 64 { // at and b.start are multiples of 64
			in := b.within(at, width, from, span)
			if n := p.to - at; n < 64 {
				in &= 1<<n - 1
			}
			set[(at-base)/64] |= in
		}
	}
}

// within is which of the 64 documents from at on have values, less the least, from
// from to from+span.
func (b *decoded) within(at, width int, from, span uint64) uint64 {
	low := (*[64]uint32)(b.low[at-b.start:])
	if width <= lowBits {
		return within(low, uint32(from), uint32(span))
	}
	return withinLong(low, (*[64]uint32)(b.high[at-b.start:]), from, span)
}

// within is the set of those that are from to from+span, which does not overflow.
func within(v *[64]uint32, from, span uint32) (in uint64) {
	most := uint64(span)
	for i := 0; i < 64; i += 8 { // eight at a time do not wait for each other: 1.4 times as fast
		w := (*[8]uint32)(v[i:])
		out := (most-uint64(w[0]-from))>>63 | (most-uint64(w[1]-from))>>63<<1 |
			(most-uint64(w[2]-from))>>63<<2 | (most-uint64(w[3]-from))>>63<<3 |
			(most-uint64(w[4]-from))>>63<<4 | (most-uint64(w[5]-from))>>63<<5 |
			(most-uint64(w[6]-from))>>63<<6 | (most-uint64(w[7]-from))>>63<<7
		in |= out << i
	}
	return ^in
}

// withinLong is within of values in two halves.
func withinLong(low, high *[64]uint32, from, span uint64) (in uint64) {
	for i := range 64 {
		_, out := bits.Sub64(span, uint64(high[i])<<lowBits|uint64(low[i])-from, 0)
		in |= out << i
	}
	return ^in
}

// decoded is a block of values less the least of the chunk.
type decoded struct {
	start, end int // its documents
	low, high  [bitpack.N]uint32
}

// decode decodes the block of a document. Behind the last document of the column
// its values mean nothing, nor do the high halves of a chunk that has none.
func (c *Column) decode(b *decoded, doc int) {
	chunk := doc / ChunkLen
	width := int(c.widths[chunk])
	src, n := c.block(chunk, doc%ChunkLen/bitpack.N, width)
	b.start = doc &^ (bitpack.N - 1)
	b.end = b.start + n
	bitpack.Unpack(&b.low, src, n, min(width, lowBits))
	if width > lowBits {
		bitpack.Unpack(&b.high, src[bitpack.Size(n, lowBits):], n, width-lowBits)
	}
}

// Count adds one to counts[v] for each document of the set, where v is its value:
// the facets of a column of ordinals. Values below 0 stand for none; one beyond
// counts means that the column is damaged.
func (c *Column) Count(counts []uint32, set []uint64, base uint32) error {
	p, end := c.span(set, base)
	for p.next(end) {
		if c.widths[p.chunk] != 0 {
			if !c.count(counts, set, int(base), p) {
				return corrupt.Errorf("docvalues: chunk %d: a value is not below %d", p.chunk, len(counts))
			}
			continue
		}
		v, _ := c.Zone(p.chunk)
		n := 0
		for at := p.from; at < p.to; at += 64 {
			n += bits.OnesCount64(word(set, int(base), at, p.to))
		}
		switch {
		case v < 0 || n == 0:
		case v >= int64(len(counts)):
			return corrupt.Errorf("docvalues: chunk %d: value %d is not below %d", p.chunk, v, len(counts))
		default:
			counts[v] += uint32(n)
		}
	}
	return nil
}

// count is Count of the part of a chunk.
func (c *Column) count(counts []uint32, set []uint64, base int, p piece) (ok bool) {
	w := walk{c: c, set: set, base: base, piece: p}
	least, width, ok := long(c.least, p.chunk), int(c.widths[p.chunk]), true
	for w.next() {
		for i, word := range w.words {
			for ; word != 0; word &= word - 1 {
				v := w.value(64*i+bits.TrailingZeros64(word), least, width)
				if uint64(v) < uint64(len(counts)) {
					counts[v]++
				} else if v >= 0 {
					ok = false
				}
			}
		}
	}
	return ok
}

// A walk goes over the blocks of a part of a chunk that hold documents of a set. It
// decodes only those that hold enough of them.
type walk struct {
	c *Column
	piece
	set   []uint64
	base  int
	at    int       // first document of:
	words [2]uint64 // documents of the set
	whole bool      // is the block decoded, in:
	decoded
}

func (w *walk) next() bool {
	for w.from < w.to {
		w.at = w.from
		w.from = min(w.at&^(bitpack.N-1)+bitpack.N, w.to)
		w.words = [2]uint64{word(w.set, w.base, w.at, w.from)}
		if w.at+64 < w.from {
			w.words[1] = word(w.set, w.base, w.at+64, w.from)
		}
		if n := bits.OnesCount64(w.words[0]) + bits.OnesCount64(w.words[1]); n > 0 {
			if w.whole = n >= fewest; w.whole {
				w.c.decode(&w.decoded, w.at)
			}
			return true
		}
	}
	return false
}

// value is that of the i-th document from at on.
func (w *walk) value(i int, least uint64, width int) int64 {
	if !w.whole {
		return w.c.Get(uint32(w.at + i))
	}
	i += w.at - w.start
	over := uint64(w.low[i&(bitpack.N-1)])
	if width > lowBits {
		over |= uint64(w.high[i&(bitpack.N-1)]) << lowBits
	}
	return int64(least + over)
}

// word is the 64 documents of a set from at on, without those from end on.
func word(set []uint64, base, at, end int) uint64 {
	w := set[(at-base)/64]
	if n := end - at; n < 64 {
		w &= 1<<n - 1
	}
	return w
}

// Select appends to docs the documents of the set whose value is lo to hi, in order,
// and to values their values. A search for the first k by value calls it window by
// window, with the value of the k-th so far as a bound: chunks whose zone is beyond
// it are not read.
func (c *Column) Select(docs []uint32, values []int64, set []uint64, base uint32, lo, hi int64) ([]uint32, []int64) {
	p, end := c.span(set, base)
	for p.next(end) {
		if least, most := c.Zone(p.chunk); hi < least || most < lo || hi < lo {
			continue
		}
		docs, values = c.pick(docs, values, set, int(base), p, lo, hi)
	}
	return docs, values
}

// pick is Select of the part of a chunk.
func (c *Column) pick(docs []uint32, values []int64, set []uint64, base int, p piece, lo, hi int64) ([]uint32, []int64) {
	w := walk{c: c, set: set, base: base, piece: p}
	least, width := long(c.least, p.chunk), int(c.widths[p.chunk])
	floor, ceiling := c.Zone(p.chunk)
	lo, hi = max(lo, floor), min(hi, ceiling)
	for w.next() {
		for i, word := range w.words {
			if at := w.at + 64*i; w.whole && word != 0 {
				word &= w.within(at, width, uint64(lo)-least, uint64(hi)-uint64(lo))
			}
			for ; word != 0; word &= word - 1 {
				at := 64*i + bits.TrailingZeros64(word)
				if v := w.value(at, least, width); lo <= v && v <= hi {
					docs, values = append(docs, uint32(w.at+at)), append(values, v)
				}
			}
		}
	}
	return docs, values
}

// BoundsOf are the least and the greatest value that the zones of the documents
// lo..hi-1 allow; 0, 0 if there are none.
func (c *Column) BoundsOf(lo, hi uint32) (least, most int64) {
	if lo >= hi || uint64(lo) >= uint64(c.n) {
		return 0, 0
	}
	first, last := int(lo/ChunkLen), int(min(uint64(hi), uint64(c.n))-1)/ChunkLen
	least, most = c.Zone(first)
	for i := first + 1; i <= last; i++ {
		a, b := c.Zone(i)
		least, most = min(least, a), max(most, b)
	}
	return least, most
}
