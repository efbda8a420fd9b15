package index

import (
	"fmt"
	"math"
	"slices"

	"github.com/trawlsearch/trawl/index/postings"
)

// A pairMerge merges the pairs of one field. The merged segment keeps those of the
// words that are most frequent in all sources together, among those that are frequent
// in one. Pairs that a source knows are taken from its lists; those with a word that
// is not frequent there are found again by the positions of the documents that hold
// the word, window by window: that takes 3 MiB, or 12 bytes a token of the longest
// document.
type pairMerge struct {
	*merge
	field int
	words []string
	found pairRuns
}

// pairs writes the pairs of a field, whose terms were merged, if it is asked for.
func (m *merge) pairs(field int) error {
	if !m.schema.Fields[field].Pairs {
		return nil
	}
	p := &pairMerge{merge: m, field: field}
	defer p.found.close()
	p.found.tmp = m.out.tmp
	if err := p.choose(); err != nil || len(p.words) == 0 {
		return err
	}
	for _, s := range m.sources {
		if err := p.derive(s); err != nil {
			return err
		}
	}
	if err := p.found.rewind(); err != nil {
		return err
	}
	out := m.out.pairs(field, p.words)
	out.anyOrder = m.order != nil
	for a := range p.words {
		for b := range p.words {
			if err := p.pair(out, a, b); err != nil {
				return err
			}
		}
	}
	return out.close()
}

// surelyFrequent is how many of the most frequent words a merge keeps in any case. More
// of them are kept if no source has to find them again: at the end of the list each
// has others, since there frequencies are near each other, and that would take half
// as long as all else that is done for pairs.
const surelyFrequent = 44

// choose picks the frequent words.
func (p *pairMerge) choose() error {
	var all []string
	for _, s := range p.sources {
		words, err := p.frequentOf(s)
		if err != nil {
			return err
		}
		all = append(all, words...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var most tally
	for i, word := range all {
		tokens := uint64(0)
		for _, s := range p.sources {
			info, _ := s.Lookup(p.field, []byte(word))
			tokens += info.Freq
		}
		if most.wants(tokens) {
			most.add(i, tokens)
		}
	}
	if n := min(surelyFrequent, len(most.words)); n > 0 {
		rest := slices.DeleteFunc(most.words[n:], func(w tallied) bool { return !p.known([]byte(all[w.id])) })
		most.words = most.words[:n+len(rest)]
	}
	for _, i := range most.ids() {
		p.words = append(p.words, all[i])
	}
	return nil
}

// known tells whether all sources that have a word, and keep pairs, know it as frequent.
func (p *pairMerge) known(word []byte) bool {
	for _, s := range p.sources {
		pairs := &s.field(p.field).pairs
		if _, frequent := pairs.place(word); frequent || len(pairs.words) == 0 {
			continue
		}
		if _, has := s.Lookup(p.field, word); has {
			return false
		}
	}
	return true
}

// frequentOf is the frequent words of a source: of one that keeps no pairs they are
// counted.
func (p *pairMerge) frequentOf(s *mergeSource) ([]string, error) {
	if words := s.field(p.field).pairs.words; len(words) > 0 || s.Terms(p.field) == nil {
		return words, nil
	}
	var most tally
	words := map[int]string{}
	it := s.Terms(p.field).Iter()
	for n := 0; it.Next(); n++ {
		if err := p.check(); err != nil {
			return nil, err
		}
		if tokens := it.Info().Freq; most.wants(tokens) && mayBeFrequent(it.Term()) {
			most.add(n, tokens)
			words[n] = string(it.Term())
		}
	}
	if err := it.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	var out []string
	for _, n := range most.ids() {
		out = append(out, words[n])
	}
	return out, nil
}

// pair writes one pair, by the places of its words.
func (p *pairMerge) pair(out *pairWriter, a, b int) error {
	key := pairKey(a*pairStride + b)
	var c postings.Cursor
	for _, s := range p.sources {
		if err := p.check(); err != nil {
			return err
		}
		info, known := s.Pair(p.field, []byte(p.words[a]), []byte(p.words[b]))
		if !known || info.Docs == 0 {
			continue
		}
		if err := p.found.until(key, s.base, out); err != nil {
			return err
		}
		norms := s.Norms(p.field)
		s.PairAt(&c, p.field, info)
		for doc := c.Next(); doc != postings.None; doc = c.Next() {
			if to, ok := s.renumber(doc); ok {
				out.add(to, c.Freq(), norms[doc])
			}
		}
		if err := c.Err(); err != nil {
			return fmt.Errorf("%s: pair %q %q: %w", s.name, p.words[a], p.words[b], err)
		}
	}
	if err := p.found.until(key, math.MaxUint32, out); err != nil {
		return err
	}
	return out.end(key)
}

// A pairSource finds the pairs of a source by positions, window by window.
type pairSource struct {
	*pairMerge
	s       *mergeSource
	norms   []byte
	unknown uint64 // bit i: frequent word i is none that the source knows as one
	cursors [maxFrequent]*postings.Cursor

	wanted  [postings.WindowDocs / 64]uint64 // documents of the window that hold such a word
	events  []uint64                         // document of the window << 32 | position << 6 | word, by word
	ends    [postings.WindowDocs + 1]uint32  // where the events of a document end, in:
	sorted  []uint32                         // position << 6 | word
	scratch []uint32
}

// derive finds the pairs with words that a source has and does not know as frequent.
func (p *pairMerge) derive(s *mergeSource) error {
	d := &pairSource{pairMerge: p, s: s, norms: s.Norms(p.field)}
	for i, word := range p.words {
		info, ok := s.Lookup(p.field, []byte(word))
		if !ok {
			continue
		}
		d.cursors[i] = new(postings.Cursor)
		s.PostingsAt(d.cursors[i], p.field, info)
		if _, known := s.field(p.field).pairs.place([]byte(word)); !known {
			d.unknown |= 1 << i
		}
	}
	if d.unknown == 0 {
		return nil
	}
	for base := uint32(0); base < s.MaxDoc(); {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		end := d.end(base)
		if err := d.window(base, end); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		base = end
	}
	for i, c := range d.cursors {
		if c != nil && c.Err() != nil {
			return fmt.Errorf("%s: term %q: %w", s.name, p.words[i], c.Err())
		}
	}
	return nil
}

// maxWindowTokens bounds the tokens of a window, if it is not one document: each
// that is a frequent word takes 12 bytes.
const maxWindowTokens = 1 << 18

// end is where the window from base on ends. Norms say how long documents are, to an
// eighth.
func (d *pairSource) end(base uint32) uint32 {
	end, tokens := base+1, uint64(NormLength(d.norms[base]))
	for most := min(base+postings.WindowDocs, d.s.MaxDoc()); end < most; end++ {
		if tokens += uint64(NormLength(d.norms[end])); tokens > maxWindowTokens {
			break
		}
	}
	return end
}

// window finds the pairs of a window.
func (d *pairSource) window(base, end uint32) error {
	d.events = d.events[:0]
	clear(d.wanted[:])
	for _, unknown := range []bool{true, false} {
		for i, c := range d.cursors {
			if c == nil || d.unknown>>i&1 != 0 != unknown {
				continue
			}
			if err := d.gather(c, i, base, end, unknown); err != nil {
				return err
			}
		}
		if len(d.events) == 0 {
			return nil
		}
	}
	d.sort()
	start := uint32(0)
	for i := range uint32(postings.WindowDocs) {
		events := d.sorted[start:d.ends[i]]
		start = d.ends[i]
		if len(events) == 0 {
			continue
		}
		if err := d.document(base+i, events); err != nil {
			return err
		}
	}
	return nil
}

// gather gathers where a word stands in the documents of a window that are live and
// wanted, or wants them.
func (d *pairSource) gather(c *postings.Cursor, word int, base, end uint32, wants bool) error {
	for doc := c.Seek(base); doc < end; doc = c.Next() {
		at := doc - base
		switch {
		case !d.s.Live(doc):
			continue
		case wants:
			d.wanted[at/64] |= 1 << (at % 64)
		case d.wanted[at/64]>>(at%64)&1 == 0:
			continue
		}
		d.scratch = c.Positions(d.scratch[:0])
		for _, pos := range d.scratch {
			if pos > maxPosition {
				return fmt.Errorf("%w: position %d of document %d", ErrCorrupt, pos, doc)
			}
			d.events = append(d.events, uint64(at)<<32|uint64(pos)<<frequentBits|uint64(word))
		}
	}
	return nil
}

// sort sorts the events by document, and those of each by position.
func (d *pairSource) sort() {
	clear(d.ends[:])
	for _, e := range d.events {
		d.ends[e>>32+1]++
	}
	for i := range postings.WindowDocs {
		d.ends[i+1] += d.ends[i]
	}
	d.sorted = slices.Grow(d.sorted[:0], len(d.events))[:len(d.events)]
	for _, e := range d.events {
		d.sorted[d.ends[e>>32]] = uint32(e)
		d.ends[e>>32]++
	}
}

// document finds the pairs of one document that the source does not know.
func (d *pairSource) document(doc uint32, events []uint32) (err error) {
	slices.Sort(events)
	to, _ := d.s.renumber(doc)
	norm := d.norms[doc]
	put := func(doc uint32, key pairKey) {
		if err == nil && (d.unknown>>(key/pairStride)|d.unknown>>(key%pairStride))&1 != 0 {
			err = d.found.add(key, to, norm)
		}
	}
	var run pairRun
	for _, e := range events {
		run.add(doc, e>>frequentBits, byte(e&(1<<frequentBits-1)), put)
	}
	run.end(doc, put)
	return err
}
