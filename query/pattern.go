package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Wildcard asks for words of a shape: * stands for any characters or none, ? for
// one. The parser gives it with a letter or digit, with a ? or a * before its end,
// with no ? at either end, and with *, where it stands beside ?, once and behind them.
type Wildcard struct{ Field, Pattern string }

// Fuzzy asks for words that differ from a text in at most Distance characters, 1
// or 2: one more, one less, another one, or two neighbours that changed places.
type Fuzzy struct {
	Field, Text string
	Distance    int
}

// MaxPatternChars bounds the text of a Wildcard or a Fuzzy: what is longer is
// words. No natural word is, and an automaton in 64 bits holds it.
const MaxPatternChars = 60

func (w Wildcard) String() string { return prefix(w.Field) + w.Pattern }
func (f Fuzzy) String() string    { return prefix(f.Field) + f.Text + "~" + strconv.Itoa(f.Distance) }

// parseWildcard reads the pattern of a word that has one: not a prefix, nor a
// word with question marks around it, nor an address with a query.
func parseWildcard(word string) (pattern string, ok bool) {
	p := strings.TrimRight(strings.TrimLeft(word, "?.'"), "?.'")
	if inner := strings.TrimRight(p, "*"); !strings.ContainsAny(inner, "*?") || !isWord(p, "*?") {
		return "", false
	}
	var b strings.Builder
	star, chars := false, 0
	for _, r := range p {
		if r == '*' {
			star = true
			continue
		}
		if star && r != '?' {
			b.WriteByte('*')
			star = false
			chars++
		}
		b.WriteRune(r)
		chars++
	}
	if star {
		b.WriteByte('*')
		chars++
	}
	pattern = b.String()
	return pattern, chars <= MaxPatternChars && pattern[0] != '?'
}

// parseFuzzy reads a word with a tilde behind it, and the distance that it names
// or that goes with its length: short words have too many neighbours.
func parseFuzzy(word string) (text string, distance int, ok bool) {
	text, number, ok := strings.Cut(word, "~")
	chars := utf8.RuneCountInString(text)
	if !ok || chars > MaxPatternChars || !isWord(text, "") {
		return "", 0, false
	}
	switch number {
	case "":
		switch {
		case chars >= 8:
			distance = 2
		case chars >= 4:
			distance = 1
		}
	case "0", "1", "2":
		distance = int(number[0] - '0')
	default:
		return "", 0, false
	}
	return text, distance, true
}

// isWord tells whether a text is of the characters that words are made of, and of
// others; with at least one letter or digit.
func isWord(s, others string) bool {
	telling := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			telling = true
		case !unicode.IsMark(r) && !strings.ContainsRune("_.'’"+others, r):
			return false
		}
	}
	return telling
}
