package search

import (
	"math"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
	"github.com/trawlsearch/trawl/rank"
)

// A leg is the postings of one term in one field. It has two cursors: one finds
// matches, the other runs behind it and reads frequencies where scores are needed.
type leg struct {
	seg    *index.Segment
	field  int
	info   termdict.Info
	find   postings.Cursor
	read   postings.Cursor // of reader
	opened bool            // read is in use
	norms  []byte          // nil for keywords
	scorer *rank.FieldScorer

	perWindow int     // postings in a window, in the mean
	worth     float32 // evidence is at most worth·g/(1-g) where an impact bounds f/(f+K) by g; 0: not yet known
}

// reader is the cursor that reads. It is opened when it is needed: where few
// documents match, most legs never are.
func (l *leg) reader() *postings.Cursor {
	if !l.opened {
		l.seg.PostingsAt(&l.read, l.field, l.info)
		l.opened = true
	}
	return &l.read
}

// seekBelow is how many members of a mask are looked up one by one rather than
// all postings of the window read, if those are eight times as many.
const seekBelow = 64

// few is below how many documents of a window they are better looked up one by one.
func (l *leg) few() int { return min(seekBelow, l.perWindow/8) }

// fill adds the members of mask that the leg has to out.
func (l *leg) fill(base uint32, mask, out *set) {
	end := base + window
	if doc := l.find.Seek(base); doc >= end {
		return
	}
	if n := l.few(); n > 0 && mask.fewer(n) {
		for _, i := range mask.appendTo(make([]uint32, 0, seekBelow)) {
			if l.find.Seek(base+i) == base+i {
				out.add(i)
			}
		}
		return
	}
	for ok := true; ok && l.find.First() < end; ok = l.find.EnterBlock(l.find.Block() + 1) {
		for _, doc := range l.find.Docs()[:l.find.Len()] {
			if doc >= end {
				return
			}
			if i := doc - base; doc >= base && mask.has(i) {
				out.add(i)
			}
		}
	}
}

// bound is at least the evidence of every posting in the window.
func (l *leg) bound(base uint32) float32 {
	most := uint8(0)
	read := l.reader()
	if !read.SeekBlock(base) {
		return 0
	}
	for b := read.Block(); b < read.Blocks(); b++ {
		if b > read.Block() && read.LastOf(b-1) >= base+window-1 {
			break
		}
		most = max(most, read.ImpactOf(b))
	}
	switch most {
	case 0:
		return 0
	case math.MaxUint8:
		return math.MaxFloat32
	}
	if l.worth == 0 {
		l.setWorth()
	}
	return l.worth * float32(most) / float32(math.MaxUint8-most)
}

// setWorth makes worth of the norms that there are: an f/(f+K) of at most g is an f
// of at most K·g/(1-g).
func (l *leg) setWorth() {
	m := l.seg.Impacts(l.field)
	k := m.Table(index.NormLength)
	for n := int(m.MinNorm); n <= int(m.MaxNorm); n++ {
		l.worth = max(l.worth, k[n]*l.scorer.Evidence(1, byte(n)))
	}
}

// weigh adds the evidence of the members of mask. The order of documents rises
// from call to call.
func (l *leg) weigh(base uint32, mask *set, members []uint32, evidence *[window]float32) {
	end := base + window
	read := l.reader()
	if read.Seek(base) >= end {
		return
	}
	if len(members) < l.few() {
		for _, i := range members {
			if doc := base + i; read.Seek(doc) == doc {
				evidence[i] += l.scorer.Evidence(read.Freq(), l.norms[doc])
			}
		}
		return
	}
	for ok := true; ok && read.First() < end; ok = read.EnterBlock(read.Block() + 1) {
		docs, freqs := read.Docs(), read.Freqs()
		for j, doc := range docs[:read.Len()] {
			if doc >= end {
				return
			}
			if i := doc - base; doc >= base && mask.has(i) {
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
