package search

import (
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/docvalues"
	"github.com/trawlsearch/trawl/query"
)

// This file is what columns of numbers match: they restrict and do not score.

// A within is a range of an Int field, both ends among it.
type within struct {
	field     int
	low, high int64
}

// quiet is a step that restricts and does not score: the request's filter.
type quiet struct{ step step }

// ranged plans a range. Fields without numbers match nothing.
func (p *plan) ranged(n query.Range) step {
	i, ok := p.schema.Field(n.Field)
	if !ok || p.schema.Fields[i].Kind != index.Int || n.Low > n.High {
		return nil
	}
	return &within{i, n.Low, n.High}
}

// restricted is the plan of a request with a filter.
func (p *plan) restricted(root step, filter string) step {
	tree, cut := query.ParseCut(filter)
	if cut {
		p.cut = remember(p.cut, "filter")
	}
	f := &quiet{p.forbidden(tree)} // the words of neither score or are shown
	if b, ok := root.(*both); ok {
		b.required = append(b.required, f)
		return b
	}
	return &both{required: []step{root, f}}
}

// numbers matches documents whose number in a column is in a range.
type numbers struct {
	column    *docvalues.Column
	has       []byte // documents that have one; nil: all
	low, high int64
	docs      []uint32 // scratch
	values    []int64
}

func (o opener) numbers(s *within) matcher {
	column := o.seg.Column(s.field)
	if column == nil {
		return nothing{}
	}
	return &numbers{column: column, has: o.seg.HasBits(s.field), low: s.low, high: s.high}
}

func (n *numbers) next(from uint32) uint32 {
	for zone := int(from / docvalues.ChunkLen); zone < n.column.Zones(); zone++ {
		if least, most := n.column.Zone(zone); n.low <= most && least <= n.high {
			return max(from, uint32(zone)*docvalues.ChunkLen)
		}
	}
	return none
}

// lookFew: so many documents of a window are looked up one by one.
const lookFew = 96

func (n *numbers) match(_ *work, base uint32, mask, out *set) {
	*out = set{}
	if mask.fewer(lookFew) {
		n.docs, n.values = n.column.Select(n.docs[:0], n.values[:0], mask[:], base, n.low, n.high)
		for _, doc := range n.docs {
			out.add(doc - base)
		}
	} else {
		n.column.InRange(out[:], base, n.low, n.high)
		out.and(mask)
	}
	out.andBits(n.has, base)
}

// cost is that of a look at all documents: a third of that of as many postings.
func (n *numbers) cost() uint64 { return uint64(n.column.Len()) / 3 }

// andBits keeps the members that a bitmap of all documents has; nil has all.
func (s *set) andBits(bitmap []byte, base uint32) {
	if bitmap == nil {
		return
	}
	for i := range s {
		if s[i] != 0 {
			s[i] &= word(bitmap, int(base/8)+8*i)
		}
	}
}
