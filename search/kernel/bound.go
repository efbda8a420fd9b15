package kernel

// MaxFactor is the largest factor of AddScaled, that of a term whose greatest
// score is 2^31·255/256.
const MaxFactor = 1 << 31

// AddScaled adds the bound of each byte's score to dst: nothing for byte 0, else
//
//	bytes[i]·factor/256, rounded down, + 1
//
// which is above bytes[i]·x for each x that is not above factor/256. The caller
// sees to it that the sums stay within an int32. dst may be longer than bytes; the
// factor is at most MaxFactor.
func AddScaled(dst []int32, bytes []byte, factor uint32) {
	checkLen(len(dst), len(bytes))
	if factor > MaxFactor {
		panic("kernel: factor too large")
	}
	addScaled(dst[:len(bytes)], bytes, factor)
}

// NextAtLeast is the first i, not below from, with v[i] >= least, or len(v) if
// there is none.
func NextAtLeast(v []int32, from int, least int32) int {
	checkFrom(from)
	return nextAtLeast(v, from, least)
}

// NextByteAtLeast is NextAtLeast for bytes.
func NextByteAtLeast(v []byte, from int, least byte) int {
	checkFrom(from)
	return nextByteAtLeast(v, from, least)
}

// MaxBytes is the greatest of the bytes, 0 if there are none.
func MaxBytes(v []byte) byte { return maxBytes(v) }

func checkFrom(from int) {
	if from < 0 {
		panic("kernel: begins before the slice")
	}
}

func addScaledPlain(dst []int32, bytes []byte, factor uint32) {
	dst = dst[:len(bytes)]
	for i, b := range bytes {
		if b != 0 {
			dst[i] += int32(uint64(b)*uint64(factor)>>8) + 1
		}
	}
}

func nextAtLeastPlain(v []int32, from int, least int32) int {
	for i := from; i < len(v); i++ {
		if v[i] >= least {
			return i
		}
	}
	return len(v)
}

func nextByteAtLeastPlain(v []byte, from int, least byte) int {
	for i := from; i < len(v); i++ {
		if v[i] >= least {
			return i
		}
	}
	return len(v)
}

func maxBytesPlain(v []byte) (m byte) {
	for _, b := range v {
		m = max(m, b)
	}
	return m
}
