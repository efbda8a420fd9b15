// Package corrupt stands between the index and its bytes: how they are read
// within bounds, what is said when they are wrong, and how they are shown.
//
// Every decoder of the index reads lengths and varints through a Reader, the
// one gate: a read past the end fails once, stays failed and yields zeros, so
// that a decoder asks for the error when it is done and not at every step.
// Every such error wraps Err, whichever format found it.
package corrupt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Err marks bytes that no writer of ours has written. The packages of the index
// export it under names of their own; errors.Is finds it through all of them.
var Err = errors.New("corrupt index")

// Errorf is an error of one format, which wraps Err. The text begins with the
// name of the package, as in "postings: block 3 ends before it begins".
func Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), Err)
}

// A Reader takes bytes from the front of a slice, little-endian, and never past
// its end. The zero Reader is empty. One goroutine.
type Reader struct {
	data []byte
	off  int
	bad  bool
}

// NewReader reads data from its beginning.
func NewReader(data []byte) Reader { return Reader{data: data} }

// Off is the place of the next byte.
func (r *Reader) Off() int { return r.off }

// Len is the number of bytes left.
func (r *Reader) Len() int { return len(r.data) - r.off }

// Bad tells whether a read went past the end, or Fail was called.
func (r *Reader) Bad() bool { return r.bad }

// Fail marks the bytes as wrong and leaves none to read.
func (r *Reader) Fail() { r.bad, r.off = true, len(r.data) }

// Bytes takes the next n bytes: a view, not a copy.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.data)-r.off {
		r.Fail()
		return nil
	}
	b := r.data[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// U8 takes one byte.
func (r *Reader) U8() uint8 {
	if r.off >= len(r.data) {
		r.Fail()
		return 0
	}
	b := r.data[r.off]
	r.off++
	return b
}

// U16 takes two bytes.
func (r *Reader) U16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 takes four bytes.
func (r *Reader) U32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 takes eight bytes.
func (r *Reader) U64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uvarint takes an unsigned varint of at most ten bytes.
func (r *Reader) Uvarint() uint64 {
	if r.off < len(r.data) { // nearly all of ours are one byte long
		if b := r.data[r.off]; b < 0x80 {
			r.off++
			return uint64(b)
		}
	}
	v, n := binary.Uvarint(r.data[r.off:])
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.off += n
	return v
}

// Count takes an unsigned varint that must not exceed limit.
func (r *Reader) Count(limit uint64) uint64 {
	v := r.Uvarint()
	if v > limit {
		r.Fail()
		return 0
	}
	return v
}
