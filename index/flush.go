package index

import (
	"context"
	"encoding/binary"
	"io"
	"math"

	"github.com/trawlsearch/trawl/index/stored"
)

const (
	// noSlot marks terms that a pass of the counting sort leaves to another.
	noSlot = math.MaxUint32

	// checkEvery is how many documents or terms pass between two looks at a
	// context.
	checkEvery = 1024
)

// A flush turns a buffer into a segment. It reads the buffer only, so it can be
// done again if storage fails.
type flush struct {
	ctx   context.Context
	buf   *buffer
	out   *segmentWriter
	remap []uint32 // document of the buffer: document of the segment, or deadDoc
	docs  uint32   // of the segment

	sortTokens int      // room for the counting sort
	sort       []uint64 // tokens of some terms, term by term: doc<<32 | position
	next       []uint32 // by term id: where its next token goes
	positions  []uint32
}

// writeSegment writes the live documents of the buffer as a segment, with at
// most sortBytes for sorting, or what the most frequent term takes if that is more.
func (b *buffer) writeSegment(ctx context.Context, w io.Writer, id UUID, tmp scratch, sortBytes int64) error {
	f := &flush{ctx: ctx, buf: b, sortTokens: int(sortBytes / 8)}
	f.remap = make([]uint32, len(b.keys))
	for doc := range b.keys {
		f.remap[doc] = deadDoc
		if !b.dead[doc] {
			f.remap[doc] = f.docs
			f.docs++
		}
	}
	f.out = newSegmentWriter(w, id, "flush", f.docs, b.schema, tmp)
	if err := f.keys(); err != nil {
		return err
	}
	for i, spec := range b.schema.Fields {
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

func (f *flush) keys() error {
	keys := f.out.keys()
	for doc, k := range f.buf.keys {
		if f.remap[doc] != deadDoc {
			keys.Add(k)
		}
	}
	return keys.Finish()
}

// norms returns the norms of a field by document of the segment, and how many
// documents have it.
func (f *flush) norms(field int) (norms []byte, docs uint64) {
	norms = make([]byte, f.docs)
	for doc, norm := range f.buf.fields[field].norms {
		if to := f.remap[doc]; to != deadDoc && norm != 0 {
			norms[to] = norm
			docs++
		}
	}
	return norms, docs
}

// length is how many tokens a document that has the field has in it, in the mean:
// dead ones count too, for their tokens are not known apart.
func (f *flush) length(field int) float64 {
	b := &f.buf.fields[field]
	tokens, docs := uint64(0), 0
	for _, n := range b.terms.count {
		tokens += uint64(n)
	}
	for _, norm := range b.norms {
		if norm != 0 {
			docs++
		}
	}
	return float64(tokens) / float64(max(docs, 1))
}

func (f *flush) text(field int) error {
	norms, docs := f.norms(field)
	if docs == 0 {
		return nil
	}
	f.out.section(sectionNorms, field).Write(norms)
	return f.invert(field, norms, docs, nil)
}

func (f *flush) keyword(field int) error {
	_, docs := f.norms(field)
	if docs == 0 {
		return nil
	}
	ordinals := make([]uint32, f.buf.fields[field].terms.terms())
	if err := f.invert(field, nil, docs, ordinals); err != nil {
		return err
	}
	col := f.out.column(field)
	next := uint32(0)
	f.buf.fields[field].stream.firsts(f.remap, func(doc, id uint32) {
		for ; next < doc; next++ {
			col.Add(-1)
		}
		col.Add(int64(ordinals[id]))
		next++
	})
	for ; next < f.docs; next++ {
		col.Add(-1)
	}
	return col.Finish()
}

// invert writes the postings of a field, and the ordinals of its terms by id if
// asked. It sorts as many terms at a time as there is room for; each pass reads
// the whole stream.
func (f *flush) invert(field int, norms []byte, docs uint64, ordinals []uint32) error {
	terms := f.buf.fields[field].terms
	out := f.out.terms(field, f.length(field))
	defer out.free()
	ids := terms.sorted()
	f.next = make([]uint32, len(ids))
	for lo := 0; lo < len(ids); {
		total := 0
		hi := lo
		for ; hi < len(ids) && (hi == lo || total+int(terms.count[ids[hi]]) <= f.sortTokens); hi++ {
			total += int(terms.count[ids[hi]])
		}
		f.scatter(field, ids[lo:hi], total)
		start := uint32(0)
		for i, id := range ids[lo:hi] {
			if i%checkEvery == 0 && f.ctx.Err() != nil {
				return f.ctx.Err()
			}
			// Tokens of dead documents left their room empty, at its end.
			f.list(out, f.sort[start:f.next[id]], norms)
			start += terms.count[id]
			ordinal, ok, err := out.end(terms.term(id))
			if err != nil {
				return err
			}
			if ok && ordinals != nil {
				ordinals[id] = ordinal
			}
		}
		lo = hi
	}
	return out.close(docs)
}

// scatter sorts the tokens of some terms, total many at most, by term.
func (f *flush) scatter(field int, ids []uint32, total int) {
	if cap(f.sort) < total {
		f.sort = make([]uint64, total)
	}
	f.sort = f.sort[:total]
	for id := range f.next {
		f.next[id] = noSlot
	}
	at := uint32(0)
	b := &f.buf.fields[field]
	for _, id := range ids {
		f.next[id] = at
		at += b.terms.count[id]
	}
	b.stream.scatter(f.remap, f.next, f.sort)
}

// list adds the documents of one term, whose tokens are sorted by document and
// position. Without norms the field has no positions either.
func (f *flush) list(out *termWriter, tokens []uint64, norms []byte) {
	for len(tokens) > 0 {
		doc := uint32(tokens[0] >> 32)
		n := 1
		for n < len(tokens) && uint32(tokens[n]>>32) == doc {
			n++
		}
		if norms == nil {
			out.add(doc, uint32(n), keywordNorm, nil)
		} else {
			f.positions = f.positions[:0]
			for _, t := range tokens[:n] {
				f.positions = append(f.positions, uint32(t))
			}
			out.add(doc, uint32(n), norms[doc], f.positions)
		}
		tokens = tokens[n:]
	}
}

func (f *flush) int(field int) error {
	ints := &f.buf.fields[field].ints
	if len(ints.docs) == 0 {
		return nil
	}
	has := make(liveBits, liveBytes(f.docs))
	col := f.out.column(field)
	next := uint32(0)
	for i, doc := range ints.docs {
		to := f.remap[doc]
		if to == deadDoc {
			continue
		}
		for ; next < to; next++ {
			col.Add(0)
		}
		col.Add(ints.values[i])
		has.set(to)
		next++
	}
	for ; next < f.docs; next++ {
		col.Add(0)
	}
	if err := col.Finish(); err != nil {
		return err
	}
	return f.out.has(field, has)
}

func (f *flush) stored() error {
	out := f.out.stored()
	doc := 0
	err := f.buf.stored.each(func(values []stored.Value) error {
		if doc%checkEvery == 0 && f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		doc++
		if f.remap[doc-1] == deadDoc {
			return nil
		}
		return out.Add(values)
	})
	if err != nil {
		return err
	}
	return out.Finish()
}

// each calls fn with the values of each document, in order. They live until fn
// returns.
func (s *storedBuffer) each(fn func(values []stored.Value) error) error {
	var values []stored.Value
	for _, chunk := range s.chunks {
		for len(chunk) > 0 {
			take := func() int {
				v, n := binary.Uvarint(chunk)
				chunk = chunk[n:]
				return int(v)
			}
			values = values[:0]
			for n := take(); n > 0; n-- {
				field := take()
				size := take()
				values = append(values, stored.Value{Field: field, Bytes: chunk[:size]})
				chunk = chunk[size:]
			}
			if err := fn(values); err != nil {
				return err
			}
		}
	}
	return nil
}
