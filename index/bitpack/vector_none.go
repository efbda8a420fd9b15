//go:build !amd64 || purego

package bitpack

func countLess(v *[N]uint32, x uint32) int             { return countLessPlain(v, x) }
func setBits(set []uint64, docs []uint32, base uint32) { setBitsPlain(set, docs, base) }
func orBits(dst []uint64, src []byte, shift uint32)    { orBitsPlain(dst, src, shift) }

func unpack(dst *[N]uint32, src []byte, groups, width int) { plain(dst, src, groups, width) }

func unpackSums(dst *[N]uint32, src []byte, groups, width int, base, add uint32) {
	sumPlain(dst, src, groups, width, base, add)
}
