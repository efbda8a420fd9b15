package index

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
)

// terms merges the terms of a field, and fills ordinals, if not nil, with the new
// ordinal of each term of each source.
func (m *merge) terms(field int, docs uint64, ordinals [][]uint32) error {
	out := m.out.terms(field, m.length(field))
	defer out.free()
	var open termQueue
	for i, s := range m.sources {
		if d := s.Terms(field); d != nil {
			t := &termSource{mergeSource: s, field: field, order: i, it: d.Iter(), ordinal: -1, norms: s.Norms(field)}
			t.text = s.info.Schema.kind(field) == Text
			if err := open.push(t); err != nil {
				return err
			}
		}
	}
	var term []byte
	var same []*termSource // those that have the term, in the order of the sources
	for len(open) > 0 {
		if err := m.check(); err != nil {
			return err
		}
		same = open.take(same[:0])
		term = append(term[:0], same[0].term...)
		for _, s := range same {
			if err := s.add(out, m.gather); err != nil {
				return err
			}
		}
		if m.gather != nil {
			m.gather.flush(out)
			m.gather.reset()
		}
		ordinal, ok, err := out.end(term)
		if err != nil {
			return err
		}
		for _, s := range same {
			if ok && ordinals != nil {
				ordinals[s.order][s.ordinal] = ordinal
			}
			if err := open.push(s); err != nil {
				return err
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
	field   int
	text    bool
	order   int
	norms   []byte
	it      *termdict.Iter
	term    []byte
	prefix  uint64 // first bytes of the term, as a number in the order of terms
	ordinal int

	cursor     postings.Cursor
	docs, freq [postings.BlockLen]uint32
	norm       [postings.BlockLen]byte
	deltas     []uint32
	positions  []uint32
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
	s.prefix = termPrefix(s.term)
	s.ordinal++
	return true, nil
}

// termPrefix is the first eight bytes of a term, padded with zeros, as a number.
func termPrefix(term []byte) uint64 {
	if len(term) >= 8 {
		return binary.BigEndian.Uint64(term)
	}
	var b [8]byte
	copy(b[:], term)
	return binary.BigEndian.Uint64(b[:])
}

// maxDeltas bounds the positions of a block that are read at once: 256 KiB.
const maxDeltas = 64 << 10

// add adds the live documents of the present term to out, a block at a time, or to
// gather if that is not nil.
func (s *termSource) add(out *termWriter, gather *gathering) error {
	addBlock := out.addBlock
	if gather != nil {
		addBlock = gather.add
	}
	info := s.it.Info()
	if info.Docs == 1 && gather == nil && s.ranks == nil && s.to == nil && s.addSingle(out, info) {
		return nil
	}
	c := &s.cursor
	s.PostingsAt(c, s.field, info)
	for b := 0; b < c.Blocks() && c.EnterBlock(b); b++ {
		n := c.Len()
		docs, freqs := c.Docs(), c.Freqs()
		if c.Err() != nil {
			break
		}
		if !s.text {
			n, _ = s.renumberBlock(docs[:n], freqs[:n], nil)
			for i := range s.norm[:n] {
				s.norm[i] = keywordNorm
			}
			addBlock(s.docs[:n], s.freq[:n], s.norm[:n], nil)
			continue
		}
		total := uint32(0)
		for _, freq := range freqs[:n] {
			total += freq
		}
		if total > maxDeltas && gather == nil {
			s.addEach(out, docs[:n], freqs[:n])
			continue
		}
		deltas := c.Deltas(s.deltas[:0])
		s.deltas = deltas
		if c.Err() != nil {
			break
		}
		n, deltas = s.renumberBlock(docs[:n], freqs[:n], deltas)
		addBlock(s.docs[:n], s.freq[:n], s.norm[:n], deltas)
	}
	if err := c.Err(); err != nil {
		return fmt.Errorf("%s: term %q: %w", s.name, s.term, err)
	}
	return nil
}

// addSingle adds the document of a term that has one, which lives, to out. It is
// false where that is not done easily.
func (s *termSource) addSingle(out *termWriter, info termdict.Info) bool {
	if !s.text || info.Doc >= uint32(len(s.norms)) {
		return false
	}
	deltas, ok := s.Segment.field(s.field).lists.Single(postings.List(info), s.deltas[:0])
	s.deltas = deltas
	if ok {
		s.docs[0], s.freq[0], s.norm[0] = s.base+info.Doc, uint32(info.Freq), s.norms[info.Doc]
		out.addBlock(s.docs[:1], s.freq[:1], s.norm[:1], deltas)
	}
	return ok
}

// renumberBlock puts the live of some documents, as the merged segment numbers
// them, into s.docs, with their frequencies and norms, and keeps of deltas what is
// theirs. It returns how many there are.
func (s *termSource) renumberBlock(docs, freqs []uint32, deltas []uint32) (int, []uint32) {
	if s.ranks == nil && s.to == nil {
		for i, doc := range docs {
			s.docs[i] = s.base + doc
			if s.text {
				s.norm[i] = s.norms[doc]
			}
		}
		return copy(s.freq[:], freqs), deltas
	}
	n, from, to := 0, uint32(0), uint32(0)
	for i, doc := range docs {
		at, ok := s.renumber(doc)
		if ok {
			s.docs[n], s.freq[n] = at, freqs[i]
			if s.text {
				s.norm[n] = s.norms[doc]
				to += uint32(copy(deltas[to:], deltas[from:from+freqs[i]]))
			}
			n++
		}
		from += freqs[i]
	}
	return n, deltas[:to]
}

// addEach adds the live ones of documents that have too many positions together.
func (s *termSource) addEach(out *termWriter, docs, freqs []uint32) {
	for i, doc := range docs {
		if to, ok := s.renumber(doc); ok {
			s.positions = s.cursor.PositionsAt(i, s.positions[:0])
			out.add(to, freqs[i], s.norms[doc], s.positions)
		}
	}
}

// termQueue is a heap with the source of the least term on top, the first of those
// with equal ones.
type termQueue []*termSource

func (a *termSource) before(b *termSource) bool {
	if a.prefix != b.prefix {
		return a.prefix < b.prefix
	}
	c := bytes.Compare(a.term, b.term)
	return c < 0 || c == 0 && a.order < b.order
}

// push moves a source to its next term, and puts it in if it has one.
func (q *termQueue) push(s *termSource) error {
	more, err := s.next()
	if !more {
		return err
	}
	h := append(*q, s)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !s.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = s
	*q = h
	return nil
}

// take takes out the sources that have the least term.
func (q *termQueue) take(dst []*termSource) []*termSource {
	for len(*q) > 0 && (len(dst) == 0 || (*q)[0].prefix == dst[0].prefix && bytes.Equal((*q)[0].term, dst[0].term)) {
		dst = append(dst, q.pop())
	}
	return dst
}

func (q *termQueue) pop() *termSource {
	h := *q
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(last) {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = last
	return top
}
