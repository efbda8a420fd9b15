package rank

import "math"

// scaleBits is the size of the largest sum of bounds: below 2^30, an int32 holds
// the sum of all terms and the slack of their bounds.
const scaleBits = 30

// A Scale is how many units of a fixed-point score make 1: a power of two.
type Scale float64

// ScaleOf is the scale of a query whose terms' scores are bounded by a sum: that
// of their inverse document frequencies, each times how often it is asked for.
func ScaleOf(sum float64) Scale {
	if !(sum > 0) || math.IsInf(sum, 1) {
		return 1
	}
	_, exp := math.Frexp(sum) // sum is below 2^exp
	return Scale(math.Ldexp(1, scaleBits-exp))
}

// Float is the score of an integer. It is exact.
func (s Scale) Float(units int64) float64 { return float64(units) / float64(s) }

// A FieldScorer weighs the evidence of one field by the length of the document's
// field, which a byte stands for.
type FieldScorer struct{ byNorm [256]float32 }

// Scorer makes the scorer of a field from its average length in tokens and the
// length that each byte stands for.
func (f FieldModel) Scorer(avg float64, length func(norm byte) uint32) *FieldScorer {
	if !(avg > 0) {
		avg = 1 // no document has the field
	}
	s := new(FieldScorer)
	for i := range s.byNorm {
		n := f.Weight / (1 - f.B + f.B*float64(length(byte(i)))/avg)
		// b = 1 and length 0 give infinity: as if the field had one token.
		s.byNorm[i] = float32(min(n, f.Weight*max(avg, 1)))
	}
	return s
}

// Table is what one occurrence is worth, by norm. It is not to be changed.
func (s *FieldScorer) Table() *[256]float32 { return &s.byNorm }

// Evidence is what freq occurrences in a field with a norm are worth: the addend
// of S. It rises with freq and falls with the length.
func (s *FieldScorer) Evidence(freq uint32, norm byte) float32 {
	return float32(s.byNorm[norm] * float32(freq)) // the conversion forbids to fuse it with an addition
}

// A TermScorer turns the evidence of one term to its score.
type TermScorer struct{ weight, k1 float32 }

// Term is the scorer of a term by its inverse document frequency, times how often
// the query asks for it.
func (m *Model) Term(idf float64, scale Scale) TermScorer {
	return TermScorer{weight: float32(idf * float64(scale)), k1: float32(m.K1)}
}

// Score is the fixed-point score of a sum of evidence: at least 1 if there is any,
// so that what matches can be told from what does not. Sum the fields in one order
// everywhere: float32 does not forgive another.
func (t TermScorer) Score(evidence float32) int32 {
	if !(evidence > 0) {
		return 0
	}
	sum := t.k1 + evidence
	part := evidence / sum
	return max(int32(t.weight*part), 1)
}

// Params are the numbers of Score's formula.
func (t TermScorer) Params() (weight, k1 float32) { return t.weight, t.k1 }

// slack is above the relative error of Score's four roundings, 2^-22, and of the
// additions of a few hundred fields.
const slack = 1 + 1.0/(1<<14)

// Bound is at least the Score of every sum of evidence that is not above the given
// one, in whatever order its fields were added.
func (t TermScorer) Bound(evidence float32) int32 {
	e := float64(evidence) * slack
	if !(e < math.MaxFloat32) {
		return t.Max()
	}
	b := float64(t.weight) * slack * e / (float64(t.k1) + e)
	return min(int32(b)+1, t.Max())
}

// Floor is at most the Score of every sum of evidence that is not below the given
// one.
func (t TermScorer) Floor(evidence float32) int32 {
	e := float64(evidence) / slack
	b := float64(t.weight) / slack * e / (float64(t.k1) + e)
	return max(int32(b)-1, 0)
}

// Needs is at most every sum of evidence whose Score reaches the given one.
func (t TermScorer) Needs(score int32) float32 {
	if score <= 1 {
		return 0
	}
	s := float64(score) / slack
	if s >= float64(t.weight) {
		return math.MaxFloat32
	}
	return float32(float64(t.k1) * s / (float64(t.weight) - s) / slack)
}

// Max is at least every Score of the term.
func (t TermScorer) Max() int32 { return int32(math.Ceil(float64(t.weight))) + 1 }
