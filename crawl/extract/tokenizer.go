package extract

import "bytes"

type tokenKind uint8

const (
	endOfPage tokenKind = iota
	textToken
	startTagToken
	endTagToken
	commentToken
	doctypeToken
)

// A tokenizer parts a page into tokens as the tokenization stage of WHATWG HTML
// (13.2.5) does. It copies nothing: a token is a stretch of the page, in which
// character references and line ends stand as written until text is asked for
// by unescape. The page must be valid UTF-8.
//
// What follows a start tag (script, title, plaintext) is not known here: the
// caller reads it by rawText. Of a DOCTYPE only its place is told. A tag that the
// page's end cuts off is none, as the standard says.
type tokenizer struct {
	page    []byte
	maxAttr int  // bytes of a value; longer: as if the attribute were absent
	at      int  // what has been read of it
	foreign bool // within svg or math: CDATA sections are text

	text span // of a text token or comment

	// Of a tag:
	tag         tagName
	name        span // as written
	selfClosing bool
	attrs       []attribute     // the first maxAttrs
	marked      bool            // one of them is a mark for search engines, see marks.go
	known       [numAttrs]uint8 // place in attrs plus one, by attrKey
}

// A span is a stretch of the page.
type span struct{ from, to int32 }

type attribute struct{ name, value span }

func newTokenizer(page []byte, maxAttr int) *tokenizer {
	return &tokenizer{page: page, maxAttr: maxAttr, attrs: make([]attribute, 0, maxAttrs)}
}

func (z *tokenizer) bytes(s span) []byte { return z.page[s.from:s.to] }

// next reads a token.
func (z *tokenizer) next() tokenKind {
	for {
		page := z.page
		i := z.at
		if i >= len(page) {
			return endOfPage
		}
		if page[i] != '<' || !startsMarkup(page[i:]) {
			i = textEnd(page, i+1)
			z.text = span{int32(z.at), int32(i)}
			z.at = i
			return textToken
		}
		switch c := page[i+1]; {
		case c == '!':
			return z.declaration(i + 2)
		case c == '?':
			return z.bogusComment(i + 1)
		case c != '/':
			if !z.readTag(i + 1) {
				z.at = len(page)
				return endOfPage
			}
			return startTagToken
		case isLetter(page[i+2]):
			if !z.readTag(i + 2) {
				z.at = len(page)
				return endOfPage
			}
			return endTagToken
		case page[i+2] == '>': // "</>" is nothing
			z.at = i + 3
		default:
			return z.bogusComment(i + 2)
		}
	}
}

// startsMarkup tells whether a '<' is more than a character.
func startsMarkup(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	c := b[1]
	return isLetter(c) || c == '!' || c == '?' || c == '/' && len(b) > 2
}

// textEnd is where the text ends that i stands in.
func textEnd(page []byte, i int) int {
	for {
		j := bytes.IndexByte(page[i:], '<')
		if j < 0 {
			return len(page)
		}
		i += j
		if startsMarkup(page[i:]) {
			return i
		}
		i++
	}
}

// byteClass says what ends a name, by byte.
var byteClass = func() (class [256]uint8) {
	for _, c := range []byte(" \t\n\f\r") {
		class[c] = endsName | endsAttr | endsValue
	}
	class['/'] = endsName | endsAttr
	class['>'] = endsName | endsAttr | endsValue
	class['='] = endsAttr
	return class
}()

const (
	endsName  = 1 << iota // the name of a tag
	endsAttr              // the name of an attribute
	endsValue             // a value without quotes
)

// readTag reads a tag from its name on, and tells whether it is whole.
func (z *tokenizer) readTag(i int) bool {
	page := z.page
	from, h := i, hashSeed
	for ; i < len(page) && byteClass[page[i]]&endsName == 0; i++ {
		h = hashByte(h, page[i])
	}
	z.name = span{int32(from), int32(i)}
	z.tag = tagName(knownTags.find(h, page[from:i]))
	z.attrs, z.known, z.selfClosing, z.marked = z.attrs[:0], [numAttrs]uint8{}, false, false
	for i < len(page) {
		switch c := page[i]; {
		case c == '>':
			z.at = i + 1
			return true
		case c == '/':
			i++
			if i < len(page) && page[i] == '>' {
				z.selfClosing = true
			}
		case isSpace(c):
			i++
		default:
			if i = z.readAttr(i); i < 0 {
				return false
			}
		}
	}
	return false
}

// readAttr reads an attribute and returns where it ends, or -1 if that is past
// the page.
func (z *tokenizer) readAttr(i int) int {
	page := z.page
	from, h := i, hashByte(hashSeed, page[i]) // a '=' in front belongs to the name
	for i++; i < len(page) && byteClass[page[i]]&endsAttr == 0; i++ {
		h = hashByte(h, page[i])
	}
	a := attribute{name: span{int32(from), int32(i)}}
	next := i
	for next < len(page) && isSpace(page[next]) {
		next++
	}
	if next < len(page) && page[next] == '=' {
		for next++; next < len(page) && isSpace(page[next]); next++ {
		}
		if next == len(page) {
			return -1
		}
		a.value, next = attrValue(page, next)
		if next < 0 {
			return -1
		}
	}
	z.addAttr(a, h)
	return next
}

// attrValue reads a value from its first byte or quote on.
func attrValue(page []byte, i int) (value span, next int) {
	switch q := page[i]; q {
	case '"', '\'':
		n := bytes.IndexByte(page[i+1:], q)
		if n < 0 {
			return span{}, -1
		}
		return span{int32(i + 1), int32(i + 1 + n)}, i + n + 2
	}
	from := i
	for i < len(page) && byteClass[page[i]]&endsValue == 0 {
		i++
	}
	return span{int32(from), int32(i)}, i
}

// addAttr keeps an attribute; the first of a name is found by it.
func (z *tokenizer) addAttr(a attribute, h uint32) {
	if len(z.attrs) == maxAttrs || int(a.value.to-a.value.from) > z.maxAttr {
		return
	}
	z.attrs = append(z.attrs, a)
	if id := knownAttrs.find(h, z.bytes(a.name)); id > 0 && z.known[id] == 0 {
		z.known[id] = uint8(len(z.attrs))
		z.marked = z.marked || attrDataElasticExclude <= attrKey(id) && attrKey(id) <= attrDataPagefindWeight
	}
}

// has tells whether the tag has an attribute.
func (z *tokenizer) has(a attrKey) bool { return z.known[a] > 0 }

// attr is the value of an attribute, or nothing. It is valid as long as the page.
func (z *tokenizer) attr(a attrKey) []byte {
	i := z.known[a]
	if i == 0 {
		return nil
	}
	return unescapeAttr(z.bytes(z.attrs[i-1].value))
}

// declaration reads what begins with "<!": a comment, a DOCTYPE or a CDATA
// section.
func (z *tokenizer) declaration(i int) tokenKind {
	rest := z.page[i:]
	switch {
	case bytes.HasPrefix(rest, []byte("--")):
		return z.comment(i + 2)
	case len(rest) >= 7 && equalFold(rest[:7], "doctype"):
		z.bogusComment(i)
		return doctypeToken
	case z.foreign && bytes.HasPrefix(rest, []byte("[CDATA[")):
		i += 7
		n := bytes.Index(z.page[i:], []byte("]]>"))
		end := i + n + 3
		if n < 0 {
			n, end = len(z.page)-i, len(z.page)
		}
		z.text = span{int32(i), int32(i + n)}
		z.at = end
		return textToken
	}
	return z.bogusComment(i)
}

// bogusComment reads to the next '>'.
func (z *tokenizer) bogusComment(i int) tokenKind {
	n := bytes.IndexByte(z.page[i:], '>')
	z.at = i + n + 1
	if n < 0 {
		n, z.at = len(z.page)-i, len(z.page)
	}
	z.text = span{int32(i), int32(i + n)}
	return commentToken
}

// comment reads a comment from behind its "<!--". It ends at "-->" or "--!>";
// "<!-->" and "<!--->" are whole ones.
func (z *tokenizer) comment(i int) tokenKind {
	page := z.page
	for _, short := range []string{">", "->"} {
		if bytes.HasPrefix(page[i:], []byte(short)) {
			z.text = span{int32(i), int32(i)}
			z.at = i + len(short)
			return commentToken
		}
	}
	for j := i; ; j++ {
		n := bytes.Index(page[j:], []byte("--"))
		if n < 0 {
			break
		}
		j += n
		rest := page[j+2:]
		after := 0
		switch {
		case bytes.HasPrefix(rest, []byte(">")):
			after = j + 3
		case bytes.HasPrefix(rest, []byte("!>")):
			after = j + 4
		default:
			continue
		}
		z.text = span{int32(i), int32(j)}
		z.at = after
		return commentToken
	}
	text := page[i:]
	for _, end := range []string{"--!", "--", "-"} {
		if bytes.HasSuffix(text, []byte(end)) {
			text = text[:len(text)-len(end)]
			break
		}
	}
	z.text = span{int32(i), int32(i + len(text))}
	z.at = len(page)
	return commentToken
}
