// Package stored keeps the texts of documents that are shown with a hit,
// compressed.
//
// # Format
//
// Little-endian. Documents are gathered in blocks of at least 16 KiB and
// compressed with zstd (RFC 8878; no dictionary, no checksum of its own: the
// frame of the segment has them). A document of more than 256 KiB has a block of
// its own, so that its neighbours are not paid for with it.
//
//	+---------+-----+---------+--------+---------+---------+
//	| block 0 | ... | block b | first  | offsets | sizes   | trailer |
//	| zstd    |     |         | 4·b    | 8·b     | 4·b     | 24      |
//	+---------+-----+---------+--------+---------+---------+
//
//	first    first document of each block, u32
//	offsets  where each block begins, u64
//	sizes    bytes of each block when decompressed, u32
//	trailer  0 documents u64   8 bytes of all blocks u64   16 blocks u32
//	         20 magic "TRWT"
//
// A decompressed block is its documents, one behind the other:
//
//	{ values uvarint { field uvarint, length uvarint, bytes } } …
//
// Where each begins is not told, but found as a block is decompressed: places of 4
// bytes took more room than the ids of documents that store nothing else (575,642
// of 6 digits: 6.7 MB with, .4 without). Worked example: one document with field 2 =
// "ab" is the block 01 02 02 61 62.
//
// # Cost
//
// 16 KiB blocks of passages of 725 bytes: ratio 2.41, 147 MB/s in, 906 MB/s out,
// ten random documents in 187 µs; 4 KiB blocks 2.16 and 73 µs; 32 KiB 2.51 and
// 324 µs; a dictionary 2.59 but half the speed (specs/index.md 1i).
package stored

import (
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const (
	MaxDocBytes = 16 << 20  // stored values of one document, with their lengths
	MaxField    = 1<<16 - 1 // highest number of a field

	blockBytes    = 16 << 10                                  // a block ends with the document that passes this
	aloneBytes    = 256 << 10                                 // a document beyond it has a block of its own
	maxBlockBytes = MaxDocBytes + blockBytes + 4*maxBlockDocs // with the places of its documents
	maxBlockDocs  = 4096                                      // of empty documents: bounds the places
	maxValues     = MaxDocBytes / 2                           // of a document: each takes two bytes
	trailerBytes  = 24
	indexBytes    = 16 // of a block in the three columns
)

var magic = [4]byte{'T', 'R', 'W', 'T'}

// ErrCorrupt marks bytes that no Writer has written.
var ErrCorrupt = corrupt.Err

// A Value is one stored text of a document.
type Value struct {
	Field int // 0..MaxField
	Bytes []byte
}
