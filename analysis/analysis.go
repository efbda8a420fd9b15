// Package analysis turns text to tokens: what the index holds and a query looks for.
//
// Words are those of UAX #29 (Unicode Text Segmentation, word boundaries) that
// hold a letter or a number: max_connections, http.Client, 3.14 and can't are one
// word each. A word is folded (NFKC, lower case), loses its possessive 's or its
// elided article (l'avion), and is stemmed by its language's rules. Chinese,
// Japanese, Korean, Thai, Lao, Khmer and Burmese, which part words by no space or
// by too few, become overlapping pairs of characters.
//
// Stop words are tokens like all others, so that phrases stay exact; a query may
// drop them (Stop). Positions count words, and characters where there are no
// words; two tokens may share one position, and the order of tokens is that of
// their positions.
//
// Tokens and QueryTokens serve queries and snippets. Texts on their way into the
// index go through Begin and Next, which give the same words unstemmed, in
// batches, at 690 MB/s of English instead of 136 (stemmed: 43): who indexes stems
// a word once and not each time it occurs.
//
// Limits: a term is at most MaxTermBytes long and a longer word leaves a hole of
// one position. Texts beyond 4 GiB are cut, since offsets are 32 bits.
//
// Sources: UAX #29, Unicode Standard Annex; M. F. Porter, An algorithm for suffix
// stripping, 1980; the Snowball project's stemmers for the other languages.
package analysis

import (
	"math"
	"strings"
)

// MaxTermBytes is the length of the longest term; the dictionary's entry counts
// it in one byte.
const MaxTermBytes = 255

// A Token is one term at one place of a text.
type Token struct {
	Term       []byte // valid until the Analyzer is used again
	Pos        uint32 // words before it
	Start, End uint32 // bytes of the text it came from
}

// An Analyzer makes the tokens of one language. It owns the memory of the terms
// it hands out: one goroutine at a time.
type Analyzer struct {
	lang  *language
	buf   []byte     // terms of the last call
	runes []byte     // scratch of fold
	edges []int      // scratch of pairs
	cache *stemCache // nil until a text is long enough to pay for it
	pos   uint32
	scan  *scan // nil until Begin
}

// For returns a new Analyzer of a language by its BCP 47 tag; only the first
// subtag counts. Empty means English. An unknown language is neither stemmed nor
// has it stop words. The tag x-alnum is that of no language: its words are the
// longest runs of letters and numbers, in lower case, and no more is done to them.
func For(tag string) *Analyzer {
	if strings.EqualFold(tag, "x-alnum") {
		return &Analyzer{lang: alnum}
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	base = strings.ToLower(base)
	if base == "" {
		base = "en"
	}
	if l := languages[base]; l != nil {
		return &Analyzer{lang: l}
	}
	return &Analyzer{lang: &language{}}
}

// Tokens appends the tokens of text as the index holds them.
func (a *Analyzer) Tokens(dst []Token, text string) []Token {
	return a.tokens(dst, text, true)
}

// QueryTokens appends the tokens of text as a query looks for them: where words
// have no spaces, only pairs of characters, and a single one only if it stands
// alone. Every token of it is among those of Tokens, at the same place.
func (a *Analyzer) QueryTokens(dst []Token, text string) []Token {
	return a.tokens(dst, text, false)
}

// Stop tells whether a query may drop the term of a token.
func (a *Analyzer) Stop(term []byte) bool { return a.lang.stop[string(term)] }

func (a *Analyzer) tokens(dst []Token, text string, index bool) []Token {
	if len(text) > math.MaxUint32 {
		text = text[:math.MaxUint32]
	}
	if a.cache == nil && len(text) >= stemCacheFrom {
		a.cache = new(stemCache)
	}
	a.buf, a.pos = a.buf[:0], 0
	w := words{text: text, alnum: a.lang.alnum}
	for w.next() {
		if w.spaceless {
			dst = a.pairs(dst, &w, index)
			continue
		}
		if term := a.term(text[w.start:w.end], w.ascii); len(term) > 0 {
			dst = append(dst, Token{Term: term, Pos: a.pos, Start: uint32(w.start), End: uint32(w.end)})
		}
		a.pos++
	}
	return dst
}

// term folds and stems a word; nil if nothing is left or too much.
func (a *Analyzer) term(word string, ascii bool) []byte {
	if len(word) > 4*MaxTermBytes {
		return nil // folding makes no word four times shorter
	}
	from := len(a.buf)
	if ascii {
		a.buf = lowerASCII(a.buf, word, a.lang.dotless)
	} else {
		a.buf = a.foldWord(a.buf, word)
	}
	term := a.finish(a.buf[from:])
	if term == nil {
		a.buf = a.buf[:from]
		return nil
	}
	a.buf = append(a.buf[:from], term...) // a stem may be longer than its word, and elsewhere
	return a.buf[from:len(a.buf):len(a.buf)]
}

// finish makes a term of a folded word, perhaps in its place; nil if nothing is
// left or too much.
func (a *Analyzer) finish(word []byte) []byte {
	term := a.clip(word)
	if a.lang.stem != nil && len(term) > 2 && len(term) <= MaxTermBytes {
		term = a.stem(term)
	}
	if len(term) == 0 || len(term) > MaxTermBytes {
		return nil
	}
	return term
}

// clip cuts what hangs on a word by an apostrophe and is no part of it.
func (a *Analyzer) clip(w []byte) []byte {
	switch n := len(w); {
	case a.lang.possessive && n > 2 && w[n-1] == 's' && w[n-2] == '\'':
		return w[:n-2]
	case len(a.lang.elided) > 0:
		for i := 1; i < n-1 && i <= maxElided; i++ {
			if w[i] == '\'' && a.lang.elided[string(w[:i])] {
				return w[:copy(w, w[i+1:])]
			}
		}
	}
	return w
}
