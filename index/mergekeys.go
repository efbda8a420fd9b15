package index

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"

	"github.com/trawlsearch/trawl/index/docvalues"
)

// keys merges the columns of keys: those of the documents in their order, then
// the documents by their keys, which each source has in order.
func (m *merge) keys() error {
	out := m.out.orderedKeys()
	err := m.each(func(s *mergeSource, doc uint32) error {
		out.Add(s.Key(doc))
		return nil
	})
	if err != nil {
		return err
	}
	var open keyHeap
	for _, s := range m.sources {
		k := &keySource{mergeSource: s}
		more, err := k.next()
		if err != nil {
			return err
		}
		if more {
			open = append(open, k)
		}
	}
	heap.Init(&open)
	for len(open) > 0 {
		if err := m.check(); err != nil {
			return err
		}
		k := open[0]
		out.Place(k.key, k.doc)
		more, err := k.next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
	}
	err = out.Finish()
	if errors.Is(err, docvalues.ErrOrder) { // a merge of keys that are not in order
		err = fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	return err
}

// keySource walks over the live documents of one source by their keys.
type keySource struct {
	*mergeSource
	at  int // place of the next
	key Key
	doc uint32 // in the merged segment
}

// next moves to the next document, if there is one.
func (s *keySource) next() (bool, error) {
	for s.at < s.Segment.keys.Len() {
		doc, ok := s.Segment.keys.ByKey(s.at)
		if !ok {
			return false, fmt.Errorf("%w: %s: section %s: place %d is document %d", ErrCorrupt, s.name, sectionKeys, s.at, doc)
		}
		s.at++
		if to, live := s.renumber(doc); live {
			s.key, s.doc = s.Key(doc), to
			return true, nil
		}
	}
	return false, nil
}

// keyHeap has the source with the least key on top, the first of those with equal
// ones.
type keyHeap []*keySource

func (h keyHeap) Len() int { return len(h) }
func (h keyHeap) Less(i, j int) bool {
	c := bytes.Compare(h[i].key[:], h[j].key[:])
	return c < 0 || c == 0 && h[i].doc < h[j].doc
}
func (h keyHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *keyHeap) Push(x any)   { *h = append(*h, x.(*keySource)) }
func (h *keyHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
