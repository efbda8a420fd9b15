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

// AddTails adds, for each j, x[j]<<shift to all values from place at[j] on, modulo
// 2^32. The slices have one length; shift is below 32.
func AddTails(v *[N]uint32, at, x []byte, shift int) {
	if len(at) != len(x) || uint(shift) >= 32 {
		panic("bitpack: places and values are not as many")
	}
	if len(at) > 0 {
		addTails(v, at, x, shift)
	}
}

// Expand sets dst to base+i for each bit i of src that is set, and returns how many
// there are; the others are left in no particular state. src is a bitset as OrBits
// takes it. If there are more than N bits, dst is left alone.
func Expand(dst *[N]uint32, src []byte, base uint32) int {
	checkWords(src)
	n := 0
	for at := 0; at < len(src); at += 8 {
		n += bits.OnesCount64(load(src, at))
	}
	if n > 0 && n <= N {
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

func orPlain(v *[N]uint32) uint32 {
	var a, b uint32
	for i := 0; i < N; i += 4 {
		d := (*[4]uint32)(v[i:])
		a |= d[0] | d[1]
		b |= d[2] | d[3]
	}
	return a | b
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

func addTailsPlain(v *[N]uint32, at, x []byte, shift int) {
	var steps [N]uint32
	for j, place := range at {
		if place < N {
			steps[place] += uint32(x[j]) << (shift & 31)
		}
	}
	sum := uint32(0)
	for i := range v {
		sum += steps[i]
		v[i] += sum
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
