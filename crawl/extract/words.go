package extract

// takeText takes the words of the tokenizer's text. References count unless it is
// raw.
func (s *scanner) takeText(references bool) {
	if s.dropped == 0 {
		s.words(s.z.bytes(s.z.text), references)
	}
}

// textClass says what is no plain part of a word, by byte.
var textClass = func() (class [256]uint8) {
	for c := range 0x21 {
		class[c] = whiteByte
	}
	class['&'] = referenceByte
	class[0xC2] = leadByte // of no-break space and soft hyphen
	class[0xE2] = leadByte // of zero width space
	return class
}()

const (
	whiteByte = 1 + iota
	referenceByte
	leadByte
)

// words appends text to the current run, and opens one if there is none.
func (s *scanner) words(b []byte, references bool) {
	for i := 0; i < len(b); {
		switch textClass[b[i]] {
		case whiteByte:
			s.white(b[i])
			i++
			continue
		case referenceByte:
			if references {
				i += s.reference(b[i:])
				continue
			}
		case leadByte:
			if n := s.invisible(b[i:]); n > 0 {
				i += n
				continue
			}
		}
		j := i + 1
		for j < len(b) {
			// A single space between plain bytes is part of the stretch.
			if c := b[j]; textClass[c] != 0 && (c != ' ' || j+1 == len(b) || textClass[b[j+1]] != 0 || s.pre > 0) {
				break
			}
			j++
		}
		s.word(b[i:j])
		i = j
	}
}

// white takes a byte up to the space, of which some are white space and the
// others nothing.
func (s *scanner) white(c byte) {
	if s.pre > 0 {
		switch c {
		case '\n', '\r':
			s.newline, s.indent = s.inRun, 0
		case ' ':
			s.indent++
		case '\t':
			s.indent += 4
		}
	}
	s.space = s.space || isSpace(c)
}

// invisible takes what begins b and is shown as a space or not at all: no-break
// space, soft hyphen, zero width space. It returns 0 if that is none of them.
func (s *scanner) invisible(b []byte) int {
	switch {
	case len(b) >= 2 && b[0] == 0xC2 && b[1] == 0xA0:
		s.space = true
		return 2
	case len(b) >= 2 && b[0] == 0xC2 && b[1] == 0xAD:
		return 2
	case len(b) >= 3 && b[0] == 0xE2 && b[1] == 0x80 && b[2] == 0x8B:
		return 3
	}
	return 0
}

// reference takes the character reference that b may begin with, and returns its
// length.
func (s *scanner) reference(b []byte) int {
	var buf [64]byte
	text, n := appendReference(buf[:0], b, false)
	s.words(text, false)
	return n
}

func (s *scanner) word(b []byte) {
	from := len(s.text)
	switch {
	case !s.inRun:
		s.beginRun()
		from = len(s.text)
	case s.newline:
		s.text = append(s.text, '\n')
		if s.pre > 0 {
			s.text = append(s.text, "                                "[:min(s.indent, maxIndent)]...)
		}
	case s.space:
		s.text = append(s.text, ' ')
	}
	s.space, s.newline, s.indent = false, false, 0
	s.text = append(s.text, b...)
	if s.link >= 0 {
		s.runs[len(s.runs)-1].link += int32(len(s.text) - from)
	}
}
