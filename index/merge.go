package index

import (
	"context"
	"fmt"
	"io"
	"math/bits"

	"github.com/trawlsearch/trawl/index/stored"
)

// A merge writes the live documents of some segments, in the order of the
// segments, as one. It reads the sources in place and in order: the keys twice,
// all else once. What it holds for itself is 1/16 byte a document of sources with
// deletes, 1/8 byte a document of an Int field, 4 bytes a term of a Keyword field,
// and the spools.
type merge struct {
	ctx     context.Context
	out     *segmentWriter
	schema  Schema
	sources []*mergeSource
	order   []arranged // nil: that of the sources
	gather  *gathering // with order
	steps   int
}

// mergeSource is a segment with the way its documents are numbered anew.
type mergeSource struct {
	*Segment
	index int      // among the sources
	base  uint32   // the number of its first live document
	ranks []uint32 // live documents before each word of the bitmap; nil if all live
	to    []uint32 // by document, where the merge has an order: its number, or deadDoc
}

func newMergeSource(g *Segment, base uint32) *mergeSource {
	s := &mergeSource{Segment: g, base: base}
	if g.live != nil {
		s.ranks = make([]uint32, g.live.words())
		n := uint32(0)
		for i := range s.ranks {
			s.ranks[i] = n
			n += uint32(bits.OnesCount64(g.live.word(i)))
		}
	}
	return s
}

// renumber returns the number of a live document in the merged segment.
func (s *mergeSource) renumber(doc uint32) (uint32, bool) {
	if s.to != nil {
		n := s.to[doc]
		return n, n != deadDoc
	}
	if s.ranks == nil {
		return s.base + doc, true
	}
	word := s.live.word(int(doc / 64))
	if word>>(doc%64)&1 == 0 {
		return 0, false
	}
	below := word & (1<<(doc%64) - 1)
	return s.base + s.ranks[doc/64] + uint32(bits.OnesCount64(below)), true
}

// writeMerged writes the live documents of sources as a segment: in their order, or
// in that of an arrangement, if there is one.
func writeMerged(ctx context.Context, w io.Writer, id UUID, schema Schema, sources []*Segment, order *arrangement, tmp scratch) error {
	m := &merge{ctx: ctx, schema: schema}
	docs := uint32(0)
	for i, g := range sources {
		s := newMergeSource(g, docs)
		s.index = i
		if order != nil {
			s.to = order.to[i]
		}
		m.sources = append(m.sources, s)
		docs += g.Docs()
	}
	if order != nil {
		m.order, m.gather = order.docs, new(gathering)
	}
	m.out = newSegmentWriter(w, id, "merge", docs, schema, tmp)
	if err := m.keys(); err != nil {
		return err
	}
	for i, spec := range schema.Fields {
		var err error
		switch spec.Kind {
		case Text:
			err = m.text(i)
		case Keyword:
			err = m.keyword(i)
		case Int:
			err = m.int(i)
		}
		if err != nil {
			return fmt.Errorf("field %q: %w", spec.Name, err)
		}
	}
	if err := m.stored(); err != nil {
		return err
	}
	for _, s := range m.sources {
		if err := s.Err(); err != nil { // what was read may be made up
			return err
		}
	}
	return m.out.close()
}

// check looks at the context now and then.
func (m *merge) check() error {
	if m.steps++; m.steps%checkEvery == 0 {
		return m.ctx.Err()
	}
	return nil
}

// each calls fn with all live documents in their order.
func (m *merge) each(fn func(s *mergeSource, doc uint32) error) error {
	for _, d := range m.order {
		if err := m.check(); err != nil {
			return err
		}
		if err := fn(m.sources[d.source], d.doc); err != nil {
			return err
		}
	}
	if m.order != nil {
		return nil
	}
	for _, s := range m.sources {
		for doc := range s.MaxDoc() {
			if !s.Live(doc) {
				continue
			}
			if err := m.check(); err != nil {
				return err
			}
			if err := fn(s, doc); err != nil {
				return err
			}
		}
	}
	return nil
}

// has tells whether any source has terms in a field.
func (m *merge) has(field int) bool {
	for _, s := range m.sources {
		if s.Terms(field) != nil {
			return true
		}
	}
	return false
}

func (m *merge) text(field int) error {
	if !m.has(field) {
		return nil
	}
	w := m.out.section(sectionNorms, field)
	if m.order != nil {
		return m.arrangedText(w, field)
	}
	buf := make([]byte, 0, 16*checkEvery)
	docs := uint64(0)
	for _, s := range m.sources {
		norms := s.Norms(field)
		for lo := uint32(0); lo < s.MaxDoc(); lo += uint32(cap(buf)) {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			hi := min(lo+uint32(cap(buf)), s.MaxDoc())
			buf = s.appendNorms(buf[:0], norms, lo, hi)
			for _, norm := range buf {
				if norm != 0 {
					docs++
				}
			}
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
	}
	if err := m.terms(field, docs, nil); err != nil {
		return err
	}
	return m.pairs(field)
}

// arrangedText is text where the merge has an order.
func (m *merge) arrangedText(w io.Writer, field int) error {
	sources := make([][]byte, len(m.sources))
	for i, s := range m.sources {
		sources[i] = s.Norms(field)
	}
	norms, docs := make([]byte, len(m.order)), uint64(0)
	for i, d := range m.order {
		if from := sources[d.source]; from != nil && from[d.doc] != 0 {
			norms[i] = from[d.doc]
			docs++
		}
	}
	if _, err := w.Write(norms); err != nil {
		return err
	}
	if err := m.terms(field, docs, nil); err != nil {
		return err
	}
	return m.pairs(field)
}

// appendNorms appends the norms of the live documents from lo up to hi: zeros, if
// the source does not have the field.
func (s *mergeSource) appendNorms(dst, norms []byte, lo, hi uint32) []byte {
	if s.live == nil && norms != nil {
		return append(dst, norms[lo:hi]...)
	}
	for doc := lo; doc < hi; doc++ {
		norm := byte(0)
		if norms != nil {
			norm = norms[doc]
		}
		if s.live.has(doc) {
			dst = append(dst, norm)
		}
	}
	return dst
}

func (m *merge) keyword(field int) error {
	if !m.has(field) {
		return nil
	}
	ordinals := make([][]uint32, len(m.sources)) // by source and its ordinal
	docs := uint64(0)
	for i, s := range m.sources {
		if s.Terms(field) != nil {
			ordinals[i] = make([]uint32, s.Terms(field).Len())
		}
	}
	err := m.each(func(s *mergeSource, doc uint32) error {
		if s.Has(field, doc) {
			docs++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.terms(field, docs, ordinals); err != nil {
		return err
	}
	return m.ordinalColumn(field, ordinals)
}

// ordinalColumn writes the column of a Keyword field in the ordinals of the
// merged terms.
func (m *merge) ordinalColumn(field int, ordinals [][]uint32) error {
	col := m.out.column(field)
	err := m.each(func(s *mergeSource, doc uint32) error {
		from := s.Column(field)
		if from == nil {
			col.Add(-1)
			return nil
		}
		old := from.Get(doc)
		if old >= 0 {
			if old >= int64(len(ordinals[s.index])) {
				return fmt.Errorf("%w: document %d has ordinal %d of %d", ErrCorrupt, doc, old, len(ordinals[s.index]))
			}
			old = int64(ordinals[s.index][old])
		}
		col.Add(old)
		return nil
	})
	if err != nil {
		return err
	}
	return col.Finish()
}

func (m *merge) int(field int) error {
	found := false
	for _, s := range m.sources {
		found = found || s.Column(field) != nil
	}
	if !found {
		return nil
	}
	has := make(liveBits, liveBytes(m.out.info.Docs))
	col := m.out.column(field)
	err := m.each(func(s *mergeSource, doc uint32) error {
		if !s.Has(field, doc) {
			col.Add(0)
			return nil
		}
		to, _ := s.renumber(doc)
		has.set(to)
		col.Add(s.Column(field).Get(doc))
		return nil
	})
	if err != nil {
		return err
	}
	if err := col.Finish(); err != nil {
		return err
	}
	return m.out.has(field, has)
}

func (m *merge) stored() error {
	out := m.out.stored()
	if m.order != nil {
		return m.arrangedStored(out)
	}
	for _, s := range m.sources {
		var live func(doc uint32) bool
		if s.live != nil {
			live = s.live.has
		}
		if err := out.Copy(s.store, live, m.ctx.Err); err != nil {
			return fmt.Errorf("%s: section %s: %w", s.name, sectionStored, err)
		}
	}
	return out.Finish()
}

// arrangedStored is stored where the merge has an order: texts are compressed anew.
func (m *merge) arrangedStored(out *stored.Writer) error {
	var values []stored.Value
	err := m.each(func(s *mergeSource, doc uint32) (err error) {
		if values, err = s.store.Get(doc, values[:0]); err != nil {
			return fmt.Errorf("%s: section %s: document %d: %w", s.name, sectionStored, doc, err)
		}
		return out.Add(values)
	})
	if err != nil {
		return err
	}
	return out.Finish()
}
