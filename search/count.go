package search

import (
	"context"

	"github.com/trawlsearch/trawl/search/kernel"
)

// Documents are counted without scores, and where counts of the dictionary tell
// enough, without a look at documents.

// countDocs is how many documents a bitmap of a count has: longer than a window,
// for the lists that are walked are decoded by blocks, and small enough for the
// first cache.
const countDocs = 32 << 10

// denseFrom: a word that more than one of so many documents hold is intersected as
// a bitmap.
const denseFrom = 32

// countAny is how many documents hold any of the words.
func (r *runner) countAny(ctx context.Context, groups []*group) (uint64, error) {
	if r.allow == nil {
		switch {
		case len(groups) == 1 && groups[0].flat() != nil:
			return groups[0].size, nil
		case len(groups) == 2 && groups[0].flat() != nil && groups[1].flat() != nil:
			both, err := r.countAll(ctx, groups)
			return groups[0].size + groups[1].size - both, err
		}
	}
	w, sum := &r.work, uint64(0)
	for base := uint32(0); base < r.seg.MaxDoc(); base += countDocs {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		w.dense = cleared(w.dense)
		for _, g := range groups {
			g.setBits(w.dense, base)
		}
		sum += uint64(r.countAllowed(w.dense, base))
	}
	return sum, nil
}

// cleared is a bitmap of countDocs zeros.
func cleared(bits []uint64) []uint64 {
	bits = resize(bits, countDocs/64)
	clear(bits)
	return bits
}

// countAllowed counts the documents of a bitmap, at base, that may be found.
func (r *runner) countAllowed(bits []uint64, base uint32) int {
	if r.allow == nil {
		return kernel.Count(bits)
	}
	allow := r.allow[base/64:]
	n := min(len(bits), len(allow))
	return kernel.CountAnd(bits[:n], allow[:n])
}

// countAll is how many documents hold all of the words. It sorts the groups.
func (r *runner) countAll(ctx context.Context, groups []*group) (uint64, error) {
	sortBySize(groups)
	for _, g := range groups {
		if g.size == 0 {
			return 0, nil
		}
	}
	if groups[0].size > uint64(r.seg.MaxDoc()/denseFrom) {
		return r.countBits(ctx, groups)
	}
	if l := groups[0].flat(); l != nil {
		return r.countBlocks(ctx, l, groups[1:])
	}
	return r.countMembers(ctx, groups)
}

// countBits counts by bitmaps of all words.
func (r *runner) countBits(ctx context.Context, groups []*group) (uint64, error) {
	w, sum := &r.work, uint64(0)
	for base := uint32(0); base < r.seg.MaxDoc(); base += countDocs {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		w.dense = cleared(w.dense)
		groups[0].setBits(w.dense, base)
		for _, g := range groups[1:] {
			w.other = cleared(w.other)
			g.setBits(w.other, base)
			kernel.And(w.dense, w.other)
		}
		sum += uint64(r.countAllowed(w.dense, base))
	}
	return sum, nil
}

// countBlocks counts by the blocks of the rarest word.
func (r *runner) countBlocks(ctx context.Context, lead *leg, groups []*group) (uint64, error) {
	w, sum := &r.work, uint64(0)
	w.room(window)
	for b := 0; lead.cur.EnterBlock(b); b++ {
		if b%checkWindows == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		docs := w.docs[:copy(w.docs[:cap(w.docs)], lead.cur.Docs()[:lead.cur.Len()])]
		for _, g := range groups {
			if docs = g.keep(docs); len(docs) == 0 {
				break
			}
		}
		sum += uint64(len(r.allowedDocs(docs)))
	}
	return sum, nil
}

// countMembers is countBlocks for a rarest word with several legs.
func (r *runner) countMembers(ctx context.Context, groups []*group) (uint64, error) {
	w, sum := &r.work, uint64(0)
	w.room(countDocs)
	for base := uint32(0); base < r.seg.MaxDoc(); base += countDocs {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		w.dense = cleared(w.dense)
		groups[0].setBits(w.dense, base)
		docs := appendBits(w.docs[:0], w.dense, base)
		for _, g := range groups[1:] {
			if len(docs) == 0 {
				break
			}
			docs = g.keep(docs)
		}
		sum += uint64(len(r.allowedDocs(docs)))
	}
	return sum, nil
}
