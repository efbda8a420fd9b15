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

// countLessPlain finds the group of 16 and then the place in it, each by
// comparisons that do not wait for each other.
func countLessPlain(v *[N]uint32, x uint32) int {
	at := 16 * (less(v[15], x) + less(v[31], x) + less(v[47], x) + less(v[63], x) +
		less(v[79], x) + less(v[95], x) + less(v[111], x))
	g := (*[16]uint32)(v[at:])
	return at + less(g[0], x) + less(g[1], x) + less(g[2], x) + less(g[3], x) +
		less(g[4], x) + less(g[5], x) + less(g[6], x) + less(g[7], x) +
		less(g[8], x) + less(g[9], x) + less(g[10], x) + less(g[11], x) +
		less(g[12], x) + less(g[13], x) + less(g[14], x) + less(g[15], x)
}

// less is 1 if a is below b, else 0, without a branch.
func less(a, b uint32) int { return int((uint64(a) - uint64(b)) >> 63) }

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
