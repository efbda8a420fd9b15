package bitpack

import "encoding/binary"

// Unpack decodes n values into dst. The values of dst from n on are left in no
// particular state.
func Unpack(dst *[N]uint32, src []byte, n, width int) {
	unpackPlain(dst, src, n, width)
}

// UnpackDelta decodes n gaps and sums them up: dst[i] is base + gap 0 + … +
// gap i, modulo 2^32.
func UnpackDelta(dst *[N]uint32, src []byte, n, width int, base uint32) {
	unpackPlain(dst, src, n, width)
	for i, gap := range dst[:n] {
		base += gap
		dst[i] = base
	}
}

// UnpackDelta1 is UnpackDelta for values that strictly rise, stored as gap-1:
// dst[i] is base + (gap 0 + 1) + … + (gap i + 1), modulo 2^32.
func UnpackDelta1(dst *[N]uint32, src []byte, n, width int, base uint32) {
	unpackPlain(dst, src, n, width)
	for i, gap := range dst[:n] {
		base += gap + 1
		dst[i] = base
	}
}

// Get decodes value i alone, in O(1). The source must hold the block as far as
// this value's group of 16.
func Get(src []byte, i, width int) uint32 {
	bit := i * width
	at := bit >> 3
	if at+8 <= len(src) {
		return uint32(binary.LittleEndian.Uint64(src[at:]) >> (bit & 7) & (1<<width - 1))
	}
	var word uint64
	for j, b := range src[at:min(len(src), at+8)] {
		word |= uint64(b) << (8 * j)
	}
	return uint32(word >> (bit & 7) & (1<<width - 1))
}

func unpackPlain(dst *[N]uint32, src []byte, n, width int) {
	for i := range n {
		dst[i] = Get(src, i, width)
	}
}
