package index

import "slices"

// A pairFlush finds the pairs of frequent words of one field in the buffer: it counts
// them in one pass over the stream, and sorts their documents by pair in another.
type pairFlush struct {
	*flush
	s     *stream
	rank  []byte // by term id: place of a frequent word, or notFrequent
	words []string
	norms []byte
	next  [pairKeys]uint32 // how many documents a pair has; then where its next one goes
	step  [pairKeys]uint8  // 1 for the pairs that are sorted: others all go to the last place, over each other
	sort  []uint32         // documents of the pairs from, up to to, one for each place where a pair stands
	from  pairKey
	to    pairKey
}

// pairs writes the pairs of a field whose tokens are sorted by term, if it is asked
// for.
func (f *flush) pairs(field int, ranked []rankedTerm, norms []byte) error {
	if !f.inv.schema.Fields[field].Pairs {
		return nil
	}
	b := &f.inv.fields[field]
	p := &pairFlush{flush: f, s: &b.stream, norms: norms, sort: f.inv.sort[:cap(f.inv.sort)]}
	p.choose(b.terms, ranked)
	if len(p.words) == 0 {
		return nil
	}
	if err := p.each(p.count, func(_ uint32, key pairKey) { p.next[key]++ }); err != nil {
		return err
	}
	out := f.out.pairs(field, p.words)
	for p.to = 0; p.to < pairKeys; {
		if err := p.some(out); err != nil {
			return err
		}
	}
	return out.close()
}

// choose picks the frequent words: the live tokens of each were sorted.
func (p *pairFlush) choose(terms *vocab, ranked []rankedTerm) {
	var most tally
	start := uint32(0)
	for i, t := range ranked {
		tokens := uint64(p.flush.next[t.id] - start)
		start = p.flush.next[t.id]
		if most.wants(tokens) && mayBeFrequent(terms.term(t.id)) {
			most.add(i, tokens)
		}
	}
	p.rank = slices.Repeat([]byte{notFrequent}, len(ranked))
	for rank, i := range most.ids() {
		p.rank[ranked[i].id] = byte(rank)
		p.words = append(p.words, string(terms.term(ranked[i].id)))
	}
}

// some writes the next pairs, as many as there is room to sort: most often all. One
// always fits, since it has fewer places than its words have tokens.
func (p *pairFlush) some(out *pairWriter) error {
	last := uint32(len(p.sort) - 1)
	counts := p.next
	for key := range p.next {
		p.next[key], p.step[key] = last, 0
	}
	sum := uint32(0)
	p.from = p.to
pack:
	for ; p.to < pairKeys; p.to++ {
		n := counts[p.to]
		switch {
		case p.to%pairStride == notFrequent || p.to/pairStride == notFrequent:
			continue
		case uint64(sum)+uint64(n) > uint64(last):
			break pack
		}
		p.next[p.to], p.step[p.to] = sum, 1
		sum += n
	}
	if err := p.each(p.scatter, p.put); err != nil {
		return err
	}
	start := uint32(0)
	for key := p.from; key < p.to; key++ {
		if p.step[key] == 0 {
			continue
		}
		p.list(out, p.sort[start:p.next[key]])
		start = p.next[key]
		if err := out.end(key); err != nil {
			return err
		}
	}
	p.next = counts
	return nil
}

// list adds the documents of one pair, which are sorted.
func (p *pairFlush) list(out *pairWriter, docs []uint32) {
	for len(docs) > 0 {
		doc, n := docs[0], 1
		for n < len(docs) && docs[n] == doc {
			n++
		}
		out.add(doc, uint32(n), p.norms[doc])
		docs = docs[n:]
	}
}

// each calls plain with the tokens of all documents of the segment, in pieces, and
// of odd ones odd with their pairs. Of a piece, row is that of the token before it.
func (p *pairFlush) each(plain func(doc uint32, row pairKey, ids []uint32) pairKey, odd func(doc uint32, key pairKey)) error {
	for doc := range p.docs {
		if doc%checkEvery == 0 {
			if err := p.ctx.Err(); err != nil {
				return err
			}
		}
		in := p.at(doc)
		from, to := p.s.span(in)
		if in < uint32(len(p.s.odd)) && p.s.odd[in] > 0 {
			p.eachOdd(doc, from, to, p.s.odd[in]-1, odd)
			continue
		}
		for row := noRow; from < to; {
			ids := p.s.tokens.part(from, to)
			row = plain(doc, row, ids)
			from += uint32(len(ids))
		}
	}
	return nil
}

// count counts the pairs of tokens that follow each other. Those with a word that is
// not frequent have counters too, for most have one and a branch is foretold badly.
func (p *pairFlush) count(_ uint32, row pairKey, ids []uint32) pairKey {
	rank, counts := p.rank, &p.next
	for _, id := range ids {
		r := pairKey(rank[id])
		counts[row+r]++
		row = r * pairStride
	}
	return row
}

// scatter sorts the places of such pairs.
func (p *pairFlush) scatter(doc uint32, row pairKey, ids []uint32) pairKey {
	rank, next, step, sort := p.rank, &p.next, &p.step, p.sort
	for _, id := range ids {
		r := pairKey(rank[id])
		key := row + r
		at := next[key]
		sort[at] = doc
		next[key] = at + uint32(step[key])
		row = r * pairStride
	}
	return row
}

func (p *pairFlush) put(doc uint32, key pairKey) {
	at := p.next[key]
	p.sort[at] = doc
	p.next[key] = at + uint32(p.step[key])
}

// eachOdd calls fn with the pairs of a document whose positions stand apart, where
// several words may share one.
func (p *pairFlush) eachOdd(doc, from, to, place uint32, fn func(doc uint32, key pairKey)) {
	var run pairRun
	for from < to {
		at := p.s.positions.part(place, place+to-from)
		ids := p.s.tokens.part(from, from+uint32(len(at)))
		for i, id := range ids {
			if r := p.rank[id]; r < maxFrequent {
				run.add(doc, at[i], r, fn)
			}
		}
		from, place = from+uint32(len(ids)), place+uint32(len(ids))
	}
	run.end(doc, fn)
}

// A pairRun finds the pairs of one document among frequent words that come by in the
// order of their positions. Bit i of before and at is word i, at the position and at
// the one before it.
type pairRun struct {
	before, at uint64
	pos        uint32
}

func (r *pairRun) add(doc, pos uint32, rank byte, fn func(doc uint32, key pairKey)) {
	if pos != r.pos {
		r.end(doc, fn)
		if pos == r.pos+1 {
			r.before = r.at
		}
		r.at, r.pos = 0, pos
	}
	r.at |= 1 << rank
}

// end ends the document.
func (r *pairRun) end(doc uint32, fn func(doc uint32, key pairKey)) {
	eachPair(r.before, r.at, func(key pairKey) { fn(doc, key) })
	r.before = 0
}
