package search

import (
	"context"
	"fmt"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search/kernel"
)

// A runner runs a plan over the segments of a snapshot, one after the other, and
// gathers the best documents and how many there are.
type runner struct {
	plan    plan
	places  places
	lists   []index.FieldList // scratch
	counted found
	weights weights
	top     top
	noTotal bool
	total   uint64

	number int            // of:
	seg    *index.Segment // of which the following are:
	legs   []*leg         // the first used ones are in use
	used   int
	groups []*group // likewise
	inUse  int
	allow  []uint64 // documents that may be found; nil: all
	priors priors
	scan
	collector

	disjunction disjunction
	conjunction conjunction
	walk        phraseWalk
	masks       []uint64 // the memory of allow
	work
}

// run searches one segment.
func (r *runner) run(ctx context.Context, number int, seg *index.Segment) error {
	r.enter(number, seg)
	r.allow = kernel.Words(seg.LiveBits())
	r.priors.open(&r.weights, seg)
	if err := r.load(); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	var err error
	switch s := &r.plan.shape; s.kind {
	case anyOf, allOf:
		err = r.runWords(ctx, s)
	case onePhrase:
		err = r.runPhrase(ctx, s)
	default:
		err = r.runScan(ctx)
	}
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	return r.damage()
}

// enter begins a segment, in which nothing is open.
func (r *runner) enter(number int, seg *index.Segment) {
	r.number, r.seg, r.used, r.inUse = number, seg, 0, 0
}

// load brings in the lists of all words at once, if they are known.
func (r *runner) load() error {
	r.lists = r.lists[:0]
	for _, l := range r.plan.leaves {
		for i, f := range l.fields {
			for j := range l.terms {
				if infos := r.places.of(l, i, j); infos != nil && infos[r.number].Docs > 0 {
					r.lists = append(r.lists, index.FieldList{Field: f, Info: infos[r.number]})
				}
			}
		}
	}
	if len(r.lists) < 2 {
		return nil // it waits as long when it is opened
	}
	return r.seg.Load(r.lists...)
}

// damage is what cursors met that cannot be right. What keys, norms and dictionaries
// met is asked for when the last of them was read: see index.Snapshot.Err.
func (r *runner) damage() error {
	for _, l := range r.legs[:r.used] {
		if err := l.cur.Err(); err != nil {
			return fmt.Errorf("search: %s: field %s: %w", r.seg.Name(), r.plan.schema.Fields[l.field].Name, err)
		}
	}
	return nil
}

// runWords searches for any or all of some words.
func (r *runner) runWords(ctx context.Context, s *shape) error {
	if r.top.k == 0 && len(s.words) == 1 && r.allow == nil && len(s.restrict)+len(s.forbid) == 0 {
		if n, ok := r.listed(s.words[0]); ok {
			r.total += n
			return nil
		}
	}
	for _, l := range s.words {
		if g := r.group(l); g.size == 0 {
			if s.kind == allOf {
				return nil
			}
			r.inUse--
		}
	}
	return r.runGroups(ctx, s, s.kind)
}

// runGroups searches for any or all of the groups that are open.
func (r *runner) runGroups(ctx context.Context, s *shape, kind shapeKind) error {
	groups := r.groups[:r.inUse]
	if len(groups) == 0 {
		return nil
	}
	switch n, err := r.restrict(ctx, s); {
	case err != nil || n == 0:
		return err
	case len(s.restrict) > 0 && n*sparse < sizeOf(groups):
		r.used, r.inUse = 0, 0
		return r.runScan(ctx)
	}
	if r.top.k > 0 {
		if err := r.topOfWords(ctx, kind, groups); err != nil {
			return err
		}
	}
	if r.noTotal && r.top.k > 0 {
		return nil
	}
	for _, g := range groups {
		g.rewind()
	}
	count := r.countAny
	if kind == allOf {
		count = r.countAll
	}
	n, err := count(ctx, groups)
	r.total += n
	return err
}

// listed is how many documents of the segment hold a word, if the dictionaries
// tell: if it is in one field only.
func (r *runner) listed(l *leaf) (n uint64, ok bool) {
	if len(r.weights.leaves[l.number].terms) != 1 {
		return 0, false
	}
	for i := range l.fields {
		infos := r.places.of(l, i, 0)
		if infos == nil || n > 0 && infos[r.number].Docs > 0 {
			return 0, false
		}
		n += uint64(infos[r.number].Docs)
	}
	return n, true
}

// topOfWords offers the best documents.
func (r *runner) topOfWords(ctx context.Context, kind shapeKind, groups []*group) error {
	sum := int64(0)
	for _, g := range groups {
		g.setMost()
		sum += int64(g.most)
	}
	if kind == anyOf && r.allow == nil {
		for _, g := range groups {
			r.top.raise(g.kth(uint32(r.top.k)))
		}
	}
	if sum < int64(r.least()) {
		return nil
	}
	if len(groups) == 1 && groups[0].flat() != nil {
		return topOfTerm(ctx, r, groups[0])
	}
	if kind == allOf {
		r.conjunction.groups = groups
		r.conjunction.order()
		return r.conjunction.top(ctx, r)
	}
	for _, g := range groups {
		g.setBounds(&r.work)
	}
	r.disjunction.groups = groups
	return r.disjunction.top(ctx, r)
}

// runPhrase searches for a phrase.
func (r *runner) runPhrase(ctx context.Context, s *shape) error {
	p, g := r.phrase(s.words[0])
	if g != nil {
		return r.runGroups(ctx, s, anyOf)
	}
	if len(p.fields) == 0 {
		return nil
	}
	if n, err := r.restrict(ctx, s); err != nil || n == 0 {
		return err
	}
	v := &r.walk
	if len(p.fields) > 1 {
		return v.runFields(ctx, r, p)
	}
	v.open(r, p, 0)
	n, err := v.run(ctx, r, !r.noTotal || r.top.k == 0)
	r.total += n
	return err
}

// sparse: where a filter leaves less than one of so many documents as the words have
// postings, the scan is faster, which begins with the filter: the operators know it
// only behind their bounds, which then keep nothing out.
const sparse = 64

func sizeOf(groups []*group) uint64 {
	n := uint64(0)
	for _, g := range groups {
		n += g.size
	}
	return n
}

// restrict intersects the documents that may be found with what a shape demands
// besides its words, and returns how many are left.
func (r *runner) restrict(ctx context.Context, s *shape) (n uint64, err error) {
	if len(s.restrict) == 0 && len(s.forbid) == 0 {
		return uint64(r.seg.MaxDoc()), nil
	}
	r.masks = resize(r.masks, windowsOf(r.seg.MaxDoc())*words)
	clear(r.masks)
	r.allow = r.masks
	m := opener{r}.both(&both{required: s.restrict, forbidden: s.forbid}, position{silent: true})
	err = r.eachWindow(ctx, m, nil, func(base uint32, found *set) error {
		n += uint64(found.len())
		copy(r.allow[base/64:], found[:])
		return nil
	})
	return n, err
}

// allowed keeps the candidates that may be found.
func (r *runner) allowed(docs []uint32, scores []int32) ([]uint32, []int32) {
	if r.allow == nil {
		return docs, scores
	}
	n := 0
	for i, doc := range docs {
		docs[n], scores[n] = doc, scores[i]
		n += int(r.allow[doc/64] >> (doc % 64) & 1)
	}
	return docs[:n], scores[:n]
}

// allowedDocs is allowed for candidates without scores.
func (r *runner) allowedDocs(docs []uint32) []uint32 {
	if r.allow == nil {
		return docs
	}
	n := 0
	for _, doc := range docs {
		docs[n] = doc
		n += int(r.allow[doc/64] >> (doc % 64) & 1)
	}
	return docs[:n]
}

// least is a score that a document of the operators' must have, without what the
// priors add, to be among the best: at least 1, for it holds a word.
func (r *runner) least() int32 { return max(r.top.least()-r.priors.most, 1) }

// offer offers candidates to the top.
func (r *runner) offer(docs []uint32, scores []int32) {
	least := r.top.least()
	for i, score := range scores {
		if len(r.priors.list) > 0 {
			score += r.priors.of(docs[i])
		}
		if score >= least {
			r.top.offer(scored{score, uint32(r.number), docs[i]})
			least = r.top.least()
		}
	}
}
