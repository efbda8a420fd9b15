package bitpack

// This file holds what is done with a block once it is decoded, or without
// decoding it: the search in it, and its way into a bitset.

// CountLess is how many of the N values, none of which is below the one before
// it, are below x: the place of the first that is not.
func CountLess(v *[N]uint32, x uint32) int { return countLess(v, x) }

// SetBits sets bit d-base of the bitset for each d, in whatever order they
// come. A d below base, or so far above that its bit is behind the end, is the
// caller's bug and panics.
func SetBits(set []uint64, docs []uint32, base uint32) { setBits(set, docs, base) }

// OrBits sets bit i+shift of dst for each bit i of src that is set: src is a
// bitset of whole 8-byte words in little-endian order, the least significant bit
// first. Bits that would lie behind the end of dst are dropped.
func OrBits(dst []uint64, src []byte, shift uint32) {
	checkWords(src)
	if at := shift >> 6; uint64(at) < uint64(len(dst)) {
		orBits(dst[at:], src, shift&63)
	}
}

// OrBitsFrom is OrBits for a src that begins before dst does: it sets bit i of
// dst for each bit i+skip of src that is set.
func OrBitsFrom(dst []uint64, src []byte, skip uint32) {
	checkWords(src)
	at := uint64(skip>>6) * 8
	if at >= uint64(len(src)) || len(dst) == 0 {
		return
	}
	if src, skip = src[at:], skip&63; skip == 0 {
		orBits(dst, src, 0)
		return
	}
	dst[0] |= load(src, 0) >> skip
	orBits(dst, src[8:], 64-skip)
}

func checkWords(src []byte) {
	if len(src)%8 != 0 {
		panic("bitpack: bitset is not of whole words")
	}
}

// countLessPlain halves the block seven times, without a branch.
func countLessPlain(v *[N]uint32, x uint32) int {
	var i uint
	for half := uint(N / 2); half > 0; half >>= 1 {
		var below uint
		if v[(i+half-1)&(N-1)] < x {
			below = half
		}
		i += below
	}
	if v[i&(N-1)] < x { // i is N-1 at most
		i++
	}
	return int(i)
}

func setBitsPlain(set []uint64, docs []uint32, base uint32) {
	for _, d := range docs {
		d -= base
		w := d >> 6
		if uint64(w) >= uint64(len(set)) {
			panic("bitpack: document outside of the bitset")
		}
		set[w] |= 1 << (d & 63)
	}
}

// orBitsPlain is OrBits for a shift below 64.
func orBitsPlain(dst []uint64, src []byte, shift uint32) {
	n := min(len(dst), len(src)/8)
	var carry uint64
	for i := range dst[:n] {
		w := load(src, 8*i)
		dst[i] |= w<<(shift&63) | carry
		carry = w >> 1 >> (63 - shift&63) // in two steps: nothing is left of a shift by 64
	}
	if n < len(dst) {
		dst[n] |= carry
	}
}
