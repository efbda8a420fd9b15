package index

import (
	"context"
	"io"
	"math"
	"math/bits"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/stored"
)

const (
	// noSlot is the id of a word that is no term.
	noSlot = math.MaxUint32

	// checkEvery is how many documents or terms pass between two looks at a
	// context.
	checkEvery = 1024
)

// A flush turns a part of the buffer into a segment. It reads the part only, so it
// can be done again if storage fails.
type flush struct {
	ctx   context.Context
	part  *part
	inv   *inverter
	out   *segmentWriter
	docs  uint32   // of the segment
	order []uint32 // documents of the part, as the segment has them; nil: all, in their order
	remap []uint32 // by document of the part: that of the segment, or deadDoc; nil with order

	next   []uint32 // by term id: where its next token goes
	starts []uint32 // of the field's stream, and the end of the last document
	docAt  []uint32 // by 1<<shift tokens: the document of the first
	shift  int

	// A block of documents of one term.
	docsOf, freqs [postings.BlockLen]uint32
	norms         [postings.BlockLen]byte
	deltas        []uint32
}

// writeSegment writes the live documents of the part as a segment. The part is
// settled.
func (p *part) writeSegment(ctx context.Context, w io.Writer, id UUID, tmp scratch) error {
	f := &flush{ctx: ctx, part: p, inv: p.inverter}
	f.arrange()
	f.out = newSegmentWriter(w, id, "flush", f.docs, f.inv.schema, tmp)
	if err := f.keys(); err != nil {
		return err
	}
	for i, spec := range f.inv.schema.Fields {
		var err error
		switch spec.Kind {
		case Text:
			err = f.text(i)
		case Keyword:
			err = f.keyword(i)
		case Int:
			err = f.int(i)
		}
		if err != nil {
			return err
		}
	}
	if err := f.stored(); err != nil {
		return err
	}
	return f.out.close()
}

// arrange numbers the documents of the segment.
func (f *flush) arrange() {
	f.docs = uint32(len(f.part.keys) - f.part.deaths)
	if f.part.deaths == 0 && f.part.sortBy.Order == AsPut {
		return
	}
	f.order = make([]uint32, 0, f.docs)
	f.remap = make([]uint32, len(f.part.keys))
	for doc, dead := range f.part.dead {
		f.remap[doc] = deadDoc
		if !dead {
			f.order = append(f.order, uint32(doc))
		}
	}
	f.part.sort(f.order)
	for i, doc := range f.order {
		f.remap[doc] = uint32(i)
	}
}

// at is the document of the part that is document doc of the segment.
func (f *flush) at(doc uint32) uint32 {
	if f.order == nil {
		return doc
	}
	return f.order[doc]
}

func (f *flush) keys() error {
	keys := f.out.keys()
	for doc := range f.docs {
		keys.Add(f.part.keys[f.at(doc)])
	}
	return keys.Finish()
}

// lengths returns the norms of a field by document of the segment, how many
// documents have it, and how many tokens all of them have.
func (f *flush) lengths(field int) (norms []byte, docs, tokens uint64) {
	norms = make([]byte, f.docs)
	s := &f.inv.fields[field].stream
	for doc := range f.docs {
		from, to := s.span(f.at(doc))
		if to > from {
			norms[doc] = normOf(to - from)
			docs++
			tokens += uint64(to - from)
		}
	}
	return norms, docs, tokens
}

func (f *flush) text(field int) error {
	norms, docs, tokens := f.lengths(field)
	if docs == 0 {
		return nil
	}
	f.out.section(sectionNorms, field).Write(norms)
	return f.invert(field, norms, docs, tokens, nil)
}

func (f *flush) keyword(field int) error {
	_, docs, tokens := f.lengths(field)
	if docs == 0 {
		return nil
	}
	b := &f.inv.fields[field]
	ordinals := make([]uint32, b.terms.terms())
	if err := f.invert(field, nil, docs, tokens, ordinals); err != nil {
		return err
	}
	col := f.out.column(field)
	for doc := range f.docs {
		ordinal := int64(-1)
		if from, to := b.stream.span(f.at(doc)); to > from {
			ordinal = int64(ordinals[b.stream.tokens.at(from)])
		}
		col.Add(ordinal)
	}
	return col.Finish()
}

// invert writes the postings of a field, and the ordinals of its terms by id if
// asked: it sorts the places of tokens by term, those of each term staying in the
// order of documents.
func (f *flush) invert(field int, norms []byte, docs, tokens uint64, ordinals []uint32) error {
	b := &f.inv.fields[field]
	out := f.out.terms(field, float64(tokens)/float64(docs))
	defer out.free()
	f.index(&b.stream)
	ranked := b.terms.ranked()
	f.scatter(b, ranked, tokens)
	start := uint32(0)
	var scratch [8]byte
	for i, t := range ranked {
		if i%checkEvery == 0 && f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		end := f.next[t.id]
		if start == end {
			continue // all of its documents are dead
		}
		f.list(out, &b.stream, f.inv.sort[start:end], norms)
		start = end
		ordinal, ok, err := out.end(b.terms.bytesOf(t, &scratch))
		if err != nil {
			return err
		}
		if ok && ordinals != nil {
			ordinals[t.id] = ordinal
		}
	}
	if err := out.close(docs); err != nil {
		return err
	}
	return f.pairs(field, ranked, norms)
}

// scatter sorts the places of the live tokens by term.
func (f *flush) scatter(b *inverterField, ranked []rankedTerm, tokens uint64) {
	if uint64(cap(f.inv.sort)) < tokens {
		f.inv.sort = make([]uint32, tokens)
	}
	sort := f.inv.sort[:tokens]
	next := make([]uint32, len(ranked))
	b.stream.each(f.order, func(_ uint32, tokens []uint32) {
		for _, id := range tokens {
			next[id]++
		}
	})
	sum := uint32(0)
	for _, t := range ranked {
		next[t.id], sum = sum, sum+next[t.id]
	}
	b.stream.each(f.order, func(at uint32, tokens []uint32) {
		for i, id := range tokens {
			to := next[id]
			sort[to] = at + uint32(i)
			next[id] = to + 1
		}
	})
	f.next = next
}

// index makes docAt, which finds the document of a token: with steps of half a
// document in the mean.
func (f *flush) index(s *stream) {
	n := s.tokens.n
	f.starts = append(s.starts, n) // not seen by the stream
	f.shift = min(max(bits.Len32(n/uint32(len(f.starts)))-1, 2), 10)
	f.docAt = make([]uint32, n>>f.shift+1)
	doc := 0
	for i := range f.docAt {
		for doc+2 < len(f.starts) && f.starts[doc+1] <= uint32(i)<<f.shift {
			doc++
		}
		f.docAt[i] = uint32(doc)
	}
}

// list adds the documents of one term, whose tokens are sorted by document and
// position. Without norms the field has no positions either.
func (f *flush) list(out *termWriter, s *stream, tokens []uint32, norms []byte) {
	n, starts, shift := 0, f.starts, f.shift&31
	deltas := f.deltas[:0]
	for len(tokens) > 0 {
		first := tokens[0]
		doc := f.docAt[first>>shift]
		doc += uint32((uint64(starts[doc+1]) - uint64(first) - 1) >> 63) // one on, half of the time: no branch
		for starts[doc+1] <= first {
			doc++
		}
		from := starts[doc]
		length := starts[doc+1] - from
		count := 1
		for count < len(tokens) && tokens[count]-from < length {
			count++
		}
		if norms != nil {
			deltas = f.appendDeltas(deltas, s, doc, from, tokens[:count])
		}
		tokens = tokens[count:]
		if f.remap != nil {
			doc = f.remap[doc]
		}
		f.docsOf[n&(postings.BlockLen-1)], f.freqs[n&(postings.BlockLen-1)] = doc, uint32(count)
		if n++; n == postings.BlockLen || len(deltas) > maxBlockDeltas {
			f.addBlock(out, n, norms, deltas)
			n, deltas = 0, deltas[:0]
		}
	}
	f.addBlock(out, n, norms, deltas)
	f.deltas = deltas
}

// maxBlockDeltas is how many positions are gathered before they are handed on.
const maxBlockDeltas = 16 << 10

func (f *flush) addBlock(out *termWriter, n int, norms []byte, deltas []uint32) {
	if norms == nil {
		for i := range f.norms[:n] {
			f.norms[i] = keywordNorm
		}
	} else {
		for i, doc := range f.docsOf[:n] {
			f.norms[i] = norms[doc]
		}
	}
	out.addBlock(f.docsOf[:n], f.freqs[:n], f.norms[:n], deltas)
}

// appendDeltas appends the positions of some tokens of a document that begins at
// from: the first as it is, each other as its distance from the one before.
func (f *flush) appendDeltas(dst []uint32, s *stream, doc, from uint32, tokens []uint32) []uint32 {
	if doc < uint32(len(s.odd)) && s.odd[doc] > 0 {
		before := uint32(0)
		for _, t := range tokens {
			pos := s.positions.at(s.odd[doc] - 1 + t - from)
			dst = append(dst, pos-before)
			before = pos
		}
		return dst
	}
	for _, t := range tokens {
		dst = append(dst, t-from)
		from = t
	}
	return dst
}

func (f *flush) int(field int) error {
	ints := &f.inv.fields[field].ints
	if len(ints.docs) == 0 {
		return nil
	}
	has := make(liveBits, liveBytes(f.docs))
	values := make([]int64, f.docs)
	for i, doc := range ints.docs {
		if f.remap != nil {
			if doc = f.remap[doc]; doc == deadDoc {
				continue
			}
		}
		values[doc] = ints.values[i]
		has.set(doc)
	}
	col := f.out.column(field)
	for _, v := range values {
		col.Add(v)
	}
	if err := col.Finish(); err != nil {
		return err
	}
	return f.out.has(field, has)
}

func (f *flush) stored() error {
	out := f.out.stored()
	n := 0
	err := f.inv.stored.each(f.order, func(values []stored.Value) error {
		if n++; n%checkEvery == 0 && f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		return out.Add(values)
	})
	if err != nil {
		return err
	}
	return out.Finish()
}
