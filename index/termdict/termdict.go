// Package termdict keeps the terms of one field in order, and for each where its
// postings lie.
//
// # Format
//
// Little-endian. Terms, ordered as bytes, are cut in blocks of 32 and
// front-coded in each. The first eight bytes of each block's first term stand
// in a column by themselves, so that a look-up compares numbers until one block
// is left:
//
//	+---------+---------+-----+--------+----------+---------+
//	| block 0 | block 1 | ... | keys   | offsets  | trailer |
//	| ...     | ...     |     | 8·b    | 4·b      | 24      |
//	+---------+---------+-----+--------+----------+---------+
//
//	keys     first 8 bytes of the first term as a big-endian number, with zeros
//	         behind a shorter term, stored little-endian
//	offsets  where each block begins
//	trailer  0 terms u64   8 bytes of all blocks u32   12 blocks u32
//	         16 flags u32: 0   20 zero u32
//
// A block of n terms (32; fewer in the last block) is
//
//	+-----------+-----------+----------+--------+-----+----------------+-----+
//	| post      | pos       | rest     | term 0 | ... | info 0         | ... |
//	| uvarint   | uvarint   | uvarint  |        |     |                |     |
//	+-----------+-----------+----------+--------+-----+----------------+-----+
//
//	post, pos  of the first term
//	rest       bytes of the terms
//	term 0     length (1), bytes
//	term i     shared<<4 | length (1), where 15 in either half means that a byte with
//	           the value less 15 follows; length bytes that follow the shared
//	           bytes of the term before
//	info       docs<<1 | once, where once says that Freq is Docs; otherwise the
//	           uvarint Freq-Docs follows. Then the document if Docs is 1, and
//	           PostSize if not. Then PosSize. All uvarints.
//
// Lists are contiguous, so sizes alone give the places.
//
// Worked example: the terms "car" (documents 1, freq 1, document 9, positions of
// 1 byte) and "cart" (docs 2, freq 2, list of 2 bytes, positions of 2 bytes) at
// post 0 and pos 0 are the block
//
//	00 00 06 | 03 63 61 72 | 31 74 | 03 09 01 | 05 02 02
//
// # Cost
//
// For 1.95 million terms (33.3 MB) of Wikipedia an FST in Go took 19.9 MB,
// 0.9-1.0 µs a look-up and 299 ns a term to walk; front coding 18.2 MB,
// 0.4-0.6 µs and 16 ns (specs/index.md 1f). A look-up reads the columns and one
// block.
//
// Terms near a word (Fuzzy), of 1.95 million words and pairs of words of Wikipedia,
// a mean over ten slips of seven to ten letters, on one core:
//
//	                         one error   two errors
//	first letter is right    0.09 ms     0.72 ms (0.92 with Transpose)
//	no letter is             0.75 ms     6.4 ms
//
// Two errors of which one in the first letter is both (Sure) take 1.3 times the time of
// those where it is right.
//
// A wildcard costs 3 to 90 µs behind a few letters, as inter*ional; one that begins
// with a star reads every term, at 80 ns (BenchmarkMatch; the same on 0.56 million
// words alone, but for *: 44 ms).
package termdict

import (
	"encoding/binary"
	"errors"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const (
	MaxTermBytes = 255 // longest term

	blockTerms   = 32
	keyBytes     = 8
	trailerBytes = 24
	nibble       = 15
)

// ErrCorrupt marks bytes that no Builder has written.
var ErrCorrupt = corrupt.Err

// ErrOrder is returned for a term that does not come behind the one before.
var ErrOrder = errors.New("termdict: terms out of order")

// Info says where the postings of one term lie. It has the fields of
// postings.List in the same order, so that one converts to the other. Lists are
// contiguous: Post is the Post + PostSize of the term before, and so for Pos.
type Info struct {
	Docs     uint32 // documents that hold the term, at least 1
	Doc      uint32 // the document, if Docs is 1: PostSize is then 0
	Freq     uint64 // occurrences in all documents, at least Docs
	Post     uint64 // offset of its list among the postings
	PostSize uint64 // bytes of the list
	Pos      uint64 // offset of its positions
	PosSize  uint64 // bytes of the positions
}

// keyOf is the first eight bytes of a term as a number in the order of terms.
func keyOf(term []byte) uint64 {
	if len(term) >= keyBytes {
		return binary.BigEndian.Uint64(term)
	}
	var b [keyBytes]byte
	copy(b[:], term)
	return binary.BigEndian.Uint64(b[:])
}
