package search

import (
	"math"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/search/kernel"
)

// A group is a word of the query in one segment: its postings in all fields,
// which score as one (BM25F). The loops of the operators see it as one list; where
// it has one leg only, they work on that leg's blocks.
type group struct {
	leaf   int // in the plan
	legs   []*leg
	scorer rank.TermScorer
	size   uint64 // postings of all legs

	most  int32        // bound of every posting
	bound []int32      // of every window; 0 if it holds none
	level impactBounds // of the only leg

	marks  []float32 // scratch: evidence by candidate
	probed []probed
	found  []*leg
}

// reset makes the group of a leaf.
func (g *group) reset(leaf int, scorer rank.TermScorer) {
	g.leaf, g.scorer, g.legs, g.size = leaf, scorer, g.legs[:0], 0
}

// add adds a leg.
func (g *group) add(l *leg) {
	g.legs = append(g.legs, l)
	g.size += uint64(l.cur.Size())
	weight, k1 := g.scorer.Params()
	l.kernel = kernel.Scorer{ByNorm: l.scorer.Table(), K1: k1, Weight: weight}
}

// flat is the only leg, or nil.
func (g *group) flat() *leg {
	if len(g.legs) == 1 {
		return g.legs[0]
	}
	return nil
}

// setMost computes most and, of a group with one leg, level.
func (g *group) setMost() {
	if l := g.flat(); l != nil {
		g.level = impactBounds{}
		g.most = g.atMost(l.cur.Impact())
		return
	}
	most := float32(0)
	for _, l := range g.legs {
		most = addFinite(most, l.atMost(l.cur.Impact()))
	}
	g.most = g.scorer.Bound(most)
}

// kth is a score that at least k postings of the group reach, or 0 if that is not
// known.
func (g *group) kth(k uint32) int32 {
	l := g.flat()
	if l == nil {
		return 0
	}
	level := l.cur.Kth(k)
	if level == 0 {
		return 0
	}
	return g.scorer.Floor(l.floor * float32(level) / float32(255-int(level)))
}

// setBounds computes bound, after setMost. Of one leg, an impact stands for one
// bound; of several, their evidence adds up first.
func (g *group) setBounds(w *work) {
	if l := g.flat(); l != nil {
		w.impacts = l.cur.AppendWindows(w.impacts[:0])
		g.bound = resize(g.bound, len(w.impacts))
		for i, impact := range w.impacts {
			g.bound[i] = g.atMost(impact)
		}
		return
	}
	sum := w.evidence[:0]
	for _, l := range g.legs {
		l.windows = l.cur.AppendWindows(l.windows[:0])
		if len(sum) == 0 {
			sum = resize(sum, len(l.windows))
			clear(sum)
		}
		for i, impact := range l.windows {
			if impact > 0 {
				sum[i] = addFinite(sum[i], l.atMost(impact))
			}
		}
	}
	w.evidence = sum
	g.bound = resize(g.bound, len(sum))
	for i, e := range sum {
		g.bound[i] = 0
		if e > 0 {
			g.bound[i] = g.scorer.Bound(e)
		}
	}
}

// addFinite is a sum that stays finite.
func addFinite(a, b float32) float32 { return min(a+b, math.MaxFloat32) }

// atMost is at least the score of a posting of that impact, in the only leg.
func (g *group) atMost(impact byte) int32 { return g.level.of(impact, &g.scorer, g.legs[0]) }

// impactBounds are bounds of scores by impact, each computed when it is asked for: 0
// where it was not yet.
type impactBounds [256]int32

// of is at least the score, by s, of a posting of the leg that has that impact.
func (b *impactBounds) of(impact byte, s *rank.TermScorer, l *leg) int32 {
	if b[impact] == 0 && impact > 0 {
		b[impact] = s.Bound(l.atMost(impact))
	}
	return b[impact]
}

// load gathers the postings of a window, with their scores, that may score at least
// least, of a group with several legs: they meet in an array of the window. Those whose evidence together
// would not do are looked up only for the documents that the others have.
func (g *group) load(w *work, base uint32, least int32) (docs []uint32, scores []int32) {
	need := g.scorer.Needs(least)
	weak, rest := g.weak(int(base/window), need)
	for i, l := range g.legs {
		if weak>>i&1 == 0 && l.begin(base) {
			l.accumulate(w, base)
		}
	}
	w.room(window)
	g.marks = resize(g.marks, window+slack)
	docs = w.docs[:cap(w.docs)]
	n := kernel.ScanFloat(w.sum[:], w.seen[:], base, docs, g.marks)
	if docs, g.marks = docs[:n], g.marks[:n]; weak != 0 {
		n = 0
		for i, e := range g.marks {
			docs[n] = docs[i]
			if e+rest >= need {
				n++
			}
		}
		docs, g.marks = docs[:n], g.marks[:n]
	}
	if weak != 0 && len(docs) > 0 {
		for _, l := range g.legs {
			l.begin(base)
		}
		g.mark(docs) // again in the order of the legs, in which the oracle adds too
	}
	scores = w.scores[:len(docs)]
	g.legs[0].kernel.ScoreEvidence(scores, g.marks)
	return docs, scores
}

// weak is the legs, as bits, whose evidence together does not reach need in a
// window, and what it is at most.
func (g *group) weak(at int, need float32) (legs uint64, sum float32) {
	for len(g.legs) <= 64 {
		next, least := -1, float32(math.MaxFloat32)
		for i, l := range g.legs {
			if most := l.atMost(l.windows[at]); legs>>i&1 == 0 && most < least {
				next, least = i, most
			}
		}
		if next < 0 || sum+least >= need {
			break
		}
		legs |= 1 << next
		sum += least
	}
	weak, strong := 0, 0
	for i, l := range g.legs {
		if legs>>i&1 != 0 {
			weak += l.perWindow
		} else {
			strong += l.perWindow
		}
	}
	if weak < probeCost*strong {
		return 0, 0
	}
	return legs, sum
}

// probeCost is how many postings are added up while one document is looked up in
// all legs.
const probeCost = 8

// accumulate adds the evidence of a window that the leg has begun to the work's sum.
func (l *leg) accumulate(w *work, base uint32) {
	for more := true; more; more = more && l.cur.EnterBlock(l.cur.Block()+1) {
		var i, j int
		i, j, more = l.within(base, base+window)
		if i < j {
			kernel.AccumulateFloat(w.sum[:], l.cur.Docs()[i:j], l.blockEvidence()[i:j], base, w.seen[:])
		}
	}
}

// accumulate adds the scores of a window to the work's array and, if touched, marks
// the groups of 16 that are not zero any more.
func (g *group) accumulate(w *work, base uint32, touched bool) {
	l := g.flat()
	if l == nil {
		docs, scores := g.load(w, base, 1)
		w.accumulate(docs, scores, base, touched)
		return
	}
	end := base + window
	if !l.cur.SeekBlock(base) {
		return
	}
	for more := true; more; more = more && l.cur.EnterBlock(l.cur.Block()+1) {
		var i, j int
		i, j, more = l.within(base, end)
		if i < j {
			w.accumulate(l.cur.Docs()[i:j], l.blockScores()[i:j], base, touched)
		}
	}
}

func (w *work) accumulate(docs []uint32, scores []int32, base uint32, touched bool) {
	if touched {
		kernel.AccumulateTouched(w.acc[:], docs, scores, base, w.touched[:])
		return
	}
	kernel.Accumulate(w.acc[:], docs, scores, base)
}

// probe adds the group's scores to the candidates, which rise. If it is required,
// those that lack it are dropped.
func (g *group) probe(docs []uint32, scores []int32, required bool) ([]uint32, []int32) {
	l := g.flat()
	if l == nil {
		return g.probeLegs(docs, scores, required)
	}
	g.probed = l.probe(docs, true, g.probed[:0])
	if required {
		for n, p := range g.probed {
			doc := docs[p.at]
			docs[n] = doc
			scores[n] = scores[p.at] + g.scorer.Score(l.scorer.Evidence(p.value, l.norms[doc]))
		}
		return docs[:len(g.probed)], scores[:len(g.probed)]
	}
	for _, p := range g.probed {
		scores[p.at] += g.scorer.Score(l.scorer.Evidence(p.value, l.norms[docs[p.at]]))
	}
	return docs, scores
}

// probeLegs is probe for several legs: their evidence adds up before it is scored.
func (g *group) probeLegs(docs []uint32, scores []int32, required bool) ([]uint32, []int32) {
	g.mark(docs)
	n := 0
	for i, e := range g.marks {
		if e == 0 && required {
			continue
		}
		docs[n], scores[n] = docs[i], scores[i]
		if e != 0 {
			scores[n] += g.scorer.Score(e)
		}
		n++
	}
	return docs[:n], scores[:n]
}

// mark computes the evidence of candidates in all legs.
func (g *group) mark(docs []uint32) {
	g.marks = resize(g.marks, len(docs))
	clear(g.marks)
	for _, l := range g.legs {
		g.probed = l.probe(docs, true, g.probed[:0])
		for _, p := range g.probed {
			g.marks[p.at] += l.scorer.Evidence(p.value, l.norms[docs[p.at]])
		}
	}
}

// keep keeps the candidates that the group has, in place.
func (g *group) keep(docs []uint32) []uint32 {
	if l := g.flat(); l != nil {
		return docs[:l.keep(docs)]
	}
	g.mark(docs)
	n := 0
	for i, e := range g.marks {
		if e != 0 {
			docs[n] = docs[i]
			n++
		}
	}
	return docs[:n]
}

// setBits sets the bits of the group's documents from base on.
func (g *group) setBits(bits []uint64, base uint32) {
	for _, l := range g.legs {
		if l.cur.SeekBlock(base) {
			l.cur.SetBits(bits, base)
		}
	}
}

func (g *group) rewind() {
	for _, l := range g.legs {
		l.rewind()
	}
}

// resize is a slice of n elements, of whatever values, in the memory of s if that
// is enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// windowsOf is how many windows so many documents have.
func windowsOf(maxDoc uint32) int {
	return int((uint64(maxDoc) + postings.WindowDocs - 1) / postings.WindowDocs)
}
