// Package index keeps an inverted index as immutable objects in a Storage: a
// directory (Dir), or an object store behind the same four verbs.
//
// # Words
//
// A segment is an immutable piece of the index, one object "seg/<id>.seg". A
// live object "live/<id>.<n>" says which documents of a segment are not deleted.
// A manifest "manifest/<20 digits>.json" lists the segments, the live objects
// and the statistics of one state of the index, and Seq, its place in the log
// the documents came from. Creating manifest n+1, which can succeed once, is the
// commit. A Writer first creates a claim, a manifest of the same content in its
// own name: every older Writer then finds its number taken and stops with
// ErrFenced. It never goes on from what another writer wrote.
//
// A Snapshot is one state, immutable and safe for any number of goroutines until
// it is closed. The Writer publishes near-real-time snapshots that hold what is
// not committed yet; Open and Reload read what is committed.
//
// # Limits
//
// 2^30 documents a segment, 256 fields, 12 MiB and 65,536 values a document,
// terms of 255 bytes (a longer keyword is cut and told apart by a digest),
// positions up to 2^24-1 (tokens behind them are not indexed). Keys are spread
// evenly, as digests are: finding one takes a guess at its place.
//
// # Memory
//
// A Writer holds about WriterOptions.MemoryBytes at most, whatever is indexed, of
// which an eighth may be segments that Refresh made and Commit has not yet written; a
// merge holds of the corpus some bits a document, 4 bytes a term of a Keyword
// field, 0.4 bytes a term and 16 bytes a 16 KiB of stored texts. With SortBy a merge
// holds 30 bytes a document besides, and 20 a posting and 4 a position of the longest
// list; a reordering 4 bytes a posting more. At 128 MiB, building an index of 415 MB
// of text took 330 MB in all, half of it mapped. A Snapshot keeps on
// the Go heap a few KB a segment and one bit a document of segments that have
// deletes. Stored texts are cached in 16 MiB for each Writer, and for each Open
// with all its Reloads. All else is mapped: it counts as the process's (RSS) while
// it is in memory, but the system takes it back when it wants to. An index of at most
// half of the memory is brought in behind Open, by one goroutine that ends with the
// last Close; of a larger one, searches bring in what they need.
//
// # Errors
//
// Bytes that are not what was written are ErrCorrupt, and the error names the
// object, the section and the chunk. They are found by whoever reads them first, for
// each 64 KiB has a checksum that is compared before the first of its bytes is used;
// Open does not read what it does not need, and opens 10 GB in half a millisecond.
// What has no error to return (Key, Find, Norms, Column, DocFreq) leaves it in
// Segment.Err, which is asked before a result counts. A disk that does not give
// bytes is an error too, and not ErrCorrupt. Nothing here panics over data.
package index

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/trawlsearch/trawl/index/internal/segfile"
)

var (
	// ErrFenced: another writer has claimed the index. This one can do nothing
	// more; what it did not commit is for the other to do again, from Seq.
	ErrFenced = errors.New("index: fenced: another writer has claimed the index")

	// ErrCorrupt marks bytes that are not what was written.
	ErrCorrupt = segfile.ErrCorrupt

	// ErrClosed is returned by a closed Writer.
	ErrClosed = errors.New("index: writer is closed")
)

// A Key names a document in the index, for ever and in every segment. Equal
// keys are the same document: the last one put is the one that is found.
type Key [16]byte

// String is the key in hexadecimal.
func (k Key) String() string { return fmt.Sprintf("%x", k[:]) }

// A Document is what one Put indexes under its key.
type Document struct {
	Key    Key
	Lang   string // analysis of its texts; empty: the schema's
	Values []Value
}

// A Value is one value of a field: Text of Text, Keyword and Stored fields, Int
// of Int fields. Values of one field may repeat: texts then follow each other
// with a gap of 100 positions, keywords are all indexed (the first is the
// column's), the first integer is the column's.
type Value struct {
	Field int // number of the field in the schema
	Text  string
	Int   int64
}

// A StoredValue is a value of a stored field as it was put.
type StoredValue = Value

const (
	maxSegmentDocs = 1 << 30
	maxPosition    = 1<<24 - 1
	maxTermBytes   = 255
	valueGap       = 100 // positions between two values of one text field
	keywordNorm    = 1   // of all documents that have a keyword, to their postings
)

// discard is where logs go that nobody asked for.
func discard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return log
}
