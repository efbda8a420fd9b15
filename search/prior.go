package search

import (
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/docvalues"
	"github.com/trawlsearch/trawl/rank"
)

// A prior is what a field of numbers adds to the score of every document of a
// segment that matches. It is added when a candidate is offered; before that, bounds
// stand for it: of the segment where candidates are dropped, and of the window where
// windows are.
type prior struct {
	field  int
	scorer rank.PriorScorer
	column *docvalues.Column
	has    []byte // documents that have a number; nil: all
}

// priors are those of a segment.
type priors struct {
	list []prior
	most int32 // all together, at most
}

// open makes the priors of a segment.
func (p *priors) open(w *weights, seg *index.Segment) {
	p.list, p.most = p.list[:0], 0
	for _, f := range w.priors {
		column := seg.Column(f.field)
		if column == nil {
			continue
		}
		f.column, f.has = column, seg.HasBits(f.field)
		p.list = append(p.list, f)
		_, most := column.Bounds()
		p.most += f.scorer.Score(most)
	}
}

// of is what the priors add to a document.
func (p *priors) of(doc uint32) int32 {
	sum := int32(0)
	for i := range p.list {
		sum += p.list[i].of(doc)
	}
	return sum
}

func (p *prior) of(doc uint32) int32 {
	if p.has != nil && p.has[doc/8]>>(doc%8)&1 == 0 {
		return 0
	}
	return p.scorer.Score(p.column.Get(doc))
}

// lower takes from the bounds of windows, 0 where nothing matches, what the priors
// add there less than in the best window: candidates are held against a threshold
// that is lower by the best.
func (p *priors) lower(bounds []int32) {
	if len(p.list) == 0 {
		return
	}
	for at := range bounds {
		if bounds[at] == 0 {
			continue
		}
		sum := int32(0)
		for i := range p.list {
			_, most := p.list[i].column.BoundsOf(uint32(at)*window, uint32(at+1)*window)
			sum += p.list[i].scorer.Score(most)
		}
		bounds[at] = max(bounds[at]+sum-p.most, 1)
	}
}
