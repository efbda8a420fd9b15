package index

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// A SortBy says how documents lie in a segment. Those that follow each other are
// found together: a range of a sorted column is a run of documents, and lists of
// documents of one site are short gaps. It holds for segments that are written from
// now on, by flushes and by merges. The zero value is the order of Put.
type SortBy struct {
	Order      Order
	Field      int  // for ByField: an Int or Keyword field of the schema
	Descending bool // greatest first; documents without a value are last all the same
}

// An Order is what documents are sorted by.
type Order uint8

const (
	AsPut   Order = iota // in the order of Put
	ByKey                // of the document, as bytes
	ByField              // first value of a field
)

func (s SortBy) check(schema Schema) error {
	switch {
	case s.Order == AsPut || s.Order == ByKey:
		return nil
	case s.Order == ByField && (schema.kind(s.Field) == Int || schema.kind(s.Field) == Keyword):
		return nil
	}
	return fmt.Errorf("index: sort by %+v: want the key, or an Int or Keyword field", s)
}

// noValue is the sort value of documents without one.
const noValue = math.MaxUint64

// value turns a value to one whose order is that of documents.
func (s SortBy) value(v int64) uint64 {
	u := uint64(v) ^ 1<<63
	if s.Descending {
		u = ^u
	}
	return min(u, noValue-1)
}

// keys compares two keys in the order of documents.
func (s SortBy) keys(a, b Key) int {
	c := bytes.Compare(a[:], b[:])
	if s.Descending {
		return -c
	}
	return c
}

// sort orders the live documents of a part, in the order of Put where they are equal.
func (p *part) sort(live []uint32) {
	s := p.sortBy
	switch s.Order {
	case ByKey:
		slices.SortStableFunc(live, func(a, b uint32) int { return s.keys(p.keys[a], p.keys[b]) })
	case ByField:
		values := p.values(s)
		slices.SortStableFunc(live, func(a, b uint32) int { return cmp.Compare(values[a], values[b]) })
	}
}

// values are the sort values of the documents of a part.
func (p *part) values(s SortBy) []uint64 {
	values := make([]uint64, len(p.keys))
	for i := range values {
		values[i] = noValue
	}
	f := &p.inverter.fields[s.Field]
	if f.terms == nil {
		for i, doc := range f.ints.docs {
			values[doc] = s.value(f.ints.values[i])
		}
		return values
	}
	ranks := make([]int64, f.terms.terms())
	for rank, t := range f.terms.ranked() {
		ranks[t.id] = int64(rank)
	}
	for doc := range values {
		if from, to := f.stream.span(uint32(doc)); to > from {
			values[doc] = s.value(ranks[f.stream.tokens.at(from)])
		}
	}
	return values
}

// An arrangement is the order of the documents of a merge where it is not that of
// the sources: 12 bytes a document.
type arrangement struct {
	docs []arranged // by document of the merged segment
	to   [][]uint32 // by source and document: that of the merged segment, or deadDoc
}

type arranged struct{ source, doc uint32 }

// liveDocs are the live documents of sources, in their order.
func liveDocs(sources []*Segment) []arranged {
	var docs []arranged
	for i, g := range sources {
		for doc := range g.MaxDoc() {
			if g.Live(doc) {
				docs = append(docs, arranged{uint32(i), doc})
			}
		}
	}
	return docs
}

func newArrangement(sources []*Segment, docs []arranged) *arrangement {
	a := &arrangement{docs: docs}
	for _, g := range sources {
		to := make([]uint32, g.MaxDoc())
		for i := range to {
			to[i] = deadDoc
		}
		a.to = append(a.to, to)
	}
	for i, d := range docs {
		a.to[d.source][d.doc] = uint32(i)
	}
	return a
}

// arrange sorts the documents of a merge; nil if they are not to be sorted.
func (s SortBy) arrange(ctx context.Context, schema Schema, sources []*Segment) (*arrangement, error) {
	if s.Order == AsPut {
		return nil, nil
	}
	docs := liveDocs(sources)
	if s.Order == ByKey {
		slices.SortStableFunc(docs, func(a, b arranged) int { return s.keys(sources[a.source].Key(a.doc), sources[b.source].Key(b.doc)) })
		return newArrangement(sources, docs), ctx.Err()
	}
	ordinals, err := mergedOrdinals(ctx, schema, sources, s.Field)
	if err != nil {
		return nil, err
	}
	values := make([][]uint64, len(sources))
	for i, g := range sources {
		values[i] = make([]uint64, g.MaxDoc())
		for doc := range values[i] {
			values[i][doc] = noValue
			if !g.Has(s.Field, uint32(doc)) {
				continue
			}
			v := g.Column(s.Field).Get(uint32(doc))
			if ordinals != nil {
				if v >= int64(len(ordinals[i])) {
					return nil, fmt.Errorf("%w: %s: document %d has ordinal %d of %d", ErrCorrupt, g.name, doc, v, len(ordinals[i]))
				}
				v = int64(ordinals[i][v])
			}
			values[i][doc] = s.value(v)
		}
	}
	slices.SortStableFunc(docs, func(a, b arranged) int { return cmp.Compare(values[a.source][a.doc], values[b.source][b.doc]) })
	return newArrangement(sources, docs), ctx.Err()
}

// mergedOrdinals are numbers of the terms of a Keyword field, by source and ordinal,
// in the order of terms; nil for another field.
func mergedOrdinals(ctx context.Context, schema Schema, sources []*Segment, field int) ([][]uint32, error) {
	if schema.kind(field) != Keyword {
		return nil, nil
	}
	ordinals := make([][]uint32, len(sources))
	var open termQueue
	for i, g := range sources {
		d := g.Terms(field)
		if d == nil {
			continue
		}
		ordinals[i] = make([]uint32, d.Len())
		if err := open.push(&termSource{mergeSource: &mergeSource{Segment: g}, order: i, it: d.Iter(), ordinal: -1}); err != nil {
			return nil, err
		}
	}
	var same []*termSource
	for n := uint32(0); len(open) > 0; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		same = open.take(same[:0])
		for _, s := range same {
			ordinals[s.order][s.ordinal] = n
			if err := open.push(s); err != nil {
				return nil, err
			}
		}
	}
	return ordinals, nil
}

// A gathering is the postings of one term while they are put in the order of an
// arrangement: some 20 bytes a posting and 4 a position, of the longest list.
type gathering struct {
	order  []uint64 // document of the merged segment, and place in what follows
	freqs  []uint32
	norms  []byte
	starts []uint32 // of the document's positions among deltas
	deltas []uint32

	docs, freq [128]uint32
	norm       [128]byte
	out        []uint32
}

func (g *gathering) reset() {
	g.order, g.freqs, g.norms, g.starts, g.deltas = g.order[:0], g.freqs[:0], g.norms[:0], g.starts[:0], g.deltas[:0]
}

// add takes some documents as termWriter.addBlock does.
func (g *gathering) add(docs, freqs []uint32, norms []byte, deltas []uint32) {
	at := uint32(len(g.deltas))
	for i, doc := range docs {
		g.order = append(g.order, uint64(doc)<<32|uint64(len(g.freqs)))
		g.freqs, g.norms, g.starts = append(g.freqs, freqs[i]), append(g.norms, norms[i]), append(g.starts, at)
		at += freqs[i]
	}
	g.deltas = append(g.deltas, deltas...)
}

// flush hands the documents on in their order.
func (g *gathering) flush(out *termWriter) {
	slices.Sort(g.order)
	positions := len(g.deltas) > 0
	for order := g.order; len(order) > 0; {
		n := min(len(order), len(g.docs))
		g.out = g.out[:0]
		for i, o := range order[:n] {
			at := uint32(o)
			g.docs[i], g.freq[i], g.norm[i] = uint32(o>>32), g.freqs[at], g.norms[at]
			if positions {
				g.out = append(g.out, g.deltas[g.starts[at]:g.starts[at]+g.freqs[at]]...)
			}
		}
		out.addBlock(g.docs[:n], g.freq[:n], g.norm[:n], g.out)
		order = order[n:]
	}
}
