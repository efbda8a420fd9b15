package search

import (
	"context"

	"github.com/trawlsearch/trawl/search/kernel"
)

// A disjunction finds the best documents that hold any of some words, by MaxScore
// (H. Turtle, J. Flood, Query evaluation: strategies and optimizations, 1995) over
// windows of documents: in each window the groups that could not bring a document
// to the top even together are not essential, and are only looked up for the
// candidates that the others make. Windows and groups have bounds on one grid
// (specs/index.md 8.3), so that a window is passed over by one comparison.
type disjunction struct {
	groups []*group
	order  []essential // scratch: of a window, by rising bound
}

// essential is a group that a window holds. It is no pointer, for what is sorted
// in every window would be the garbage collector's business.
type essential struct {
	group int // in groups
	bound int32
	upTo  int64 // sum of the bounds up to this one
}

const (
	// primed is how many windows with the highest bounds are looked at before
	// the others, so that the threshold is high from the start; it takes
	// primeFrom windows to pay.
	primed    = 8
	primeFrom = 4 * primed

	// checkWindows is how many windows pass between two looks at a context.
	checkWindows = 64
)

// top offers the best documents of the segment.
func (d *disjunction) top(ctx context.Context, r *runner) error {
	w := &r.work
	w.room(window)
	bounds := r.sumBounds(d.groups)
	if len(bounds) >= primeFrom && r.top.k <= window {
		d.prime(r, bounds)
		for _, g := range d.groups {
			g.rewind()
		}
	}
	for at, n := kernel.NextAtLeast(bounds, 0, r.least()), 0; at < len(bounds); n++ {
		if n%checkWindows == checkWindows-1 && ctx.Err() != nil {
			return ctx.Err()
		}
		d.window(r, at)
		at = kernel.NextAtLeast(bounds, at+1, r.least())
	}
	return nil
}

// sumBounds is the bounds of all groups together, by window.
func (r *runner) sumBounds(groups []*group) []int32 {
	w := &r.work
	w.bound = resize(w.bound, windowsOf(r.seg.MaxDoc()))
	clear(w.bound)
	for _, g := range groups {
		for i, b := range g.bound {
			w.bound[i] += b
		}
	}
	r.priors.lower(w.bound)
	return w.bound
}

// prime looks at the windows with the highest bounds, and takes them from bounds.
func (d *disjunction) prime(r *runner, bounds []int32) {
	var best [primed]int // by falling bound
	n := 0
	for at, b := range bounds {
		if n == primed && b <= bounds[best[n-1]] {
			continue
		}
		n = min(n+1, primed)
		i := n - 1
		for ; i > 0 && bounds[best[i-1]] < b; i-- {
			best[i] = best[i-1]
		}
		best[i] = at
	}
	for _, at := range best[:n] {
		if bounds[at] >= r.least() {
			for _, g := range d.groups {
				g.rewind()
			}
			d.window(r, at)
		}
		bounds[at] = 0
	}
}

// window looks at one window.
func (d *disjunction) window(r *runner, at int) {
	base, least := uint32(at)*window, r.least()
	d.sort(at)
	sum, first := int64(0), 0 // of those that are not essential
	for first < len(d.order) && d.order[first].upTo < int64(least) {
		sum = d.order[first].upTo
		first++
	}
	switch len(d.order) - first {
	case 0:
	case 1:
		d.single(r, base, first, sum)
	default:
		touched := d.expected(first) < window/16
		for _, e := range d.order[first:] {
			d.groups[e.group].accumulate(&r.work, base, touched)
		}
		docs, scores := r.work.candidates(base, below(least, sum), touched)
		d.finish(r, docs, scores, first, len(d.order))
	}
}

// sort orders the groups that the window holds by their bounds there.
func (d *disjunction) sort(at int) {
	d.order = d.order[:0]
	for n, g := range d.groups {
		b := g.bound[at]
		if b == 0 {
			continue
		}
		i := len(d.order)
		d.order = append(d.order, essential{})
		for ; i > 0 && d.order[i-1].bound > b; i-- {
			d.order[i] = d.order[i-1]
		}
		d.order[i] = essential{group: n, bound: b}
	}
	sum := int64(0)
	for i := range d.order {
		sum += int64(d.order[i].bound)
		d.order[i].upTo = sum
	}
}

// expected guesses how many postings of the essential groups a window has.
func (d *disjunction) expected(first int) int {
	n := 0
	for _, e := range d.order[first:] {
		for _, l := range d.groups[e.group].legs {
			n += l.perWindow
		}
	}
	return n
}

// below is the score from which on a candidate matters if rest may come to it.
func below(least int32, rest int64) int32 { return int32(max(int64(least)-rest, 1)) }

// single looks at a window with one essential group: its blocks whose bound is too
// low are not decoded. Others without which nothing comes to the top are required.
func (d *disjunction) single(r *runner, base uint32, first int, rest int64) {
	e, least := d.order[first], r.least()
	required := first // groups from here on, up to first, must match
	if first > 0 {
		with := int64(e.bound)
		for required > 0 {
			without := with
			if required > 1 {
				without += d.order[required-2].upTo
			}
			if without >= int64(least) {
				break
			}
			required--
			with += int64(d.order[required].bound)
		}
	}
	g := d.groups[e.group]
	l := g.flat()
	if l == nil {
		docs, scores := g.load(&r.work, base, below(least, rest))
		docs, scores = atLeast(docs, scores, below(least, rest))
		d.finish(r, docs, scores, first, required)
		return
	}
	end, c := base+window, &l.cur
	for ok := c.SeekBlock(base); ok; ok = c.EnterBlock(c.Block() + 1) {
		last := c.Last()
		if least = r.least(); int64(g.atMost(c.ImpactOf(c.Block())))+rest >= int64(least) {
			if i, j, _ := l.within(base, end); i < j {
				docs, scores := r.work.selected(c.Docs()[i:j], l.blockScores()[i:j], below(least, rest))
				d.finish(r, docs, scores, first, required)
			}
		}
		if last >= end-1 {
			return
		}
	}
}

// finish adds the scores of the groups that are not essential to the candidates,
// highest bound first, and offers those that remain.
func (d *disjunction) finish(r *runner, docs []uint32, scores []int32, first, required int) {
	if len(docs) == 0 {
		return
	}
	docs, scores = r.allowed(docs, scores)
	for i := first - 1; i >= 0 && len(docs) > 0; i-- {
		if i < first-1 {
			docs, scores = atLeast(docs, scores, below(r.least(), d.order[i].upTo))
		}
		docs, scores = d.groups[d.order[i].group].probe(docs, scores, i >= required)
	}
	r.offer(docs, scores)
}
