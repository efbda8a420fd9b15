package langid

import "unicode/utf8"

const (
	edge       = ' ' // the symbol before and after a word
	maxWord    = 40  // letters of a word; the rest of a longer one is not looked at
	flushAfter = 17  // rows of levels up to 15 that a byte can add up
	half       = 0x0F0F0F0F0F0F0F0F
)

// sums adds up levels by language: lower is likelier.
type sums struct {
	g     *group
	total [maxLangs]uint32
	even  [4]uint64 // levels of languages 16i, 16i+2, ... 16i+14, a byte each
	odd   [4]uint64 // and those between
	added int

	letters int // of words that count
}

// text adds all words in a script.
func (s *sums) text(text string, script uint8) {
	var word [maxWord + 2]rune
	word[0] = edge
	n, start := 1, 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		letter := fold(r)
		if letter != 0 && r >= utf8.RuneSelf && scriptOf(r) != script || r < utf8.RuneSelf && script != latin {
			letter = 0
		}
		if letter != 0 {
			if n == 1 {
				start = i
			}
			if n <= maxWord {
				word[n] = letter
				n++
			}
		} else if n > 1 {
			if composed := compose(word[n-1], r); composed != 0 {
				word[n-1] = composed
			} else {
				if !isCode(text, start, i) {
					word[n] = edge
					s.word(word[:n+1])
				}
				n = 1
			}
		}
		i += size
	}
	if n > 1 && !isCode(text, start, len(text)) {
		word[n] = edge
		s.word(word[:n+1])
	}
	s.flush()
}

// word adds the levels of a word's symbols, each by the longest n-gram ending
// in it that has a row.
func (s *sums) word(word []rune) {
	var hash [order]uint64
	s.letters += len(word) - 2
	for i := 1; i < len(word); i++ {
		n := min(i+1, order)
		h := uint64(0)
		for k := range n {
			h = extend(h, word[i-k])
			hash[k] = h
		}
		for k := n - 1; k >= 0; k-- {
			at := s.g.find(hash[k])
			if at < 0 {
				continue
			}
			s.row(at)
			break
		}
	}
}

func (s *sums) row(at int) {
	rows := s.g.rows
	for i := range (s.g.width + 7) / 8 {
		w := le64(rows, at+8*i)
		s.even[i] += w & half
		s.odd[i] += w >> 4 & half
	}
	if s.added++; s.added == flushAfter {
		s.flush()
	}
}

func (s *sums) flush() {
	for l := range len(s.g.tags) {
		word, shift := l>>4, l>>1&7*8
		if l&1 == 0 {
			s.total[l] += uint32(s.even[word] >> shift & 0xFF)
		} else {
			s.total[l] += uint32(s.odd[word] >> shift & 0xFF)
		}
	}
	s.even, s.odd, s.added = [4]uint64{}, [4]uint64{}, 0
}

// isCode tells whether the word at text[start:end] is part of an address, a
// file name, an identifier or a number, which belong to no language.
func isCode(text string, start, end int) bool {
	if start > 0 {
		switch c := text[start-1]; {
		case '0' <= c && c <= '9', c == '_', c == '@', c == '/', c == '\\', c == '#', c == '$', c == '%', c == '=':
			return true
		case c == '.' && start > 1 && isWordByte(text[start-2]):
			return true
		}
	}
	if end < len(text) {
		switch c := text[end]; {
		case '0' <= c && c <= '9', c == '_', c == '@', c == '/', c == '\\', c == '=', c == '(':
			return true
		case c == '.' && end+1 < len(text) && isWordByte(text[end+1]):
			return true
		case c == ':' && end+1 < len(text) && text[end+1] == '/':
			return true
		}
	}
	return false
}

func isWordByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf
}
