package index

import (
	"bytes"
	"container/heap"
	"fmt"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
)

// terms merges the terms of a field, and fills ordinals, if not nil, with the new
// ordinal of each term of each source.
func (m *merge) terms(field int, docs uint64, ordinals [][]uint32) error {
	out := m.out.terms(field, m.length(field))
	defer out.free()
	var open termHeap
	for i, s := range m.sources {
		if d := s.Terms(field); d != nil {
			open = append(open, &termSource{mergeSource: s, order: i, it: d.Iter(), ordinal: -1})
		}
	}
	open, err := open.begin()
	if err != nil {
		return err
	}
	var term []byte
	var same []*termSource // those that have the term, in the order of the sources
	for len(open) > 0 {
		if err := m.check(); err != nil {
			return err
		}
		term, same = append(term[:0], open[0].term...), same[:0]
		for len(open) > 0 && bytes.Equal(open[0].term, term) {
			same = append(same, heap.Pop(&open).(*termSource))
		}
		for _, s := range same {
			if err := s.add(out, field); err != nil {
				return err
			}
		}
		ordinal, ok, err := out.end(term)
		if err != nil {
			return err
		}
		for _, s := range same {
			if ok && ordinals != nil {
				ordinals[s.order][s.ordinal] = ordinal
			}
			more, err := s.next()
			if err != nil {
				return err
			}
			if more {
				heap.Push(&open, s)
			}
		}
	}
	return out.close(docs)
}

// length is how many tokens a document that has the field has in it, in the mean
// over the sources as they were written, each counted by its live documents.
func (m *merge) length(field int) float64 {
	tokens, docs := 0.0, 0.0
	for _, s := range m.sources {
		if field < len(s.info.Fields) {
			live := float64(s.Docs()) / float64(max(s.MaxDoc(), 1))
			tokens += live * float64(s.info.Fields[field].Tokens)
			docs += live * float64(s.info.Fields[field].Docs)
		}
	}
	if docs == 0 {
		return 0
	}
	return tokens / docs
}

// termSource walks over the terms of one source.
type termSource struct {
	*mergeSource
	order     int
	it        *termdict.Iter
	term      []byte
	ordinal   int
	cursor    postings.Cursor
	positions []uint32
}

// next moves to the next term, if there is one.
func (s *termSource) next() (bool, error) {
	if !s.it.Next() {
		if err := s.it.Err(); err != nil {
			return false, fmt.Errorf("%s: %w", s.name, err)
		}
		return false, nil
	}
	s.term = s.it.Term()
	s.ordinal++
	return true, nil
}

// add adds the live documents of the present term to out.
func (s *termSource) add(out *termWriter, field int) error {
	text := s.info.Schema.kind(field) == Text
	norms := s.Norms(field)
	c := &s.cursor
	s.PostingsAt(c, field, s.it.Info())
	for doc := c.Next(); doc != postings.None; doc = c.Next() {
		to, ok := s.renumber(doc)
		if !ok {
			continue
		}
		if !text {
			out.add(to, c.Freq(), keywordNorm, nil)
			continue
		}
		s.positions = c.Positions(s.positions[:0])
		out.add(to, c.Freq(), norms[doc], s.positions)
	}
	if err := c.Err(); err != nil {
		return fmt.Errorf("%s: term %q: %w", s.name, s.term, err)
	}
	return nil
}

// termHeap has the source with the least term on top, the first of those with
// equal ones.
type termHeap []*termSource

// begin moves all sources to their first terms, and drops those without.
func (h termHeap) begin() (termHeap, error) {
	var open termHeap
	for _, s := range h {
		more, err := s.next()
		if err != nil {
			return nil, err
		}
		if more {
			open = append(open, s)
		}
	}
	heap.Init(&open)
	return open, nil
}

func (h termHeap) Len() int { return len(h) }
func (h termHeap) Less(i, j int) bool {
	c := bytes.Compare(h[i].term, h[j].term)
	return c < 0 || c == 0 && h[i].order < h[j].order
}
func (h termHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *termHeap) Push(x any)   { *h = append(*h, x.(*termSource)) }
func (h *termHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
