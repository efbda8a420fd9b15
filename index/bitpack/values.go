package bitpack

import "math/bits"

// This file holds what is done with values before they are packed and after they
// are unpacked, where some of them do not fit the width of the others.

// Above tells which values are above x, in whatever order they are: bit i%64 of
// low, for i below 64, or of high, for value i.
func Above(v *[N]uint32, x uint32) (low, high uint64) { return above(v, x) }

// Add adds x to all N values.
func Add(v *[N]uint32, x uint32) { add(v, x) }

// Sums sets dst[i], for i below n, to base + (src[0] + more) + … + (src[i] + more),
// modulo 2^32, and leaves the others in no particular state. dst may be src.
func Sums(dst, src *[N]uint32, n int, base, more uint32) {
	if uint(n) > N {
		panic("bitpack: block too long")
	}
	sums(dst, src, n, base, more)
}

// Expand sets dst to base+i for each bit i of src that is set, and returns how many
// there are; the others are left in no particular state. src is a bitset as OrBits
// takes it. More than N bits are the caller's bug and panic.
func Expand(dst *[N]uint32, src []byte, base uint32) int {
	checkWords(src)
	n := 0
	for at := 0; at < len(src); at += 8 {
		n += bits.OnesCount64(load(src, at))
	}
	if n > N {
		panic("bitpack: more bits than values")
	}
	if n > 0 {
		expand(dst, src, base)
	}
	return n
}

func abovePlain(v *[N]uint32, x uint32) (low, high uint64) {
	for i, y := range v[:64] {
		if y > x {
			low |= 1 << i
		}
	}
	for i, y := range v[64:] {
		if y > x {
			high |= 1 << i
		}
	}
	return low, high
}

func addPlain(v *[N]uint32, x uint32) {
	for i := 0; i < N; i += 4 {
		d := (*[4]uint32)(v[i:])
		d[0] += x
		d[1] += x
		d[2] += x
		d[3] += x
	}
}

// sumsPlain sums pairs first: a chain of one addition for two values.
func sumsPlain(dst, src *[N]uint32, n int, base, more uint32) {
	for i := 0; i < n; i += 4 {
		s, d := (*[4]uint32)(src[i:]), (*[4]uint32)(dst[i:])
		a := s[0] + more
		b := a + s[1] + more
		c := s[2] + more
		e := c + s[3] + more
		middle := base + b
		d[0], d[1], d[2], d[3] = base+a, middle, middle+c, middle+e
		base = middle + e
	}
}

// expandPlain writes four values at a time, whether or not there are so many bits:
// that costs less than to ask after each.
func expandPlain(dst *[N]uint32, src []byte, base uint32) {
	n := 0
	for at := 0; at < len(src); at += 8 {
		w := load(src, at)
		count := bits.OnesCount64(w)
		for i := n; w != 0; i += 4 {
			if i > N-4 {
				for ; w != 0; w &= w - 1 {
					dst[i] = base + uint32(bits.TrailingZeros64(w))
					i++
				}
				break
			}
			d := (*[4]uint32)(dst[i:])
			d[0] = base + uint32(bits.TrailingZeros64(w))
			w &= w - 1
			d[1] = base + uint32(bits.TrailingZeros64(w))
			w &= w - 1
			d[2] = base + uint32(bits.TrailingZeros64(w))
			w &= w - 1
			d[3] = base + uint32(bits.TrailingZeros64(w))
			w &= w - 1
		}
		n += count
		base += 64
	}
}
