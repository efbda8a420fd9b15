package search

import (
	"bytes"
	"slices"

	"github.com/trawlsearch/trawl/index"
)

// A top keeps the best k of what is offered: a heap whose root is the worst. Keys,
// each a miss of the cache, are read only where scores are equal.
type top struct {
	k        int
	floor    int32 // a score that k documents are known to reach
	hits     []scored
	segments []*index.Segment
}

// scored is a document with its fixed-point score.
type scored struct {
	score   int32
	segment uint32 // number in the snapshot
	doc     uint32
}

// before is the order of hits.
func (t *top) before(a, b scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	x, y := t.key(a), t.key(b)
	return bytes.Compare(x[:], y[:]) < 0
}

func (t *top) key(s scored) index.Key { return t.segments[s.segment].Key(s.doc) }

// least is a score that a document must have, or more, to be among the best; it
// may then still lose to others of the same score.
func (t *top) least() int32 {
	if len(t.hits) < t.k {
		return t.floor
	}
	return max(t.hits[0].score, t.floor)
}

// raise tells that at least k documents of the index have that score.
func (t *top) raise(score int32) { t.floor = max(t.floor, score) }

// offer takes a document. Its score must be at least least.
func (t *top) offer(s scored) {
	switch {
	case t.k == 0:
	case len(t.hits) < t.k:
		t.hits = append(t.hits, s)
		i := len(t.hits) - 1
		for ; i > 0 && t.before(t.hits[(i-1)/2], s); i = (i - 1) / 2 {
			t.hits[i] = t.hits[(i-1)/2]
		}
		t.hits[i] = s
	case t.before(s, t.hits[0]):
		t.replace(s)
	}
}

// replace puts a document in the place of the worst.
func (t *top) replace(s scored) {
	h, i := t.hits, 0
	for {
		worst := 2*i + 1
		if worst >= len(h) {
			break
		}
		if worst+1 < len(h) && t.before(h[worst], h[worst+1]) {
			worst++
		}
		if !t.before(s, h[worst]) {
			break
		}
		h[i] = h[worst]
		i = worst
	}
	h[i] = s
}

// sorted is the best, best first, but for the first offset of them. The heap is
// gone then.
func (t *top) sorted(offset int) []scored {
	slices.SortFunc(t.hits, func(a, b scored) int {
		if a.score != b.score {
			return int(b.score) - int(a.score)
		}
		x, y := t.key(a), t.key(b)
		return bytes.Compare(x[:], y[:])
	})
	return t.hits[min(offset, len(t.hits)):]
}
