package search

import (
	"slices"

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
}

// field is the scorer of a field with that average length, if w has it.
func (w *weights) field(number int, name string, avg float64) *rank.FieldScorer {
	if w == nil || number >= len(w.fields) || w.names[number] != name || w.avg[number] != avg {
		return nil
	}
	return w.fields[number]
}

type leafWeight struct {
	terms  [][]byte // of the leaf, and those of its prefix
	df     uint64   // documents that hold it, as far as counts tell
	idf    float64  // times how often the query asks for it
	scorer rank.TermScorer
}

// weigh makes the scorers of a plan from counts, and notes the prefixes that
// stand for more words than are looked for. Scorers of fields are taken from old,
// weights of the same model or nil, if nothing has changed.
func (p *plan) weigh(stats *Stats, old *weights) *weights {
	w := &weights{
		docs:   stats.Docs,
		names:  make([]string, len(p.schema.Fields)),
		fields: make([]*rank.FieldScorer, len(p.schema.Fields)),
		avg:    make([]float64, len(p.schema.Fields)),
		leaves: make([]leafWeight, len(p.leaves)),
	}
	sum := 0.0
	for i, l := range p.leaves {
		w.leaves[i] = p.weighLeaf(l, stats)
		if !l.silent {
			sum += w.leaves[i].idf
		}
		for _, f := range l.fields {
			if w.fields[f] == nil {
				name := p.schema.Fields[f].Name
				w.names[f], w.avg[f] = name, stats.average(name)
				if w.fields[f] = old.field(f, name, w.avg[f]); w.fields[f] == nil {
					w.fields[f] = p.model.Field(name).Scorer(w.avg[f], index.NormLength)
				}
			}
		}
	}
	w.scale = rank.ScaleOf(sum)
	for i := range w.leaves {
		w.leaves[i].scorer = p.model.Term(w.leaves[i].idf, w.scale)
	}
	return w
}

// weighLeaf counts a word in the field that has it most often: parts can add up
// those counts, but not the documents that have it in any field. A phrase is as
// rare as its words together, a prefix as frequent as its words together.
func (p *plan) weighLeaf(l *leaf, stats *Stats) leafWeight {
	w := leafWeight{terms: l.terms}
	if l.prefix != nil {
		words := stats.prefix(l.scope, l.prefix)
		if words.Cut {
			p.cut = remember(p.cut, l.label)
		}
		w.terms = append(slices.Clone(w.terms), words.Terms...)
		slices.SortFunc(w.terms, slices.Compare[[]byte])
		w.terms = slices.CompactFunc(w.terms, func(a, b []byte) bool { return string(a) == string(b) })
	}
	for _, term := range w.terms {
		df := uint64(0)
		for _, f := range l.fields {
			df = max(df, stats.term(p.schema.Fields[f].Name, term))
		}
		if l.phrase {
			w.idf += rank.IDF(stats.Docs, df)
		}
		w.df += df
	}
	w.df = min(w.df, stats.Docs)
	if !l.phrase {
		w.idf = rank.IDF(stats.Docs, w.df)
	}
	w.idf *= float64(l.count)
	return w
}
