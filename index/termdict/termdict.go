// Package termdict keeps the terms of one field in order, and for each where its
// postings lie.
package termdict

import (
	"errors"
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const MaxTermBytes = 255 // longest term

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

// A Builder writes a dictionary as one stream. One goroutine.
type Builder struct{}

// NewBuilder writes to w, from its current place on.
func NewBuilder(w io.Writer) *Builder { panic("TODO") }

// Add adds a term of 0 to MaxTermBytes bytes, greater than the one before. It
// does not keep the slice.
func (b *Builder) Add(term []byte, info Info) error { panic("TODO") }

// Finish writes what is left. A dictionary without terms is valid.
func (b *Builder) Finish() error { panic("TODO") }

// A Dict reads a dictionary in place. It is immutable: any number of goroutines.
type Dict struct{}

// Open reads the bytes that one Builder wrote, and keeps them.
func Open(data []byte) (*Dict, error) { panic("TODO") }

// Len is the number of terms.
func (d *Dict) Len() int { panic("TODO") }

// Get finds a term. If the bytes cannot be right it finds nothing, and Err says so.
func (d *Dict) Get(term []byte) (Info, bool) { panic("TODO") }

// Err is the first damage that any reader of the dictionary met, or nil.
func (d *Dict) Err() error { panic("TODO") }

// Iter walks over all terms.
func (d *Dict) Iter() *Iter { panic("TODO") }

// Range walks over the terms t with lo <= t < hi; a nil hi is no bound.
func (d *Dict) Range(lo, hi []byte) *Iter { panic("TODO") }

// Prefix walks over the terms that begin with p.
func (d *Dict) Prefix(p []byte) *Iter { panic("TODO") }

// An Iter walks over terms in order:
//
//	for it := d.Prefix(p); it.Next(); { it.Term(); it.Info() }
//
// It stands before its first term; damage ends it early, and Err says so. One
// goroutine.
type Iter struct{}

// Next moves to the next term, and tells whether there is one.
func (it *Iter) Next() bool { panic("TODO") }

// Seek moves to the first term that is not below term, forwards or backwards
// but within the bounds of the Iter, and tells whether there is one.
func (it *Iter) Seek(term []byte) bool { panic("TODO") }

// Term is the current term: a view that lives until the Iter moves.
func (it *Iter) Term() []byte { panic("TODO") }

// Info is that of the current term.
func (it *Iter) Info() Info { panic("TODO") }

// Err is what was wrong with the bytes, or nil.
func (it *Iter) Err() error { panic("TODO") }
