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
	if l := c.groups[0].flat(); l != nil {
		return c.blocks(ctx, r, l)
	}
	return c.windows(ctx, r)
}

// blocks walks over the blocks of the rarest word whose impact may do. Bounds of
// windows would keep out more of them, and cost more than that: 2.4 times the whole
// query among 5.5 M documents.
func (c *conjunction) blocks(ctx context.Context, r *runner, l *leg) error {
	for b := 0; l.cur.EnterBlock(b); b++ {
		if b%checkWindows == checkWindows-1 && ctx.Err() != nil {
			return ctx.Err()
		}
		least := r.least()
		if int64(c.groups[0].atMost(l.cur.ImpactOf(b)))+c.rest[0] < int64(least) {
			continue
		}
		docs, scores := l.block()
		docs, scores = r.work.selected(docs, scores, below(least, c.rest[0]))
		c.finish(r, docs, scores)
	}
	return nil
}

// windows walks over the windows where all words are and may do: a rarest word of
// several legs is gathered by windows.
func (c *conjunction) windows(ctx context.Context, r *runner) error {
	for _, g := range c.groups {
		g.setBounds(&r.work)
	}
	bounds := r.sumBounds(c.groups)
	for _, g := range c.groups {
		for i, b := range g.bound {
			if b == 0 {
				bounds[i] = 0
			}
		}
	}
	for at, n := kernel.NextAtLeast(bounds, 0, r.least()), 0; at < len(bounds); n++ {
		if n%checkWindows == checkWindows-1 && ctx.Err() != nil {
			return ctx.Err()
		}
		least := below(r.least(), c.rest[0])
		docs, scores := c.groups[0].load(&r.work, uint32(at)*window, least)
		docs, scores = atLeast(docs, scores, least)
		c.finish(r, docs, scores)
		at = kernel.NextAtLeast(bounds, at+1, r.least())
	}
	return nil
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
