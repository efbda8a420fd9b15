package crawl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
)

const (
	stopGrace   = 5 * time.Second // for requests under way when Run is to end
	maxOutbox   = 256             // entries that wait for Emit, or for Share.Send, before fetching stops
	emitFirst   = 100 * time.Millisecond
	emitLongest = 30 * time.Second
	idleFor     = time.Minute
	idleWaiting = 5 * time.Minute // while pages wait for what others prove to be: see canonicalTries
)

// Run crawls until ctx ends; it waits for work when there is none. Then no page
// is begun any more, those under way get 5 s and go back to the queue after that,
// and what was fetched is committed. It answers nil, or what kept it from going
// on: the disk, mostly.
func (c *Crawler) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx) // no further leases, no further documents
	defer stop(nil)
	work, abort := context.WithCancel(context.WithoutCancel(ctx)) // pages under way
	defer abort()

	var drainer, committer, pages sync.WaitGroup
	for _, drain := range []func(context.Context) error{c.drain, c.sendOut} {
		drainer.Go(func() {
			if err := drain(ctx); err != nil {
				stop(err)
			}
		})
	}
	drainer.Go(func() {
		if err := c.bury(ctx); err != nil {
			stop(err)
		}
	})
	drainer.Go(func() { c.watchOver(ctx) })
	c.unspent.Store(0)
	results := make(chan *result, groupPages)
	committer.Go(func() {
		if err := c.commit(results); err != nil {
			stop(err)
			for r := range results { // they go back to the queue with the next Open
				c.bodies.give(r.size())
			}
		}
	})
	if err := c.dispatch(ctx, work, &pages, results); err != nil {
		stop(err)
	}

	grace := time.AfterFunc(stopGrace, abort)
	pages.Wait()
	grace.Stop()
	close(results)
	committer.Wait()
	drainer.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// dispatch starts one for each lease until ctx ends. It belongs to one goroutine.
func (c *Crawler) dispatch(ctx, work context.Context, pages *sync.WaitGroup, results chan<- *result) error {
	slots := make(chan struct{}, c.opt.Workers)
	for {
		select {
		case <-ctx.Done():
			return nil
		case slots <- struct{}{}:
		}
		l, err := c.lease(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		c.out.Add(1)
		pages.Go(func() {
			h := c.watch.begin(l.URL)
			defer c.watch.end(h)
			r := c.one(work, l, h)
			c.out.Add(-1) // before the committer hears of it, which asks whether more will come
			switch {
			case r != nil:
				h.at(stageCommit)
				c.bodies.take(r.size())
				results <- r
			case work.Err() != nil:
				c.front.Return(l, 0) // its error says that the frontier is closed or broken
			}
			<-slots
			c.wake()
		})
	}
}

// lease waits until a page may be fetched: there is one, and room for what comes
// of it.
func (c *Crawler) lease(ctx context.Context) (frontier.Lease, error) {
	for {
		n := c.front.Count()
		if n.Outbox < maxOutbox && n.Outbound < maxOutbox && !c.spent(n) {
			l, err := c.front.Next(ctx)
			if !errors.Is(err, frontier.ErrDrained) {
				return l, err
			}
		}
		select {
		case <-ctx.Done():
			return frontier.Lease{}, ctx.Err()
		case <-c.poke:
		}
	}
}

// spent tells whether the budget of bytes is used up, or that of pages, if all that is under way
// becomes a page.
func (c *Crawler) spent(n frontier.Count) bool {
	if c.opt.MaxBytes > 0 && n.Bytes+c.unspent.Load() >= c.opt.MaxBytes {
		return true
	}
	if c.opt.MaxPages <= 0 {
		return false
	}
	pages := n.Done + int64(n.InFlight)
	if c.opt.Share.Elsewhere != nil {
		pages += c.opt.Share.Elsewhere()
	}
	return pages >= c.opt.MaxPages
}

// drain hands the outbox over, entry by entry, each until Emit takes it.
func (c *Crawler) drain(ctx context.Context) error {
	if c.opt.Emit == nil {
		return nil
	}
	err := c.front.Outbox(ctx, func(seq uint64, e frontier.Entry) error {
		id := fmt.Sprintf("%s-%d", c.front.ID(), seq)
		return c.deliver(ctx, id, func() error { return c.opt.Emit(ctx, id, e.Part, e.Data) })
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// deliver offers a batch until it is taken, or ctx ends.
func (c *Crawler) deliver(ctx context.Context, id string, offer func() error) error {
	wait := emitFirst
	for {
		err := offer()
		if err == nil {
			c.wake()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.log.Warn("crawl: a batch was not taken, it will be offered again", "collection", c.opt.Collection, "batch", id, "wait", wait, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, emitLongest)
	}
}

// Idle tells whether nothing is to be done now: nothing is under way, all
// documents and addresses for others were taken, hosts that are gone were buried, and nothing can be fetched within a
// minute, because there is nothing, because the rest waits for another try or for its
// host, or because Options.MaxPages is reached. Pages that wait for each other are
// waited for.
func (c *Crawler) Idle() bool {
	n := c.front.Count()
	if n.InFlight > 0 || n.Errands > 0 || n.Outbox > 0 && c.opt.Emit != nil || n.Outbound > 0 && c.opt.Share.Send != nil {
		return false
	}
	if n.Queued == 0 || c.spent(n) {
		return true
	}
	if c.scheduled() {
		return false
	}
	st := c.front.Stats()
	soon := idleFor
	if st.Waiting > 0 {
		soon = idleWaiting
	}
	return st.ActiveHosts == 0 && (st.NextDue.IsZero() || time.Until(st.NextDue) > soon)
}
