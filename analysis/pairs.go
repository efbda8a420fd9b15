package analysis

import "unicode"

// spaceless are the scripts that part words by no space, or (Hangul) hang their
// particles on them.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

func isSpaceless(r rune) bool {
	switch {
	case r < 0x0E00: // before Thai
		return false
	case r == 'ー', r == '々', r == 'ｰ': // marks that go with kana and Han; their script is Common
		return true
	}
	return unicode.In(r, spaceless...)
}

// pairs appends the tokens of a run of a spaceless script: at the position of each
// character the character alone and the pair it opens. A query has the pairs only,
// unless the run is one character long. A character is a letter with the marks
// that stand on it.
func (a *Analyzer) pairs(dst []Token, w *words, index bool) []Token {
	run := w.text[w.start:w.end]
	a.edges = append(a.edges[:0], 0)
	for i, r := range run {
		if i > 0 && !unicode.IsMark(r) {
			a.edges = append(a.edges, i)
		}
	}
	last := len(a.edges) - 1
	for i, start := range a.edges {
		one, two := len(run), len(run) // ends of the character and of its pair
		if i < last {
			one = a.edges[i+1]
		}
		if i+1 < last {
			two = a.edges[i+2]
		}
		if index || last == 0 {
			dst = a.character(dst, w, start, one)
		}
		if i < last {
			dst = a.character(dst, w, start, two)
		}
		a.pos++
	}
	return dst
}

// character appends the token of the run's bytes from start to end.
func (a *Analyzer) character(dst []Token, w *words, start, end int) []Token {
	from := len(a.buf)
	a.buf = a.fold(a.buf, w.text[w.start+start:w.start+end])
	term := a.buf[from:len(a.buf):len(a.buf)]
	if len(term) == 0 || len(term) > MaxTermBytes {
		a.buf = a.buf[:from]
		return dst
	}
	return append(dst, Token{Term: term, Pos: a.pos, Start: uint32(w.start + start), End: uint32(w.start + end)})
}
