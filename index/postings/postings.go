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
//	| 1     | 1      | 3   | 4·b  | e·b  | p·b or 0 | b       | w or 0  | ...     |
//	+-------+--------+-----+------+------+----------+---------+---------+---------+
//
//	flags    bit 0: the list has positions, and posEnd. bit 1: it has windows, as
//	         one with df >= 8·w has. Bits 2-3: e-2, bits 4-5: p-2, as few bytes as
//	         the last end needs. Others must be 0
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
//	+-----------+------------+-------------------+------------------------+
//	| doc token | freq token | documents         | frequencies - 1        |
//	| 1         | 1          | packed, or bitset | packed                 |
//	+-----------+------------+-------------------+------------------------+
//
// Documents are gaps - 1 from the block before (from -1 for the first). A token of 0
// then means documents side by side, and no bytes. Token ff is a bitset instead: bit
// i is the document i behind the last one of the block before, in words of 8 bytes,
// up to the one that holds the last document.
//
// # Packed numbers
//
// A token says how up to 128 numbers are packed: width (bits 0-4) and exceptions
// (bits 5-7), up to 7 numbers that are wider by up to 8 bits:
//
//	+----------------+------------+------------+
//	| low bits       | places     | high bits  |
//	| ⌈n·width/8⌉    | exceptions | exceptions |
//	+----------------+------------+------------+
//
// The low bits are packed as the package bitpack says, without the zeros that fill up
// a block there: 2.2 MB of 575,642 passages, most in the last sub-blocks of positions (PFOR: Zukowski and others,
// "Super-scalar RAM-CPU cache compression", 2006; one byte of token and of high bits
// as in Lucene's PForUtil). The writer takes the width of the fewest bytes, and
// exceptions only where they save 8 (documents) or 4 bytes: decoding them takes time.
// A bitset may cost 16 bytes more than packed gaps, since it is ored, probed and
// counted without being decoded.
//
// # Positions
//
// The positions of the documents of a block, or of a whole shorter list, are one
// chunk. The first position of a document is stored as it is, each other as its
// distance from the one before. A chunk of t values is, if the list is not
// blocked and t < 128, t varints; otherwise
//
//	+---------+---------------+-----------------+-----+
//	| tokens  | values 0..127 | values 128..255 | ... |
//	| ⌈t/128⌉ | packed        | packed          |     |
//	+---------+---------------+-----------------+-----+
//
// All but the last sub-block are full, so that tokens tell where one begins: eight of
// them are added up at once. The frequencies tell which values are a document's. So
// the positions of any document of a block are read in a time that does not grow with
// its place.
//
// # Cost
//
// Bits a posting of lists from 128 documents on (41.0 of 44.3 million postings of
// 575,642 passages of Wikipedia, 415 MB of text, 526 thousand terms), bits a position of
// them for positions, and nanoseconds to decode one of them in the cache (AVX-512,
// EPYC, machine shared):
//
//	              widths only   exceptions   with bitsets   decoding
//	documents     8.91          8.13         8.10           0.29-0.45
//	frequencies   2.57          1.82                        0.38
//	positions     7.90          7.49                        0.2
//	columns                                  0.85           0.04
//
// Exceptions of up to 15 numbers and 16 bits take more: 8.29, for a token of two bytes
// and places of three. In all postings took 63.9 MB, positions 68.0 MB and the
// dictionary 4.7 MB: 136.6 MB, where Lucene 10.3 takes 146 MB; 133.0 MB since short
// blocks are not filled up and ends of blocks take two to four bytes. To keep the lists of 2 to
// 8 documents in the dictionary would save the byte of their size, 0.17 MB.
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
// The impact of a block lies 0.25 % above its best posting in the mean (278 thousand
// blocks of the passages), two pairs of frequency and norm took four bytes to lie 0.3 %
// above it. But it holds for one k1, b and mean length, and is looser for others.
//
// # Worked example
//
// Documents 3 (once) and 7 (twice) are a tiny list: gap 4 and frequency 1 is
// 3<<1|1 = 07, gap 4 and frequency 2 is 3<<1 = 06 then 00. Their positions 10 and
// 5, 9 are the chunk 0a 05 04.
//
// A block of 16 documents 0, 4, 8 … 60 but the last, 300 instead, all once: gaps - 1
// are 0, 3, 3 … 3, 243. Eight bits for all take 16 bytes, two bits and an exception 4
// and 2: the token is 1<<5|2 = 22, and the documents are fc ff ff ff | 0f | 3c, where
// the last low bits are 3 and 60<<2 is the rest of 243. testdata holds annotated dumps
// of all shapes.
package postings

import (
	"math"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

const (
	None     = math.MaxUint32 // where a spent cursor stands; no document has this number
	BlockLen = bitpack.N      // postings in a full block, and the fewest of a blocked list
	MaxFreq  = 1 << 24        // occurrences of a term in one document

	MaxPosition = 1<<positionBits - 1 // of an occurrence

	WindowDocs = 2048 // documents of a window, which begins at a multiple of them
)

// Parts of the format.
const (
	flagPositions = 1
	flagWindows   = 2
	shiftEnd      = 2 // of the bits that tell how wide end is
	shiftPosEnd   = 4 // and posEnd
	maskEnd       = 3
	leastEnd      = 2 // bytes of an end, at least
	knownFlags    = flagPositions | flagWindows | maskEnd<<shiftEnd | maskEnd<<shiftPosEnd
	headImpact    = 1 // place of the list's impact in the header
	headKth       = 2 // and of its k-th best levels
	headerBytes   = headKth + len(kths)
	maxFreqWidth  = 24 // of frequency-1
	positionBits  = 31
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

	PostGate, PosGate *gate.Gate // of Post and Pos: asked before bytes of them are read; nil: all may be

	K *[256]float32 // of the impacts, by norm (Impacts.Table); nil: those of lists below 128 are 255
}
