package extract

import (
	"bytes"
	"html"
	"unicode/utf8"
)

// maxReference bounds the names of character references: the longest,
// CounterClockwiseContourIntegral, has 31 bytes.
const maxReference = 32

// unescapeAttr is an attribute's value as text: character references resolved,
// line ends normal. It is b itself where nothing is to do.
func unescapeAttr(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 && bytes.IndexByte(b, '\r') < 0 && bytes.IndexByte(b, 0) < 0 {
		return b
	}
	return unescape(b, true)
}

// unescape resolves character references and replaces line ends and NUL as the
// standard does in attributes and in escapable text.
func unescape(b []byte, inAttr bool) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '&':
			var n int
			out, n = appendReference(out, b[i:], inAttr)
			i += n
			continue
		case '\r':
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			out = append(out, '\n')
		case 0:
			out = append(out, "\uFFFD"...)
		default:
			out = append(out, c)
		}
		i++
	}
	return out
}

// appendReference resolves the character reference that b may begin with, or
// appends what is none, and tells how much of b it took.
func appendReference(dst, b []byte, inAttr bool) (out []byte, n int) {
	if len(b) > 2 && b[1] == '#' {
		if r, n := numericReference(b); n > 0 {
			return utf8.AppendRune(dst, r), n
		}
		return append(dst, '&'), 1
	}
	n = 1
	for n < len(b) && n <= maxReference && (isLetter(b[n]) || '0' <= b[n] && b[n] <= '9') {
		n++
	}
	closed := n < len(b) && b[n] == ';'
	if closed {
		switch string(b[1:n]) {
		case "amp":
			return append(dst, '&'), n + 1
		case "nbsp":
			return append(dst, "\u00a0"...), n + 1
		case "lt":
			return append(dst, '<'), n + 1
		case "gt":
			return append(dst, '>'), n + 1
		case "quot":
			return append(dst, '"'), n + 1
		case "nGt": // this and nLt the standard library does not know
			return append(dst, "\u226b\u20d2"...), n + 1
		case "nLt":
			return append(dst, "\u226a\u20d2"...), n + 1
		}
		n++
	}
	if n == 1 || n > maxReference+1 || inAttr && !closed && n < len(b) && b[n] == '=' {
		return append(dst, b[:n]...), n
	}
	// The table of the 2,231 names is that of the standard library.
	text := html.UnescapeString(string(b[:n]))
	if inAttr && isRest(text, closed) {
		return append(dst, b[:n]...), n
	}
	return append(dst, text...), n
}

// isRest tells whether a resolved reference ends in letters of its name: then
// only the first of them were a name ("&notin" is "¬in"), which in attributes
// does not count. No reference without semicolon stands for a letter of ASCII.
func isRest(text string, closed bool) bool {
	last := text[len(text)-1]
	if closed {
		return last == ';' && text != ";"
	}
	return isLetter(last) || '0' <= last && last <= '9'
}

// numericReference reads "&#233;" or "&#xE9;", the semicolon of which may be
// missing. n is 0 where there are no digits.
func numericReference(b []byte) (r rune, n int) {
	n, base := 2, rune(10)
	if b[n]|0x20 == 'x' {
		n, base = 3, 16
	}
	digits := n
	for ; n < len(b); n++ {
		c := b[n]
		var d rune
		switch {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f':
			d = rune(c|0x20-'a') + 10
		default:
			d = -1
		}
		if d < 0 {
			break
		}
		r = min(r*base+d, utf8.MaxRune+1)
	}
	if n == digits {
		return 0, 0
	}
	if n < len(b) && b[n] == ';' {
		n++
	}
	switch {
	case r == 0 || r > utf8.MaxRune || 0xD800 <= r && r <= 0xDFFF:
		r = utf8.RuneError
	case 0x80 <= r && r <= 0x9F:
		r = windows1252[r-0x80]
	}
	return r, n
}

// windows1252 is what the numbers 0x80 to 0x9F of character references stand
// for.
var windows1252 = [32]rune{
	'\u20AC', '\u0081', '\u201A', '\u0192', '\u201E', '\u2026', '\u2020', '\u2021',
	'\u02C6', '\u2030', '\u0160', '\u2039', '\u0152', '\u008D', '\u017D', '\u008F',
	'\u0090', '\u2018', '\u2019', '\u201C', '\u201D', '\u2022', '\u2013', '\u2014',
	'\u02DC', '\u2122', '\u0161', '\u203A', '\u0153', '\u009D', '\u017E', '\u0178',
}
