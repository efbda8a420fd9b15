package search

// This file is how legs, groups and keywords serve the scan, window by window.

// seekBelow is how many members of a mask are looked up one by one rather than
// all postings of the window read, if those are eight times as many.
const seekBelow = 64

// few is below how many documents of a window they are better looked up one by one.
func (l *leg) few() int { return min(seekBelow, l.perWindow/8) }

// next is the first document of the leg that is not below from.
func (l *leg) next(from uint32) uint32 {
	if !l.cur.SeekBlock(from) {
		return none
	}
	docs := l.cur.Docs()
	if docs[0] >= from {
		return docs[0]
	}
	i, _, _ := l.within(from, none)
	return docs[i]
}

// begin puts the cursor at the first block of a window, where it may have been
// before, and tells whether the leg may have documents there.
func (l *leg) begin(base uint32) bool {
	if l.base != base {
		l.cur.SeekBlock(base)
		l.base, l.start = base, l.cur.Block()
	}
	return l.start < l.cur.Blocks() && l.cur.EnterBlock(l.start) && l.cur.First() < base+window
}

// fill adds the members of mask that the leg has to out.
func (l *leg) fill(w *work, base uint32, mask, out *set) {
	if !l.begin(base) {
		return
	}
	if n := l.few(); n > 0 && mask.fewer(n) {
		w.docs = appendBits(w.docs[:0], mask[:], base)
		for _, doc := range w.docs[:l.keep(w.docs)] {
			out.add(doc - base)
		}
		return
	}
	w.seen = set{}
	l.cur.SetBits(w.seen[:], base)
	w.seen.and(mask)
	out.or(&w.seen)
	w.seen = set{}
}

// bound is at least the evidence of every posting in the window.
func (l *leg) bound(base uint32) float32 {
	most := float32(0)
	if !l.begin(base) {
		return 0
	}
	for b := l.start; b < l.cur.Blocks(); b++ {
		most = max(most, l.atMost(l.cur.ImpactOf(b)))
		if l.cur.LastOf(b) >= base+window-1 {
			break
		}
	}
	return most
}

// weigh adds the evidence of the members of mask.
func (l *leg) weigh(w *work, base uint32, mask *set, members []uint32, evidence *[window]float32) {
	if !l.begin(base) {
		return
	}
	if len(members) < l.few() {
		docs := w.docs[:0]
		for _, i := range members {
			docs = append(docs, base+i)
		}
		w.docs, w.probed = docs, l.probe(docs, true, w.probed[:0])
		for _, p := range w.probed {
			evidence[members[p.at]] += l.scorer.Evidence(p.value, l.norms[docs[p.at]])
		}
		return
	}
	for more := true; more; more = more && l.cur.EnterBlock(l.cur.Block()+1) {
		var i, j int
		if i, j, more = l.within(base, base+window); i == j {
			continue
		}
		amount := l.blockEvidence()
		for k, doc := range l.cur.Docs()[i:j] {
			if at := doc - base; mask.has(at) {
				evidence[at] += amount[i+k]
			}
		}
	}
}

func (g *group) next(from uint32) uint32 {
	least := uint32(none)
	for _, l := range g.legs {
		least = min(least, l.next(from))
	}
	return least
}

func (g *group) match(w *work, base uint32, mask, out *set) {
	*out = set{}
	for _, l := range g.legs {
		l.fill(w, base, mask, out)
	}
}

func (g *group) cost() uint64 { return g.size }

func (g *group) boundOf(base uint32) int32 {
	sum := float32(0)
	for _, l := range g.legs {
		sum = addFinite(sum, l.bound(base))
	}
	if sum == 0 {
		return 0
	}
	return g.scorer.Bound(sum)
}

func (g *group) score(w *work, base uint32, mask *set, members []uint32, r *scratch) {
	for _, l := range g.legs {
		l.weigh(w, base, mask, members, &r.evidence)
	}
	r.settle(members, g.scorer)
}

func (g *group) seenIn(base, doc uint32) (number int, seen []evidence) {
	for _, l := range g.legs {
		if l.begin(base) {
			for _, p := range l.probe([]uint32{doc}, true, nil) {
				seen = append(seen, l.saw(doc, p.value))
			}
		}
	}
	return g.leaf, seen
}

// A keyword is the postings of a filter: they match and do not score.
type keyword struct{ leg *leg }

func (k *keyword) next(from uint32) uint32 { return k.leg.next(from) }
func (k *keyword) cost() uint64            { return uint64(k.leg.cur.Size()) }

func (k *keyword) match(w *work, base uint32, mask, out *set) {
	*out = set{}
	k.leg.fill(w, base, mask, out)
}
