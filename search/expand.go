package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/index/termdict"
	"github.com/trawlsearch/trawl/query"
)

// An expansion stands for words of the index: those with a prefix, of a shape, or
// near a word. They are found before weights are made, since words of all parts of
// an index must be the same, and counted like words of the query.
//
// Words near a word make a leaf for each distance. All weigh as rare as they are
// together, since a slip is rarer than what was meant and not more telling; and
// each error halves that. So, of documents alike, those that have the word as it was
// typed come first. Half, since one occurrence in a document of mean length scores
// 1/(1+k1) of a word's weight, which is .45: any number of words with one error then
// is worth about one that is right.
type expansion struct {
	text     string            // in the language of queries: names it in Stats
	prefix   []byte            // not nil: all words that begin so
	pattern  *termdict.Pattern // nil for a prefix
	distance int               // of the leaf's words, of those near a word
}

// errorFactor is what the weight of a word is multiplied by for each error.
const errorFactor = 0.5

// An ExpansionStats is the words that a prefix, a wildcard or a fuzzy word stands
// for, at most MaxExpansion of them: the nearest ones, and of those as near the
// first ones.
type ExpansionStats struct {
	Field string         `json:"field,omitempty"` // empty: all text fields
	Text  string         `json:"text"`            // folded, in the language of queries
	Terms []ExpandedTerm `json:"terms"`           // in that order
	Cut   bool           `json:"cut,omitempty"`   // there are more
}

// An ExpandedTerm is a word of the index, and how far it is from what was asked.
type ExpandedTerm struct {
	Term     []byte `json:"term"`
	Distance int    `json:"distance,omitempty"`
}

func compareExpanded(a, b ExpandedTerm) int {
	return cmp.Or(cmp.Compare(a.Distance, b.Distance), slices.Compare(a.Term, b.Term))
}

func compareExpansions(a, b ExpansionStats) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Text, b.Text))
}

// addExpansions is the first words of both: since each part has given its first
// ones, these are the first ones of all, however the parts were split.
func addExpansions(a, b ExpansionStats) ExpansionStats {
	a.Terms = merge(a.Terms, b.Terms, compareExpanded, func(a, _ ExpandedTerm) ExpandedTerm { return a })
	a.Cut = a.Cut || b.Cut || len(a.Terms) > MaxExpansion
	a.Terms = a.Terms[:min(len(a.Terms), MaxExpansion)]
	return a
}

// within is the terms of a leaf and the words at a distance, in order.
func (s *ExpansionStats) within(distance int, terms [][]byte) [][]byte {
	terms = slices.Clone(terms)
	for _, t := range s.Terms {
		if t.Distance == distance {
			terms = append(terms, t.Term)
		}
	}
	return sortTerms(terms)
}

// counted is the terms of a leaf and all words, in order.
func (s *ExpansionStats) counted(terms [][]byte) [][]byte {
	terms = slices.Clone(terms)
	for _, t := range s.Terms {
		terms = append(terms, t.Term)
	}
	return sortTerms(terms)
}

func sortTerms(terms [][]byte) [][]byte {
	slices.SortFunc(terms, slices.Compare[[]byte])
	return slices.CompactFunc(terms, func(a, b []byte) bool { return string(a) == string(b) })
}

// expand collects the first words of a leaf's expansion over its fields.
func (p *plan) expand(ctx context.Context, snap *index.Snapshot, l *leaf) (ExpansionStats, error) {
	out := ExpansionStats{Field: l.scope, Text: l.words.text}
	for _, seg := range snap.Segments() {
		for _, f := range l.fields {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			dict := seg.Terms(f)
			if dict == nil {
				continue
			}
			terms, err := l.words.first(dict, MaxExpansion+1)
			if err != nil {
				return out, err
			}
			out = addExpansions(out, ExpansionStats{Terms: terms})
		}
	}
	return out, nil
}

// first is the first words of a dictionary, at most limit.
func (e *expansion) first(dict *termdict.Dict, limit int) (terms []ExpandedTerm, err error) {
	if e.pattern != nil {
		near, err := dict.Nearest(e.pattern, limit)
		for _, n := range near {
			terms = append(terms, ExpandedTerm{n.Term, n.Distance})
		}
		return terms, err
	}
	it := dict.Prefix(e.prefix)
	for len(terms) < limit && it.Next() {
		terms = append(terms, ExpandedTerm{Term: slices.Clone(it.Term())})
	}
	return terms, it.Err()
}

// matches tells whether a term is among the words, whatever the index has.
func (e *expansion) matches(term []byte) bool {
	if e.pattern == nil {
		return strings.HasPrefix(string(term), string(e.prefix))
	}
	n, ok := e.pattern.Match(term)
	return ok && n == e.distance
}

// prefixed plans a prefix: the words that begin with it, and the one that it is.
// Of several words the last is the prefix and the others are required.
func (p *plan) prefixed(n query.Prefix) step {
	fields, f := p.scoped(n.Field)
	tokens := p.plain.QueryTokens(nil, n.Text)
	if f != nil || len(fields) == 0 || len(tokens) == 0 {
		return nil // keywords are not looked for by halves
	}
	last := tokens[len(tokens)-1]
	words := &expansion{text: string(last.Term) + "*", prefix: slices.Clone(last.Term)}
	l := leaf{label: n.String(), scope: n.Field, fields: fields, words: words}
	word := n.Text[last.Start:last.End]
	if whole := p.words.QueryTokens(nil, word); len(whole) == 1 {
		l.terms = [][]byte{slices.Clone(whole[0].Term)}
	}
	p.show(word + "*")
	s := p.leaf(l)
	if len(tokens) == 1 {
		return s
	}
	return &both{required: []step{p.text(n.Field, n.Text[:last.Start], n.String()), s}}
}

// shaped plans a wildcard. Its pattern is held against the words as the index keeps
// them: folded, and stemmed.
func (p *plan) shaped(n query.Wildcard) step {
	fields, f := p.scoped(n.Field)
	text := foldPattern(p.plain, n.Pattern)
	pattern, err := termdict.NewWildcard(text)
	if f != nil || len(fields) == 0 || err != nil { // folding can make a pattern too long
		return nil
	}
	p.show(n.Pattern)
	return p.leaf(leaf{label: n.String(), scope: n.Field, fields: fields, words: &expansion{text: text, pattern: pattern}})
}

// foldPattern folds the letters of a pattern as analysis would.
func foldPattern(a *analysis.Analyzer, pattern string) string {
	var b strings.Builder
	for pattern != "" {
		n := 0
		for i, r := range pattern {
			if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
				break
			}
			n = i + utf8.RuneLen(r)
		}
		tokens := a.QueryTokens(nil, pattern[:n])
		switch {
		case n == 0:
			_, n = utf8.DecodeRuneInString(pattern)
			b.WriteString(pattern[:n])
		case len(tokens) == 1 && tokens[0].Start == 0 && int(tokens[0].End) == n:
			b.Write(tokens[0].Term)
		default: // characters that part words
			b.WriteString(strings.ToLower(pattern[:n]))
		}
		pattern = pattern[n:]
	}
	return b.String()
}

// near plans a fuzzy word: a leaf for the word and one for each distance. What is
// no single word of the index is looked for as it is.
func (p *plan) near(n query.Fuzzy, loose bool) step {
	fields, f := p.scoped(n.Field)
	tokens := p.words.QueryTokens(nil, n.Text)
	if f != nil || len(fields) == 0 {
		return nil
	}
	exact := query.Term{Field: n.Field, Text: n.Text}
	if len(tokens) != 1 {
		return p.term(exact, loose)
	}
	term := slices.Clone(tokens[0].Term)
	// The first letter seldom is wrong, and if it is, little else: to look for two
	// errors anywhere takes seven times as long (package termdict).
	pattern, err := termdict.NewFuzzy(string(term), termdict.Fuzzy{Distance: n.Distance, Sure: n.Distance > 1, Transpose: true})
	if err != nil { // too long
		return p.term(exact, loose)
	}
	p.show(n.Text + "~")
	s := new(either)
	for d := range n.Distance + 1 {
		words := &expansion{text: query.Fuzzy{Text: string(term), Distance: n.Distance}.String(), pattern: pattern, distance: d}
		l := leaf{label: n.String(), scope: n.Field, fields: fields, words: words}
		if d == 0 {
			l.terms = [][]byte{term}
		}
		s.steps = append(s.steps, p.leaf(l))
	}
	return s
}
