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
	Docs       uint64           `json:"docs"`
	Fields     []FieldStats     `json:"fields,omitempty"`
	Terms      []TermStats      `json:"terms,omitempty"`
	Expansions []ExpansionStats `json:"expansions,omitempty"`
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

// Add adds the counts of another part.
func (s *Stats) Add(o *Stats) {
	s.Docs += o.Docs
	s.Fields = merge(s.Fields, o.Fields,
		func(a, b FieldStats) int { return cmp.Compare(a.Name, b.Name) },
		func(a, b FieldStats) FieldStats { return FieldStats{a.Name, a.Docs + b.Docs, a.Tokens + b.Tokens} })
	s.Terms = merge(s.Terms, o.Terms, compareTerms,
		func(a, b TermStats) TermStats { return TermStats{a.Field, a.Term, a.Docs + b.Docs} })
	s.Expansions = merge(s.Expansions, o.Expansions, compareExpansions, addExpansions)
}

func compareTerms(a, b TermStats) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), slices.Compare(a.Term, b.Term))
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

func (s *Stats) documents() uint64 { return s.Docs }

// holders finds the count of a term, 0 if there is none.
func (s *Stats) holders(p *plan, l *leaf, field, _ int, term []byte) uint64 {
	name := p.schema.Fields[l.fields[field]].Name
	i, ok := slices.BinarySearchFunc(s.Terms, TermStats{Field: name, Term: term}, compareTerms)
	if !ok {
		return 0
	}
	return s.Terms[i].Docs
}

func (s *Stats) expansion(l *leaf) ExpansionStats {
	i, ok := slices.BinarySearchFunc(s.Expansions, ExpansionStats{Field: l.scope, Text: l.words.text}, compareExpansions)
	if !ok {
		return ExpansionStats{}
	}
	return s.Expansions[i]
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
// without another search of its dictionaries. The words of expansions are not among
// them. The zero places know nothing.
type places struct {
	segments int
	at       []int           // by leaf: its first in infos, -1 if it has an expansion
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
	return slices.ContainsFunc(p.leaves, func(l *leaf) bool { return l.words != nil })
}

// find finds the places of a plan's terms, if none has an expansion.
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

func (f *found) documents() uint64 { return documents(f.snap) }

// documents counts those of a snapshot; deleted ones too until they are merged away.
func documents(snap *index.Snapshot) uint64 {
	n := uint64(0)
	for _, seg := range snap.Segments() {
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

func (f *found) expansion(*leaf) ExpansionStats { return ExpansionStats{} }

// count counts, in one snapshot, what the scores of a plan depend on, and notes
// the places of the terms.
func (p *plan) count(ctx context.Context, snap *index.Snapshot, found *places) (*Stats, error) {
	s := &Stats{Docs: documents(snap)}
	found.segments = len(snap.Segments())
	for _, f := range p.fields {
		stats := snap.FieldStats(f)
		s.Fields = append(s.Fields, FieldStats{p.schema.Fields[f].Name, stats.Docs, stats.Tokens})
	}
	slices.SortFunc(s.Fields, func(a, b FieldStats) int { return cmp.Compare(a.Name, b.Name) })
	for _, leaf := range p.leaves {
		terms, at := leaf.terms, len(found.infos)
		if leaf.words != nil {
			words, err := p.expand(ctx, snap, leaf)
			if err != nil {
				return nil, err
			}
			s.Expansions = append(s.Expansions, words)
			terms, at = words.counted(terms), -1
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
	slices.SortFunc(s.Expansions, compareExpansions)
	s.Expansions = slices.CompactFunc(s.Expansions, func(a, b ExpansionStats) bool { return compareExpansions(a, b) == 0 })
	return s, ctx.Err()
}
