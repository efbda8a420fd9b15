package search

import (
	"context"
	"fmt"
	"slices"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// A runner runs a plan over the segments of a snapshot, one after the other, and
// gathers the best documents and how many there are.
type runner struct {
	plan    *plan
	places  places
	weights *weights
	top     top
	total   uint64

	number int            // of:
	seg    *index.Segment // of which the following are:
	root   matcher
	parts  []*scorer
	late   []matcher // optional: they only score, and are matched only then
	legs   []*leg    // the first used ones are in use
	used   int

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
	// bound is at least the score of every document of the window.
	bound(base uint32) int32
	// score adds to the scores of the members of mask that the leaf matches.
	score(base uint32, mask *set, members []uint32, r *scratch)
	// evidence is what the leaf, of that number in the plan, found in a document.
	evidence(base, doc uint32) (number int, seen []evidence)
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

// run searches one segment.
func (r *runner) run(ctx context.Context, number int, seg *index.Segment) error {
	r.open(number, seg)
	live, maxDoc := seg.LiveBits(), seg.MaxDoc()
	for doc := r.root.next(0); doc < maxDoc; {
		if err := ctx.Err(); err != nil { // each 4,096 documents
			return fmt.Errorf("search: %w", err)
		}
		base := doc &^ (window - 1)
		r.mask.setLive(live, base, maxDoc)
		r.root.match(base, &r.mask, &r.found)
		if n := r.found.len(); n > 0 {
			r.total += uint64(n)
			r.score(base, number, &r.found)
		}
		if base >= maxDoc-min(maxDoc, window) {
			break
		}
		doc = r.root.next(base + window)
	}
	return r.damage()
}

// damage is what cursors and dictionaries met that cannot be right.
func (r *runner) damage() error {
	for _, l := range r.legs[:r.used] {
		err := l.find.Err()
		if err == nil && l.opened {
			err = l.read.Err()
		}
		if err != nil {
			return fmt.Errorf("search: %s: field %s: %w", r.seg.Name(), r.plan.schema.Fields[l.field].Name, err)
		}
	}
	if err := r.seg.Err(); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	return nil
}

// score offers the candidates of a window to the top. Scorers that can add most
// come first; a candidate that the rest cannot bring to the top is dropped, and a
// window that holds none is not looked at.
func (r *runner) score(base uint32, number int, cand *set) {
	if r.top.k == 0 {
		return
	}
	least, full := r.top.least()
	if full && r.bound(base) < least {
		return
	}
	for _, m := range r.late {
		m.match(base, cand, &r.part) // it remembers what it needs
	}
	r.members = cand.appendTo(r.members[:0])
	for n, s := range r.parts {
		if len(r.members) == 0 {
			return
		}
		mask, members := cand, r.members
		if len(s.within) > 0 {
			r.part = *cand
			for _, a := range s.within {
				r.part.and(&a.found)
			}
			r.inside = r.part.appendTo(r.inside[:0])
			mask, members = &r.part, r.inside
		}
		s.score(base, mask, members, &r.scratch)
		if full && s.rest < least && n < len(r.parts)-1 { // the last ones are offered now
			r.prune(cand, least-s.rest)
		}
	}
	for _, i := range r.members {
		if s := r.scores[i]; !full || s >= least {
			r.top.offer(scored{s, r.seg.Key(base + i), number, base + i})
			least, full = r.top.least()
		}
		r.scores[i] = 0
	}
}

// bound is at least the score of every document of the window. It sorts the
// scorers by theirs.
func (r *runner) bound(base uint32) int32 {
	sum := int32(0)
	for _, s := range r.parts {
		s.most = s.bound(base)
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
func (r *runner) prune(cand *set, least int32) {
	kept := r.members[:0]
	for _, i := range r.members {
		if r.scores[i] >= least {
			kept = append(kept, i)
			continue
		}
		cand.drop(i)
		r.scores[i] = 0
	}
	r.members = kept
}
