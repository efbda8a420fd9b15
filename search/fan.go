package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A fan's parts must answer in nine tenths of the time that the caller has left,
// so that what did answer still arrives; without a deadline, in partTimeout.
const partTimeout = 10 * time.Second

// fan searches parts that together are one index: no document is in two of them.
type fan struct{ parts []Searcher }

// Fan makes one Searcher of parts, which it asks at the same time. Scores are as if
// the parts were one index: it first adds up the Stats of all. A part that fails or
// is late is counted in Result.Shards and named in Result.Problems; only if all
// fail is there an error. MinSeq is asked of every part.
func Fan(parts []Searcher) Searcher { return &fan{slices.Clone(parts)} }

// Stats adds up the counts of all parts; here each of them must answer.
func (f *fan) Stats(ctx context.Context, req *Request) (*Stats, error) {
	sum, counted := f.count(ctx, req)
	for i := range counted {
		if callersOwn(counted[i].err) {
			return nil, counted[i].err
		}
		if counted[i].err != nil {
			return nil, fmt.Errorf("search: part %d: %w", i, counted[i].err)
		}
	}
	return sum, nil
}

// count leaves half of the time to what follows.
func (f *fan) count(ctx context.Context, req *Request) (*Stats, []answer[*Stats]) {
	ctx, cancel := context.WithTimeout(ctx, timeLeft(ctx)/2)
	defer cancel()
	counted := ask(ctx, f.parts, func(ctx context.Context, _ int, p Searcher) (*Stats, error) { return p.Stats(ctx, req) })
	sum := new(Stats)
	for _, a := range counted {
		if a.err == nil {
			sum.Add(a.value)
		}
	}
	return sum, counted
}

// Search asks all parts for their best and keeps the best of those.
func (f *fan) Search(ctx context.Context, req *Request) (*Result, error) {
	start := time.Now()
	if err := req.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeLeft(ctx))
	defer cancel()

	sub := *req
	sub.Offset, sub.Limit = 0, req.Offset+req.Limit
	sub.Facets = slices.Clone(req.Facets)
	for i := range sub.Facets { // a value may be frequent in all parts together only
		sub.Facets[i].Limit = MaxFacetValues
	}
	silent := make([]error, len(f.parts)) // why parts did not count
	if sub.Stats == nil {
		var counted []answer[*Stats]
		sub.Stats, counted = f.count(ctx, req)
		for i := range counted {
			silent[i] = counted[i].err
		}
	}
	answers := ask(ctx, f.parts, func(ctx context.Context, i int, p Searcher) (*Result, error) {
		if silent[i] != nil {
			return nil, silent[i] // its scores would not be comparable
		}
		return p.Search(ctx, &sub)
	})
	res, err := gather(answers, req)
	if err != nil {
		return nil, err
	}
	res.Took = time.Since(start)
	return res, nil
}

// gather makes one result of the parts'.
func gather(answers []answer[*Result], req *Request) (*Result, error) {
	res := new(Result)
	var errs []error
	var heard []*Result
	for i, a := range answers {
		if a.err != nil {
			errs = append(errs, fmt.Errorf("search: part %d: %w", i, a.err))
			res.Shards.add(Shards{Total: 1, Failed: 1})
			res.Problems = append(res.Problems, errs[len(errs)-1].Error())
			continue
		}
		r := a.value
		heard = append(heard, r)
		if len(errs) == i || r.Seq < res.Seq { // the first that answered
			res.Seq = r.Seq
		}
		for _, h := range r.Hits {
			h.Part = i + h.Part*len(answers)
			res.Hits = append(res.Hits, h)
		}
		res.Total += r.Total
		res.AtLeast = res.AtLeast || r.AtLeast
		res.Docs += r.Docs
		res.Shards.add(r.Shards)
		res.Terms, res.Dropped = union(res.Terms, r.Terms), union(res.Dropped, r.Dropped)
		res.Cut, res.Problems = union(res.Cut, r.Cut), append(res.Problems, r.Problems...)
	}
	if len(errs) > 0 && len(errs) == len(answers) {
		if callersOwn(answers[0].err) {
			return nil, answers[0].err
		}
		return nil, errors.Join(errs...)
	}
	res.Facets = gatherFacets(req.Facets, heard)
	slices.SortFunc(res.Hits, func(a, b Hit) int { return req.Sort.compare(&a, &b) })
	res.Hits = res.Hits[min(req.Offset, len(res.Hits)):min(req.Offset+req.Limit, len(res.Hits))]
	return res, nil
}

// compareHits is the order of hits: by score, highest first, then by key.
func compareHits(a, b *Hit) int {
	switch {
	case a.Score > b.Score:
		return -1
	case a.Score < b.Score:
		return 1
	}
	return slices.Compare(a.Key[:], b.Key[:])
}

func union(a, b []string) []string {
	for _, s := range b {
		a = remember(a, s)
	}
	return a
}

// Fetch asks the part that each hit came from. Hits that it does not have (the
// parts may have been set up anew since) are then asked of all others.
func (f *fan) Fetch(ctx context.Context, req *Request, hits []Hit) error {
	if len(f.parts) == 0 || len(hits) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeLeft(ctx))
	defer cancel()
	n := len(f.parts)
	err := f.fetch(ctx, req, hits, func(part int, h *Hit) bool { return h.Part%n == part })
	if n > 1 && slices.ContainsFunc(hits, func(h Hit) bool { return h.ID == "" }) {
		err = errors.Join(err, f.fetch(ctx, req, hits, func(part int, h *Hit) bool { return h.ID == "" && h.Part%n != part }))
	}
	return err
}

// fetch asks each part for the hits that are its own.
func (f *fan) fetch(ctx context.Context, req *Request, hits []Hit, own func(part int, h *Hit) bool) error {
	n := len(f.parts)
	places := make([][]int, n)
	asked := make([][]Hit, n) // copies, since a late part may still write them
	for i := range hits {
		for part := range n {
			if own(part, &hits[i]) {
				h := hits[i]
				h.Part /= n
				places[part] = append(places[part], i)
				asked[part] = append(asked[part], h)
			}
		}
	}
	answers := ask(ctx, f.parts, func(ctx context.Context, i int, p Searcher) ([]Hit, error) {
		if len(asked[i]) == 0 {
			return nil, nil
		}
		err := p.Fetch(ctx, req, asked[i])
		return asked[i], err
	})
	var errs []error
	for part, a := range answers {
		if a.err != nil {
			errs = append(errs, fmt.Errorf("search: fetch: part %d: %w", part, a.err))
			continue
		}
		for i, h := range a.value {
			if h.ID != "" {
				h.Part = part + h.Part*n
				hits[places[part][i]] = h
			}
		}
	}
	return errors.Join(errs...)
}

func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return partTimeout
	}
	return min(partTimeout, time.Until(deadline)*9/10)
}

// An answer is what one part said.
type answer[T any] struct {
	value T
	err   error
}

// ask calls all parts at the same time and returns when all have answered or the
// context ends. A part that does not heed its context then goes on alone, and what
// it says is not heard.
func ask[T any](ctx context.Context, parts []Searcher, call func(context.Context, int, Searcher) (T, error)) []answer[T] {
	type numbered struct {
		i int
		answer[T]
	}
	heard := make(chan numbered, len(parts))
	for i, p := range parts {
		go func() {
			v, err := call(ctx, i, p)
			heard <- numbered{i, answer[T]{v, err}}
		}()
	}
	answers := make([]answer[T], len(parts))
	for i := range answers {
		answers[i].err = context.DeadlineExceeded
	}
	for range parts {
		select {
		case a := <-heard:
			answers[a.i] = a.answer
			continue
		default:
		}
		select {
		case a := <-heard:
			answers[a.i] = a.answer
		case <-ctx.Done():
			return answers
		}
	}
	return answers
}
