package docvalues

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// A Builder writes a column of integers: one value for each document, in the
// order of documents. It holds one chunk, and 25 bytes for each chunk before.
// One goroutine.
type Builder struct {
	w       io.Writer
	err     error
	n       int
	written uint64
	chunk   []int64
	packed  []byte

	least, most, offsets, widths []byte
}

// NewBuilder writes to w, from its current place on.
func NewBuilder(w io.Writer) *Builder {
	return &Builder{w: w, chunk: make([]int64, 0, ChunkLen)}
}

// Add adds the value of the next document.
func (b *Builder) Add(v int64) {
	b.chunk = append(b.chunk, v)
	b.n++
	if len(b.chunk) == ChunkLen {
		b.flush()
	}
}

func (b *Builder) flush() {
	least, most := slices.Min(b.chunk), slices.Max(b.chunk)
	width := bits.Len64(uint64(most) - uint64(least))
	b.least = binary.LittleEndian.AppendUint64(b.least, uint64(least))
	b.most = binary.LittleEndian.AppendUint64(b.most, uint64(most))
	b.offsets = binary.LittleEndian.AppendUint64(b.offsets, b.written)
	b.widths = append(b.widths, byte(width))
	b.packed = b.packed[:0]
	for block := range slices.Chunk(b.chunk, bitpack.N) {
		var low, high [bitpack.N]uint32
		for i, v := range block {
			over := uint64(v) - uint64(least)
			low[i], high[i] = uint32(over), uint32(over>>lowBits)
		}
		b.packed = bitpack.Pack(b.packed, low[:len(block)], min(width, lowBits))
		b.packed = bitpack.Pack(b.packed, high[:len(block)], max(width-lowBits, 0))
	}
	b.send(b.packed)
	b.written += uint64(len(b.packed))
	b.chunk = b.chunk[:0]
}

// Finish writes what is left and returns the first error. It does not close the
// stream.
func (b *Builder) Finish() error {
	if len(b.chunk) > 0 {
		b.flush()
	}
	for _, part := range [][]byte{b.least, b.most, b.offsets, b.widths, appendTrailer(nil, b.n, columnMagic)} {
		b.send(part)
	}
	return b.err
}

func (b *Builder) send(p []byte) {
	if b.err != nil {
		return
	}
	if _, err := b.w.Write(p); err != nil {
		b.err = fmt.Errorf("docvalues: write: %w", err)
	}
}

// A Column reads integers in place. Immutable: any number of goroutines.
//
// Values of a chunk whose bytes cannot be had are the least of the chunk: Err
// then says why, from then on.
type Column struct {
	gate                         *gate.Gate
	payload                      []byte
	n                            int
	least, most, offsets, widths []byte
}

// Open reads the bytes that one Builder wrote, keeps them, and checks them so
// far that no later read can leave them: 10 ns for each chunk, 0.1 ms for ten
// million documents. The gate, that of data, may be nil.
func Open(data []byte, g *gate.Gate) (*Column, error) {
	body, n, err := openTrailer(data, g, columnMagic)
	if err != nil {
		return nil, err
	}
	chunks := (n + ChunkLen - 1) / ChunkLen
	size := len(body) - 25*chunks
	if size < 0 {
		return nil, corrupt.Errorf("docvalues: %d documents in %d bytes", n, len(data))
	}
	if err := g.Need(uint64(size), uint64(len(body)-size)); err != nil {
		return nil, err
	}
	r := corrupt.NewReader(body[size:])
	c := &Column{gate: g, payload: body[:size], n: n,
		least: r.Bytes(8 * chunks), most: r.Bytes(8 * chunks), offsets: r.Bytes(8 * chunks), widths: r.Bytes(chunks)}
	end := uint64(0)
	for i, width := range c.widths {
		docs := min(n-i*ChunkLen, ChunkLen)
		least, most := c.Zone(i)
		if long(c.offsets, i) != end || least > most || int(width) != bits.Len64(uint64(most)-uint64(least)) {
			return nil, corrupt.Errorf("docvalues: chunk %d: offset %d, width %d, %d to %d", i, long(c.offsets, i), width, least, most)
		}
		end += uint64(chunkBytes(docs, int(width)))
	}
	if end != uint64(size) {
		return nil, corrupt.Errorf("docvalues: chunks of %d bytes in %d", end, size)
	}
	return c, nil
}

// Err says why values could not be had, or is nil.
func (c *Column) Err() error { return c.gate.Err() }

// Len is the number of documents.
func (c *Column) Len() int { return c.n }

// Get is the value of a document, which must be below Len.
func (c *Column) Get(doc uint32) int64 {
	if uint64(doc) >= uint64(c.n) {
		panic("docvalues: no such document")
	}
	chunk := int(doc / ChunkLen)
	least, width := long(c.least, chunk), int(c.widths[chunk])
	if width == 0 {
		return int64(least)
	}
	block, n := c.block(chunk, int(doc%ChunkLen/bitpack.N), width)
	i := int(doc % bitpack.N)
	over := uint64(bitpack.Get(block, i, min(width, lowBits)))
	if width > lowBits {
		over |= uint64(bitpack.Get(block[bitpack.Size(n, lowBits):], i, width-lowBits)) << lowBits
	}
	return int64(least + over)
}

// block is where a block begins, up to the end of the payload, and the number of
// its values.
func (c *Column) block(chunk, i, width int) ([]byte, int) {
	at := long(c.offsets, chunk) + uint64(i*blockBytes(bitpack.N, width))
	n := min(c.n-chunk*ChunkLen-i*bitpack.N, bitpack.N)
	if size := uint64(blockBytes(n, width)); !c.gate.Has(at, size) && !c.gate.Ready(at, size) {
		return nothing[:], n
	}
	return c.payload[at:], n
}

// nothing stands in for a block that cannot be had.
var nothing [2*4*bitpack.N + bitpack.Slack]byte

// Append appends the values of the documents lo..hi-1 to dst, 128 at a time: a
// few times cheaper than Get.
func (c *Column) Append(dst []int64, lo, hi uint32) []int64 {
	if lo > hi || uint64(hi) > uint64(c.n) {
		panic("docvalues: no such documents")
	}
	var low, high [bitpack.N]uint32
	for lo < hi {
		chunk := int(lo / ChunkLen)
		least, width := long(c.least, chunk), int(c.widths[chunk])
		from := int(lo % bitpack.N)
		to := min(from+int(hi-lo), bitpack.N)
		block, n := c.block(chunk, int(lo%ChunkLen/bitpack.N), width)
		bitpack.Unpack(&low, block, n, min(width, lowBits))
		if width <= lowBits {
			for _, v := range low[from:to] {
				dst = append(dst, int64(least+uint64(v)))
			}
		} else {
			bitpack.Unpack(&high, block[bitpack.Size(n, lowBits):], n, width-lowBits)
			for i, v := range low[from:to] {
				dst = append(dst, int64(least+(uint64(high[from+i])<<lowBits|uint64(v))))
			}
		}
		lo += uint32(to - from)
	}
	return dst
}

// Zones is the number of zones.
func (c *Column) Zones() int { return len(c.widths) }

// Zone are the least and the greatest value among the documents
// [i·ChunkLen, (i+1)·ChunkLen): a filter passes over what lies outside.
func (c *Column) Zone(i int) (least, most int64) {
	return int64(long(c.least, i)), int64(long(c.most, i))
}

// Bounds are the least and the greatest value of the column; 0, 0 if it is empty.
func (c *Column) Bounds() (least, most int64) {
	for i := range c.Zones() {
		a, b := c.Zone(i)
		if i == 0 {
			least, most = a, b
		}
		least, most = min(least, a), max(most, b)
	}
	return least, most
}

// long is entry i of a column of 64 bits.
func long(column []byte, i int) uint64 { return binary.LittleEndian.Uint64(column[8*i:]) }
