package termdict

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A Builder writes a dictionary as one stream. It holds one block, and 12 bytes
// for each block before. One goroutine.
type Builder struct {
	w             io.Writer
	err           error
	count         uint64
	written       uint64 // bytes of the blocks before this one
	last          []byte // term added last
	next          Info   // Post and Pos where the next list begins
	keys, offsets []byte

	// The current block.
	n         int
	post, pos uint64
	terms     []byte
	infos     []byte
	head      []byte
}

// NewBuilder writes to w, from its current place on.
func NewBuilder(w io.Writer) *Builder { return &Builder{w: w} }

// Add adds a term of 0 to MaxTermBytes bytes, greater than the one before. It
// does not keep the slice. After an error the Builder is of no use any more.
func (b *Builder) Add(term []byte, info Info) error {
	if b.err == nil {
		b.err = b.check(term, info)
	}
	if b.err != nil {
		return b.err
	}
	if b.n == blockTerms {
		b.flush()
	}
	if b.n == 0 {
		b.keys = binary.LittleEndian.AppendUint64(b.keys, keyOf(term))
		b.offsets = binary.LittleEndian.AppendUint32(b.offsets, uint32(b.written))
		b.post, b.pos = info.Post, info.Pos
		b.terms = append(b.terms, byte(len(term)))
		b.terms = append(b.terms, term...)
	} else {
		b.terms = appendFront(b.terms, b.last, term)
	}
	b.infos = appendInfo(b.infos, info)
	b.last = append(b.last[:0], term...)
	b.next = Info{Post: info.Post + info.PostSize, Pos: info.Pos + info.PosSize}
	b.n++
	b.count++
	return b.err
}

func (b *Builder) check(term []byte, info Info) error {
	switch {
	case len(term) > MaxTermBytes:
		return fmt.Errorf("termdict: add: term of %d bytes, at most %d", len(term), MaxTermBytes)
	case b.count > 0 && bytes.Compare(b.last, term) >= 0:
		return fmt.Errorf("termdict: add %q after %q: %w", term, b.last, ErrOrder)
	case info.Docs == 0 || info.Freq < uint64(info.Docs):
		return fmt.Errorf("termdict: add %q: %d documents, %d occurrences", term, info.Docs, info.Freq)
	case info.Docs == 1 && info.PostSize != 0:
		return fmt.Errorf("termdict: add %q: one document, but a list of %d bytes", term, info.PostSize)
	case b.count > 0 && (info.Post != b.next.Post || info.Pos != b.next.Pos):
		return fmt.Errorf("termdict: add %q: lists at %d and %d do not follow %d and %d", term, info.Post, info.Pos, b.next.Post, b.next.Pos)
	}
	return nil
}

func appendFront(dst, before, term []byte) []byte {
	shared := 0
	for shared < len(before) && before[shared] == term[shared] { // term is greater, so it is not a prefix
		shared++
	}
	suffix := term[shared:]
	dst = append(dst, byte(min(shared, nibble)<<4|min(len(suffix), nibble)))
	if shared >= nibble {
		dst = append(dst, byte(shared-nibble))
	}
	if len(suffix) >= nibble {
		dst = append(dst, byte(len(suffix)-nibble))
	}
	return append(dst, suffix...)
}

func appendInfo(dst []byte, info Info) []byte {
	more := info.Freq - uint64(info.Docs)
	if more == 0 {
		dst = binary.AppendUvarint(dst, uint64(info.Docs)<<1|1)
	} else {
		dst = binary.AppendUvarint(dst, uint64(info.Docs)<<1)
		dst = binary.AppendUvarint(dst, more)
	}
	if info.Docs == 1 {
		dst = binary.AppendUvarint(dst, uint64(info.Doc))
	} else {
		dst = binary.AppendUvarint(dst, info.PostSize)
	}
	return binary.AppendUvarint(dst, info.PosSize)
}

func (b *Builder) flush() {
	head := binary.AppendUvarint(b.head[:0], b.post)
	head = binary.AppendUvarint(head, b.pos)
	head = binary.AppendUvarint(head, uint64(len(b.terms)))
	for _, part := range [][]byte{head, b.terms, b.infos} {
		b.send(part)
		b.written += uint64(len(part))
	}
	if b.written > math.MaxUint32 && b.err == nil {
		b.err = fmt.Errorf("termdict: add %q: the dictionary is longer than 4 GiB", b.last)
	}
	b.n, b.head, b.terms, b.infos = 0, head, b.terms[:0], b.infos[:0]
}

// Finish writes what is left. A dictionary without terms is valid. It does not
// close the stream.
func (b *Builder) Finish() error {
	if b.n > 0 {
		b.flush()
	}
	trailer := binary.LittleEndian.AppendUint64(nil, b.count)
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(b.written))
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(b.keys)/keyBytes))
	trailer = append(trailer, make([]byte, trailerBytes-len(trailer))...)
	for _, part := range [][]byte{b.keys, b.offsets, trailer} {
		b.send(part)
	}
	return b.err
}

func (b *Builder) send(p []byte) {
	if b.err != nil || len(p) == 0 {
		return
	}
	if _, err := b.w.Write(p); err != nil {
		b.err = fmt.Errorf("termdict: write: %w", err)
	}
}
