package analysis

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lowerASCII appends word in lower case. With dotless, I becomes ı, as Turkish
// and Azerbaijani have it.
func lowerASCII(dst []byte, word string, dotless bool) []byte {
	for i := 0; i < len(word); i++ {
		c := word[i]
		switch {
		case 'A' > c || c > 'Z':
		case dotless && c == 'I':
			dst = append(dst, "ı"...)
			continue
		default:
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// foldWord appends word as the language folds it.
func (a *Analyzer) foldWord(dst []byte, word string) []byte {
	if !a.lang.alnum {
		return a.fold(dst, word)
	}
	for _, r := range word {
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// fold appends word in compatible normal form (NFKC) and lower case: ﬁ is fi, and
// full-width letters are letters. Final sigma is sigma, sharp s is ss, and every
// apostrophe is the ASCII one.
func (a *Analyzer) fold(dst []byte, word string) []byte {
	if !norm.NFKC.IsNormalString(word) {
		a.runes = norm.NFKC.AppendString(a.runes[:0], word)
		word = string(a.runes)
	}
	from := len(dst)
	for _, r := range word {
		dst = a.foldRune(dst, r)
	}
	// Lower-casing can open what normalisation had closed; it is rare.
	if !norm.NFC.IsNormal(dst[from:]) {
		a.runes = norm.NFC.Append(a.runes[:0], dst[from:]...)
		dst = append(dst[:from], a.runes...)
	}
	return dst
}

func (a *Analyzer) foldRune(dst []byte, r rune) []byte {
	switch {
	case r == 'I' && a.lang.dotless:
		r = 'ı'
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(dst, byte(r))
	case r == 'ς':
		r = 'σ'
	case r == 'ß' || r == 'ẞ':
		return append(dst, "ss"...)
	case r == '’' || r == '‘' || r == 'ʼ':
		r = '\''
	case r == 0xAD || unicode.Is(unicode.Cf, r): // soft hyphens, joiners, marks of direction
		return dst
	default:
		r = unicode.ToLower(r)
	}
	return utf8.AppendRune(dst, r)
}
