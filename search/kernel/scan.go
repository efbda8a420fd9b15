package kernel

import "math/bits"

// Scan empties an accumulator, of whole groups of entries: it counts the entries
// that are not 0, writes the documents and values of those of them that are not
// below least to docs and scores, in the order of the documents, and sets all to 0.
// docs and scores must have room for len(acc) each; what they hold behind the
// candidates is in no particular state.
func Scan(acc []int32, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	checkRoom(len(acc), len(docs), len(scores))
	return scan(acc, least, base, docs, scores)
}

// ScanTouched is Scan for an accumulator all of whose entries outside of the
// touched groups are 0. It sets touched to 0 as well.
func ScanTouched(acc []int32, touched []uint64, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	checkRoom(len(acc), len(docs), len(scores))
	groups := len(acc) / Group
	for i := groups >> 6; i < len(touched); i++ { // words that stand for something behind the end
		if touched[i]>>(max(groups-i<<6, 0)&63) != 0 {
			panic("kernel: touched a group behind the accumulator")
		}
	}
	return scanTouched(acc, touched, least, base, docs, scores)
}

// ScanFloat empties an accumulator of AccumulateFloat: it writes the documents
// whose bit is set in seen, and their values, to docs and ev, sets both acc and
// seen to 0, and returns how many documents they are. acc has exactly 64 entries
// for a word of seen, and those of other documents are 0. docs and ev must have
// room for len(acc) each, and what they hold behind is in no particular state.
func ScanFloat(acc []float32, seen []uint64, base uint32, docs []uint32, ev []float32) int {
	checkEqual(len(acc), 64*len(seen))
	checkLen(len(docs), len(acc))
	checkLen(len(ev), len(acc))
	return scanFloat(acc, seen, base, docs, ev)
}

func checkRoom(acc, docs, scores int) {
	if acc%Group != 0 {
		panic("kernel: accumulator is not of whole groups")
	}
	checkLen(docs, acc)
	checkLen(scores, acc)
}

func scanPlain(acc []int32, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	for at := 0; at+Group <= len(acc); at += Group {
		candidates, nonzero = scanGroup((*[Group]int32)(acc[at:]), least, base+uint32(at), docs, scores, candidates, nonzero)
	}
	return candidates, nonzero
}

func scanTouchedPlain(acc []int32, touched []uint64, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	for i, word := range touched {
		touched[i] = 0
		for ; word != 0; word &= word - 1 {
			at := (i<<6 + bits.TrailingZeros64(word)) * Group
			candidates, nonzero = scanGroup((*[Group]int32)(acc[at:]), least, base+uint32(at), docs, scores, candidates, nonzero)
		}
	}
	return candidates, nonzero
}

func scanGroup(g *[Group]int32, least int32, base uint32, docs []uint32, scores []int32, candidates, nonzero int) (int, int) {
	if g[0]|g[1]|g[2]|g[3]|g[4]|g[5]|g[6]|g[7]|g[8]|g[9]|g[10]|g[11]|g[12]|g[13]|g[14]|g[15] == 0 {
		return candidates, nonzero
	}
	for i, s := range g {
		if s == 0 {
			continue
		}
		nonzero++
		if s >= least {
			docs[candidates], scores[candidates] = base+uint32(i), s
			candidates++
		}
	}
	*g = [Group]int32{}
	return candidates, nonzero
}

func scanFloatPlain(acc []float32, seen []uint64, base uint32, docs []uint32, ev []float32) (n int) {
	for i, word := range seen {
		seen[i] = 0
		for ; word != 0; word &= word - 1 {
			at := i<<6 + bits.TrailingZeros64(word)
			docs[n], ev[n] = base+uint32(at), acc[at]
			acc[at] = 0
			n++
		}
	}
	return n
}
