package sitemap

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxPiece bounds a tag and the text between two tags.
const maxPiece = 16 << 10

type kind uint8

const (
	kindEnd   kind = iota // of the document
	kindStart             // of an element
	kindClose             // of an element
	kindEmpty             // element that is both
	kindText
)

// A scanner cuts XML into tags and texts. It checks nothing: what it cannot
// read it skips. Comments, processing instructions and the document type are
// not reported.
type scanner struct {
	r      *bufio.Reader
	latin1 bool // bytes are characters: the document declared so

	// The piece that next reported; valid until the next call.
	prefix, name string
	attrs        []byte // of a start tag, raw
	value        []byte // of a text, decoded
	atEnd        bool   // the document ends within this text
	buf          []byte
}

func newScanner(r *bufio.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, 0, 1024)}
}

// next reports the next piece.
func (s *scanner) next() kind {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return kindEnd
		}
		if c != '<' {
			s.r.UnreadByte()
			s.text()
			return kindText
		}
		head, _ := s.r.Peek(8)
		switch {
		case bytes.HasPrefix(head, []byte("!--")):
			s.r.Discard(3)
			s.skipTo("-->", false)
		case bytes.HasPrefix(head, []byte("![CDATA[")):
			s.r.Discard(8)
			s.atEnd = !s.skipTo("]]>", true)
			s.value = s.characters(s.buf)
			return kindText
		case bytes.HasPrefix(head, []byte("?")):
			s.skipTo("?>", true)
			s.declaration()
		case bytes.HasPrefix(head, []byte("!")):
			s.doctype()
		default:
			return s.tag()
		}
	}
}

// text reads up to the next tag.
func (s *scanner) text() {
	s.buf = s.buf[:0]
	for {
		part, err := s.r.ReadSlice('<')
		if err == nil {
			part = part[:len(part)-1]
			s.r.UnreadByte()
		}
		s.keep(part)
		if err != bufio.ErrBufferFull {
			s.atEnd = err != nil
			break
		}
	}
	s.value = s.characters(unescape(s.buf))
}

// keep appends to the buffer what the limit leaves room for.
func (s *scanner) keep(part []byte) {
	s.buf = append(s.buf, part[:min(len(part), maxPiece-len(s.buf))]...)
}

// skipTo reads to the end of a comment and the like, and keeps what came before
// in the buffer if asked. False: the document ended first.
func (s *scanner) skipTo(end string, keep bool) bool {
	s.buf = s.buf[:0]
	last := end[len(end)-1]
	tail := make([]byte, 0, 4)
	for {
		part, err := s.r.ReadSlice(last)
		if keep {
			s.keep(part)
		}
		tail = append(tail, part[max(0, len(part)-len(end)):]...)
		tail = tail[max(0, len(tail)-len(end)):]
		if err == nil && string(tail) == end {
			if keep {
				s.buf = bytes.TrimSuffix(s.buf, []byte(end))
			}
			return true
		}
		if err != nil && err != bufio.ErrBufferFull {
			return false
		}
	}
}

// declaration looks into <?xml ...?> for an encoding of one byte a character.
func (s *scanner) declaration() {
	if !bytes.HasPrefix(s.buf, []byte("?xml")) {
		return
	}
	switch strings.ToLower(attr(s.buf, "encoding")) {
	case "iso-8859-1", "latin1", "windows-1252", "us-ascii":
		s.latin1 = true
	}
}

// doctype skips <!DOCTYPE ...> with its internal subset: nothing in it counts.
func (s *scanner) doctype() {
	depth := 0
	quote := byte(0)
	for {
		c, err := s.r.ReadByte()
		switch {
		case err != nil:
			return
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '>' && depth <= 0:
			return
		}
	}
}

// tag reads a start or end tag, after its "<".
func (s *scanner) tag() kind {
	s.buf = s.buf[:0]
	quote := byte(0)
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return kindEnd
		}
		if quote == 0 && c == '>' {
			break
		}
		switch {
		case quote == c:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'') && len(s.buf) > 0 && s.buf[0] != '/':
			quote = c
		}
		if len(s.buf) < maxPiece {
			s.buf = append(s.buf, c)
		}
	}
	b := s.buf
	k := kindStart
	switch {
	case bytes.HasPrefix(b, []byte("/")):
		k, b = kindClose, b[1:]
	case bytes.HasSuffix(b, []byte("/")):
		k, b = kindEmpty, b[:len(b)-1]
	}
	i := bytes.IndexAny(b, " \t\r\n")
	if i < 0 {
		i = len(b)
	}
	s.attrs = b[i:]
	s.name = string(b[:i])
	s.prefix = ""
	if prefix, local, ok := strings.Cut(s.name, ":"); ok {
		s.prefix, s.name = prefix, local
	}
	return k
}

// characters makes UTF-8 of a text.
func (s *scanner) characters(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	if !s.latin1 {
		return bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	out := make([]byte, 0, len(b)+8)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// attr is the value of an attribute in the raw text of a tag, or "".
func attr(tag []byte, name string) string {
	for rest := tag; ; {
		i := bytes.Index(rest, []byte(name))
		if i < 0 {
			return ""
		}
		before := i == 0 || strings.IndexByte(" \t\r\n", rest[i-1]) >= 0
		rest = rest[i+len(name):]
		value := bytes.TrimLeft(rest, " \t\r\n")
		if !before || !bytes.HasPrefix(value, []byte("=")) {
			continue
		}
		value = bytes.TrimLeft(value[1:], " \t\r\n")
		if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			return ""
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 {
			return ""
		}
		return string(unescape(append([]byte(nil), value[1:1+end]...)))
	}
}

// unescape replaces references in place: the five names of XML and numbers.
// Others are left as they stand, so that an entity is never expanded.
func unescape(b []byte) []byte {
	w := bytes.IndexByte(b, '&')
	if w < 0 {
		return b
	}
	for r := w; r < len(b); {
		if b[r] == '&' {
			if end := bytes.IndexByte(b[r:min(len(b), r+12)], ';'); end > 0 {
				if c, ok := reference(string(b[r+1 : r+end])); ok {
					w += copy(b[w:], string(c))
					r += end + 1
					continue
				}
			}
		}
		b[w] = b[r]
		w++
		r++
	}
	return b[:w]
}

// reference is the character that a reference stands for. It is never longer
// than the reference: &#x10FFFF; is four bytes, &lt; is one.
func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, isNumber := strings.CutPrefix(name, "#")
	if !isNumber {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// utf16Reader turns UTF-16 into UTF-8.
type utf16Reader struct {
	r       *bufio.Reader
	big     bool
	pending []byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.pending) < len(p) {
		c, ok := u.unit()
		if !ok {
			break
		}
		r := rune(c)
		if utf16.IsSurrogate(r) {
			low, ok := u.unit()
			if !ok {
				break
			}
			r = utf16.DecodeRune(r, rune(low))
		}
		u.pending = utf8.AppendRune(u.pending, r)
	}
	if len(u.pending) == 0 {
		return 0, io.EOF
	}
	n := copy(p, u.pending)
	u.pending = append(u.pending[:0], u.pending[n:]...)
	return n, nil
}

func (u *utf16Reader) unit() (uint16, bool) {
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		return 0, false
	}
	if u.big {
		return uint16(b[0])<<8 | uint16(b[1]), true
	}
	return uint16(b[1])<<8 | uint16(b[0]), true
}
