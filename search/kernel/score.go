package kernel

// N is the number of postings of a full block.
const N = 128

// A Scorer turns frequencies to scores, with the arithmetic of
// rank.FieldScorer.Evidence and rank.TermScorer.Score: of one field by ByNorm,
// which weighs an occurrence by the document's norm, and of a term by K1 and
// Weight:
//
//	e := float32(ByNorm[norm] * float32(freq))
//	0 if !(e > 0), else max(int32(Weight*(e/(K1+e))), 1)
type Scorer struct {
	ByNorm     *[256]float32
	K1, Weight float32
}

// Score scores the first n postings of a block: freqs[i] occurrences in document
// docs[i], whose norm is norms[docs[i]]; a document that has none is the caller's
// bug. The values of out from n on are left in no particular state.
func (s *Scorer) Score(out *[N]int32, docs, freqs *[N]uint32, n int, norms []byte) {
	checkBlock(n)
	s.score(out, docs, freqs, n, norms)
}

// Evidence is the first half of Score, for terms that stand in several fields:
// the evidence of each posting, which the caller adds up.
func (s *Scorer) Evidence(out *[N]float32, docs, freqs *[N]uint32, n int, norms []byte) {
	checkBlock(n)
	s.evidence(out, docs, freqs, n, norms)
}

// ScoreEvidence is the second half of Score: the scores of sums of evidence.
func (s *Scorer) ScoreEvidence(out []int32, evidence []float32) {
	checkLen(len(out), len(evidence))
	s.scoreEvidence(out[:len(evidence)], evidence)
}

func checkBlock(n int) {
	if uint(n) > N {
		panic("kernel: block too long")
	}
}

func checkLen(have, need int) {
	if have < need {
		panic("kernel: slice too short")
	}
}

func (s *Scorer) scorePlain(out *[N]int32, docs, freqs *[N]uint32, n int, norms []byte) {
	byNorm, k1, weight := s.ByNorm, s.K1, s.Weight
	for i, d := range docs[:n] {
		e := float32(byNorm[norms[d]] * float32(freqs[i&(N-1)]))
		out[i&(N-1)] = score(e, k1, weight)
	}
}

func (s *Scorer) evidencePlain(out *[N]float32, docs, freqs *[N]uint32, n int, norms []byte) {
	byNorm := s.ByNorm
	for i, d := range docs[:n] {
		out[i&(N-1)] = float32(byNorm[norms[d]] * float32(freqs[i&(N-1)]))
	}
}

func (s *Scorer) scoreEvidencePlain(out []int32, evidence []float32) {
	out = out[:len(evidence)]
	for i, e := range evidence {
		out[i] = score(e, s.K1, s.Weight)
	}
}

func score(e, k1, weight float32) int32 {
	sum := k1 + e
	part := e / sum
	s := max(int32(weight*part), 1)
	if !(e > 0) {
		s = 0
	}
	return s
}
