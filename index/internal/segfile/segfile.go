// Package segfile is the frame of every object of an index: a header that says
// what it is, named sections, and checksums.
package segfile

import (
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// ErrCorrupt marks an object that no Writer has written.
var ErrCorrupt = corrupt.Err

const (
	Align = 64       // sections begin at multiples of it, and as many zero bytes follow each
	Chunk = 64 << 10 // bytes that share a checksum
)

// A Kind says what an object is.
type Kind uint16

const (
	Segment  Kind = 1
	Manifest Kind = 2
	Deletes  Kind = 3
)

// A Header identifies an object.
type Header struct {
	Kind     Kind
	Major    uint8    // readers accept their own major only
	Minor    uint8    // and no minor above their own
	UUID     [16]byte // of the segment; chosen by the writer, repeated by the manifest
	Features uint64   // bits that a reader must understand
	Created  int64    // ns since 1970
}

// A Section is a named stretch of bytes. Field tells sections of one name apart.
type Section struct {
	Name  string // at most 8 bytes of ASCII: "post", "dict"
	Field uint16
	Off   uint64
	Size  uint64
}

// A Writer writes an object to a stream, in one pass. One goroutine.
type Writer struct{}

// NewWriter writes the header to w. Errors are kept and returned by Close.
func NewWriter(w io.Writer, h Header) *Writer { panic("TODO") }

// Section ends the section before and begins another; what is written to the
// Writer from now on is its content. A section may be empty.
func (w *Writer) Section(name string, field uint16) { panic("TODO") }

// Write adds to the current section.
func (w *Writer) Write(p []byte) (int, error) { panic("TODO") }

// Close ends the object: table of contents, checksums, footer. It does not
// close the stream.
func (w *Writer) Close() error { panic("TODO") }

// A File reads an object in place. Any number of goroutines.
type File struct{}

// Open checks header, footer, table of contents and checksum table, but not the
// sections, and keeps data. It refuses other kinds, versions and unknown features.
func Open(data []byte, kind Kind) (*File, error) { panic("TODO") }

// Header is that of the object.
func (f *File) Header() Header { panic("TODO") }

// Sections are all sections in the order of their writing.
func (f *File) Sections() []Section { panic("TODO") }

// Section is the content of a section, with Align readable zero bytes behind
// its length (within its capacity), or nil, false.
func (f *File) Section(name string, field uint16) ([]byte, bool) { panic("TODO") }

// VerifySection compares the checksums of a section, each chunk once in the
// life of the File.
func (f *File) VerifySection(name string, field uint16) error { panic("TODO") }

// Verify compares all checksums. The error names section and chunk.
func (f *File) Verify() error { panic("TODO") }
