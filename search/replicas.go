package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// replicas are Searchers of the same documents.
type replicas struct {
	all  []Searcher
	next atomic.Uint32
}

// Any makes one Searcher of several that have the same documents: it asks one
// after the other, beginning with another each time, until one answers.
func Any(all []Searcher) Searcher { return &replicas{all: slices.Clone(all)} }

func (r *replicas) Stats(ctx context.Context, req *Request) (stats *Stats, err error) {
	err = r.try(ctx, func(s Searcher) error {
		stats, err = s.Stats(ctx, req)
		return err
	})
	return stats, err
}

func (r *replicas) Search(ctx context.Context, req *Request) (res *Result, err error) {
	err = r.try(ctx, func(s Searcher) error {
		res, err = s.Search(ctx, req)
		return err
	})
	return res, err
}

func (r *replicas) Fetch(ctx context.Context, req *Request, hits []Hit) error {
	return r.try(ctx, func(s Searcher) error { return s.Fetch(ctx, req, hits) })
}

// try calls one after the other until one succeeds, or the question is at fault.
func (r *replicas) try(ctx context.Context, call func(Searcher) error) error {
	var errs []error
	first := int(r.next.Add(1))
	for i := range r.all {
		err := call(r.all[(first+i)%len(r.all)])
		if err == nil {
			return nil
		}
		if callersOwn(err) {
			return err
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	if len(errs) == 0 {
		return errors.New("search: no replica to ask")
	}
	return fmt.Errorf("search: no replica answered: %w", errors.Join(errs...))
}
