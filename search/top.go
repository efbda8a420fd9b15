package search

import (
	"bytes"
	"slices"

	"github.com/trawlsearch/trawl/index"
)

// A top keeps the best k of what is offered: a heap whose root is the worst.
type top struct {
	k     int
	floor int32 // a score that k documents are known to reach
	hits  []scored
}

// scored is a document with its fixed-point score.
type scored struct {
	score   int32
	key     index.Key
	segment int
	doc     uint32
}

// before is the order of hits.
func (a *scored) before(b *scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return bytes.Compare(a.key[:], b.key[:]) < 0
}

// least is a score that a document must have, or more, to be among the best; it
// may then still lose to others of the same score.
func (t *top) least() int32 {
	if len(t.hits) < t.k {
		return t.floor
	}
	return max(t.hits[0].score, t.floor)
}

// full tells whether there are k documents.
func (t *top) full() bool { return len(t.hits) == t.k }

// wins tells whether a document of that key would be before the worst of a full
// top, its score being the same.
func (t *top) wins(key index.Key) bool { return bytes.Compare(key[:], t.hits[0].key[:]) < 0 }

// raise tells that at least k documents of the index have that score.
func (t *top) raise(score int32) { t.floor = max(t.floor, score) }

// offer takes a document. Its score must be at least least.
func (t *top) offer(s scored) {
	switch {
	case t.k == 0:
	case len(t.hits) < t.k:
		t.hits = append(t.hits, s)
		for i := len(t.hits) - 1; i > 0 && t.hits[(i-1)/2].before(&t.hits[i]); i = (i - 1) / 2 {
			t.hits[i], t.hits[(i-1)/2] = t.hits[(i-1)/2], t.hits[i]
		}
	case s.before(&t.hits[0]):
		t.hits[0] = s
		t.sink()
	}
}

// sink restores the heap under a new root.
func (t *top) sink() {
	h := t.hits
	for i := 0; ; {
		worst := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[worst].before(&h[c]) {
				worst = c
			}
		}
		if worst == i {
			return
		}
		h[i], h[worst] = h[worst], h[i]
		i = worst
	}
}

// sorted is the best, best first, but for the first offset of them. The heap is
// gone then.
func (t *top) sorted(offset int) []scored {
	slices.SortFunc(t.hits, func(a, b scored) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	return t.hits[min(offset, len(t.hits)):]
}
