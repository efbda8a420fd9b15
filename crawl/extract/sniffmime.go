package extract

import (
	"strings"
	"unicode/utf8"
)

// maxMIMEParams bounds the parameters that are kept of a type.
const maxMIMEParams = 32

// A mimeType is a type as the MIME Sniffing standard reads it, which is how
// browsers do: mime.ParseMediaType rejects half of the standard's cases.
type mimeType struct {
	essence string // type/subtype in lower case
	params  []mimeParam
}

type mimeParam struct{ name, value string }

// parseMIME parses a MIME type: "parse a MIME type", WHATWG MIME Sniffing 4.4.
// What is no type at all gives false; what is wrong with a parameter costs that
// parameter. Bytes that are no UTF-8 are characters of Latin-1.
func parseMIME(s string) (m mimeType, ok bool) {
	const space = " \t\n\r"
	s = strings.Trim(s, space)
	kind, rest, ok := strings.Cut(s, "/")
	if !ok || !isToken(kind) {
		return m, false
	}
	sub, rest, more := strings.Cut(rest, ";")
	if sub = strings.TrimRight(sub, space); !isToken(sub) {
		return m, false
	}
	m.essence = asciiLower(kind) + "/" + asciiLower(sub)
	for more {
		rest = strings.TrimLeft(rest, space)
		end := strings.IndexAny(rest, ";=")
		if end < 0 {
			break
		}
		name, value := asciiLower(rest[:end]), ""
		if rest[end] == ';' {
			rest = rest[end+1:]
			continue
		}
		rest = rest[end+1:]
		quoted := strings.HasPrefix(rest, `"`)
		if quoted {
			value, rest = quotedString(rest[1:])
			_, rest, more = strings.Cut(rest, ";")
		} else {
			value, rest, more = strings.Cut(rest, ";")
			value = strings.TrimRight(value, space)
		}
		if (value != "" || quoted) && isToken(name) && isQuotable(value) && !m.has(name) && len(m.params) < maxMIMEParams {
			m.params = append(m.params, mimeParam{name, value})
		}
	}
	return m, true
}

// quotedString reads up to the closing quote, or the end, and resolves
// backslashes.
func quotedString(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

func (m mimeType) has(name string) bool {
	for _, p := range m.params {
		if p.name == name {
			return true
		}
	}
	return false
}

func (m mimeType) param(name string) string {
	for _, p := range m.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// String serialises a type by the standard.
func (m mimeType) String() string {
	var b strings.Builder
	b.WriteString(m.essence)
	for _, p := range m.params {
		b.WriteString(";" + p.name + "=")
		if isToken(p.value) {
			b.WriteString(p.value)
			continue
		}
		b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.value) + `"`)
	}
	return b.String()
}

// isToken tells a string of one or more of HTTP's token characters.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isQuotable tells what may stand in quotes: no control characters, nothing
// beyond Latin-1.
func isQuotable(s string) bool {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = rune(s[i])
		}
		if r != '\t' && r < ' ' || r == 0x7F || r > 0xFF {
			return false
		}
		i += size
	}
	return true
}

func asciiLower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r | 0x20
				}
				return r
			}, s)
		}
	}
	return s
}
