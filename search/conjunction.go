package search

import (
	"cmp"
	"context"
	"slices"

	"github.com/trawlsearch/trawl/search/kernel"
)

// A conjunction finds the best documents that hold all of some words. It takes the
// rarest word block by block and looks its documents up in the others, each time
// dropping those that lack the word or cannot come to the top any more.
type conjunction struct {
	groups []*group // rarest first
	rest   []int64  // sum of the bounds of the groups behind each, in the whole segment
}

// sortBySize sorts groups, the rarest first.
func sortBySize(groups []*group) {
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(a.size, b.size) })
}

// order sorts the groups.
func (c *conjunction) order() {
	sortBySize(c.groups)
	c.rest = resize(c.rest, len(c.groups))
	sum := int64(0)
	for i := len(c.groups) - 1; i >= 0; i-- {
		c.rest[i] = sum
		sum += int64(c.groups[i].most)
	}
}

// top offers the best documents of the segment.
func (c *conjunction) top(ctx context.Context, r *runner) error {
	r.work.room(window)
	bounds := r.sumBounds(c.groups)
	for _, g := range c.groups { // a window that lacks a word holds nothing
		for i, b := range g.bound {
			if b == 0 {
				bounds[i] = 0
			}
		}
	}
	lead := c.groups[0]
	if l := lead.flat(); l != nil {
		return c.blocks(ctx, r, l, bounds)
	}
	for at, n := kernel.NextAtLeast(bounds, 0, r.least()), 0; at < len(bounds); n++ {
		if n%checkWindows == checkWindows-1 && ctx.Err() != nil {
			return ctx.Err()
		}
		least := below(r.least(), c.rest[0])
		docs, scores := lead.load(&r.work, uint32(at)*window, least)
		docs, scores = atLeast(docs, scores, least)
		c.finish(r, docs, scores)
		at = kernel.NextAtLeast(bounds, at+1, r.least())
	}
	return nil
}

// blocks walks over the blocks of the rarest word that may hold something.
func (c *conjunction) blocks(ctx context.Context, r *runner, l *leg, bounds []int32) error {
	cur := &l.cur
	at := kernel.NextAtLeast(bounds, 0, r.least())
	for n := 1; at < len(bounds) && cur.SeekBlock(uint32(at)*window); n++ {
		if n%checkWindows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for ok := true; ok; {
			last, least := cur.Last(), r.least()
			// The first window of the block that may hold something.
			if at = kernel.NextAtLeast(bounds, max(at, int(cur.First()/window)), least); at > int(last/window) {
				break
			}
			if int64(c.groups[0].atMost(cur.ImpactOf(cur.Block())))+c.rest[0] >= int64(least) {
				docs, scores := r.work.selected(cur.Docs()[:cur.Len()], l.blockScores()[:cur.Len()], below(least, c.rest[0]))
				if at < int(last/window) {
					docs, scores = promising(docs, scores, bounds, least)
				}
				c.finish(r, docs, scores)
			}
			ok = cur.EnterBlock(cur.Block() + 1)
			if !ok {
				return nil
			}
		}
	}
	return nil
}

// promising keeps the candidates in windows whose bound is at least least.
func promising(docs []uint32, scores []int32, bounds []int32, least int32) ([]uint32, []int32) {
	n := 0
	for i, doc := range docs {
		docs[n], scores[n] = doc, scores[i]
		if bounds[doc/window] >= least {
			n++
		}
	}
	return docs[:n], scores[:n]
}

// finish looks the candidates up in the other words and offers those that remain.
func (c *conjunction) finish(r *runner, docs []uint32, scores []int32) {
	if len(docs) == 0 {
		return
	}
	for i, g := range c.groups[1:] {
		if docs, scores = g.probe(docs, scores, true); len(docs) == 0 {
			return
		}
		docs, scores = atLeast(docs, scores, below(r.least(), c.rest[i+1]))
	}
	docs, scores = r.allowed(docs, scores)
	r.offer(docs, scores)
}
