package search

import "github.com/trawlsearch/trawl/index"

// An Explain takes a score apart. The scores of its terms add up to Score, and
// those of a term's fields to the term's, exactly: all are multiples of one power
// of two.
type Explain struct {
	Score float64       `json:"score"`
	Docs  uint64        `json:"docs"` // documents that were counted
	K1    float64       `json:"k1"`
	Terms []TermExplain `json:"terms"`

	Priors []PriorExplain `json:"priors,omitempty"`
}

// A PriorExplain is what a number of the document adds.
type PriorExplain struct {
	Field  string  `json:"field"`
	Number int64   `json:"number"`
	Score  float64 `json:"score"`
}

// A TermExplain is what one word, expansion or phrase adds.
type TermExplain struct {
	Term   string         `json:"term"` // as the query has it
	Score  float64        `json:"score"`
	Docs   uint64         `json:"docs"` // documents that hold it, in the field that has it most often
	IDF    float64        `json:"idf"`  // times how often the query has it; of a phrase, the sum over its words
	Fields []FieldExplain `json:"fields"`
}

// A FieldExplain is what one field adds to a term: its share of the evidence.
type FieldExplain struct {
	Field    string  `json:"field"`
	Score    float64 `json:"score"`
	Freq     uint32  `json:"freq"`
	Length   uint32  `json:"length"` // tokens of the field, rounded down to a length that a norm can say
	Average  float64 `json:"average"`
	Weight   float64 `json:"weight"`
	B        float64 `json:"b"`
	Evidence float64 `json:"evidence"`
}

// evidence is what a leaf found in one field of one document.
type evidence struct {
	field  int
	freq   uint32
	norm   byte
	amount float32
}

// explain runs the plan over the window of one document, again, and keeps what
// the scorers saw.
func (r *runner) explain(hit scored) *Explain {
	doc := hit.doc
	r.enter(int(hit.segment), r.top.segments[hit.segment])
	r.open()
	r.priors.open(&r.weights, r.seg)
	base := doc &^ (window - 1)
	r.mask = set{}
	r.mask.add(doc - base)
	r.root.match(&r.work, base, &r.mask, &r.found)
	for _, m := range r.late {
		m.match(&r.work, base, &r.mask, &r.found)
	}
	out := &Explain{Docs: r.weights.docs, K1: r.plan.model.K1}
	for _, s := range r.parts {
		counts := true
		for _, a := range s.within {
			counts = counts && a.found.has(doc-base)
		}
		if !counts {
			continue
		}
		number, seen := s.seenIn(base, doc)
		if len(seen) > 0 {
			t := r.explainTerm(number, seen)
			out.Score += t.Score
			out.Terms = append(out.Terms, t)
		}
	}
	for _, p := range r.priors.list {
		if units := p.of(doc); units > 0 {
			e := PriorExplain{r.plan.schema.Fields[p.field].Name, p.column.Get(doc), r.weights.scale.Float(int64(units))}
			out.Score += e.Score
			out.Priors = append(out.Priors, e)
		}
	}
	return out
}

// explainTerm shares a term's score among its fields by their evidence; what
// truncation leaves goes to the last.
func (r *runner) explainTerm(number int, seen []evidence) TermExplain {
	w := r.weights.leaves[number]
	sum := float32(0)
	for _, e := range seen {
		sum += e.amount
	}
	units := int64(w.scorer.Score(sum))
	t := TermExplain{
		Term: r.plan.leaves[number].label, Score: r.weights.scale.Float(units), Docs: w.df, IDF: w.idf,
	}
	left := units
	for i, e := range seen {
		share := left
		if i < len(seen)-1 {
			share = min(left, int64(float64(units)*float64(e.amount)/float64(sum)))
		}
		left -= share
		name := r.plan.schema.Fields[e.field].Name
		m := r.plan.model.Field(name)
		t.Fields = append(t.Fields, FieldExplain{
			Field: name, Score: r.weights.scale.Float(share), Freq: e.freq, Length: index.NormLength(e.norm),
			Average: r.weights.avg[e.field], Weight: m.Weight, B: m.B, Evidence: float64(e.amount),
		})
	}
	return t
}

func (p *phrase) seenIn(base, doc uint32) (number int, seen []evidence) {
	for _, f := range p.fields {
		if f.base != base {
			continue
		}
		for _, o := range f.found {
			if base+o.doc == doc {
				seen = append(seen, f.legs[0].saw(doc, o.freq))
			}
		}
	}
	return p.leaf, seen
}

func (l *leg) saw(doc, freq uint32) evidence {
	norm := l.norms[doc]
	return evidence{l.field, freq, norm, l.scorer.Evidence(freq, norm)}
}
