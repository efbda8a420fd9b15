package search

import (
	"slices"

	"github.com/trawlsearch/trawl/rank"
)

// A phrase is words side by side in one field. It scores as a word that occurs as
// often as the phrase does.
type phrase struct {
	leaf   int
	fields []*phraseField
	scorer rank.TermScorer
}

// A phraseField is the words of a phrase in one field that has them all, and pairs of
// them.
type phraseField struct {
	legs   []*leg    // rarest first
	at     []uint32  // by leg: the place of its word, or ofPair
	whole  bool      // the phrase is a pair, which is the only leg
	places [][]place // by leg: of the documents that have all words

	base  uint32 // of the window of:
	found []occurrence
	in    set // scratch

	starts, positions []uint32 // scratch
}

// An occurrence says how often a document holds the phrase.
type occurrence struct{ doc, freq uint32 }

// newPhraseField takes the legs of a phrase's words, and the place of each.
func newPhraseField(legs []*leg, at []uint32) *phraseField {
	order := make([]int, len(legs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(int64(legs[a].cur.Size()) - int64(legs[b].cur.Size()))
	})
	f := &phraseField{places: make([][]place, len(legs))}
	for _, i := range order {
		f.legs = append(f.legs, legs[i])
		f.at = append(f.at, at[i])
	}
	return f
}

// find keeps, of documents that the rarest leg has, those that hold the phrase, and
// remembers in found how often, by their distance from base. Places of the rarest
// leg are in places[0] already.
func (f *phraseField) find(w *work, docs []uint32, base uint32) {
	f.found = f.found[:0]
	for i, l := range f.legs[1:] {
		var n int
		n, f.places[i+1] = l.locate(w, docs, f.places[i+1][:0], f.places[:i+1])
		if docs = docs[:n]; n == 0 {
			return
		}
	}
	for i, doc := range docs {
		if f.whole {
			if at := f.places[0][i]; f.legs[0].cur.EnterBlock(int(at >> 7)) {
				f.found = append(f.found, occurrence{doc - base, f.legs[0].cur.FreqAt(int(at & 127))})
			}
			continue
		}
		if n := f.occurrences(i); n > 0 {
			f.found = append(f.found, occurrence{doc - base, n})
		}
	}
}

// occurrences counts the phrase in the i-th of the documents that have all words.
func (f *phraseField) occurrences(i int) uint32 {
	first := true
	for k, l := range f.legs {
		if f.at[k] == ofPair {
			continue
		}
		p := f.places[k][i]
		if !l.cur.EnterBlock(int(p >> 7)) {
			return 0
		}
		f.positions = l.cur.PositionsAt(int(p&127), f.positions[:0])
		if first {
			f.starts, first = startsOf(f.starts[:0], f.positions, f.at[k]), false
		} else {
			f.starts = keepStarts(f.starts, f.positions, f.at[k])
		}
		if len(f.starts) == 0 {
			return 0
		}
	}
	return uint32(len(f.starts))
}

// startsOf appends where phrases start whose word at a place stands at positions.
func startsOf(dst, positions []uint32, at uint32) []uint32 {
	for _, p := range positions {
		if p >= at {
			dst = append(dst, p-at)
		}
	}
	return dst
}

// keepStarts keeps the starts whose word at a place stands at one of positions.
// Both lists rise.
func keepStarts(starts, positions []uint32, at uint32) []uint32 {
	kept := starts[:0]
	for _, s := range starts {
		for len(positions) > 0 && positions[0] < s+at {
			positions = positions[1:]
		}
		if len(positions) > 0 && positions[0] == s+at {
			kept = append(kept, s)
		}
	}
	return kept
}

// match adds the documents of a window that hold the phrase to out, and remembers
// how often.
func (f *phraseField) match(w *work, base uint32, mask, out *set) {
	f.base, f.found = base, f.found[:0]
	lead := f.legs[0]
	f.in = set{}
	lead.fill(w, base, mask, &f.in)
	if f.in.empty() || !lead.begin(base) {
		return
	}
	w.docs = appendBits(w.docs[:0], f.in[:], base)
	_, f.places[0] = lead.locate(w, w.docs, f.places[0][:0], nil)
	f.find(w, w.docs, base)
	for _, o := range f.found {
		out.add(o.doc)
	}
}

func (p *phrase) next(from uint32) uint32 {
	least := uint32(none)
	for _, f := range p.fields {
		doc := from
		for _, l := range f.legs {
			doc = max(doc, l.next(doc))
		}
		least = min(least, doc)
	}
	return least
}

func (p *phrase) match(w *work, base uint32, mask, out *set) {
	*out = set{}
	for _, f := range p.fields {
		f.match(w, base, mask, out)
	}
}

func (p *phrase) cost() uint64 {
	sum := uint64(0)
	for _, f := range p.fields {
		sum += uint64(f.legs[0].cur.Size()) * phraseCost
	}
	return sum
}

// phraseCost is what looking at positions costs, in postings: a guess.
const phraseCost = 8

// boundOf holds for all documents: a phrase is rare, and what its words are worth
// says little about it.
func (p *phrase) boundOf(uint32) int32 {
	if len(p.fields) == 0 {
		return 0
	}
	return p.scorer.Max()
}

// score needs a match of the same window before it.
func (p *phrase) score(_ *work, base uint32, mask *set, members []uint32, r *scratch) {
	for _, f := range p.fields {
		if f.base != base {
			continue
		}
		l := f.legs[0]
		for _, o := range f.found {
			if mask.has(o.doc) {
				r.evidence[o.doc] += l.scorer.Evidence(o.freq, l.norms[base+o.doc])
			}
		}
	}
	r.settle(members, p.scorer)
}
