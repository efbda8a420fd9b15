package search

import (
	"cmp"
	"math"
	"slices"
)

// A matcher says, in one segment, which documents match a step of the plan. It
// is asked window by window, never backwards.
type matcher interface {
	// next is a lower bound of the first match that is not below from: no
	// document before it matches.
	next(from uint32) uint32

	// match sets out to the members of mask that match, in the window at base.
	match(w *work, base uint32, mask, out *set)

	// cost guesses how many documents match would look at in the whole segment.
	cost() uint64
}

const none = math.MaxUint32 // no document

// and matches what all required and none of the forbidden match. There is at least
// one required; the cheapest comes first.
type and struct {
	required, forbidden []matcher
	found               set // the last window's matches
}

// order sorts the required by cost.
func (a *and) order() {
	slices.SortStableFunc(a.required, func(a, b matcher) int { return cmp.Compare(a.cost(), b.cost()) })
}

func (a *and) next(from uint32) uint32 {
	for _, m := range a.required {
		if from = max(from, m.next(from)); from == none {
			break
		}
	}
	return from
}

func (a *and) match(w *work, base uint32, mask, out *set) {
	a.found = *mask
	for _, m := range a.required {
		m.match(w, base, &a.found, out)
		a.found = *out
		if out.empty() {
			return
		}
	}
	for _, m := range a.forbidden {
		m.match(w, base, &a.found, out)
		a.found.andNot(out)
	}
	*out = a.found
}

func (a *and) cost() uint64 {
	return a.required[0].cost()
}

// or matches what one of its matchers does.
type or struct {
	matchers []matcher
	one      set // scratch
}

func (o *or) next(from uint32) uint32 {
	least := uint32(none)
	for _, m := range o.matchers {
		least = min(least, m.next(from))
	}
	return least
}

func (o *or) match(w *work, base uint32, mask, out *set) {
	*out = set{}
	for _, m := range o.matchers {
		m.match(w, base, mask, &o.one)
		out.or(&o.one)
	}
}

func (o *or) cost() uint64 {
	sum := uint64(0)
	for _, m := range o.matchers {
		sum += m.cost()
	}
	return sum
}

// not matches what its matcher does not, of maxDoc documents.
type not struct {
	matcher matcher
	maxDoc  uint32
	one     set // scratch
}

func (n *not) next(from uint32) uint32 { return all{n.maxDoc}.next(from) }

func (n *not) match(w *work, base uint32, mask, out *set) {
	n.matcher.match(w, base, mask, &n.one)
	*out = *mask
	out.andNot(&n.one)
}

func (n *not) cost() uint64 { return uint64(n.maxDoc) }

// all matches every one of maxDoc documents.
type all struct{ maxDoc uint32 }

func (a all) next(from uint32) uint32 {
	if from >= a.maxDoc {
		return none
	}
	return from
}

func (a all) match(_ *work, _ uint32, mask, out *set) { *out = *mask }
func (a all) cost() uint64                            { return uint64(a.maxDoc) }

// nothing matches nothing.
type nothing struct{}

func (nothing) next(uint32) uint32                   { return none }
func (nothing) match(_ *work, _ uint32, _, out *set) { *out = set{} }
func (nothing) cost() uint64                         { return 0 }
