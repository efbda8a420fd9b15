//go:build !amd64 || purego

package bitpack

func above(v *[N]uint32, x uint32) (low, high uint64) { return abovePlain(v, x) }

func or(v *[N]uint32) uint32 { return orPlain(v) }

func add(v *[N]uint32, x uint32) { addPlain(v, x) }

func sums(dst, src *[N]uint32, n int, base, more uint32) { sumsPlain(dst, src, n, base, more) }

func addTails(v *[N]uint32, at, x []byte, shift int) { addTailsPlain(v, at, x, shift) }

func expand(dst *[N]uint32, src []byte, base uint32) { expandPlain(dst, src, base) }
