package extract

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// prescan finds the encoding that an HTML page declares of itself: "prescan a
// byte stream to determine its encoding", WHATWG HTML 13.2.3.2. It returns the
// canonical name, or "".
func prescan(b []byte) string {
	if name := xmlUTF16(b); name != "" {
		return name
	}
	if name := metaPrescan(b); name != "" {
		return name
	}
	return xmlEncoding(b)
}

// metaPrescan finds what the first valid meta element declares.
func metaPrescan(b []byte) string {
	for i := 0; i < len(b); i++ {
		if b[i] != '<' {
			continue
		}
		rest := b[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			end := bytes.Index(rest[2:], []byte("-->")) // "<!-->" is a whole comment
			if end < 0 {
				return ""
			}
			i += 2 + end + 2
		case len(rest) > 5 && bytes.EqualFold(rest[:5], []byte("<meta")) && isSpaceOrSlash(rest[5]):
			a := attrs{b: b, i: i + 6}
			if name := a.metaCharset(); name != "" {
				return name
			}
			i = a.i
		case len(rest) > 1 && isLetter(rest[1]), len(rest) > 2 && rest[1] == '/' && isLetter(rest[2]):
			for i < len(b) && !isSpace(b[i]) && b[i] != '>' {
				i++
			}
			a := attrs{b: b, i: i}
			for {
				if _, _, ok := a.next(); !ok {
					break
				}
			}
			i = a.i
		case len(rest) > 1 && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?'):
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				return ""
			}
			i += end
		}
	}
	return ""
}

// xmlUTF16 is the standard's special case of "<?x" in 16-bit characters.
func xmlUTF16(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("<\x00?\x00x\x00")):
		return "utf-16le"
	case bytes.HasPrefix(b, []byte("\x00<\x00?\x00x")):
		return "utf-16be"
	}
	return ""
}

// xmlEncoding is what an XML declaration at the start says: "get an XML
// encoding" of the standard, which counts if no meta element does.
func xmlEncoding(b []byte) string {
	if !bytes.HasPrefix(b, []byte("<?xml")) {
		return ""
	}
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return ""
	}
	_, rest, ok := bytes.Cut(b[:end], []byte("encoding"))
	if !ok {
		return ""
	}
	rest, ok = bytes.CutPrefix(trimControls(rest), []byte("="))
	if rest = trimControls(rest); !ok || len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, closed := bytes.Cut(rest[1:], rest[:1])
	if !closed || bytes.ContainsFunc(label, func(r rune) bool { return r <= ' ' }) {
		return ""
	}
	_, name := charset.Lookup(string(label))
	if name == "utf-16be" || name == "utf-16le" {
		return "utf-8"
	}
	return name
}

func trimControls(b []byte) []byte {
	return bytes.TrimLeftFunc(b, func(r rune) bool { return r <= ' ' })
}

// attrs reads attributes from a byte stream: "get an attribute" of the standard.
type attrs struct {
	b []byte
	i int // at the '>' or the end once next returned false
}

// metaCharset reads the attributes of a meta element and returns the encoding
// they declare, or "".
func (a *attrs) metaCharset() string {
	var seen []string
	gotPragma, needPragma, haveNeed, label := false, false, false, ""
	for {
		name, value, ok := a.next()
		if !ok {
			break
		}
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		switch name {
		case "http-equiv":
			gotPragma = gotPragma || value == "content-type"
		case "content":
			if l := charsetInContent(value); l != "" && label == "" {
				if _, known := charset.Lookup(l); known != "" {
					label, needPragma, haveNeed = l, true, true
				}
			}
		case "charset":
			label, needPragma, haveNeed = value, false, true
		}
	}
	if !haveNeed || needPragma && !gotPragma {
		return ""
	}
	_, name := charset.Lookup(label)
	switch name {
	case "utf-16be", "utf-16le":
		return "utf-8"
	case "x-user-defined":
		return "windows-1252"
	}
	return name
}

// charsetInContent is the standard's "extracting a character encoding from a
// meta element", on a value in lower case.
func charsetInContent(s string) string {
	for {
		i := strings.Index(s, "charset")
		if i < 0 {
			return ""
		}
		s = strings.TrimLeft(s[i+len("charset"):], " \t\n\f\r")
		if strings.HasPrefix(s, "=") {
			break
		}
	}
	s = strings.TrimLeft(s[1:], " \t\n\f\r")
	if s == "" {
		return ""
	}
	if q := s[:1]; q == `"` || q == "'" {
		value, _, closed := strings.Cut(s[1:], q)
		if !closed {
			return ""
		}
		return value
	}
	if i := strings.IndexAny(s, " \t\n\f\r;"); i >= 0 {
		s = s[:i]
	}
	return s
}

// next returns the next attribute in lower case, and false at the tag's end.
func (a *attrs) next() (name, value string, ok bool) {
	for a.i < len(a.b) && isSpaceOrSlash(a.b[a.i]) {
		a.i++
	}
	if a.i >= len(a.b) || a.b[a.i] == '>' {
		return "", "", false
	}
	start := a.i
	for a.i < len(a.b) {
		c := a.b[a.i]
		if c == '=' && a.i > start || isSpaceOrSlash(c) || c == '>' {
			break
		}
		a.i++
	}
	name = strings.ToLower(string(a.b[start:a.i]))
	a.skipSpace()
	if a.i >= len(a.b) || a.b[a.i] != '=' {
		return name, "", true
	}
	a.i++
	a.skipSpace()
	return name, a.value(), a.i < len(a.b) // a value that the stream cuts off is none
}

func (a *attrs) value() string {
	if a.i >= len(a.b) {
		return ""
	}
	if q := a.b[a.i]; q == '"' || q == '\'' {
		a.i++
		start := a.i
		for a.i < len(a.b) && a.b[a.i] != q {
			a.i++
		}
		v := strings.ToLower(string(a.b[start:a.i]))
		if a.i < len(a.b) {
			a.i++
		}
		return v
	}
	start := a.i
	for a.i < len(a.b) && !isSpace(a.b[a.i]) && a.b[a.i] != '>' {
		a.i++
	}
	return strings.ToLower(string(a.b[start:a.i]))
}

func (a *attrs) skipSpace() {
	for a.i < len(a.b) && isSpace(a.b[a.i]) {
		a.i++
	}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'
}

func isSpaceOrSlash(c byte) bool { return isSpace(c) || c == '/' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
