package kernel

import "math/bits"

// Count is the number of bits that are set.
func Count(set []uint64) int { return count(set) }

// CountAnd is the number of bits that are set in both; a and b are equally long,
// here and below.
func CountAnd(a, b []uint64) int {
	checkEqual(len(a), len(b))
	return countAnd(a, b)
}

// And clears the bits of dst that are not set in a, and returns how many are left.
func And(dst, a []uint64) int {
	checkEqual(len(dst), len(a))
	return and(dst, a)
}

func checkEqual(a, b int) {
	if a != b {
		panic("kernel: lengths do not fit each other")
	}
}

func countPlain(set []uint64) (n int) {
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}

func countAndPlain(a, b []uint64) (n int) {
	b = b[:len(a)]
	for i, w := range a {
		n += bits.OnesCount64(w & b[i])
	}
	return n
}

func andPlain(dst, a []uint64) (n int) {
	a = a[:len(dst)]
	for i := range dst {
		w := dst[i] & a[i]
		dst[i] = w
		n += bits.OnesCount64(w)
	}
	return n
}
