package speed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"unicode"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/query"
)

// Classes of queries that Make makes: of words in a tenth of the documents or more,
// in a hundredth or more, in fewer; and of two words that stand in one document.
const (
	Frequent = "frequent word"
	Middling = "middling word"
	Rare     = "rare word"
	Both     = "both words"
	Either   = "either word"
	Side     = "phrase"
)

// Classes that Read adds for what is none of the above.
const (
	OneWord = "one word"
	AllOf   = "all words"
	AnyOf   = "any word"
	Other   = "other"
)

const (
	frequentShare = .1  // of the documents
	middlingShare = .01 // of the documents

	sampleDocs  = 200  // that words are taken of
	sampleDepth = 8000 // among so many; an API pages no deeper
	maxProbes   = 600  // queries that are tried to fill the classes
	maxLetters  = 30   // of a word: longer ones are no words that people type
)

// A maker takes words from a sample of a collection's documents.
type maker struct {
	ask    Ask
	n      int // queries of a class
	random *rand.Rand
	docs   uint64
	probes int
	words  []string
	pairs  [][2]string // of one document, beside each other
	mixed  [][2]string // of one document, anywhere
	sides  []string    // pairs as the text has them
	counts map[string]int
	out    []Query
}

// Make makes n queries of each class from the collection's own documents: those
// with the lowest keys, which are digests and so a sample without a bias. Equal
// collections and seeds give equal queries. Classes that the collection has too
// few words for are shorter, or absent.
func Make(ctx context.Context, ask Ask, n int, seed uint64) ([]Query, error) {
	m := &maker{ask: ask, n: n, random: rand.New(rand.NewPCG(seed, 0)), counts: map[string]int{}}
	if err := m.sample(ctx); err != nil {
		return nil, err
	}
	for _, fill := range []func(context.Context) error{m.single, m.double} {
		if err := fill(ctx); err != nil {
			return nil, err
		}
	}
	if len(m.out) == 0 {
		return nil, ErrEmpty
	}
	var ordered []Query
	for _, c := range []string{Frequent, Middling, Rare, Both, Either, Side} {
		for _, q := range m.out {
			if q.Class == c {
				ordered = append(ordered, q)
			}
		}
	}
	return ordered, nil
}

// sample takes the words of some documents.
func (m *maker) sample(ctx context.Context) error {
	all, err := m.ask(ctx, "*", 0, 0)
	if err != nil {
		return failed(ctx, "*", err)
	}
	m.docs = all.Total
	offset := 0
	if deep := int(min(all.Total, sampleDepth)) - sampleDocs; deep > 0 {
		offset = m.random.IntN(deep + 1)
	}
	some, err := m.ask(ctx, "*", offset, sampleDocs)
	if err != nil {
		return failed(ctx, "*", err)
	}
	a, seen := analysis.For(""), map[string]bool{}
	for _, text := range some.Texts() {
		m.take(a, text, seen)
	}
	m.random.Shuffle(len(m.words), func(i, j int) { m.words[i], m.words[j] = m.words[j], m.words[i] })
	m.random.Shuffle(len(m.pairs), func(i, j int) {
		m.pairs[i], m.pairs[j] = m.pairs[j], m.pairs[i]
		m.mixed[i], m.mixed[j] = m.mixed[j], m.mixed[i]
		m.sides[i], m.sides[j] = m.sides[j], m.sides[i]
	})
	return nil
}

// take takes the words of a text, and its pairs of words side by side.
func (m *maker) take(a *analysis.Analyzer, text string, seen map[string]bool) {
	type word struct {
		text       string
		start, end uint32
	}
	var words []word
	for _, t := range a.QueryTokens(nil, text) {
		w := strings.ToLower(text[t.Start:t.End])
		if !a.Stop(t.Term) && isPlain(w) {
			words = append(words, word{w, t.Start, t.End})
		}
	}
	for i, w := range words {
		if !seen[w.text] {
			seen[w.text] = true
			m.words = append(m.words, w.text)
		}
		if i == 0 {
			continue
		}
		before := words[i-1]
		if before.text == w.text || before.end > w.start || strings.TrimSpace(text[before.end:w.start]) != "" {
			continue
		}
		other := words[m.random.IntN(len(words))].text
		if other == w.text {
			other = before.text
		}
		m.pairs = append(m.pairs, [2]string{before.text, w.text})
		m.mixed = append(m.mixed, [2]string{w.text, other})
		m.sides = append(m.sides, strings.ToLower(text[before.start:w.end]))
	}
}

// isPlain tells whether a word is one that people type, and means nothing else
// in the language of queries.
func isPlain(w string) bool {
	letters := 0
	for _, r := range w {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			return false
		}
		letters++
	}
	_, word := query.Parse(w).(query.Term)
	return word && letters >= 2 && letters <= maxLetters
}

// single fills the classes of one word.
func (m *maker) single(ctx context.Context) error {
	for _, w := range m.words {
		if m.probes >= maxProbes || m.counts[Frequent] >= m.n && m.counts[Middling] >= m.n && m.counts[Rare] >= m.n {
			return nil
		}
		a, err := m.probe(ctx, w)
		if err != nil {
			return err
		}
		switch share := float64(a.Total) / float64(max(m.docs, 1)); {
		case a.Total == 0:
		case share >= frequentShare:
			m.add(Frequent, w)
		case share >= middlingShare:
			m.add(Middling, w)
		default:
			m.add(Rare, w)
		}
	}
	return nil
}

// double fills the classes of two words.
func (m *maker) double(ctx context.Context) error {
	m.probes = 0
	for i := range m.pairs {
		if m.probes >= maxProbes || m.counts[Both] >= m.n && m.counts[Either] >= m.n && m.counts[Side] >= m.n {
			return nil
		}
		pair, mixed := m.pairs[i], m.mixed[i]
		for _, q := range []Query{{Both, "+" + mixed[0] + " +" + mixed[1]}, {Either, pair[0] + " " + pair[1]}, {Side, `"` + m.sides[i] + `"`}} {
			if m.counts[q.Class] >= m.n {
				continue
			}
			a, err := m.probe(ctx, q.Text)
			if err != nil {
				return err
			}
			if a.Total > 0 && !a.Dropped {
				m.add(q.Class, q.Text)
			}
		}
	}
	return nil
}

// probe counts what matches.
func (m *maker) probe(ctx context.Context, q string) (Answer, error) {
	m.probes++
	a, err := m.ask(ctx, q, 0, 0)
	if err != nil {
		return a, failed(ctx, q, err)
	}
	return a, nil
}

// add takes a query into a class that is not full and does not have it.
func (m *maker) add(class, text string) {
	for _, q := range m.out {
		if q.Class == class && q.Text == text {
			return
		}
	}
	if m.counts[class] < m.n {
		m.counts[class]++
		m.out = append(m.out, Query{class, text})
	}
}

// Read reads queries, one a line, as people typed them. What stands before a tab
// is a name, as in the files of package eval, and not read; empty lines and
// those that begin with # are nothing. A query's class is told by its shape.
func Read(r io.Reader) ([]Query, error) {
	var out []Query
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text := lines.Text()
		if _, behind, ok := strings.Cut(text, "\t"); ok {
			text = behind
		}
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if len(out) == MaxQueries {
			return nil, fmt.Errorf("speed: more than %d queries", MaxQueries)
		}
		out = append(out, Query{shape(query.Parse(text)), text})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("speed: line %d: %w", len(out)+1, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("speed: no queries")
	}
	return out, nil
}

// shape is the class of a query.
func shape(n query.Node) string {
	words := func(nodes []query.Node) bool {
		for _, c := range nodes {
			if _, ok := c.(query.Term); !ok {
				return false
			}
		}
		return true
	}
	switch n := n.(type) {
	case query.Term:
		return OneWord
	case query.Phrase:
		return Side
	case query.And:
		if words(n.Nodes) {
			return AllOf
		}
	case query.Or:
		if words(n.Nodes) {
			return AnyOf
		}
	}
	return Other
}
