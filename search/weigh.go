package search

import (
	"math"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// weights is a plan's scoring: what is the same for all segments.
type weights struct {
	scale  rank.Scale
	docs   uint64
	fields []*rank.FieldScorer // by number of the field; nil: it has no leaf
	names  []string            // likewise
	avg    []float64           // likewise
	leaves []leafWeight        // as in the plan
	priors []prior             // of the fields that the schema has
}

// counts are what weights are made from.
type counts interface {
	// documents is how many documents there are.
	documents() uint64
	// average is the average length of a field, in tokens.
	average(field int, name string) float64
	// holders is how many documents hold the i-th term of a leaf in a field,
	// given by its place in the leaf.
	holders(p *plan, l *leaf, field, i int, term []byte) uint64
	// expansion is the words that a leaf's expansion stands for.
	expansion(l *leaf) ExpansionStats
}

type leafWeight struct {
	terms  [][]byte // of the leaf, and those of its expansion
	df     uint64   // documents that hold it, as far as counts tell
	idf    float64  // times how often the query asks for it
	scorer rank.TermScorer
}

// weigh makes the scorers of a plan from counts, in the place of those of another
// plan of the same model, and notes the expansions that stand for more words than are
// looked for. Scorers of fields are kept where nothing has changed.
func (p *plan) weigh(w *weights, c counts) {
	w.docs = c.documents()
	w.leaves = resize(w.leaves, len(p.leaves))
	w.fields = resize(w.fields, len(p.schema.Fields))
	w.names, w.avg = resize(w.names, len(w.fields)), resize(w.avg, len(w.fields))
	sum := 0.0
	for i, l := range p.leaves {
		w.leaves[i] = p.weighLeaf(l, c)
		if !l.silent {
			sum += w.leaves[i].idf
		}
		for _, f := range l.fields {
			p.weighField(w, f, c)
		}
	}
	w.scale = rank.ScaleOf(sum + p.priors())
	p.weighPriors(w)
	for i := range w.leaves {
		w.leaves[i].scorer = p.model.Term(w.leaves[i].idf, w.scale)
	}
}

// priors is what the priors of the model's fields may add.
func (p *plan) priors() float64 {
	sum := 0.0
	for _, f := range p.schema.Fields {
		if f.Kind == index.Int {
			sum += p.model.Priors[f.Name].Weight
		}
	}
	return sum
}

func (p *plan) weighPriors(w *weights) {
	w.priors = w.priors[:0]
	for i, f := range p.schema.Fields {
		if m := p.model.Priors[f.Name]; f.Kind == index.Int && m.Weight > 0 {
			w.priors = append(w.priors, prior{field: i, scorer: m.Scorer(w.scale)})
		}
	}
}

// weighField makes the scorer of a field, if it is not there.
func (p *plan) weighField(w *weights, field int, c counts) {
	name := p.schema.Fields[field].Name
	avg := c.average(field, name)
	if w.fields[field] == nil || w.names[field] != name || w.avg[field] != avg {
		w.names[field], w.avg[field] = name, avg
		w.fields[field] = p.model.Field(name).Scorer(avg, index.NormLength)
	}
}

// weighLeaf counts a word in the field that has it most often: parts can add up
// those counts, but not the documents that have it in any field. A phrase is as
// rare as its words together, an expansion as frequent as its words together.
func (p *plan) weighLeaf(l *leaf, c counts) leafWeight {
	w, docs := leafWeight{terms: l.terms}, c.documents()
	counted := l.terms
	if l.words != nil {
		words := c.expansion(l)
		if words.Cut {
			p.cut = remember(p.cut, l.label)
		}
		w.terms, counted = words.within(l.words.distance, l.terms), words.counted(l.terms)
	}
	for i, term := range counted {
		df := uint64(0)
		for f := range l.fields {
			df = max(df, c.holders(p, l, f, i, term))
		}
		if l.phrase {
			w.idf += rank.IDF(docs, df)
		}
		w.df += df
	}
	w.df = min(w.df, docs)
	if !l.phrase {
		w.idf = rank.IDF(docs, w.df)
	}
	if l.words != nil {
		w.idf *= math.Pow(errorFactor, float64(l.words.distance))
	}
	w.idf *= float64(l.count)
	return w
}
