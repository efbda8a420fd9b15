package search

import (
	"cmp"
	"context"
	"slices"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/termdict"
)

// Stats are the counts that scores depend on. Deleted documents count until they
// are merged away.
type Stats struct {
	Docs     uint64        `json:"docs"`
	Fields   []FieldStats  `json:"fields,omitempty"`
	Terms    []TermStats   `json:"terms,omitempty"`
	Prefixes []PrefixStats `json:"prefixes,omitempty"`
}

// FieldStats counts the documents that have a field, and its tokens in all of them.
type FieldStats struct {
	Name   string `json:"name"`
	Docs   uint64 `json:"docs"`
	Tokens uint64 `json:"tokens"`
}

// TermStats counts the documents whose field holds a term.
type TermStats struct {
	Field string `json:"field"`
	Term  []byte `json:"term"`
	Docs  uint64 `json:"docs"`
}

// PrefixStats are the words of a prefix, in order, at most MaxExpansion of them.
type PrefixStats struct {
	Field  string   `json:"field,omitempty"` // empty: all text fields
	Prefix []byte   `json:"prefix"`
	Terms  [][]byte `json:"terms"`
	Cut    bool     `json:"cut,omitempty"` // there are more
}

// Add adds the counts of another part.
func (s *Stats) Add(o *Stats) {
	s.Docs += o.Docs
	s.Fields = merge(s.Fields, o.Fields,
		func(a, b FieldStats) int { return cmp.Compare(a.Name, b.Name) },
		func(a, b FieldStats) FieldStats { return FieldStats{a.Name, a.Docs + b.Docs, a.Tokens + b.Tokens} })
	s.Terms = merge(s.Terms, o.Terms, compareTerms,
		func(a, b TermStats) TermStats { return TermStats{a.Field, a.Term, a.Docs + b.Docs} })
	s.Prefixes = merge(s.Prefixes, o.Prefixes, comparePrefixes, addPrefixes)
}

func compareTerms(a, b TermStats) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), slices.Compare(a.Term, b.Term))
}

func comparePrefixes(a, b PrefixStats) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), slices.Compare(a.Prefix, b.Prefix))
}

// addPrefixes is the first words of both: since each part has given its first
// ones, these are the first ones of all, however the parts were split.
func addPrefixes(a, b PrefixStats) PrefixStats {
	a.Terms = merge(a.Terms, b.Terms, slices.Compare[[]byte], func(a, _ []byte) []byte { return a })
	a.Cut = a.Cut || b.Cut || len(a.Terms) > MaxExpansion
	a.Terms = a.Terms[:min(len(a.Terms), MaxExpansion)]
	return a
}

// merge is the union of two lists, each in order and without repetitions; what is
// in both is added.
func merge[T any](a, b []T, compare func(a, b T) int, add func(a, b T) T) []T {
	out := make([]T, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := compare(a[0], b[0]); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, add(a[0], b[0])), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// term finds the count of a term, 0 if there is none.
func (s *Stats) documents() uint64 { return s.Docs }

func (s *Stats) holders(p *plan, l *leaf, field, _ int, term []byte) uint64 {
	name := p.schema.Fields[l.fields[field]].Name
	i, ok := slices.BinarySearchFunc(s.Terms, TermStats{Field: name, Term: term}, compareTerms)
	if !ok {
		return 0
	}
	return s.Terms[i].Docs
}

func (s *Stats) expansion(l *leaf) PrefixStats {
	i, ok := slices.BinarySearchFunc(s.Prefixes, PrefixStats{Field: l.scope, Prefix: l.prefix}, comparePrefixes)
	if !ok {
		return PrefixStats{}
	}
	return s.Prefixes[i]
}

func (s *Stats) average(_ int, name string) float64 {
	for _, f := range s.Fields {
		if f.Name == name {
			return f.average()
		}
	}
	return 0
}

func (f FieldStats) average() float64 {
	if f.Docs == 0 {
		return 0
	}
	return float64(f.Tokens) / float64(f.Docs)
}

// places are where counting found the terms of a plan, so that a segment is opened
// without another search of its dictionaries. The terms of prefixes are not among
// them. The zero places know nothing.
type places struct {
	segments int
	at       []int           // by leaf: its first in infos, -1 if it is a prefix
	infos    []termdict.Info // by leaf, field, term and segment; without documents where a segment lacks it
}

// of is the places of a term, by its place in the leaf, in a field, by its place
// in the leaf too: one for each segment, or nil.
func (p *places) of(l *leaf, field, term int) []termdict.Info {
	if len(p.at) == 0 || p.at[l.number] < 0 {
		return nil
	}
	i := p.at[l.number] + (field*len(l.terms)+term)*p.segments
	return p.infos[i : i+p.segments]
}

// expands tells whether the plan has words that are not known before counting.
func (p *plan) expands() bool {
	return slices.ContainsFunc(p.leaves, func(l *leaf) bool { return l.prefix != nil })
}

// find finds the places of a plan's terms, if none is a prefix.
func (p *plan) find(snap *index.Snapshot, places *places) {
	places.segments = len(snap.Segments())
	for _, l := range p.leaves {
		places.at = append(places.at, len(places.infos))
		for _, f := range l.fields {
			for _, term := range l.terms {
				for _, seg := range snap.Segments() {
					info, _ := seg.Lookup(f, term)
					places.infos = append(places.infos, info)
				}
			}
		}
	}
}

// found is the counts of a snapshot whose places are known.
type found struct {
	snap   *index.Snapshot
	places *places
}

func (f *found) documents() uint64 {
	n := uint64(0)
	for _, seg := range f.snap.Segments() {
		n += uint64(seg.MaxDoc())
	}
	return n
}

func (f *found) average(field int, name string) float64 {
	s := f.snap.FieldStats(field)
	return FieldStats{name, s.Docs, s.Tokens}.average()
}

func (f *found) holders(_ *plan, l *leaf, field, i int, _ []byte) uint64 {
	n := uint64(0)
	for _, info := range f.places.of(l, field, i) {
		n += uint64(info.Docs)
	}
	return n
}

func (f *found) expansion(*leaf) PrefixStats { return PrefixStats{} }

// count counts, in one snapshot, what the scores of a plan depend on, and notes
// the places of the terms.
func (p *plan) count(ctx context.Context, snap *index.Snapshot, found *places) (*Stats, error) {
	s := new(Stats)
	found.segments = len(snap.Segments())
	for _, seg := range snap.Segments() {
		s.Docs += uint64(seg.MaxDoc())
	}
	for _, f := range p.fields {
		stats := snap.FieldStats(f)
		s.Fields = append(s.Fields, FieldStats{p.schema.Fields[f].Name, stats.Docs, stats.Tokens})
	}
	slices.SortFunc(s.Fields, func(a, b FieldStats) int { return cmp.Compare(a.Name, b.Name) })
	for _, leaf := range p.leaves {
		terms, at := leaf.terms, len(found.infos)
		if leaf.prefix != nil {
			words, err := p.expand(ctx, snap, leaf)
			if err != nil {
				return nil, err
			}
			s.Prefixes = append(s.Prefixes, words)
			terms, at = append(slices.Clone(terms), words.Terms...), -1
		}
		found.at = append(found.at, at)
		for _, f := range leaf.fields {
			for _, term := range terms {
				t := TermStats{Field: p.schema.Fields[f].Name, Term: term}
				for _, seg := range snap.Segments() {
					info, _ := seg.Lookup(f, term)
					t.Docs += uint64(info.Docs)
					if at >= 0 {
						found.infos = append(found.infos, info)
					}
				}
				s.Terms = append(s.Terms, t)
			}
		}
	}
	slices.SortFunc(s.Terms, compareTerms)
	s.Terms = slices.CompactFunc(s.Terms, func(a, b TermStats) bool { return compareTerms(a, b) == 0 })
	slices.SortFunc(s.Prefixes, comparePrefixes)
	s.Prefixes = slices.CompactFunc(s.Prefixes, func(a, b PrefixStats) bool { return comparePrefixes(a, b) == 0 })
	return s, ctx.Err()
}

// expand collects the first words of a leaf's prefix over its fields.
func (p *plan) expand(ctx context.Context, snap *index.Snapshot, l *leaf) (PrefixStats, error) {
	out := PrefixStats{Field: l.scope, Prefix: l.prefix}
	for _, seg := range snap.Segments() {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		for _, f := range l.fields {
			dict := seg.Terms(f)
			if dict == nil {
				continue
			}
			more := PrefixStats{}
			it := dict.Prefix(l.prefix)
			for len(more.Terms) <= MaxExpansion && it.Next() {
				more.Terms = append(more.Terms, slices.Clone(it.Term()))
			}
			if err := it.Err(); err != nil {
				return out, err
			}
			out = addPrefixes(out, more)
		}
	}
	return out, nil
}
