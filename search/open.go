package search

import (
	"bytes"
	"slices"

	"github.com/trawlsearch/trawl/index/termdict"
)

// open makes the plan's matchers and scorers for the segment.
func (r *runner) open() {
	r.parts, r.late = r.parts[:0], r.late[:0]
	r.root = opener{r}.step(r.plan.root, position{sure: true})
}

// An opener walks over the plan.
type opener struct{ *runner }

// A position is where in the plan a step stands.
type position struct {
	sure     bool   // every candidate matches it
	within   []*and // Ands around it that a candidate may not match
	optional bool   // it is not matched to find candidates, but behind that
	silent   bool   // it is forbidden, and scores nothing
}

func (o opener) step(s step, at position) matcher {
	switch s := s.(type) {
	case *leaf:
		return o.leaf(s, at)
	case *filter:
		return o.filter(s)
	case *within:
		return o.numbers(s)
	case *quiet:
		return o.step(s.step, position{silent: true})
	case *both:
		return o.both(s, at)
	case *either:
		if len(s.steps) == 1 {
			return o.step(s.steps[0], at)
		}
		m := new(or)
		at.sure = false
		for _, s := range s.steps {
			m.matchers = append(m.matchers, o.step(s, at))
		}
		return m
	case *without:
		return &not{matcher: o.step(s.step, position{silent: true}), maxDoc: o.seg.MaxDoc()}
	case *every:
		return all{o.seg.MaxDoc()}
	}
	return nothing{}
}

// filter makes the matcher of a keyword: of a site, also of the hosts below it.
func (o opener) filter(s *filter) matcher {
	m := new(or)
	open := func(value []byte) {
		if info, ok := o.seg.Lookup(s.field, value); ok {
			m.matchers = append(m.matchers, &keyword{o.leg(s.field, info)})
		}
	}
	open(s.value)
	dict := o.seg.Terms(s.field)
	if o.plan.schema.Fields[s.field].Name != fieldSite || dict == nil {
		return m
	}
	below := append([]byte("."), s.value...)
	for it := dict.Iter(); it.Next() && len(m.matchers) < MaxExpansion; {
		if bytes.HasSuffix(it.Term(), below) {
			open(slices.Clone(it.Term()))
		}
	}
	return m
}

// both makes an And. Its optional steps are no matchers of it.
func (o opener) both(s *both, at position) matcher {
	a := new(and)
	within := at.within
	if !at.sure {
		within = append(slices.Clip(within), a)
	}
	for _, s := range s.required {
		a.required = append(a.required, o.step(s, position{sure: at.sure, within: within, silent: at.silent}))
	}
	if len(a.required) == 0 {
		a.required = []matcher{all{o.seg.MaxDoc()}}
	}
	for _, s := range s.forbidden {
		a.forbidden = append(a.forbidden, o.step(s, position{silent: true}))
	}
	a.order()
	if at.optional {
		o.late = append(o.late, a)
	}
	if !at.silent {
		for _, s := range s.optional {
			o.step(s, position{within: within, optional: true})
		}
	}
	return a
}

// leaf makes the matcher of a word or phrase, which is its scorer too.
func (o opener) leaf(l *leaf, at position) matcher {
	var m leafMatcher
	if l.phrase {
		p, g := o.phrase(l)
		if m = p; g != nil {
			m = g
		} else if at.optional {
			o.late = append(o.late, p)
		}
	} else {
		m = o.group(l)
	}
	if !at.silent {
		o.parts = append(o.parts, &scorer{leafMatcher: m, within: at.within})
	}
	return m
}

// group makes the group of a word or an expansion, from the memory of those before.
func (r *runner) group(l *leaf) *group {
	g := r.emptyGroup(l)
	for i := range l.fields {
		g.found = r.legsOf(g.found[:0], l, i, false)
		for _, l := range g.found {
			g.add(l)
		}
	}
	return g
}

func (r *runner) emptyGroup(l *leaf) *group {
	if r.inUse == len(r.groups) {
		r.groups = append(r.groups, new(group))
	}
	g := r.groups[r.inUse]
	r.inUse++
	g.reset(l.number, r.weights.leaves[l.number].scorer)
	return g
}

// legsOf appends legs for the terms of a leaf that a field has, given by its place
// in the leaf; where all must be there, nothing if it lacks one.
func (r *runner) legsOf(dst []*leg, l *leaf, field int, all bool) []*leg {
	f, used, had := l.fields[field], r.used, len(dst)
	if r.seg.Terms(f) == nil {
		return dst
	}
	for i, t := range r.weights.leaves[l.number].terms {
		var info termdict.Info
		if known := r.places.of(l, field, i); known != nil {
			info = known[r.number]
		} else {
			info, _ = r.seg.Lookup(f, t)
		}
		switch {
		case info.Docs > 0:
			dst = append(dst, r.leg(f, info))
		case all:
			r.used = used
			return dst[:had]
		}
	}
	return dst
}

// leg puts a leg before the postings of a term, from the memory of those that
// segments before used.
func (r *runner) leg(field int, info termdict.Info) *leg {
	if r.used == len(r.legs) {
		r.legs = append(r.legs, new(leg))
	}
	l := r.legs[r.used]
	r.used++
	l.open(r.seg, field, info, r.weights.fields[field])
	return l
}
