package postings

import "io"

// A Writer writes the lists of one field, or of several one after the other,
// into two streams. One goroutine.
type Writer struct{}

// NewWriter starts at offset 0 of both streams. A nil pos means that the field
// keeps no positions.
func NewWriter(post, pos io.Writer) *Writer { panic("TODO") }

// Add adds a document to the current list. Documents strictly rise; freq is at
// least 1; positions, if the field keeps them, are freq many and do not fall.
// The norm is that of the document in this field. What is wrong is said by
// Finish.
func (w *Writer) Add(doc, freq uint32, norm uint8, positions []uint32) {}

// Finish ends the current list, writes it, and says where. The next Add begins
// another. A list without documents is not written: its Docs is 0. After an
// error the Writer is of no use any more.
func (w *Writer) Finish() (List, error) { panic("TODO") }
