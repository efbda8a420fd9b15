package convert

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxParens = 32 // in the address of a link
	maxTicks  = 32 // backquotes around a code span
)

// inline takes the marks off the text of a block and notes its links. Each step
// goes forwards or gives up for good, so that the time is linear but for runs
// of backquotes, of which a text of n bytes has at most 1.4 sqrt(n) lengths.
func (m *markdown) inline(s string) string {
	if !strings.ContainsAny(s, "\\`*_[]<~&:") {
		return s
	}
	in := &inlineText{m: m, s: s, unclosed: map[int]bool{}}
	for in.at < len(in.s) {
		in.step()
	}
	return strings.ReplaceAll(string(in.out), dropped, "")
}

// dropped stands in the output for a bracket that proved to be a link's.
const dropped = "\x00"

type inlineText struct {
	m        *markdown
	s        string
	at       int
	out      []byte
	open     []bracket
	unclosed map[int]bool // lengths of backquote runs known to have no fellow
}

// A bracket is one that is open, and where it stands in the output.
type bracket struct {
	at    int
	image bool
}

func (t *inlineText) step() {
	rest := t.s[t.at:]
	switch c := rest[0]; {
	case c == 0:
		t.at++
	case c == '\\' && len(rest) > 1 && isPunct(rest[1]):
		t.put(rest[1:2], 2)
	case c == '`':
		t.code(rest)
	case c == '!' && strings.HasPrefix(rest, "!["):
		t.open = append(t.open, bracket{len(t.out), true})
		t.put("[", 2)
	case c == '[':
		t.open = append(t.open, bracket{len(t.out), false})
		t.put("[", 1)
	case c == ']':
		t.close(rest)
	case c == '<':
		t.tag(rest)
	case c == '&':
		t.entity(rest)
	case c == '*' || c == '_' || strings.HasPrefix(rest, "~~"):
		t.emphasis(rest)
	case c == 'h' && (strings.HasPrefix(rest, "https://") || strings.HasPrefix(rest, "http://")):
		t.bare(rest)
	default:
		n := strings.IndexAny(rest[1:], "\\`!*_[]<~&h\x00") + 1
		if n == 0 {
			n = len(rest)
		}
		t.put(rest[:n], n)
	}
}

func (t *inlineText) put(s string, skip int) {
	t.out = append(t.out, s...)
	t.at += skip
}

func isPunct(c byte) bool { return c < utf8.RuneSelf && unicode.In(rune(c), unicode.P, unicode.S) }

// code copies a code span without its backquotes.
func (t *inlineText) code(rest string) {
	n := len(rest) - len(strings.TrimLeft(rest, "`"))
	if n <= maxTicks && !t.unclosed[n] {
		for i := n; i < len(rest); {
			j := strings.IndexByte(rest[i:], '`')
			if j < 0 {
				break
			}
			i += j
			run := len(rest[i:]) - len(strings.TrimLeft(rest[i:], "`"))
			if run == n {
				t.put(rest[n:i], i+n)
				return
			}
			i += run
		}
		t.unclosed[n] = true
	}
	t.put(rest[:n], n)
}

// close ends a link, if it is one: [text](address), [text][label] or [label].
func (t *inlineText) close(rest string) {
	if len(t.open) == 0 {
		t.put("]", 1)
		return
	}
	from, isImage := t.open[len(t.open)-1].at, t.open[len(t.open)-1].image
	t.open = t.open[:len(t.open)-1]
	href, n := address(rest[1:])
	if n == 0 {
		label := string(t.out[from+1:])
		if after := rest[1:]; strings.HasPrefix(after, "[") {
			if i := strings.IndexByte(truncate(after, maxHeadingBytes), ']'); i > 0 {
				n = i + 1
				if i > 1 {
					label = after[1:i]
				}
			}
		}
		known := false
		if len(label) <= maxHeadingBytes {
			href, known = t.m.refs[strings.ToLower(label)]
		}
		if !known {
			t.put("]", 1)
			return
		}
	}
	t.out[from] = dropped[0]
	t.at += 1 + n
	if !isImage { // images are no pages
		t.m.b.link(href)
	}
}

// address reads (address "title") and returns its length; 0: it is none.
func address(s string) (href string, n int) {
	if !strings.HasPrefix(s, "(") {
		return "", 0
	}
	s = truncate(s, 2*maxLinkBytes)
	i := 1
	for i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	start := i
	if i < len(s) && s[i] == '<' {
		end := strings.IndexAny(s[i+1:], "<>\n")
		if end < 0 || s[i+1+end] != '>' {
			return "", 0
		}
		href, i = s[i+1:i+1+end], i+end+2
	} else {
		for depth := 0; i < len(s) && s[i] > ' '; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			} else if s[i] == '(' {
				if depth++; depth > maxParens {
					return "", 0
				}
			} else if s[i] == ')' {
				if depth--; depth < 0 {
					break
				}
			}
		}
		href = s[start:min(i, len(s))]
	}
	end := endOfTitle(s, i)
	if end == 0 {
		return "", 0
	}
	return html.UnescapeString(href), end
}

// endOfTitle skips an optional title and returns where the parenthesis ends, or 0.
func endOfTitle(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	if i < len(s) && strings.IndexByte(`"'(`, s[i]) >= 0 {
		closing := s[i]
		if closing == '(' {
			closing = ')'
		}
		end := strings.IndexByte(s[i+1:], closing)
		if end < 0 {
			return 0
		}
		i += end + 2
	}
	for i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	if i < len(s) && s[i] == ')' {
		return i + 1
	}
	return 0
}

// tag drops an HTML tag, and takes <https://...> for a link.
func (t *inlineText) tag(rest string) {
	end := strings.IndexAny(truncate(rest[1:], 2*maxLinkBytes), "<>")
	if end < 0 || rest[1+end] != '>' || end == 0 {
		t.put("<", 1)
		return
	}
	inside := rest[1 : 1+end]
	switch c := inside[0]; {
	case strings.HasPrefix(inside, "http://"), strings.HasPrefix(inside, "https://"):
		t.m.b.link(inside)
		t.put(inside, end+2)
	case strings.Contains(inside, "@") && !strings.ContainsAny(inside, " \n"):
		t.put(inside, end+2)
	case c == '/' || c == '!' || 'a' <= c|0x20 && c|0x20 <= 'z':
		if lower := strings.ToLower(inside); strings.HasPrefix(lower, "a ") {
			if i := strings.Index(lower, "href="); i >= 0 {
				href := inside[i+5:]
				if href != "" && (href[0] == '"' || href[0] == '\'') {
					href, _, _ = strings.Cut(href[1:], href[:1])
				}
				t.m.b.link(html.UnescapeString(href))
			}
		}
		t.put(" ", end+2)
	default:
		t.put("<", 1)
	}
}

func (t *inlineText) entity(rest string) {
	if i := strings.IndexByte(truncate(rest, 40), ';'); i > 1 {
		t.put(html.UnescapeString(rest[:i+1]), i+1)
		return
	}
	t.put("&", 1)
}

// emphasis drops a run of marks that touches a word; an underscore within a word
// is a letter, and marks between spaces are signs.
func (t *inlineText) emphasis(rest string) {
	n := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
	before, _ := utf8.DecodeLastRune(t.out)
	after, _ := utf8.DecodeRuneInString(rest[n:])
	spaceBefore := len(t.out) == 0 || unicode.IsSpace(before)
	spaceAfter := len(rest) == n || unicode.IsSpace(after)
	inWord := rest[0] == '_' && isWord(before) && isWord(after)
	if inWord || spaceBefore && spaceAfter {
		t.put(rest[:n], n)
		return
	}
	t.at += n
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// bare takes an address in running text for a link, as GitHub does.
func (t *inlineText) bare(rest string) {
	before, _ := utf8.DecodeLastRune(t.out)
	ends := " \t\n<>`\"|\\"
	if len(t.open) > 0 {
		ends += "]"
	}
	end := strings.IndexAny(rest, ends)
	if end < 0 {
		end = len(rest)
	}
	url := strings.TrimRight(rest[:end], "?!.,:;*_~'])")
	if strings.Contains(url, "(") && strings.HasPrefix(rest[len(url):], ")") {
		url += ")"
	}
	if isWord(before) || len(url) < len("http://a") {
		t.put(rest[:1], 1)
		return
	}
	t.m.b.link(url)
	t.put(url, len(url))
}
