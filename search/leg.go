package search

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/search/kernel"
)

// A leg is the postings of one term in one field of a segment. Its cursor goes
// forward over the segment, but for rewind.
type leg struct {
	cur    postings.Cursor
	field  int
	norms  []byte            // nil for keywords
	scorer *rank.FieldScorer // nil for keywords
	kernel kernel.Scorer     // scores, where the leg is the only one of its word, and evidence

	// A posting of impact i is worth at most level·i/(255-i) of evidence, and
	// at least floor·i/(255-i).
	level, floor float32

	windows []byte   // of a word with several legs: impacts by window
	hits    []uint32 // scratch

	base      uint32 // of the window that is scanned
	start     int    // block where that begins
	perWindow int    // postings in a window, in the mean

	scored    int // block of which scores are in:
	scores    [postings.BlockLen]int32
	evidenced int // likewise
	evidence  [postings.BlockLen]float32
}

// open puts the leg before the postings of a term.
func (l *leg) open(seg *index.Segment, field int, info termdict.Info, scorer *rank.FieldScorer) {
	l.field, l.norms, l.scorer = field, seg.Norms(field), scorer
	l.base, l.start, l.scored, l.evidenced = none, 0, -1, -1
	l.perWindow = int(uint64(info.Docs) * window / uint64(max(seg.MaxDoc(), 1)))
	seg.PostingsAt(&l.cur, field, info)
	if scorer != nil {
		l.kernel.ByNorm = scorer.Table()
		l.level, l.floor = levels(seg.Impacts(field), l.kernel.ByNorm)
	}
}

// levels is what a posting of impact i in a field is worth at most and at least,
// as multiples of i/(255-i). An impact stands for frequency/K, and what scores
// takes frequency·byNorm: the product K·byNorm rises or falls with the length all
// the way, so its extremes are those of the least and the greatest norm.
func levels(m postings.Impacts, byNorm *[256]float32) (most, least float32) {
	avg := max(m.Avg, 1)
	worth := func(norm byte) float32 {
		return byNorm[norm] * m.K1 * (1 - m.B + m.B*float32(index.NormLength(norm))/avg)
	}
	a, b := worth(m.MinNorm), worth(m.MaxNorm)
	return max(a, b) * (1 + levelSlack), min(a, b) * (1 - levelSlack)
}

// levelSlack is above the relative error of what levels computes.
const levelSlack = 1.0 / (1 << 16)

// rewind puts the leg before its first posting.
func (l *leg) rewind() {
	l.cur.EnterBlock(0)
	l.base = none
}

// atMost is at least the evidence of a posting of that impact.
func (l *leg) atMost(impact byte) float32 {
	if impact == 255 {
		return math.MaxFloat32
	}
	return l.level * float32(impact) / float32(255-int(impact))
}

// blockScores is the scores of the current block.
func (l *leg) blockScores() *[postings.BlockLen]int32 {
	if b := l.cur.Block(); b != l.scored {
		l.kernel.Score(&l.scores, l.cur.Docs(), l.cur.Freqs(), l.cur.Len(), l.norms)
		l.scored = b
	}
	return &l.scores
}

// block is the current block's documents and their scores: none if its bytes cannot
// be right, which is known only when both were decoded.
func (l *leg) block() (docs []uint32, scores []int32) {
	all, by := l.cur.Docs(), l.blockScores()
	n := l.cur.Len()
	return all[:n], by[:n]
}

// blockEvidence is the evidence of the current block.
func (l *leg) blockEvidence() *[postings.BlockLen]float32 {
	if b := l.cur.Block(); b != l.evidenced {
		l.kernel.Evidence(&l.evidence, l.cur.Docs(), l.cur.Freqs(), l.cur.Len(), l.norms)
		l.evidenced = b
	}
	return &l.evidence
}

// within is the part of the current block, as the range [i, j) of its postings,
// that lies in [base, end). more tells whether the next block may hold others.
func (l *leg) within(base, end uint32) (i, j int, more bool) {
	docs := l.cur.Docs()
	j = l.cur.Len()
	if l.cur.First() < base {
		i = bitpack.CountLess(docs, base)
	}
	if l.cur.Last() < end {
		return i, j, l.cur.Last() < end-1
	}
	return i, min(j, bitpack.CountLess(docs, end)), false
}

// A probed is what a probe has found: which candidate, and its frequency or place.
type probed struct {
	at    uint32 // among the candidates
	value uint32
}

// probe looks candidates up, which rise, and appends those that the leg has: with
// their frequencies, or else their places.
func (l *leg) probe(cands []uint32, freqs bool, dst []probed) []probed {
	c := &l.cur
	l.hits = resize(l.hits, len(cands)+1)
	for i, n := 0, 0; i < len(cands) && c.SeekBlock(cands[i]); {
		if few := i + decodeFrom; few >= len(cands) || cands[few] > c.Last() {
			if dense, ok := c.Dense(); ok {
				i, dst = l.probeDense(cands, i, dense, freqs, dst)
				continue
			}
		}
		i, n = bitpack.Intersect(c.Docs(), cands, i, l.hits)
		if freqs && n > decodeFrom {
			all := c.Freqs()
			for _, h := range l.hits[:n] {
				dst = append(dst, probed{h >> 7, all[h&127]})
			}
			continue
		}
		for _, h := range l.hits[:n] {
			dst = append(dst, probed{h >> 7, l.value(int(h&127), freqs)})
		}
	}
	return dst
}

// decodeFrom: where more candidates fall in a block its documents are decoded, even
// if they are a bitmap; where more are found, its frequencies are.
const decodeFrom = 5

// value is the frequency or the place of a posting of the current block.
func (l *leg) value(k int, freq bool) uint32 {
	if freq {
		return l.cur.FreqAt(k)
	}
	return uint32(l.cur.Block())<<7 | uint32(k)
}

// probeDense probes the current block, a bitset, from candidate i on.
func (l *leg) probeDense(cands []uint32, i int, dense []byte, freqs bool, dst []probed) (int, []probed) {
	first, last := l.cur.First(), l.cur.Last()
	word, rank := 0, 0 // bits before the word
	for ; i < len(cands) && cands[i] <= last; i++ {
		if cands[i] < first {
			continue
		}
		off := cands[i] - first
		w := int(off / 64)
		here := binary.LittleEndian.Uint64(dense[8*w:])
		if here>>(off%64)&1 == 0 {
			continue
		}
		for ; word < w; word++ {
			rank += bits.OnesCount64(binary.LittleEndian.Uint64(dense[8*word:]))
		}
		k := rank + bits.OnesCount64(here&(1<<(off%64)-1))
		dst = append(dst, probed{uint32(i), l.value(k, freqs)})
	}
	return i, dst
}

// keep keeps the candidates that the leg has, in place, and returns how many.
func (l *leg) keep(cands []uint32) int {
	c, n := &l.cur, 0
	l.hits = resize(l.hits, len(cands)+1)
	for i := 0; i < len(cands) && c.SeekBlock(cands[i]); {
		if dense, ok := c.Dense(); ok {
			first, last := c.First(), c.Last()
			for ; i < len(cands) && cands[i] <= last; i++ {
				doc := cands[i]
				if doc < first {
					continue
				}
				off := doc - first
				cands[n] = doc
				n += int(binary.LittleEndian.Uint64(dense[off/64*8:]) >> (off % 64) & 1)
			}
			continue
		}
		var found int
		i, found = bitpack.Intersect(c.Docs(), cands, i, l.hits)
		for _, h := range l.hits[:found] {
			cands[n] = cands[h>>7]
			n++
		}
	}
	return n
}

// A place is where a leg has a document: its block, and in 7 bits behind it the
// posting there.
type place = uint32

// locate keeps the candidates that the leg has, in place, and appends the place of
// each that it keeps. Of those that others have found before, it keeps the same.
func (l *leg) locate(w *work, cands []uint32, dst []place, others [][]place) (int, []place) {
	w.probed = l.probe(cands, false, w.probed[:0])
	for n, p := range w.probed {
		dst = append(dst, p.value)
		cands[n] = cands[p.at]
		for _, o := range others {
			o[n] = o[p.at]
		}
	}
	return len(w.probed), dst
}
