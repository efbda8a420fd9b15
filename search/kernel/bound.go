package kernel

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

func checkFrom(from int) {
	if from < 0 {
		panic("kernel: begins before the slice")
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
