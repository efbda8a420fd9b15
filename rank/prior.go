package rank

import "math"

// A PriorModel says what a number of a document adds to its score, whatever the
// query is: a date, a rank by links, a count of visits. It adds
//
//	Weight · x / (x + Half)    with x = number - Origin
//
// to every document that matches, and nothing if x is not above 0 or the document
// has no number: half of Weight at Half, and never all of it (the saturation of
// N. Craswell, S. Robertson, H. Zaragoza, M. Taylor, Relevance weighting for query
// independent evidence, 2005). Weights are in the units of scores, where a word that
// one document in a thousand holds is worth up to 6.9.
type PriorModel struct {
	Weight float64 `json:"weight"`
	Half   float64 `json:"half"` // above 0
	Origin int64   `json:"origin,omitempty"`
}

// Scorer makes the scorer of a prior in the scale of a query.
func (m PriorModel) Scorer(scale Scale) PriorScorer {
	return PriorScorer{weight: m.Weight * float64(scale), half: m.Half, origin: m.Origin}
}

// A PriorScorer turns a number to what it adds to a fixed-point score. It never
// falls where the number rises.
type PriorScorer struct {
	weight, half float64
	origin       int64
}

// Score is what a number adds.
func (p PriorScorer) Score(number int64) int32 {
	if number <= p.origin {
		return 0
	}
	x := float64(number) - float64(p.origin)
	part := x / (x + p.half)
	return int32(p.weight * part)
}

// Max is at least every Score.
func (p PriorScorer) Max() int32 { return int32(math.Ceil(p.weight)) }
