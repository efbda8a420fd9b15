package search

import (
	"math/bits"
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

// A phraseField is the words of a phrase in one field that has them all.
type phraseField struct {
	legs []*leg // rarest first
	at   []uint32

	base  uint32 // of the window of:
	found []occurrence

	starts, positions []uint32 // scratch
}

// An occurrence says how often a document of the window holds the phrase.
type occurrence struct{ doc, freq uint32 }

// newPhraseField takes the legs of a phrase's words, and the place of each.
func newPhraseField(legs []*leg, at []uint32) *phraseField {
	order := make([]int, len(legs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(int64(legs[a].find.Size()) - int64(legs[b].find.Size()))
	})
	f := new(phraseField)
	for _, i := range order {
		f.legs = append(f.legs, legs[i])
		f.at = append(f.at, at[i])
	}
	return f
}

func (p *phrase) next(from uint32) uint32 {
	least := uint32(none)
	for _, f := range p.fields {
		doc := from
		for _, l := range f.legs {
			doc = max(doc, l.find.Seek(doc))
		}
		least = min(least, doc)
	}
	return least
}

func (p *phrase) match(base uint32, mask, out *set) {
	*out = set{}
	for _, f := range p.fields {
		f.match(base, mask, out)
	}
}

// match adds the documents that hold the phrase to out, and remembers how often.
func (f *phraseField) match(base uint32, mask, out *set) {
	f.base, f.found = base, f.found[:0]
	in := *mask
	for _, l := range f.legs {
		with := set{}
		l.fill(base, &in, &with)
		if in = with; in.empty() {
			return
		}
	}
	for i, w := range in {
		for ; w != 0; w &= w - 1 {
			at := uint32(i*64 + bits.TrailingZeros64(w))
			if n := f.occurrences(base + at); n > 0 {
				f.found = append(f.found, occurrence{at, n})
				out.add(at)
			}
		}
	}
}

// occurrences counts the phrase in a document that has all of its words.
func (f *phraseField) occurrences(doc uint32) uint32 {
	for i, l := range f.legs {
		read := l.reader()
		if read.Seek(doc) != doc {
			return 0
		}
		f.positions = read.Positions(f.positions[:0])
		if i == 0 {
			f.starts = startsOf(f.starts[:0], f.positions, f.at[0])
		} else {
			f.starts = keepStarts(f.starts, f.positions, f.at[i])
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

func (p *phrase) cost() uint64 {
	sum := uint64(0)
	for _, f := range p.fields {
		sum += uint64(f.legs[0].find.Size()) * phraseCost
	}
	return sum
}

// phraseCost is what looking at positions costs, in postings: a guess.
const phraseCost = 8

// bound holds for all documents: a phrase is rare, and what its words are worth
// says little about it.
func (p *phrase) bound(uint32) int32 {
	if len(p.fields) == 0 {
		return 0
	}
	return p.scorer.Max()
}

// score needs a match of the same window before it.
func (p *phrase) score(base uint32, mask *set, members []uint32, r *scratch) {
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
