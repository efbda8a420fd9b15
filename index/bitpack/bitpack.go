// Package bitpack stores up to 128 integers of 32 bits in as few bits each as
// the largest of them needs.
//
// # Format
//
// Values lie one behind the other, each width bits wide (0..32), the least
// significant bit first ("horizontal"): value i is the bits
// [i·width, (i+1)·width) of the bytes read as one little-endian number. A block
// that is not full is filled with zeros to a multiple of 16 values, so that it
// is always a whole number of 2·width bytes:
//
//	+----------------+----------------+     +----------------+
//	| values 0..15   | values 16..31  | ... | values 112..127|
//	| 2·width bytes  | 2·width bytes  |     | 2·width bytes  |
//	+----------------+----------------+     +----------------+
//
// Worked example: 3, 1, 2 at width 2 is 0b10_01_11 = 0x27, then 29 zero bits up
// to 16 values: the four bytes 27 00 00 00.
//
// The horizontal layout costs 0.03 ns an integer against the vertical one of
// SIMD-BP128 (Lemire, Boytsov, "Decoding billions of integers per second
// through vectorization", 2015), and gives back Get in O(1), blocks of any
// multiple of 16, and one kernel for all widths (measured: specs/index.md 1a).
//
// # Contract of the kernels
//
// A source must hold Size(n, width) bytes. Nothing behind the source's length is
// ever read, but one that is longer by Slack lets every kernel read whole vectors:
// AVX2 copies a shorter one first. A shorter source than Size, n beyond N or a
// width beyond MaxWidth is the caller's bug and panics: who reads a file checks
// Size first. All functions are pure and safe for any number of goroutines.
//
// # Versions
//
// The widest vectors that the processor has are used: AVX-512 with VBMI (Ice
// Lake, Zen 4), AVX2, or plain Go, which serves all other machines and builds with
// the tag purego. All give the same results, which tests hold them to. One kernel
// serves all widths; in AVX2, widths 27 and 29 to 31 are decoded by the plain one.
//
// Nanoseconds on a shared AMD EPYC (Zen 4), best of 25 and more rounds of go test
// -bench; they hardly depend on the width:
//
//	                              AVX-512    AVX2    plain
//	Unpack        an integer        0.08     0.12     0.28
//	UnpackDelta1  an integer        0.21     0.25     0.43
//	CountLess     a block                     5.8      9.9
//	SetBits       a document        0.85     0.85    0.75-1.8
//	OrBits        16 words            13       22       22
package bitpack

import "math/bits"

const (
	N        = 128 // values in a full block
	MaxWidth = 32  // bits of the widest value
	Slack    = 64  // bytes behind a source that let every kernel read whole vectors
	group    = 16  // values to which a block is filled up
)

// Width is the number of bits of the largest value, 0..32.
func Width(v []uint32) int {
	if len(v) == N {
		return bits.Len32(or((*[N]uint32)(v)))
	}
	var all uint32
	for _, x := range v {
		all |= x
	}
	return bits.Len32(all)
}

// Size is the number of bytes of n values, 0..N, at a width.
func Size(n, width int) int { return (n + group - 1) / group * 2 * width }
