package search

import (
	"bytes"
	"slices"

	"github.com/trawlsearch/trawl/index"
)

// open makes the plan's matchers and scorers for a segment.
func (r *runner) open(seg *index.Segment) {
	r.seg, r.parts, r.late, r.used = seg, r.parts[:0], r.late[:0], 0
	o := opener{runner: r, numbers: make(map[*leaf]int, len(r.plan.leaves))}
	for i, l := range r.plan.leaves {
		o.numbers[l] = i
	}
	r.root = o.step(r.plan.root, place{sure: true})
}

// An opener walks over the plan.
type opener struct {
	*runner
	numbers map[*leaf]int
}

// A place is where in the plan a step stands.
type place struct {
	sure     bool   // every candidate matches it
	within   []*and // Ands around it that a candidate may not match
	optional bool   // it is not matched to find candidates, but behind that
	silent   bool   // it is forbidden, and scores nothing
}

func (o *opener) step(s step, at place) matcher {
	switch s := s.(type) {
	case *leaf:
		return o.leaf(s, at)
	case *filter:
		return o.filter(s)
	case *both:
		return o.both(s, at)
	case *either:
		m := new(or)
		at.sure = false
		for _, s := range s.steps {
			m.matchers = append(m.matchers, o.step(s, at))
		}
		return m
	case *without:
		return &not{o.step(s.step, place{silent: true}), o.seg.MaxDoc()}
	case *every:
		return all{o.seg.MaxDoc()}
	}
	return nothing{}
}

// filter makes the matcher of a keyword: of a site, also of the hosts below it.
func (o *opener) filter(s *filter) matcher {
	m := new(or)
	open := func(value []byte) {
		if l := o.leg(); o.postings(l, s.field, value) {
			m.matchers = append(m.matchers, &keyword{l})
			return
		}
		o.used--
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
func (o *opener) both(s *both, at place) matcher {
	a := new(and)
	within := at.within
	if !at.sure {
		within = append(slices.Clip(within), a)
	}
	for _, s := range s.required {
		a.required = append(a.required, o.step(s, place{sure: at.sure, within: within, silent: at.silent}))
	}
	if len(a.required) == 0 {
		a.required = []matcher{all{o.seg.MaxDoc()}}
	}
	for _, s := range s.forbidden {
		a.forbidden = append(a.forbidden, o.step(s, place{silent: true}))
	}
	a.order()
	if at.optional {
		o.late = append(o.late, a)
	}
	if !at.silent {
		for _, s := range s.optional {
			o.step(s, place{within: within, optional: true})
		}
	}
	return a
}

// leaf makes the matcher of a word or phrase, which is its scorer too.
func (o *opener) leaf(l *leaf, at place) matcher {
	n := o.numbers[l]
	var m leafMatcher
	if l.phrase {
		p := &phrase{leaf: n, scorer: o.weights.leaves[n].scorer}
		for _, f := range l.fields {
			if legs := o.all(f, o.weights.leaves[n].terms); legs != nil {
				p.fields = append(p.fields, newPhraseField(legs, l.at))
			}
		}
		if at.optional {
			o.late = append(o.late, p)
		}
		m = p
	} else {
		g := &group{leaf: n, scorer: o.weights.leaves[n].scorer}
		for _, f := range l.fields {
			g.legs = append(g.legs, o.any(f, o.weights.leaves[n].terms)...)
		}
		m = g
	}
	if !at.silent {
		o.parts = append(o.parts, &scorer{leafMatcher: m, within: at.within})
	}
	return m
}

// any opens the terms that a field has.
func (o *opener) any(field int, terms [][]byte) []*leg {
	var legs []*leg
	for _, t := range terms {
		l := o.leg()
		if o.postings(l, field, t) {
			legs = append(legs, l)
		} else {
			o.used--
		}
	}
	return legs
}

// all opens the terms of a field, or nothing if it lacks one of them.
func (o *opener) all(field int, terms [][]byte) []*leg {
	if legs := o.any(field, terms); len(legs) == len(terms) {
		return legs
	}
	return nil
}

// leg takes a leg from those that segments before used.
func (r *runner) leg() *leg {
	if r.used == len(r.legs) {
		r.legs = append(r.legs, new(leg))
	}
	r.used++
	return r.legs[r.used-1]
}

// postings puts a leg before the postings of a term; false if there are none.
func (o *opener) postings(l *leg, field int, term []byte) bool {
	if !o.seg.Postings(&l.find, field, term) {
		return false
	}
	l.field, l.term, l.maxDoc = field, term, o.seg.MaxDoc()
	l.norms, l.scorer = o.seg.Norms(field), o.weights.fields[field]
	if o.plan.schema.Fields[field].Kind == index.Text {
		o.seg.Postings(&l.read, field, term)
	}
	return true
}
