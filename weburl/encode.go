package weburl

import "unicode/utf8"

// A set is a percent-encode set of the URL Standard: which ASCII bytes are
// written as %XX. All that is not ASCII always is.
type set uint8

const (
	inControl  set = 1 << iota // C0 control percent-encode set
	inFragment                 // fragment
	inQuery                    // query
	inSpecial                  // special-query
	inPath                     // path
	inUserinfo                 // userinfo
	pathEnd                    // not a set: / \ ? #, where a segment may end
)

// sets tells of each byte in which sets it is.
var sets = makeSets()

func makeSets() (t [256]set) {
	for c := range t {
		if c < 0x20 || c > 0x7e {
			t[c] = inControl | inFragment | inQuery | inSpecial | inPath | inUserinfo
		}
	}
	add := func(chars string, s set) {
		for _, c := range []byte(chars) {
			t[c] |= s
		}
	}
	add(" \"<>`", inFragment)
	add(" \"#<>", inQuery|inSpecial|inPath|inUserinfo)
	add("'", inSpecial)
	add("?^`{}", inPath|inUserinfo)
	add("/:;=@[\\]|", inUserinfo)
	add("/\\?#", pathEnd)
	return t
}

const upperHex = "0123456789ABCDEF"

// appendEncoded appends s with the bytes of a set percent-encoded.
func appendEncoded(dst []byte, s string, in set) []byte {
	run := 0
	for i := 0; i < len(s); {
		if sets[s[i]]&in == 0 {
			i++
			continue
		}
		dst = append(dst, s[run:i]...)
		var n int
		dst, n = appendPercent(dst, s[i:])
		i += n
		run = i
	}
	return append(dst, s[run:]...)
}

// appendPercent percent-encodes the first character of s and returns how many
// bytes it had. A byte that is not UTF-8 becomes U+FFFD.
func appendPercent(dst []byte, s string) ([]byte, int) {
	if s[0] < utf8.RuneSelf {
		return append(dst, '%', upperHex[s[0]>>4], upperHex[s[0]&15]), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return append(dst, "%EF%BF%BD"...), 1
	}
	for _, c := range []byte(s[:n]) {
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
	}
	return dst, n
}

// unhex is the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// percentDecode undoes every %XX of s; what is not one stands for itself.
func percentDecode(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return b
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
