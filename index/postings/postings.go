// Package postings stores, for one term, the documents that hold it: how often,
// and where in them, and bounds what a posting may be worth.
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
// Little-endian, nothing aligned, b = ⌈df/128⌉ blocks, w = ⌈MaxDoc/2048⌉ windows:
//
//	+-------+--------+-----+------+------+----------+---------+---------+---------+
//	| flags | impact | kth | last | end  | posEnd   | impacts | windows | payload |
//	| 1     | 1      | 3   | 4·b  | 4·b  | 4·b or 0 | b       | w or 0  | ...     |
//	+-------+--------+-----+------+------+----------+---------+---------+---------+
//
//	flags    bit 0: the list has positions, and posEnd. bit 1: it has windows, as
//	         one with df >= 8·w has. Others must be 0
//	impact   of the list
//	kth      levels that 10, 100 and 1,000 postings reach; 0 if df is less than twice that
//	last     last document of each block
//	end      where each block ends in the payload
//	posEnd   where the positions of each block end, from the list's Pos
//	impacts  of each block
//	windows  impact of each window of the segment, 0 where no posting is
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
// A posting of frequency f in a document with norm n is worth g = f/(f+K[n]), the
// part of BM25 that is between 0 and 1, where K[n] = k1·(1 - b + b·length(n)/avg)
// with constants of the field (Impacts). Its level is ⌊255·g⌋, 254 at most; the
// impact of some postings is one more than their highest level, so that none is
// worth more than impact/255, and 255 is no bound. Every score that rises with f
// and falls with n is bounded through the constants that it has and those that the
// field had: g of at most i/255 is f of at most K[n]·i/(255-i).
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

	WindowDocs = 2048 // documents of a window, which begins at a multiple of them
)

// Parts of the format.
const (
	flagPositions = 1
	flagWindows   = 2
	knownFlags    = flagPositions | flagWindows
	headImpact    = 1 // place of the list's impact in the header
	headKth       = 2 // and of its k-th best levels
	headerBytes   = headKth + len(kths)
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
	Norms  []byte // norm of each document, at least MaxDoc of them; nil: impacts of lists below 128 are 255
	MaxDoc uint32 // documents of the segment; a list that names another is corrupt

	K *[256]float32 // of the impacts, by norm (Impacts.Table); nil: those of lists below 128 are 255
}
