package search

import (
	"context"
	"slices"

	"github.com/trawlsearch/trawl/rank"
)

// A scan runs any plan: window by window it finds what matches, as bitmaps, and
// scores that.
type scan struct {
	root  matcher
	parts []*scorer
	late  []matcher // optional: they only score, and are matched only then
	scratch
}

// scratch is what one window needs. Sets stand here since what an interface is
// given is on the heap otherwise.
type scratch struct {
	scores   [window]int32   // of candidates; else 0
	evidence [window]float32 // 0 but within a scorer's work
	members  []uint32        // candidates
	inside   []uint32        // those of them that count for a scorer

	mask, found, part set
}

// A leafMatcher is a group or a phrase.
type leafMatcher interface {
	matcher
	// boundOf is at least the score of every document of the window.
	boundOf(base uint32) int32
	// score adds to the scores of the members of mask that the leaf matches.
	score(w *work, base uint32, mask *set, members []uint32, r *scratch)
	// seenIn is what the leaf, of that number in the plan, found in a document.
	seenIn(base, doc uint32) (number int, seen []evidence)
}

// A scorer is a leaf and the Ands that a document must match for it to count.
type scorer struct {
	leafMatcher
	within []*and

	most int32 // bound of the window
	rest int32 // what the scorers behind it can add there
}

// settle turns the evidence of members to score.
func (s *scratch) settle(members []uint32, t rank.TermScorer) {
	for _, i := range members {
		if e := s.evidence[i]; e != 0 {
			s.scores[i] += t.Score(e)
			s.evidence[i] = 0
		}
	}
}

// runScan searches one segment.
func (r *runner) runScan(ctx context.Context) error {
	r.open()
	return r.eachWindow(ctx, r.root, nil, func(base uint32, found *set) error {
		if n := found.len(); n > 0 {
			r.total += uint64(n)
			r.score(base, found)
		}
		return nil
	})
}

// eachWindow gives fn what m matches in each window of the segment where it may match
// anything, but for those that skip, if it is not nil, wants left out.
func (r *runner) eachWindow(ctx context.Context, m matcher, skip func(base uint32) bool, fn func(base uint32, found *set) error) error {
	live, maxDoc := r.seg.LiveBits(), r.seg.MaxDoc()
	for doc := m.next(0); doc < maxDoc; {
		if err := ctx.Err(); err != nil { // each 2,048 documents
			return err
		}
		base := doc &^ (window - 1)
		if skip == nil || !skip(base) {
			r.mask.setLive(live, base, maxDoc)
			m.match(&r.work, base, &r.mask, &r.found)
			if err := fn(base, &r.found); err != nil {
				return err
			}
		}
		if base >= maxDoc-min(maxDoc, window) {
			break
		}
		doc = m.next(base + window)
	}
	return nil
}

// score offers the candidates of a window to the top. Scorers that can add most
// come first; a candidate that the rest cannot bring to the top is dropped, and a
// window that holds none is not looked at.
func (r *runner) score(base uint32, cand *set) {
	if r.top.k == 0 {
		return
	}
	least := max(r.top.least()-r.priors.most, 0)
	if least > 0 && r.bound(base) < least {
		return
	}
	s := &r.scratch
	for _, m := range r.late {
		m.match(&r.work, base, cand, &s.part) // it remembers what it needs
	}
	s.members = cand.appendTo(s.members[:0])
	for n, p := range r.parts {
		if len(s.members) == 0 {
			return
		}
		mask, members := cand, s.members
		if len(p.within) > 0 {
			s.part = *cand
			for _, a := range p.within {
				s.part.and(&a.found)
			}
			s.inside = s.part.appendTo(s.inside[:0])
			mask, members = &s.part, s.inside
		}
		p.score(&r.work, base, mask, members, s)
		if least > 0 && p.rest < least && n < len(r.parts)-1 { // the last ones are offered now
			s.prune(cand, least-p.rest)
		}
	}
	docs, scores := r.work.docs[:0], r.work.scores[:0]
	for _, i := range s.members {
		docs, scores = append(docs, base+i), append(scores, s.scores[i])
		s.scores[i] = 0
	}
	r.work.docs, r.work.scores = docs, scores
	r.offer(docs, scores)
}

// bound is at least the score of every document of the window. It sorts the
// scorers by theirs.
func (r *runner) bound(base uint32) int32 {
	sum := int32(0)
	for _, s := range r.parts {
		s.most = s.boundOf(base)
		sum += s.most
	}
	slices.SortFunc(r.parts, func(a, b *scorer) int { return int(b.most) - int(a.most) })
	rest := sum
	for _, s := range r.parts {
		rest -= s.most
		s.rest = rest
	}
	return sum
}

// prune drops candidates whose score is below least.
func (s *scratch) prune(cand *set, least int32) {
	kept := s.members[:0]
	for _, i := range s.members {
		if s.scores[i] >= least {
			kept = append(kept, i)
			continue
		}
		cand.drop(i)
		s.scores[i] = 0
	}
	s.members = kept
}
