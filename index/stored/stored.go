// Package stored keeps the texts of documents that are shown with a hit,
// compressed.
package stored

import (
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// ErrCorrupt marks bytes that no Writer has written.
var ErrCorrupt = corrupt.Err

// A Value is one stored text of a document.
type Value struct {
	Field int // 0..65535
	Bytes []byte
}

// A Writer writes documents as one stream. One goroutine.
type Writer struct{}

// NewWriter writes to w, from its current place on.
func NewWriter(w io.Writer) *Writer { panic("TODO") }

// Add adds the next document: its values in any order, none if it has none. It
// does not keep them.
func (w *Writer) Add(values []Value) error { panic("TODO") }

// Finish writes what is left. It does not close the stream.
func (w *Writer) Finish() error { panic("TODO") }

// A Cache keeps blocks that were decompressed, for any number of Stores and
// goroutines.
type Cache struct{}

// NewCache keeps at most maxBytes of decompressed blocks; 0 is 16 MiB.
func NewCache(maxBytes int64) *Cache { panic("TODO") }

// A Store reads documents. Immutable: any number of goroutines.
type Store struct{}

// Open reads the bytes that one Writer wrote, and keeps them. Stores share a
// cache, which forgets them by and by; nil is a small one of its own.
func Open(data []byte, cache *Cache) (*Store, error) { panic("TODO") }

// Len is the number of documents.
func (s *Store) Len() int { panic("TODO") }

// Get appends the values of a document, in the order they were added, to dst.
// The bytes are views of an immutable block and live as long as they are held;
// they must not be written to.
func (s *Store) Get(doc uint32, dst []Value) ([]Value, error) { panic("TODO") }
