//go:build !amd64 || purego

package kernel

func (s *Scorer) score(out *[N]int32, docs, freqs *[N]uint32, n int, norms []byte) {
	s.scorePlain(out, docs, freqs, n, norms)
}

func (s *Scorer) evidence(out *[N]float32, docs, freqs *[N]uint32, n int, norms []byte) {
	s.evidencePlain(out, docs, freqs, n, norms)
}

func (s *Scorer) scoreEvidence(out []int32, evidence []float32) { s.scoreEvidencePlain(out, evidence) }

func accumulateTouched(acc []int32, docs []uint32, scores []int32, base uint32, touched []uint64) {
	accumulateTouchedPlain(acc, docs, scores, base, touched)
}

func accumulateFloat(acc []float32, docs []uint32, ev []float32, base uint32, seen []uint64) {
	accumulateFloatPlain(acc, docs, ev, base, seen)
}

func scan(acc []int32, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	return scanPlain(acc, least, base, docs, scores)
}

func scanTouched(acc []int32, touched []uint64, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	return scanTouchedPlain(acc, touched, least, base, docs, scores)
}

func compress(src []uint32, scores []int32, least int32, docs []uint32, out []int32) int {
	return compressPlain(src, scores, least, docs, out)
}

func count(set []uint64) int     { return countPlain(set) }
func countAnd(a, b []uint64) int { return countAndPlain(a, b) }
func and(dst, a []uint64) int    { return andPlain(dst, a) }

func nextAtLeast(v []int32, from int, least int32) int { return nextAtLeastPlain(v, from, least) }

func nextByteAtLeast(v []byte, from int, least byte) int { return nextByteAtLeastPlain(v, from, least) }

func scanFloat(acc []float32, seen []uint64, base uint32, docs []uint32, ev []float32) int {
	return scanFloatPlain(acc, seen, base, docs, ev)
}
