package main

import (
	"math"
	"sort"
)

// A key is an n-gram of symbol numbers, 12 bits each, the last symbol lowest;
// its order is the number of its symbols that are not 0.
type key uint64

const (
	symbolBits = 12
	maxSymbols = 1<<symbolBits - 1
)

func (k key) order() int {
	n := 0
	for ; k != 0; k >>= symbolBits {
		n++
	}
	return n
}

// context is the n-gram without its last symbol, suffix that without its first.
func (k key) context() key { return k >> symbolBits }

func (k key) suffix() key { return k &^ (maxSymbols << (symbolBits * (k.order() - 1))) }

// A lexicon numbers the symbols of a group of languages, the edge first.
type lexicon struct {
	ids   map[rune]key
	runes []rune // by number; 0 is none
}

// rareLetter is the share of a language's letters under which one is left out:
// such are in foreign names.
const rareLetter = 2e-6

func newLexicon(langs []map[string]float64) *lexicon {
	share := map[rune]float64{}
	for _, grams := range langs {
		total := 0.0
		for g, k := range grams {
			if r := []rune(g); len(r) == 1 && r[0] != edge {
				total += k
			}
		}
		for g, k := range grams {
			if r := []rune(g); len(r) == 1 && r[0] != edge {
				share[r[0]] = max(share[r[0]], k/total)
			}
		}
	}
	var letters []rune
	for r, s := range share {
		if s >= rareLetter {
			letters = append(letters, r)
		}
	}
	sort.Slice(letters, func(i, j int) bool {
		a, b := letters[i], letters[j]
		if share[a] != share[b] {
			return share[a] > share[b]
		}
		return a < b
	})
	letters = letters[:min(len(letters), maxSymbols-2)]
	l := &lexicon{ids: map[rune]key{}, runes: append([]rune{0, edge}, letters...)}
	for i, r := range l.runes[1:] {
		l.ids[r] = key(i + 1)
	}
	return l
}

func (l *lexicon) key(g string) (k key, ok bool) {
	for _, r := range g {
		id, known := l.ids[r]
		if !known {
			return 0, false
		}
		k = k<<symbolBits | id
	}
	return k, true
}

func (l *lexicon) letters(k key) []rune {
	var out []rune
	for ; k != 0; k >>= symbolBits {
		out = append([]rune{l.runes[k&maxSymbols]}, out...)
	}
	return out
}

// A model is an interpolated n-gram model of the letters in one language's
// words (Witten and Bell, "The zero-frequency problem", 1991).
type model struct {
	tag       string
	count     map[key]float32
	total     float32         // symbols, which are the events of a text
	following map[key]float32 // by context: how often a symbol follows
	kinds     map[key]float32 // and how many different ones do
	alphabet  float64
}

func newModel(tag string, grams map[string]float64, lex *lexicon) *model {
	m := &model{tag: tag, count: map[key]float32{}, following: map[key]float32{}, kinds: map[key]float32{}, alphabet: float64(len(lex.runes))}
	for g, n := range grams {
		k, ok := lex.key(g)
		if !ok {
			continue
		}
		m.count[k] = float32(n)
		if k.order() == 1 {
			m.total += float32(n)
		}
		if k != lex.ids[edge] { // an edge alone opens a word; nothing predicts it
			m.following[k.context()] += float32(n)
			m.kinds[k.context()]++
		}
	}
	return m
}

// smoothing multiplies the weight of the shorter context.
var smoothing = 1.0

// prob is P(last symbol | the others).
func (m *model) prob(k key) float64 {
	if k == 0 {
		return 1 / m.alphabet
	}
	ctx := k.context()
	shorter := 0.0
	if ctx == 0 {
		shorter = 1 / m.alphabet
	} else {
		shorter = m.prob(k.suffix())
	}
	c, t := float64(m.following[ctx]), float64(m.kinds[ctx])*smoothing
	if c == 0 {
		return shorter
	}
	return (float64(m.count[k]) + t*shorter) / (c + t)
}

func (m *model) logProb(k key) float32 { return float32(math.Log(m.prob(k))) }

// freq is how often an n-gram is met, by symbol of text.
func (m *model) freq(k key) float64 { return float64(m.count[k]) / float64(m.total) }
