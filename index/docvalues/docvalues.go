// Package docvalues keeps, for each document of a segment, one number or one
// key, found in O(1).
package docvalues

import (
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const ChunkLen = 1024 // documents that share one minimum and one width

// ErrCorrupt marks bytes that no Builder has written.
var ErrCorrupt = corrupt.Err

// A Builder writes a column of integers: one value for each document, in the
// order of documents. One goroutine.
type Builder struct{}

// NewBuilder writes to w, from its current place on.
func NewBuilder(w io.Writer) *Builder { panic("TODO") }

// Add adds the value of the next document.
func (b *Builder) Add(v int64) { panic("TODO") }

// Finish writes what is left and returns the first error of w.
func (b *Builder) Finish() error { panic("TODO") }

// A Column reads integers in place. Immutable: any number of goroutines.
type Column struct{}

// Open reads the bytes that one Builder wrote, keeps them, and checks them so
// far that no later read can leave them.
func Open(data []byte) (*Column, error) { panic("TODO") }

// Len is the number of documents.
func (c *Column) Len() int { panic("TODO") }

// Get is the value of a document, which must be below Len.
func (c *Column) Get(doc uint32) int64 { panic("TODO") }

// Append appends the values of the documents lo..hi-1 to dst: 128 at a time,
// cheaper than Get.
func (c *Column) Append(dst []int64, lo, hi uint32) []int64 { panic("TODO") }

// Bounds are the least and the greatest value of the column; 0, 0 if it is empty.
func (c *Column) Bounds() (least, greatest int64) { panic("TODO") }

// Zone are the least and the greatest value among the documents
// [i·ChunkLen, (i+1)·ChunkLen): a filter passes over what lies outside.
func (c *Column) Zone(i int) (least, greatest int64) { panic("TODO") }

// Zones is the number of zones.
func (c *Column) Zones() int { panic("TODO") }

// A Key is 16 bytes that look random: a digest.
type Key = [16]byte

// A KeyBuilder writes a column of keys. One goroutine.
type KeyBuilder struct{}

// NewKeyBuilder writes to w, from its current place on.
func NewKeyBuilder(w io.Writer) *KeyBuilder { panic("TODO") }

// Add adds the key of the next document.
func (b *KeyBuilder) Add(k Key) { panic("TODO") }

// Finish writes what is left and returns the first error of w.
func (b *KeyBuilder) Finish() error { panic("TODO") }

// Keys reads a column of keys in place. Immutable: any number of goroutines.
type Keys struct{}

// OpenKeys reads the bytes that one KeyBuilder wrote, and keeps them.
func OpenKeys(data []byte) (*Keys, error) { panic("TODO") }

// Len is the number of documents.
func (k *Keys) Len() int { panic("TODO") }

// Get is the key of a document, which must be below Len.
func (k *Keys) Get(doc uint32) Key { panic("TODO") }

// Find is the first document with a key.
func (k *Keys) Find(key Key) (doc uint32, ok bool) { panic("TODO") }
