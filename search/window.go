package search

import (
	"encoding/binary"
	"math/bits"

	"github.com/trawlsearch/trawl/index/postings"
)

// A segment is searched a window of documents at a time, so that sets of
// documents are bitmaps of 256 bytes and scores stand in an array that stays in
// the first cache.
const (
	window = postings.WindowDocs
	words  = window / 64
)

// A set is the documents of a window, by their distance from its first.
type set [words]uint64

func (s *set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s *set) drop(i uint32)     { s[i/64] &^= 1 << (i % 64) }
func (s *set) has(i uint32) bool { return s[i/64]>>(i%64)&1 != 0 }

func (s *set) empty() bool {
	any := uint64(0)
	for _, w := range s {
		any |= w
	}
	return any == 0
}

func (s *set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// fewer tells whether there are less than n members, at least one. It looks at a
// word or two of a set that is dense.
func (s *set) fewer(n int) bool {
	for _, w := range s {
		if n -= bits.OnesCount64(w); n <= 0 {
			return false
		}
	}
	return true
}

func (s *set) and(o *set) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *set) or(o *set) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *set) andNot(o *set) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// appendTo appends the members in order.
func (s *set) appendTo(dst []uint32) []uint32 { return appendBits(dst, s[:], 0) }

// appendBits appends the members of a bitmap that begins at base.
func appendBits(dst []uint32, bitmap []uint64, base uint32) []uint32 {
	for i, w := range bitmap {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, base+uint32(i*64+bits.TrailingZeros64(w)))
		}
	}
	return dst
}

// setLive makes s the live documents among [base, base+window) and below maxDoc.
// live is a bitmap of all documents, nil if all are live.
func (s *set) setLive(live []byte, base, maxDoc uint32) {
	n := min(window, maxDoc-base)
	if n == window && live == nil {
		for i := range s {
			s[i] = ^uint64(0)
		}
		return
	}
	for i := range s {
		switch left := int(n) - i*64; {
		case left <= 0:
			s[i] = 0
		case left < 64:
			s[i] = 1<<left - 1
		default:
			s[i] = ^uint64(0)
		}
		if at := int(base/8) + i*8; live != nil && s[i] != 0 {
			s[i] &= word(live, at)
		}
	}
}

// word is the eight bytes at a place of a bitmap, of which the last may be missing.
func word(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	var last [8]byte
	if at < len(b) {
		copy(last[:], b[at:])
	}
	return binary.LittleEndian.Uint64(last[:])
}
