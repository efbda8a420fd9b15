package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
)

// Bounds of the wait before a partition's or a crawl's loop is tried again.
const (
	minRetry = 500 * time.Millisecond
	maxRetry = 30 * time.Second
)

// errUnwanted is the cause of a context whose partition is of a generation that
// is not wanted any more.
var errUnwanted = errors.New("the generation is not wanted any more")

// eachPartition keeps fn running for the partitions of every collection whose
// generation want names, those that come later too, until ctx ends; it waits for
// all of them. fn that returns early is called again, later and later; for a
// partition that is not wanted any more its context ends. look asks for want
// again, as each change of a collection does; it may be nil.
func (n *Node) eachPartition(ctx context.Context, look <-chan struct{}, want func(api.Collection) []int, fn func(context.Context, partition, api.Collection) error) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	running := map[partition]context.CancelCauseFunc{}
	ended := make(chan partition)
	for {
		known, changed := n.catalog.watch()
		wanted := map[partition]bool{}
		for _, col := range known {
			for _, generation := range want(col) {
				for _, p := range partitions(col, generation) {
					wanted[p] = true
					if running[p] != nil { // or about to end, and looked at again then
						continue
					}
					own, cancel := context.WithCancelCause(ctx)
					running[p] = cancel
					wg.Go(func() {
						n.retry(own, "partition "+p.String(), func(ctx context.Context) error { return fn(ctx, p, col) })
						select {
						case ended <- p:
						case <-ctx.Done():
						}
					})
				}
			}
		}
		for p, cancel := range running {
			if !wanted[p] {
				cancel(errUnwanted)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case p := <-ended:
			running[p](nil)
			delete(running, p)
		case <-look:
		case <-changed:
		}
	}
}

// retry calls fn until ctx ends, waiting longer after each failure that came
// soon after its start.
func (n *Node) retry(ctx context.Context, what string, fn func(context.Context) error) {
	wait := minRetry
	for ctx.Err() == nil {
		start := time.Now()
		err := fn(ctx)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				n.log.Error(what+" did not end cleanly", "err", err)
			}
			return
		}
		if time.Since(start) > maxRetry {
			wait = minRetry
		}
		if errors.Is(err, errAgain) {
			wait = minRetry
			continue
		}
		n.log.Error(what+" failed; it is tried again", "in", wait, "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, maxRetry)
	}
}

// errAgain asks retry for another call at once: what stopped the loop was told
// already, and is mended by starting over.
var errAgain = errors.New("start over")

// errLeaseLost is the cause of a context whose lease another may hold by now.
var errLeaseLost = errors.New("the lease was lost")

// underLease waits for a lease and runs fn while this process has it. The
// lease only saves work: what must not happen twice is fenced by manifests.
func (n *Node) underLease(ctx context.Context, name string, fn func(context.Context) error) error {
	lease, err := n.bus.Acquire(ctx, name, n.cfg.Name)
	if err != nil {
		return err
	}
	held, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-lease.Done():
			cancel(errLeaseLost)
		case <-held.Done():
		}
	})
	err = fn(held)
	cancel(nil)
	watch.Wait()
	if context.Cause(held) == errLeaseLost {
		return errors.Join(errLeaseLost, err)
	}
	own, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	if rerr := lease.Release(own); rerr != nil {
		n.log.Warn("lease not given back: it ends by itself within 15 s", "lease", name, "err", rerr)
	}
	return err
}
