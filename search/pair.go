package search

import (
	"slices"

	"github.com/trawlsearch/trawl/index/termdict"
)

// This file is how phrases use the pairs of frequent words that a segment keeps. Of a
// phrase, words side by side that are such a pair are one more list: what holds the
// phrase is in it, it is shorter than those of both words, and how often the pair is
// in a document bounds how often the phrase is. A phrase that is one pair is that list,
// and needs no positions.

// phrase opens a phrase: as a group of pairs, if it is one in every field that may have
// it, or else as a phrase. It has no fields if the segment cannot have it.
func (r *runner) phrase(l *leaf) (*phrase, *group) {
	p := &phrase{leaf: l.number, scorer: r.weights.leaves[l.number].scorer}
	whole := true
	for i := range l.fields {
		if f := r.phraseField(l, i); f != nil {
			p.fields = append(p.fields, f)
			whole = whole && f.whole
		}
	}
	if !whole || len(p.fields) == 0 {
		return p, nil
	}
	g := r.emptyGroup(l)
	for _, f := range p.fields {
		g.add(f.legs[0])
	}
	return p, g
}

// phraseField opens a phrase in one of its fields, given by its place in the leaf; nil
// if no document has it there.
func (r *runner) phraseField(l *leaf, field int) *phraseField {
	pairs, never := r.pairsOf(l, field)
	switch {
	case never:
		return nil
	case len(pairs) == 1 && len(l.at) == 2:
		return &phraseField{legs: []*leg{r.pairLeg(l.fields[field], pairs[0])}, whole: true, places: make([][]place, 1)}
	}
	legs := r.legsOf(nil, l, field, true)
	if len(legs) == 0 {
		return nil
	}
	at := slices.Clip(l.at)
	for _, info := range pairs {
		legs, at = append(legs, r.pairLeg(l.fields[field], info)), append(at, ofPair)
	}
	return newPhraseField(legs, at)
}

// ofPair stands for the place of a word where a leg is that of a pair.
const ofPair = none

// pairsOf is the pairs of a phrase that the segment knows in a field; never: it knows
// one that no document has.
func (r *runner) pairsOf(l *leaf, field int) (pairs []termdict.Info, never bool) {
	terms := r.weights.leaves[l.number].terms
	for i := 1; i < len(terms) && i < len(l.at); i++ {
		if l.at[i]-l.at[i-1] != 1 {
			continue
		}
		info, known := r.seg.Pair(l.fields[field], terms[i-1], terms[i])
		switch {
		case !known:
		case info.Docs == 0:
			return nil, true
		case !slices.Contains(pairs, info):
			pairs = append(pairs, info)
		}
	}
	return pairs, false
}

// pairLeg puts a leg before the documents of a pair.
func (r *runner) pairLeg(field int, info termdict.Info) *leg {
	l := r.leg(field, termdict.Info{})
	l.perWindow = int(uint64(info.Docs) * window / uint64(max(r.seg.MaxDoc(), 1)))
	r.seg.PairAt(&l.cur, field, info)
	return l
}
