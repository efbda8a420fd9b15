package search

import (
	"context"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/search/kernel"
)

// topOfTerm offers the best documents of a word that has one leg: block by block,
// and of those only whose impact may come to the top.
func topOfTerm(ctx context.Context, r *runner, g *group) error {
	l := g.flat()
	c := &l.cur
	r.work.room(postings.BlockLen)
	impacts := c.Impacts()
	if impacts == nil { // a short list is one block
		if c.EnterBlock(0) {
			r.offerBlock(l)
		}
		return nil
	}
	// The best blocks first, if no threshold is known, and then the rest.
	high := 256
	if r.least() == 1 {
		high = highest(impacts, r.top.k)
		if err := g.offerBlocks(ctx, r, impacts, high, 256); err != nil {
			return err
		}
	}
	return g.offerBlocks(ctx, r, impacts, 1, high)
}

// offerBlocks offers the blocks whose impact is in [from, to).
func (g *group) offerBlocks(ctx context.Context, r *runner, impacts []byte, from, to int) error {
	l := g.flat()
	least := r.least()
	from = max(from, g.least(least))
	for n, at := 1, 0; from < to; n++ {
		b := kernel.NextByteAtLeast(impacts, at, byte(from))
		if b == len(impacts) {
			break
		}
		at = b + 1
		if int(impacts[b]) >= to {
			continue
		}
		if n%checkWindows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !l.cur.EnterBlock(b) {
			break
		}
		r.offerBlock(l)
		if now := r.least(); now > least {
			least = now
			from = max(from, g.least(least))
		}
	}
	return nil
}

// least is the least impact whose bound is at least a score; 256 if there is none.
func (g *group) least(score int32) int {
	low, high := 1, len(g.level)
	for low < high {
		mid := (low + high) / 2
		if g.atMost(byte(mid)) >= score {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// highest is the impact that at least n blocks reach, or 1.
func highest(impacts []byte, n int) int {
	if len(impacts) < 8 {
		return 1
	}
	var count [256]int32
	for _, i := range impacts {
		count[i]++
	}
	sum, at := 0, 255
	for ; at > 1; at-- {
		if sum += int(count[at]); sum >= n {
			break
		}
	}
	return at
}

// offerBlock offers the current block of a leg.
func (r *runner) offerBlock(l *leg) {
	docs, scores := l.block()
	docs, scores = r.work.selected(docs, scores, r.least())
	docs, scores = r.allowed(docs, scores)
	r.offer(docs, scores)
}
