package search

import (
	"context"
	"fmt"

	"github.com/trawlsearch/trawl/index"
)

// A collector looks at all documents that match, without scores: to sort them by a
// column, and to count their values. Where hits are by score and facets are wanted,
// it goes behind the operator that finds the hits, which need not look at all.
type collector struct {
	ranking *ranking // nil: by score
	tallies []*tally
}

// prepare makes the collector of a request.
func (r *runner) prepare(req *Request, snap *index.Snapshot) error {
	r.collector = collector{}
	schema := snap.Schema()
	for _, f := range req.Facets {
		t, err := newTally(schema, f)
		if err != nil {
			return err
		}
		r.tallies = append(r.tallies, t)
	}
	if req.Sort.Field != "" {
		field, err := number(schema, req.Sort.Field)
		if err != nil {
			return err
		}
		r.ranking = &ranking{by: req.Sort, field: field, k: req.Offset + req.Limit, segments: snap.Segments()}
	}
	return nil
}

// search searches one segment, for hits and for what the collector wants.
func (r *runner) search(ctx context.Context, number int, seg *index.Segment) error {
	if r.ranking == nil && len(r.tallies) == 0 {
		return r.run(ctx, number, seg)
	}
	if total := r.total; r.ranking == nil && r.top.k > 0 {
		was := r.noTotal
		r.noTotal = true
		err := r.run(ctx, number, seg)
		r.noTotal, r.total = was, total // all are counted here
		if err != nil {
			return err
		}
	}
	if err := r.collect(ctx, number, seg); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	return r.damage()
}

// passes tells whether the collector passes over documents that match.
func (r *runner) passes() bool {
	return r.noTotal && r.ranking != nil && r.ranking.k > 0 && len(r.tallies) == 0
}

// collect looks at all documents of a segment that match.
func (r *runner) collect(ctx context.Context, number int, seg *index.Segment) error {
	r.enter(number, seg)
	root := opener{r}.step(r.plan.root, position{silent: true})
	if r.ranking != nil {
		r.ranking.begin(number, seg)
	}
	for _, t := range r.tallies {
		t.begin(seg)
	}
	var skip func(base uint32) bool
	if r.passes() {
		skip = r.ranking.hopeless
	}
	if err := r.eachWindow(ctx, root, skip, r.take); err != nil {
		return err
	}
	for _, t := range r.tallies {
		t.end()
	}
	return nil
}

// take takes the documents of a window that match.
func (r *runner) take(base uint32, found *set) error {
	n := found.len()
	if n == 0 {
		return nil
	}
	r.total += uint64(n)
	if r.ranking != nil {
		r.ranking.offer(found, base, &r.work)
	}
	for _, t := range r.tallies {
		if err := t.count(found, base); err != nil {
			return fmt.Errorf("%s: field %s: %w", r.seg.Name(), t.want.Field, err)
		}
	}
	return nil
}
