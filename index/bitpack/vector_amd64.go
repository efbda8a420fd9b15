//go:build amd64 && !purego

package bitpack

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// What the machine can do. Kernels for AVX-512 move bytes across a whole vector,
// which takes VBMI (Ice Lake, Zen 4, and what came after).
var (
	has512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL &&
		cpu.X86.HasAVX512VBMI && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	has256 = cpu.X86.HasAVX2
)

// wide are the widths that do not fit lanes of 32 bits, as bits.
const wide = 1<<27 | 1<<29 | 1<<30 | 1<<31

func unpack(dst *[N]uint32, src []byte, groups, width int) {
	switch {
	case has512 && wide>>(width&63)&1 != 0:
		unpack512Wide(dst, &src[0], width, groups)
	case has512 && width > 0:
		unpack512(dst, &src[0], width, groups)
	case has256 && wide>>(width&63)&1 == 0 && width > 0:
		var whole [slack256]byte
		unpack256(dst, &readable256(src, groups, width, &whole)[0], width, 2*groups)
	default:
		plain(dst, src, groups, width)
	}
}

func unpackSums(dst *[N]uint32, src []byte, groups, width int, base, add uint32) {
	switch {
	case has512 && wide>>(width&63)&1 != 0:
		unpackDelta512Wide(dst, &src[0], width, groups, base, add)
	case has512 && width > 0:
		unpackDelta512(dst, &src[0], width, groups, base, add)
	case has256 && wide>>(width&63)&1 == 0 && width > 0:
		var whole [slack256]byte
		unpackDelta256(dst, &readable256(src, groups, width, &whole)[0], width, 2*groups, base, add)
	default:
		sumPlain(dst, src, groups, width, base, add)
	}
}

// slack256 is the size of the largest block and of what unpack256 may read behind
// a block.
const slack256 = N/group*2*MaxWidth + 16

// readable256 is a source of which unpack256 reads nothing behind the end: the
// source itself, or a copy if it is short.
func readable256(src []byte, groups, width int, whole *[slack256]byte) []byte {
	if len(src) < (2*groups-1)*width+width/2+16 {
		copy(whole[:], src[:2*groups*width])
		return whole[:]
	}
	return src
}

func countLess(v *[N]uint32, x uint32) int {
	if has256 {
		return countLess256(v, x)
	}
	return countLessPlain(v, x)
}

// orBits is OrBits for a shift below 64 and a dst that is not empty. The first
// word and what the last one leaves over have no kernel.
func orBits(dst []uint64, src []byte, shift uint32) {
	words := min(len(dst), len(src)/8)
	if !has512 || words < 3 {
		orBitsPlain(dst, src, shift)
		return
	}
	dst[0] |= load(src, 0) << (shift & 63)
	orBits512(&dst[1], &src[8], words-1, uint64(shift))
	if words < len(dst) {
		dst[words] |= load(src, 8*words-8) >> 1 >> (63 - shift&63)
	}
}

// setBits gives an odd last document to the twin: the kernel takes two in a turn.
// What it takes every machine has; to ask for AVX2 is for the twin's test.
func setBits(set []uint64, docs []uint32, base uint32) {
	if n := len(docs) &^ 1; n > 0 && has256 {
		if !setBitsAsm(unsafe.SliceData(set), len(set), &docs[0], n, base) {
			panic("bitpack: document outside of the bitset")
		}
		docs = docs[n:]
	}
	setBitsPlain(set, docs, base)
}
