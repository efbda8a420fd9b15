package search

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// Options are how a Local works; the zero value works.
type Options struct {
	Log *slog.Logger // of panics; nil: discarded. Damage of the index is logged by who gets the error, not here
}

// local searches the snapshots of one source.
type local struct {
	source Source
	model  *rank.Model
	log    *slog.Logger
	scans  bool // for tests: every plan is scanned

	runners sync.Pool // *runner: cursors of 3 KB, a few a word and field
}

// Local searches an index in this process. A nil model is rank.Default.
func Local(source Source, model *rank.Model, opt Options) Searcher {
	if model == nil {
		model = rank.Default()
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &local{source: source, model: model, log: opt.Log}
}

// Search finds the best documents of the source's current snapshot. The query
// becomes a plan in the terms of the index; counts of the whole index, or of more
// than this part of it, make weights of the plan; then each segment is run through,
// and the best of all are kept. Nothing here depends on how the index is cut in
// segments.
func (l *local) Search(ctx context.Context, req *Request) (res *Result, err error) {
	defer l.guard(&err)
	start := time.Now()
	snap, err := l.begin(req)
	if err != nil {
		return nil, err
	}
	defer snap.Close()

	r := l.runner(req, snap)
	if res, err = r.answer(ctx, req, snap); err == nil {
		res.Took = time.Since(start)
	}
	l.runners.Put(r) // not after a panic: its memory may be in any state
	return res, err
}

// answer runs a request over all segments.
func (r *runner) answer(ctx context.Context, req *Request, snap *index.Snapshot) (*Result, error) {
	plan := &r.plan
	if err := r.prepare(req, snap); err != nil {
		return nil, err
	}
	if err := r.weigh(ctx, req, snap); err != nil {
		return nil, err
	}
	for i, seg := range snap.Segments() {
		if err := r.search(ctx, i, seg); err != nil {
			return nil, err
		}
	}

	res := &Result{
		Total: r.total, Docs: snap.Docs(), Seq: snap.Seq(), Shards: Shards{Total: 1, OK: 1},
		Terms: plan.terms, Dropped: plan.dropped, Cut: plan.cut,
	}
	if req.NoTotal && req.Limit+req.Offset > 0 && len(r.tallies) == 0 {
		res.AtLeast, res.Total = true, max(res.Total, uint64(len(r.top.hits)))
	}
	for _, t := range r.tallies {
		res.Facets = append(res.Facets, t.facet())
	}
	if err := r.results(res, req); err != nil {
		return nil, err
	}
	if err := snap.Err(); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return res, nil
}

// guard makes a panic the error of one request, which must not end the process and
// the requests of others with it.
func (l *local) guard(err *error) {
	if v := recover(); v != nil {
		l.log.Error("panic in a search: please report it", "panic", v, "stack", string(debug.Stack()))
		*err = fmt.Errorf("search: internal error: %v", v)
	}
}

// results makes hits of the best documents.
func (r *runner) results(res *Result, req *Request) error {
	if r.ranking != nil {
		res.Hits = r.ranking.results(req.Offset)
		return nil
	}
	best := r.top.sorted(req.Offset)
	if len(best) == 0 {
		return nil
	}
	res.Hits = make([]Hit, len(best))
	for i, s := range best {
		res.Hits[i] = Hit{Key: r.top.key(s), Score: r.weights.scale.Float(int64(s.score))}
	}
	for i := 0; req.Explain && i < len(best); i++ {
		res.Hits[i].Explain = r.explain(best[i])
		if err := r.damage(); err != nil {
			return err
		}
	}
	return nil
}

// Stats counts what the scores of a request depend on.
func (l *local) Stats(ctx context.Context, req *Request) (stats *Stats, err error) {
	defer l.guard(&err)
	snap, err := l.begin(req)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	plan := newPlan(req, snap.Schema(), l.model)
	stats, err = plan.count(ctx, snap, new(places))
	if err == nil {
		err = snap.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("search: count: %w", err)
	}
	return stats, nil
}

// begin takes a snapshot for a request, which the caller closes.
func (l *local) begin(req *Request) (*index.Snapshot, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	snap, err := l.source.Acquire()
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if snap.Seq() < req.MinSeq {
		defer snap.Close()
		return nil, fmt.Errorf("%w: it is at %d, not %d", ErrBehind, snap.Seq(), req.MinSeq)
	}
	return snap, nil
}

// maxPooledLegs keeps the cursors of a wide expansion from staying in memory for ever.
const maxPooledLegs = 256

// runner makes a runner of a request, with the memory of one that has run.
func (l *local) runner(req *Request, snap *index.Snapshot) *runner {
	r, _ := l.runners.Get().(*runner)
	if r == nil || len(r.legs) > maxPooledLegs {
		r = new(runner)
	}
	r.plan.reset(req, snap.Schema(), l.model)
	if l.scans {
		r.plan.shape = shape{}
	}
	r.total, r.noTotal = 0, req.NoTotal
	r.places = places{at: r.places.at[:0], infos: r.places.infos[:0]}
	r.top = top{k: req.Offset + req.Limit, hits: r.top.hits[:0], segments: snap.Segments()}
	return r
}

// weigh makes the weights of the plan, from the request's counts or the snapshot's.
func (r *runner) weigh(ctx context.Context, req *Request, snap *index.Snapshot) error {
	switch {
	case req.Stats != nil:
		r.plan.weigh(&r.weights, req.Stats)
	case r.plan.expands():
		stats, err := r.plan.count(ctx, snap, &r.places)
		if err != nil {
			return fmt.Errorf("search: count: %w", err)
		}
		r.plan.weigh(&r.weights, stats)
	default:
		r.plan.find(snap, &r.places)
		r.counted = found{snap, &r.places}
		r.plan.weigh(&r.weights, &r.counted)
	}
	return nil
}
