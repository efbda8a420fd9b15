package extract

import "bytes"

// A rawKind is how the text within an element is read where it is no markup.
type rawKind uint8

const (
	escapableText rawKind = iota // title, textarea: character references count (RCDATA)
	rawText                      // style, iframe, noembed, noframes, xmp
	scriptText                   // script: what looks like its end may stand within a comment
	verbatimText                 // plaintext: all that follows
)

// rawText reads the text within the element whose start tag was just read, up to
// its end tag, which is the next token.
func (z *tokenizer) rawText(kind rawKind, name string) []byte {
	from := z.at
	switch kind {
	case verbatimText:
		z.at = len(z.page)
	case scriptText:
		z.at = scriptEnd(z.page, from, name)
	default:
		z.at = rawEnd(z.page, from, name)
	}
	z.text = span{int32(from), int32(z.at)}
	return z.page[from:z.at]
}

// rawEnd is where the end tag of name stands, from i on, or the page's end.
func rawEnd(page []byte, i int, name string) int {
	for {
		n := bytes.IndexByte(page[i:], '<')
		if n < 0 {
			return len(page)
		}
		i += n
		if isEndTag(page[i:], name) {
			return i
		}
		i++
	}
}

// isEndTag tells whether b, which begins with '<', is an end tag of name.
func isEndTag(b []byte, name string) bool {
	return len(b) > 2 && b[1] == '/' && isTagName(b[2:], name)
}

// isTagName tells whether b begins with a name and what ends it.
func isTagName(b []byte, name string) bool {
	return len(name) > 0 && len(b) > len(name) && byteClass[b[len(name)]]&endsName != 0 && equalFold(b[:len(name)], name)
}

// scriptEnd is where the end tag of a script named name stands. Within "<!--" and "-->"
// that may be the end of a script that began there, which then does not count:
// the script data escaped and double escaped states of the standard.
func scriptEnd(page []byte, i int, name string) int {
	for {
		n := bytes.IndexByte(page[i:], '<')
		if n < 0 {
			return len(page)
		}
		i += n
		if isEndTag(page[i:], name) {
			return i
		}
		if !bytes.HasPrefix(page[i:], []byte("<!--")) {
			i++
			continue
		}
		var ended bool
		if i, ended = escapedEnd(page, i+2, name); ended {
			return i
		}
	}
}

// escapedEnd reads the comment in a script whose dashes i stands at, and tells
// whether the script ends in it.
func escapedEnd(page []byte, i int, name string) (end int, ended bool) {
	double := false
	for {
		n := bytes.IndexAny(page[i:], "<-")
		if n < 0 {
			return len(page), true
		}
		i += n
		rest := page[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("--")):
			for i < len(page) && page[i] == '-' {
				i++
			}
			if i < len(page) && page[i] == '>' {
				return i + 1, false
			}
			continue
		case rest[0] == '-':
		case !double && isEndTag(rest, name):
			return i, true
		case double && isEndTag(rest, "script"):
			double = false
		case isTagName(rest[1:], "script"):
			double = true
		}
		i++
	}
}
