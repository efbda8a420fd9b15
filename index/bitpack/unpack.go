package bitpack

import "encoding/binary"

// Unpack decodes n values into dst. The values of dst from n on are left in no
// particular state.
func Unpack(dst *[N]uint32, src []byte, n, width int) {
	if groups := checkSource(src, n, width); groups > 0 {
		unpack(dst, src, groups, width)
	}
}

// UnpackDelta1 decodes n gaps of values that strictly rise, stored as gap-1, and
// sums them up: dst[i] is base + (gap 0 + 1) + … + (gap i + 1) of what is stored,
// modulo 2^32. The values of dst from n on are left in no particular state.
func UnpackDelta1(dst *[N]uint32, src []byte, n, width int, base uint32) {
	if groups := checkSource(src, n, width); groups > 0 {
		unpackSums(dst, src, groups, width, base, 1)
	}
}

// checkSource returns the number of groups of a block that its source holds.
func checkSource(src []byte, n, width int) (groups int) {
	if uint(n) > N || uint(width) > MaxWidth || len(src) < Size(n, width) {
		panic("bitpack: source too short for the block")
	}
	return (n + group - 1) / group
}

// Get decodes value i alone, in O(1). The source must hold the block as far as
// this value's group of 16; i is below N.
func Get(src []byte, i, width int) uint32 {
	bit := i * width
	at := bit >> 3
	mask := uint64(1)<<(width&63) - 1
	if at+8 <= len(src) {
		return uint32(load(src, at) >> (bit & 7) & mask)
	}
	var word uint64 // the last bytes of a source without slack
	for j, b := range src[at:] {
		word |= uint64(b) << (8 * j & 63)
	}
	return uint32(word >> (bit & 7) & mask)
}

func load(src []byte, at int) uint64 { return binary.LittleEndian.Uint64(src[at : at+8]) }
