package robots

import "strings"

// matches reports whether a rule's pattern matches the beginning of a path: '*'
// stands for any run of bytes, '$' at the end for the end of the path.
//
// Each literal between two stars is looked for once, at its first place: that
// is enough, and keeps hostile patterns linear.
func (r *rule) matches(path string) bool {
	pattern := r.pattern
	star := strings.IndexByte(pattern, '*')
	if star < 0 {
		if end, ok := strings.CutSuffix(pattern, "$"); ok {
			return path == end
		}
		return strings.HasPrefix(path, pattern)
	}
	if !strings.HasPrefix(path, pattern[:star]) {
		return false
	}
	for {
		path, pattern = path[star:], pattern[star+1:]
		star = strings.IndexByte(pattern, '*')
		if star < 0 {
			if end, ok := strings.CutSuffix(pattern, "$"); ok {
				return strings.HasSuffix(path, end)
			}
			return strings.Contains(path, pattern)
		}
		i := strings.Index(path, pattern[:star])
		if i < 0 {
			return false
		}
		path = path[i:]
	}
}

// How a byte is written in patterns and paths, so that the spellings of one
// address compare equal (RFC 9309, section 2.2.2).
const (
	asIs       = iota
	encode     // as %XX in both
	encodePath // as %XX in a path; in a pattern only where it is not special
	encodeRule // as %XX in a pattern: paths come encoded, and Google insists
)

var spelling = makeSpelling()

func makeSpelling() (t [256]uint8) {
	for c := range t {
		switch {
		case c <= ' ' || c == 0x7f:
			t[c] = encode
		case c >= 0x80:
			t[c] = encodeRule
		}
	}
	for _, c := range []byte("\"<>^`{|}") {
		t[c] = encode
	}
	t['*'], t['$'] = encodePath, encodePath
	return t
}

// normalPath spells a path as patterns are spelled. It allocates only if
// something is to be changed, which is rare.
func normalPath(path string) string {
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%':
			if _, n := escape(path[i:]); n > 0 {
				return string(appendNormal(nil, path, false))
			}
		case spelling[c] == encode || spelling[c] == encodePath:
			return string(appendNormal(nil, path, false))
		}
	}
	return path
}

// appendNormal appends the normal spelling of a path or a pattern.
func appendNormal(dst []byte, s string, pattern bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		how := spelling[c]
		special := pattern && (c == '*' || c == '$' && i == len(s)-1)
		switch {
		case c == '%':
			text, n := escape(s[i:])
			if n == 0 {
				dst = append(dst, c)
				break
			}
			dst = append(dst, text...)
			i += n - 1
		case how == encode, how == encodePath && !special, how == encodeRule && pattern:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// escape returns what to write for the %xx at the beginning of s and its
// length, which is 0 if it can stay: its digits in upper case, or the mark it
// means if that is - . _ or ~. The standard would decode letters and digits
// too, but Google's tests forbid it.
func escape(s string) (text string, n int) {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return "", 0
	}
	switch up := s[1:3]; up {
	case "2D", "2d":
		return "-", 3
	case "2E", "2e":
		return ".", 3
	case "5F", "5f":
		return "_", 3
	case "7E", "7e":
		return "~", 3
	}
	if s[1] < 'a' && s[2] < 'a' {
		return "", 0
	}
	return strings.ToUpper(s[:3]), 3
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
