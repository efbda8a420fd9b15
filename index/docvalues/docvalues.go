// Package docvalues keeps, for each document of a segment, one number or one
// key, found in O(1).
//
// # Column of integers
//
// Little-endian. Documents are cut in chunks of 1,024, c = ⌈n/1,024⌉:
//
//	+----------+--------+--------+----------+--------+---------+
//	| payload  | least  | most   | offsets  | widths | trailer |
//	| ...      | 8·c    | 8·c    | 8·c      | c      | 16      |
//	+----------+--------+--------+----------+--------+---------+
//
//	least, most  of the values of each chunk, i64: the zone map
//	offsets      where each chunk begins in the payload, u64
//	widths       bits of each value less least, 0..64; 0 is a constant chunk
//	trailer      0 documents u64   8 magic "TRWC"   12 zero u32
//
// A chunk is its values less the least, in blocks of 128 packed as the package
// bitpack says. Where they are wider than 32 bits, a block is the low 32 bits of
// all and then the high bits of all:
//
//	+------------------------------+------------------------------+
//	| block 0: low [high]          | block 1: ...                 |
//	| Size(128, min(w,32)) [+ ...] |                              |
//	+------------------------------+------------------------------+
//
// Worked example: the values 1000, 1003, 1001 have least 1000, width 2, and are
// the 4 bytes 1c 00 00 00 (0b01_11_00).
//
// # Column of keys
//
//	+--------+--------+---------+
//	| keys   | order  | trailer |
//	| 16·n   | ...    | 16      |
//	+--------+--------+---------+
//
//	order    the documents in the order of their keys as bytes, in blocks of 128
//	         packed as the package bitpack says, as many bits each as n-1 has
//	trailer  0 documents u64   8 magic "TRWK"   12 zero u32
//
// Keys are digests and so lie evenly: Find guesses the place of a key from its
// first eight bytes, and looks at six of a million (five of a thousand).
package docvalues

import (
	"encoding/binary"
	"errors"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

const (
	ChunkLen = 1024 // documents that share one least value and one width

	trailerBytes = 16
	keyBytes     = 16
	lowBits      = 32 // packed apart from the bits above
)

var (
	// ErrCorrupt marks bytes that no Builder has written.
	ErrCorrupt = corrupt.Err

	// ErrOrder: a KeyWriter was not given all keys in their order.
	ErrOrder = errors.New("docvalues: keys are not in order")
)

var (
	columnMagic = [4]byte{'T', 'R', 'W', 'C'}
	keysMagic   = [4]byte{'T', 'R', 'W', 'K'}
)

// blockBytes is the size of a block of n values.
func blockBytes(n, width int) int {
	return bitpack.Size(n, min(width, lowBits)) + bitpack.Size(n, max(width-lowBits, 0))
}

// chunkBytes is the size of a chunk of n values.
func chunkBytes(n, width int) int {
	return n/bitpack.N*blockBytes(bitpack.N, width) + blockBytes(n%bitpack.N, width)
}

func appendTrailer(dst []byte, n int, magic [4]byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	dst = append(dst, magic[:]...)
	return append(dst, 0, 0, 0, 0)
}

// openTrailer returns what stands before the trailer, and the number of
// documents: at most 2^32-1.
func openTrailer(data []byte, g *gate.Gate, magic [4]byte) (body []byte, n int, err error) {
	if len(data) < trailerBytes {
		return nil, 0, corrupt.Errorf("docvalues: %d bytes without a trailer", len(data))
	}
	body = data[:len(data)-trailerBytes]
	if err := g.Need(uint64(len(body)), trailerBytes); err != nil {
		return nil, 0, err
	}
	r := corrupt.NewReader(data[len(body):])
	docs, word, zero := r.U64(), [4]byte(r.Bytes(4)), r.U32()
	if word != magic || zero != 0 || docs >= 1<<32 {
		return nil, 0, corrupt.Errorf("docvalues: trailer % x", data[len(body):])
	}
	return body, int(docs), nil
}
