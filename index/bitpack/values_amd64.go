//go:build amd64 && !purego

package bitpack

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasCompress is what the machine needs to bring the bytes of a vector together
// (Ice Lake, Zen 4).
var hasCompress = cpu.X86.HasAVX512VBMI2

//go:noescape
func above512(v *[N]uint32, x uint32) (low, high uint64)

//go:noescape
func or512(v *[N]uint32) uint32

//go:noescape
func add512(v *[N]uint32, x uint32)

//go:noescape
func addTails512(v *[N]uint32, at, x *byte, n, shift int)

// expand512 writes nothing behind the values of the bits.
//
//go:noescape
func expand512(dst *uint32, src *byte, words int, base uint32)

func above(v *[N]uint32, x uint32) (low, high uint64) {
	if has512 {
		return above512(v, x)
	}
	return abovePlain(v, x)
}

func or(v *[N]uint32) uint32 {
	if has512 {
		return or512(v)
	}
	return orPlain(v)
}

func add(v *[N]uint32, x uint32) {
	if has512 {
		add512(v, x)
		return
	}
	addPlain(v, x)
}

// sums takes the values for gaps of 32 bits, packed.
func sums(dst, src *[N]uint32, n int, base, more uint32) {
	if has512 && n > 0 {
		unpackDelta512(dst, (*byte)(unsafe.Pointer(src)), MaxWidth, (n+group-1)/group, base, more)
		return
	}
	sumsPlain(dst, src, n, base, more)
}

func addTails(v *[N]uint32, at, x []byte, shift int) {
	if has512 {
		addTails512(v, &at[0], &x[0], len(at), shift)
		return
	}
	addTailsPlain(v, at, x, shift)
}

func expand(dst *[N]uint32, src []byte, base uint32) {
	if has512 && hasCompress {
		expand512(&dst[0], &src[0], len(src)/8, base)
		return
	}
	expandPlain(dst, src, base)
}
