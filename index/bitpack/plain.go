package bitpack

import "encoding/binary"

// This file holds the plain kernels: the only ones of a machine without vector
// code, and the twin that vector code is held to.
//
// Eight values are width bytes, so every eighth value begins at a byte. From
// there one load of eight bytes holds 8 values of up to 8 bits, 4 of up to 16,
// or 2 of up to 30 with the bit offset (at most 7) of the later ones included;
// the values are shifted out one by one, which keeps the shift count in one
// register. An integer takes 0.4-0.6 ns; 31 bits go through Get and take 2.3. The
// sums take 0.4 more (AMD EPYC, machine shared; BenchmarkUnpack).

// unpackPlain decodes n values, and perhaps some more up to the next multiple
// of eight.
func unpackPlain(dst *[N]uint32, src []byte, n, width int) {
	if uint(n) > N || uint(width) > MaxWidth || len(src) < Size(n, width) {
		panic("bitpack: source too short for the block")
	}
	var done int
	switch {
	case width == 0:
		clear(dst[:n])
		return
	case width <= 8:
		done = eights(dst, src, n, width)
	case width <= 16:
		done = fours(dst, src, n, width)
	case width <= 30:
		done = twos(dst, src, n, width)
	case width == 32:
		for i := range dst[:n] {
			dst[i] = binary.LittleEndian.Uint32(src[4*i:])
		}
		return
	}
	for i := done; i < n; i++ {
		dst[i] = Get(src, i, width)
	}
}

// eights decodes values of 1..8 bits while whole words can be read, and returns
// how many it has decoded.
func eights(dst *[N]uint32, src []byte, n, width int) int {
	mask, w := uint32(1)<<(width&31)-1, uint(width)&63
	i := 0
	for at := 0; i < n && at+8 <= len(src); at += width {
		x := load(src, at)
		d := (*[8]uint32)(dst[i:])
		d[0] = uint32(x) & mask
		x >>= w
		d[1] = uint32(x) & mask
		x >>= w
		d[2] = uint32(x) & mask
		x >>= w
		d[3] = uint32(x) & mask
		x >>= w
		d[4] = uint32(x) & mask
		x >>= w
		d[5] = uint32(x) & mask
		x >>= w
		d[6] = uint32(x) & mask
		x >>= w
		d[7] = uint32(x) & mask
		i += 8
	}
	return i
}

// fours is eights for 9..16 bits: two loads for eight values.
func fours(dst *[N]uint32, src []byte, n, width int) int {
	mask, w := uint32(1)<<(width&31)-1, uint(width)&63
	half, shift := 4*width>>3, uint(4*width&7)
	i := 0
	for at := 0; i < n && at+half+8 <= len(src); at += width {
		x, y := load(src, at), load(src, at+half)>>shift
		d := (*[8]uint32)(dst[i:])
		d[0] = uint32(x) & mask
		x >>= w
		d[1] = uint32(x) & mask
		x >>= w
		d[2] = uint32(x) & mask
		x >>= w
		d[3] = uint32(x) & mask
		d[4] = uint32(y) & mask
		y >>= w
		d[5] = uint32(y) & mask
		y >>= w
		d[6] = uint32(y) & mask
		y >>= w
		d[7] = uint32(y) & mask
		i += 8
	}
	return i
}

// twos is eights for 17..30 bits: four loads for eight values.
func twos(dst *[N]uint32, src []byte, n, width int) int {
	mask, w := uint32(1)<<(width&31)-1, uint(width)&63
	at1, at2, at3 := 2*width>>3, 4*width>>3, 6*width>>3
	shift1, shift2, shift3 := uint(2*width&7), uint(4*width&7), uint(6*width&7)
	i := 0
	for at := 0; i < n && at+at3+8 <= len(src); at += width {
		d := (*[8]uint32)(dst[i:])
		x := load(src, at)
		d[0], d[1] = uint32(x)&mask, uint32(x>>w)&mask
		x = load(src, at+at1) >> shift1
		d[2], d[3] = uint32(x)&mask, uint32(x>>w)&mask
		x = load(src, at+at2) >> shift2
		d[4], d[5] = uint32(x)&mask, uint32(x>>w)&mask
		x = load(src, at+at3) >> shift3
		d[6], d[7] = uint32(x)&mask, uint32(x>>w)&mask
		i += 8
	}
	return i
}

// prefixSum replaces each of the first n gaps by base plus all gaps so far, each
// gap being more by add.
func prefixSum(dst *[N]uint32, n int, base, add uint32) {
	i := 0
	for ; i+4 <= n; i += 4 { // sums of pairs first: a chain of one addition for two values
		d := (*[4]uint32)(dst[i:])
		a := d[0] + add
		b := a + d[1] + add
		c := d[2] + add
		e := c + d[3] + add
		mid := base + b
		d[0], d[1], d[2], d[3] = base+a, mid, mid+c, mid+e
		base = mid + e
	}
	for ; i < n; i++ {
		base += dst[i] + add
		dst[i] = base
	}
}

func load(src []byte, at int) uint64 { return binary.LittleEndian.Uint64(src[at : at+8]) }
