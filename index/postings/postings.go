// Package postings stores, for one term, the documents that hold it: how often,
// and where in them. It knows no formula: what a posting may be worth is told by
// impacts, pairs of frequency and norm, and the package rank makes scores of
// them.
//
// # Shapes
//
// A list has one of three shapes, by the number of its documents (df):
//
//	df = 1       singleton  all of it stands in the dictionary; no bytes here
//	df 2..127    tiny       varints, decoded as a whole
//	df >= 128    blocked    columns to skip by, then blocks of 128 documents
//
// Half of all terms are singletons and 46 % tiny, but 93 % of all postings are in
// blocks (575,642 passages of Wikipedia; specs/index.md 6.1).
//
// # Tiny list
//
// For each document a varint (gap-1)<<1 | once, where gap is the distance from
// the document before (from -1 for the first), and once says that the frequency
// is 1; if it is not, a varint frequency-2 follows.
//
// # Blocked list
//
// Little-endian, nothing aligned, b = ⌈df/128⌉ blocks:
//
//	+-------+--------+------+---------+--------+--------+----------+---------+---------+
//	| flags | zero   | df   | impacts | last   | end    | posEnd   | impacts | payload |
//	| 1     | 3      | 4    | 4       | 4·b    | 4·b    | 4·b or 0 | 4·b     | ...     |
//	+-------+--------+------+---------+--------+--------+----------+---------+---------+
//
//	flags    bit 0: the list has positions, and posEnd. Others must be 0: they are
//	         for other impacts (one quantised byte), windows and k-th best scores
//	impacts  of the list, then of each block: see below
//	last     last document of each block
//	end      where each block ends in the payload
//	posEnd   where the positions of each block end, from the list's Pos
//
// The columns stand in front of the blocks, so that one term is one extent and a
// search for a document reads only last. A block of n documents (128, but fewer
// in the last block) is
//
//	+------------+------------+-------------------+----------------------+
//	| doc width  | freq width | gaps - 1          | frequencies - 1      |
//	| 1          | 1          | Size(n, width)    | Size(n, width)       |
//	+------------+------------+-------------------+----------------------+
//
// with gaps from the block before (from -1 for the first), packed as the package
// bitpack says. The two high bits of a width byte must be 0: they are for bitset
// blocks and exceptions (PFOR).
//
// # Positions
//
// The positions of the documents of a block, or of a whole shorter list, are one
// chunk. The first position of a document is stored as it is, each other as its
// distance from the one before. A chunk of t values is, if the list is not
// blocked and t < 128, t varints; otherwise
//
//	+-----------+-----------------+-----------------+-----+
//	| widths    | values 0..127   | values 128..255 | ... |
//	| ⌈t/128⌉   | Size(128,width) | Size(128,width) |     |
//	+-----------+-----------------+-----------------+-----+
//
// # Impacts
//
// Two pairs of (frequency, norm), two bytes each: every posting has a frequency
// and a norm that are bounded by one of the pairs. They are made from the
// postings that no other beats in both, cut in two groups, with the highest
// frequency and the smallest norm of each; a list with one group repeats its
// pair. This bounds every score that rises with the frequency and falls with the
// length: BM25 with any parameters, any mean length, and a field of BM25F. How far
// the bound of a full block lies above its best BM25 score (k1 1.2, b 0.75), in
// the mean over the blocks of the first 60 MB of enwiki-2015, is the reason for
// two pairs:
//
//	                                  one    two    four   all
//	96,289 passages of 100 words     8.4 %  0.3 %  0.0 %  0.0 %
//	3,812 whole articles             9.8 %  5.7 %  0.5 %  0.1 %
//
// (four as cut by the score itself). A byte of a computed score would be as
// tight and a quarter of the size, but holds for one k1, b and mean length only.
// A frequency is a float of 3 mantissa bits: exact below 16, above rounded
// up by an eighth at most, where BM25 is flat.
//
// # Worked example
//
// Documents 3 (once) and 7 (twice) are a tiny list: gap 4 and frequency 1 is
// 3<<1|1 = 07, gap 4 and frequency 2 is 3<<1 = 06 then 00. Their positions 10 and
// 5, 9 are the chunk 0a 05 04. testdata holds annotated dumps of all shapes.
package postings

import (
	"math"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const (
	None     = math.MaxUint32 // where a spent cursor stands; no document has this number
	BlockLen = bitpack.N      // postings in a full block, and the fewest of a blocked list
	MaxFreq  = 1 << 24        // occurrences of a term in one document
)

// Parts of the format.
const (
	flagPositions = 1
	headerBytes   = 8 + impactBytes
	maxFreqWidth  = 24 // of frequency-1
	safeDocWidth  = 24 // 128 gaps of this width cannot wrap around 2^32
)

// ErrCorrupt marks bytes that no Writer has written.
var ErrCorrupt = corrupt.Err

// A List says where the postings of one term lie: what the term dictionary
// keeps. It has the fields of termdict.Info in the same order, so that one
// converts to the other.
type List struct {
	Docs     uint32 // documents that hold the term, at least 1
	Doc      uint32 // the document, if Docs is 1: such a list has no bytes in Post
	Freq     uint64 // occurrences in all documents
	Post     uint64 // offset of the list in Source.Post
	PostSize uint64 // its bytes
	Pos      uint64 // offset of its positions in Source.Pos
	PosSize  uint64 // their bytes; 0 if the field has none
}

// A Source is the bytes of one field's lists. It is shared by any number of
// cursors and must not change under them.
type Source struct {
	Post   []byte // lists, as a Writer wrote them
	Pos    []byte // positions, likewise; nil if the field has none
	Norms  []byte // norm of each document, at least MaxDoc of them; nil: bounds of lists below 128 are loose
	MaxDoc uint32 // documents of the segment; a list that names another is corrupt
}
