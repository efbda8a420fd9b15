package index

import (
	"fmt"
	"slices"
)

// A keySet is the keys that a flush takes out of all segments. A flush of few
// looks each up in every segment; one of many reads the keys of the segment
// through a filter of a bit or two in sixteen for each key, which is ten times
// cheaper than looking up as many.
type keySet struct {
	buffered *keyTable
	deletes  map[Key]struct{}
	n        int
	filter   []uint64 // nil of few keys
	mask     uint64
}

// fewKeys is how many are looked up one by one in a segment of any size.
const fewKeys = 64

func newKeySet(buffered *keyTable, deletes map[Key]struct{}) *keySet {
	s := &keySet{buffered: buffered, deletes: deletes, n: buffered.live + len(deletes)}
	if s.n <= fewKeys {
		return s
	}
	words := 1
	for 64*words < 16*s.n {
		words *= 2
	}
	s.filter, s.mask = make([]uint64, words), uint64(64*words-1)
	s.each(func(k Key) {
		a, b := s.bits(k)
		s.filter[a/64] |= 1 << (a % 64)
		s.filter[b/64] |= 1 << (b % 64)
	})
	return s
}

func (s *keySet) each(fn func(k Key)) {
	s.buffered.each(fn)
	for k := range s.deletes {
		fn(k)
	}
}

// bits are the two of the filter that a key has.
func (s *keySet) bits(k Key) (a, b uint64) {
	h := s.buffered.hash(k)
	return h & s.mask, h >> 32 & s.mask
}

// has tells whether the set has a key, of which there must be a filter.
func (s *keySet) has(k Key) bool {
	a, b := s.bits(k)
	if s.filter[a/64]>>(a%64)&1 == 0 || s.filter[b/64]>>(b%64)&1 == 0 {
		return false
	}
	if _, found := s.deletes[k]; found {
		return true
	}
	return s.buffered.has(k)
}

// without returns the segment without the documents of some keys: itself, if it
// has none of them. An error says that it is not known whether it has.
func (g *Segment) without(keys *keySet) (*Segment, error) {
	var live liveBits // the new bitmap, once there is one
	deleted := g.deleted
	remove := func(doc uint32) {
		if live == nil {
			if live = slices.Clone(g.live); live == nil {
				live = allLive(g.MaxDoc())
			}
		}
		if live.has(doc) { // a key may come twice
			live.clear(doc)
			deleted++
		}
	}
	if keys.filter == nil || keys.n < int(g.MaxDoc()/64) {
		keys.each(func(k Key) {
			if doc, ok := g.keys.Find(k); ok && g.live.has(doc) {
				remove(doc)
			}
		})
	} else {
		for doc := range g.MaxDoc() {
			if k := g.Key(doc); keys.has(k) && g.live.has(doc) {
				remove(doc)
			}
		}
	}
	if err := g.keys.Err(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if live == nil {
		return g, nil
	}
	return &Segment{body: g.body, live: live, deleted: deleted}, nil
}
