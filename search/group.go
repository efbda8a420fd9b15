package search

import (
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/rank"
)

// A leg is the postings of one term in one field. It has two cursors: one finds
// matches, the other runs behind it and reads frequencies where scores are needed.
type leg struct {
	field  int
	term   []byte
	find   postings.Cursor
	read   postings.Cursor
	norms  []byte // nil for keywords
	scorer *rank.FieldScorer
	maxDoc uint32

	impacts []postings.Impact // scratch
}

// seekBelow is how many members of a mask are looked up one by one rather than
// all postings of the window read, if those are eight times as many.
const seekBelow = 64

// few tells whether that many documents of a window are better looked up one by one.
func (l *leg) few(n int) bool {
	perWindow := uint64(l.find.Size()) * window / uint64(max(l.maxDoc, 1))
	return n < seekBelow && uint64(n)*8 < perWindow
}

// fill adds the members of mask that the leg has to out.
func (l *leg) fill(base uint32, mask, out *set) {
	end := base + window
	if doc := l.find.Seek(base); doc >= end {
		return
	}
	if l.few(mask.len()) {
		for _, i := range mask.appendTo(make([]uint32, 0, seekBelow)) {
			if l.find.Seek(base+i) == base+i {
				out.add(i)
			}
		}
		return
	}
	for doc := l.find.Doc(); doc < end; doc = l.find.NextBlock() {
		docs, _ := l.find.Block()
		for _, doc := range docs {
			if doc >= end {
				return
			}
			if i := doc - base; mask.has(i) {
				out.add(i)
			}
		}
	}
}

// bound is at least the evidence of every posting in the window.
func (l *leg) bound(base uint32) float32 {
	most := float32(0)
	for doc := base; ; {
		last := l.read.SeekBlock(doc)
		if last == postings.None {
			return most
		}
		l.impacts = l.read.BlockImpacts(l.impacts[:0])
		for _, im := range l.impacts {
			most = max(most, l.scorer.Evidence(im.Freq, im.Norm))
		}
		if last >= base+window-1 {
			return most
		}
		doc = last + 1
	}
}

// weigh adds the evidence of the members of mask. The order of documents rises
// from call to call.
func (l *leg) weigh(base uint32, mask *set, members []uint32, evidence *[window]float32) {
	end := base + window
	if l.read.Seek(base) >= end {
		return
	}
	if l.few(len(members)) {
		for _, i := range members {
			if doc := base + i; l.read.Seek(doc) == doc {
				evidence[i] += l.scorer.Evidence(l.read.Freq(), l.norms[doc])
			}
		}
		return
	}
	for doc := l.read.Doc(); doc < end; doc = l.read.NextBlock() {
		docs, freqs := l.read.Block()
		for j, doc := range docs {
			if doc >= end {
				return
			}
			if i := doc - base; mask.has(i) {
				evidence[i] += l.scorer.Evidence(freqs[j], l.norms[doc])
			}
		}
	}
}

// A group is a word of the query: its postings in all fields, which score as one
// (BM25F). A prefix is a group of many words.
type group struct {
	leaf   int // in the plan
	legs   []*leg
	scorer rank.TermScorer
}

func (g *group) next(from uint32) uint32 {
	least := uint32(none)
	for _, l := range g.legs {
		least = min(least, l.find.Seek(from))
	}
	return least
}

func (g *group) match(base uint32, mask, out *set) {
	*out = set{}
	for _, l := range g.legs {
		l.fill(base, mask, out)
	}
}

func (g *group) cost() uint64 {
	sum := uint64(0)
	for _, l := range g.legs {
		sum += uint64(l.find.Size())
	}
	return sum
}

func (g *group) bound(base uint32) int32 {
	sum := float32(0)
	for _, l := range g.legs {
		sum += l.bound(base)
	}
	if sum == 0 {
		return 0
	}
	return g.scorer.Bound(sum)
}

func (g *group) score(base uint32, mask *set, members []uint32, r *scratch) {
	for _, l := range g.legs {
		l.weigh(base, mask, members, &r.evidence)
	}
	r.settle(members, g.scorer)
}

// A keyword is the postings of a filter: they match and do not score.
type keyword struct{ leg *leg }

func (k *keyword) next(from uint32) uint32 { return k.leg.find.Seek(from) }
func (k *keyword) cost() uint64            { return uint64(k.leg.find.Size()) }

func (k *keyword) match(base uint32, mask, out *set) {
	*out = set{}
	k.leg.fill(base, mask, out)
}
