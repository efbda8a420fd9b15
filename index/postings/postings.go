// Package postings stores, for one term, the documents that hold it: how often,
// and where in them.
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
	Norms  []byte // norm of each document, at least MaxDoc; nil: bounds of short lists are loose
	MaxDoc uint32 // documents of the segment; a list that names another is corrupt
}

// An Impact is a bound of what a posting can be worth: no posting that it
// stands for has a higher frequency or a smaller norm. A smaller norm means a
// shorter document, so for every score that rises with the frequency and falls
// with the length the score of the Impact bounds the scores of the postings.
type Impact struct {
	Freq uint32
	Norm uint8
}
