// Package segfile is the frame of every object of an index: a header that says
// what it is, named sections, and checksums.
//
// # Format, version 3.0
//
// Integers are little-endian. An object is written in one pass and never
// changed:
//
//	+--------+-----------+------+-----------+------+-----+-------+-------+--------+
//	| header | section 0 | zero | section 1 | zero | ... | table | check | footer |
//	|        |           |      |           |      |     | of    | sums  |        |
//	|        |           |      |           |      |     | cont. |       |        |
//	| 64     | size      | 64.. | size      | 64.. |     | 32·n  | 4·c   | 64     |
//	+--------+-----------+------+-----------+------+-----+-------+-------+--------+
//	|<---------------------- payload ------------------->|
//
// A section begins at a multiple of 64 and at least 64 zero bytes follow it, so
// that vector code may read past its end. The payload ends at a multiple of 64.
//
//	header   0 magic "TRWL"   4 kind u16   6 major u8   7 minor u8   8 UUID [16]
//	        24 features u64  32 created i64, ns since 1970
//	        40 CRC u32 of bytes 0..39      44 zero [20]
//	entry    0 name [8], zeros behind it   8 field u16  10 zero [6]
//	        16 offset u64    24 size u64
//	footer   0 payload u64    8 sections u32            12 chunks u32
//	        16 CRC u32 of the table of contents         20 CRC u32 of the checksums
//	        24 zero [32]     56 CRC u32 of bytes 0..55  60 magic "TRWL"
//
// CRC is CRC-32C (Castagnoli). There is one checksum for each chunk of 64 KiB of
// payload, the last being shorter. Everything else follows: the table of
// contents begins where the payload ends, and the object is payload + 32·n +
// 4·c + 64 bytes long, to the byte. The footer's CRC covers the CRCs of both
// tables and so identifies the content: Digest.
//
// Worked example: a segment with one section "post" of 3 bytes has its section
// at 64..66 and zeros to 191 (3 bytes, 64 zeros, then up to a multiple of 64), so
// a payload of 192 bytes, one entry, one chunk, and 192+32+4+64 = 292 bytes. It
// stands in testdata/small.golden.
//
// # Versions
//
// A reader accepts its own major, any minor up to its own, and no feature bit
// that it does not know. The version counts for all formats inside the sections
// too.
package segfile

import (
	"hash/crc32"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// ErrCorrupt marks an object that no Writer has written.
var ErrCorrupt = corrupt.Err

const (
	Major = 3 // version of all formats of the index that this package writes
	Minor = 0

	Align = 64              // sections begin at multiples of it, and as many zero bytes follow each
	Chunk = gate.ChunkBytes // 64 KiB: bytes that share a checksum

	MaxSections = 1 << 16 // of one object

	headerBytes   = 64
	headerSummed  = 40
	entryBytes    = 32
	nameBytes     = 8
	sumBytes      = gate.SumBytes
	footerBytes   = 64
	footerSummed  = 56
	knownFeatures = 0
)

var (
	magic      = [4]byte{'T', 'R', 'W', 'L'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// A Kind says what an object is. Numbers are for ever: never reorder them.
type Kind uint16

const (
	Segment  Kind = 1
	Manifest Kind = 2
	Deletes  Kind = 3
)

// String is the word for the kind.
func (k Kind) String() string {
	switch k {
	case Segment:
		return "segment"
	case Manifest:
		return "manifest"
	case Deletes:
		return "deletes"
	}
	return "unknown kind"
}

// A Header identifies an object.
type Header struct {
	Kind     Kind
	Major    uint8    // set by the Writer
	Minor    uint8    // set by the Writer
	UUID     [16]byte // chosen by who writes; a manifest repeats that of a segment
	Features uint64   // bits that a reader must understand
	Created  int64    // ns since 1970
}

// A Section is a named stretch of bytes. Field tells sections of one name apart.
type Section struct {
	Name  string // 1 to 8 bytes of ASCII: "post", "dict"
	Field uint16
	Off   uint64
	Size  uint64
}
