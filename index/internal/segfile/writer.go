package segfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// A Writer writes an object to a stream in one pass, and holds one chunk of it.
// One goroutine.
type Writer struct {
	w        io.Writer
	chunk    []byte // the current chunk of the payload, not yet written
	written  uint64 // bytes before chunk
	sections []Section
	sums     []byte
	open     bool // a section has been begun and not ended
	digest   uint32
	err      error
}

// NewWriter begins an object. Errors are kept; Close returns the first.
func NewWriter(w io.Writer, h Header) *Writer {
	fw := &Writer{w: w, chunk: make([]byte, 0, Chunk)}
	if h.Features&^knownFeatures != 0 {
		fw.err = fmt.Errorf("segfile: write: unknown features %#x", h.Features)
	}
	fw.add(appendHeader(nil, h))
	return fw
}

func appendHeader(dst []byte, h Header) []byte {
	dst = append(dst, magic[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.Kind))
	dst = append(dst, Major, Minor)
	dst = append(dst, h.UUID[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, h.Features)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Created))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[len(dst)-headerSummed:], castagnoli))
	return append(dst, make([]byte, headerBytes-headerSummed-4)...)
}

// Section ends the section before and begins another; what is written to the
// Writer from now on is its content. A section may be empty. A name and field
// may occur once.
func (w *Writer) Section(name string, field uint16) {
	w.end()
	switch {
	case name == "" || len(name) > nameBytes || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "":
		w.fail("section name %q is not 1 to %d letters and digits", name, nameBytes)
	case len(w.sections) == MaxSections:
		w.fail("more than %d sections", MaxSections)
	}
	w.sections = append(w.sections, Section{Name: name, Field: field, Off: w.size()})
	w.open = true
}

// Write adds to the current section.
func (w *Writer) Write(p []byte) (int, error) {
	if !w.open {
		w.fail("bytes outside of a section")
	}
	w.add(p)
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Close ends the object: table of contents, checksums, footer. It does not
// close the stream.
func (w *Writer) Close() error {
	w.end()
	payload := w.size()
	w.flush()
	if w.err != nil {
		return w.err
	}
	toc := make([]byte, 0, entryBytes*len(w.sections))
	for _, s := range w.sections {
		toc = append(toc, s.Name...)
		toc = append(toc, make([]byte, nameBytes-len(s.Name))...)
		toc = binary.LittleEndian.AppendUint16(toc, s.Field)
		toc = append(toc, 0, 0, 0, 0, 0, 0)
		toc = binary.LittleEndian.AppendUint64(toc, s.Off)
		toc = binary.LittleEndian.AppendUint64(toc, s.Size)
	}
	foot := binary.LittleEndian.AppendUint64(nil, payload)
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(w.sections)))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(w.sums)/sumBytes))
	foot = binary.LittleEndian.AppendUint32(foot, crc32.Checksum(toc, castagnoli))
	foot = binary.LittleEndian.AppendUint32(foot, crc32.Checksum(w.sums, castagnoli))
	foot = append(foot, make([]byte, footerSummed-len(foot))...)
	w.digest = crc32.Checksum(foot, castagnoli)
	foot = binary.LittleEndian.AppendUint32(foot, w.digest)
	foot = append(foot, magic[:]...)
	for _, part := range [][]byte{toc, w.sums, foot} {
		w.send(part)
	}
	return w.err
}

// Digest is the checksum of checksums, once the Writer is closed: what
// File.Digest says of the object.
func (w *Writer) Digest() uint32 { return w.digest }

// Size is the number of bytes so far: of the whole object once it is closed.
func (w *Writer) Size() uint64 { return w.size() }

func (w *Writer) size() uint64 { return w.written + uint64(len(w.chunk)) }

// end closes the open section and fills up with zeros to the next.
func (w *Writer) end() {
	if !w.open {
		return
	}
	w.open = false
	last := &w.sections[len(w.sections)-1]
	last.Size = w.size() - last.Off
	var zero [2 * Align]byte
	w.add(zero[:Align+(Align-w.size()%Align)%Align])
}

// add puts bytes of the payload into chunks.
func (w *Writer) add(p []byte) {
	for len(p) > 0 && w.err == nil {
		n := copy(w.chunk[len(w.chunk):Chunk], p)
		w.chunk, p = w.chunk[:len(w.chunk)+n], p[n:]
		if len(w.chunk) == Chunk {
			w.flush()
		}
	}
}

func (w *Writer) flush() {
	if len(w.chunk) == 0 {
		return
	}
	w.sums = binary.LittleEndian.AppendUint32(w.sums, crc32.Checksum(w.chunk, castagnoli))
	w.send(w.chunk)
	w.chunk = w.chunk[:0]
}

func (w *Writer) send(p []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.w.Write(p); err != nil {
		w.err = fmt.Errorf("segfile: write: %w", err)
	}
	w.written += uint64(len(p))
}

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("segfile: write: "+format, args...)
	}
}
