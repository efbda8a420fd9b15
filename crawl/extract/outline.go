package extract

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxElems     = 200_000
	maxRuns      = 200_000
	maxOpen      = 256
	maxAttrs     = 64
	maxAttrBytes = 16 << 10
)

// An outline is a page reduced to what extraction needs. All visible words
// stand in one text, in document order, their white space collapsed; runs are
// its paragraphs, elems the containers that the runs stand in. Offsets are of
// bytes in text. A parent comes before its children, so that sums over
// descendants are one loop from the end.
type outline struct {
	text  []byte
	runs  []run
	elems []elem // 0 is the document
	links []rawLink
	heads []rawHeading

	title                        string
	lang, base, refresh, ogTitle string
	description, ogDescription   string
	rels                         []rawRel
	robots                       directives
	article                      bool // the page says that it is one: a story, a post
	scriptBytes, scriptFiles     int
	haveTitle, haveBase          bool
	truncated                    bool
}

// A run is a stretch of text that no block element parts: a paragraph, an item,
// a cell.
type run struct {
	start, end int32
	link       int32 // bytes of it that stand in links
	elem       int32
	cell       bool // stands in one row with the run before it
}

// An elem is an element that parts text, or is hidden.
type elem struct {
	tag    atom.Atom
	parent int32
	run    int32 // index of its first run
	end    int32 // index after its last run
	start  int32 // offset in text where it begins
	hint   hint
	id     string
}

type rawLink struct {
	href, alt  string
	start, end int32
	noFollow   bool
	nav        bool // text or rel says previous, next, up, home, contents, index
}

type rawHeading struct {
	level      int
	start, end int32
	elem       int32
	// Where the heading can be linked to, best first: its id, a permalink in
	// it, the section it opens, an anchor in it, an anchor just before it.
	id, permalink, section, child, before string
}

func (h *rawHeading) anchor() string {
	for _, a := range []string{h.id, h.permalink, h.section, h.child, h.before} {
		if a != "" {
			return a
		}
	}
	return ""
}

type rawRel struct{ rel, href, hreflang, media, mediaType string }

// scanOptions bound what a scan collects, and name the robot.
type scanOptions struct {
	links int
	agent string
	isXML bool // tags that close themselves do so
}

// open is an entry of the stack of open elements. Inline elements stand in it
// only so that end tags find their start.
type open struct {
	tag  atom.Atom
	name string // where tag is 0
	elem int32
	own  bool // elem is its own, not an ancestor's
}

type scanner struct {
	*outline
	z   *html.Tokenizer
	opt scanOptions

	stack      []open
	cur        int32 // innermost elem
	inBody     bool
	dropped    int // open elements whose text is no content: template
	foreign    int // open svg and math
	pre        int
	paragraphs int // open p: most pages have none to look for

	inRun, space bool // a run is open; white space waits for a word
	newline      bool // a line break waits for a word
	sep          byte // what parts the next run from the last: '\n', ' ' or 0

	link      int // index of the open link, or -1
	heading   int // index of the open heading, or -1
	anchor    string
	anchorAt  int32
	rawSkip   bool // the next text token is script, style or the like
	titleNext bool
	isData    bool // that token is JSON-LD
}

// scan reads a page into its outline.
func scan(text []byte, opt scanOptions) *outline {
	o := &outline{text: make([]byte, 0, len(text)/3+64)}
	o.elems = append(o.elems, elem{})
	s := &scanner{outline: o, z: html.NewTokenizer(bytes.NewReader(text)), opt: opt, link: -1, heading: -1}
	for {
		if len(o.elems) >= maxElems || len(o.runs) >= maxRuns {
			o.truncated = true
			break
		}
		tt := s.z.Next()
		if tt == html.ErrorToken {
			break
		}
		s.token(tt)
	}
	s.popTo(0)
	s.closeLink()
	s.endRun('\n')
	o.elems[0].end = int32(len(o.runs))
	return o
}

func (s *scanner) token(tt html.TokenType) {
	switch tt {
	case html.TextToken:
		switch {
		case s.rawSkip:
			s.rawSkip = false
			s.scriptBytes += len(s.z.Raw())
			s.article = s.article || s.isData && saysArticle(s.z.Raw())
		case s.titleNext:
			s.titleNext = false
			if !s.haveTitle {
				s.title = collapse(s.z.Text(), maxTitleBytes)
				s.haveTitle = s.title != ""
			}
		case s.dropped == 0:
			s.words(s.z.Text())
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		s.rawSkip, s.titleNext = false, false
		s.startTag(tt == html.SelfClosingTagToken)
	case html.EndTagToken:
		s.rawSkip, s.titleNext = false, false
		s.endTag()
	}
}

// words appends text to the current run, and opens one if there is none.
func (s *scanner) words(b []byte) {
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c <= ' ':
			if c == '\n' && s.pre > 0 {
				s.newline = s.inRun
			}
			s.space = s.space || isSpace(c)
			i++
			continue
		case c == 0xC2 && i+1 < len(b) && b[i+1] == 0xA0: // no-break space
			s.space = true
			i += 2
			continue
		case c == 0xC2 && i+1 < len(b) && b[i+1] == 0xAD: // soft hyphen
			i += 2
			continue
		case c == 0xE2 && i+2 < len(b) && b[i+1] == 0x80 && b[i+2] == 0x8B: // zero width space
			i += 3
			continue
		}
		j := i + 1
		for j < len(b) && b[j] > ' ' && b[j] != 0xC2 && b[j] != 0xE2 {
			j++
		}
		s.word(b[i:j])
		i = j
	}
}

func (s *scanner) word(b []byte) {
	from := len(s.text)
	switch {
	case !s.inRun:
		s.beginRun()
		from = len(s.text)
	case s.newline:
		s.text = append(s.text, '\n')
	case s.space:
		s.text = append(s.text, ' ')
	}
	s.space, s.newline = false, false
	s.text = append(s.text, b...)
	if s.link >= 0 {
		s.runs[len(s.runs)-1].link += int32(len(s.text) - from)
	}
}

func (s *scanner) beginRun() {
	if !s.inBody {
		s.inBody = true
	}
	cell := s.sep == ' '
	if len(s.text) > 0 {
		if cell {
			s.text = append(s.text, ' ')
		} else {
			s.text = append(s.text, '\n')
		}
	}
	s.sep = 0
	s.inRun = true
	at := int32(len(s.text))
	s.runs = append(s.runs, run{start: at, elem: s.cur, cell: cell})
	if s.link >= 0 && s.links[s.link].start < 0 {
		s.links[s.link].start = at
	}
	if s.heading >= 0 && s.heads[s.heading].start < 0 {
		s.heads[s.heading].start = at
	}
}

// endRun ends the open run, if any. sep is what parts it from the next: a line
// feed is stronger than a space.
func (s *scanner) endRun(sep byte) {
	if s.inRun {
		s.inRun = false
		s.runs[len(s.runs)-1].end = int32(len(s.text))
	}
	s.space, s.newline = false, false
	if s.sep != '\n' {
		s.sep = sep
	}
}

// here is the offset that the next word will have, or a smaller one that no
// word has: nothing visible stands between two equal values.
func (s *scanner) here() int32 { return int32(len(s.text)) }

// push opens an element; own ones get an elem.
func (s *scanner) push(o open) {
	if len(s.stack) >= maxOpen {
		return
	}
	if !o.own {
		o.elem = s.cur
	}
	s.stack = append(s.stack, o)
	s.cur = o.elem
}

// newElem adds a container and returns its index.
func (s *scanner) newElem(tag atom.Atom, h hint, id string) int32 {
	s.elems = append(s.elems, elem{tag: tag, parent: s.cur, run: int32(len(s.runs)), start: s.here(), hint: h, id: id})
	return int32(len(s.elems) - 1)
}

// popTo closes open elements until n are left.
func (s *scanner) popTo(n int) {
	for len(s.stack) > n {
		o := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.cur = 0
		if len(s.stack) > 0 {
			s.cur = s.stack[len(s.stack)-1].elem
		}
		switch o.tag {
		case atom.Template:
			s.dropped = max(0, s.dropped-1)
		case atom.Svg, atom.Math:
			s.foreign = max(0, s.foreign-1)
		case atom.P:
			s.paragraphs--
		case atom.Pre, atom.Listing, atom.Xmp:
			s.pre = max(0, s.pre-1)
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			s.closeHeading()
		case atom.Td, atom.Th, atom.Caption:
			s.closeLink()
		}
		if o.own {
			s.endRun(separator(o.tag))
			s.elems[o.elem].end = int32(len(s.runs))
		}
	}
}

func (s *scanner) closeLink() {
	if s.link < 0 {
		return
	}
	l := &s.links[s.link]
	s.link = -1
	if l.start < 0 || l.start > s.here() {
		l.start, l.end = 0, 0
		return
	}
	l.end = s.here()
	if s.heading >= 0 && s.inRun && strings.HasPrefix(l.href, "#") && !hasWord(s.text[l.start:]) {
		s.unsay(l)
	}
}

// unsay takes the text of the last link back: the sign by which a heading links
// to itself is no part of it.
func (s *scanner) unsay(l *rawLink) {
	r := &s.runs[len(s.runs)-1]
	if l.start <= r.start {
		return
	}
	r.link -= l.end - l.start
	s.text = s.text[:l.start]
	l.end = l.start
}

// hasWord tells whether there is a letter or digit in b. Private use characters
// are the signs of icon fonts.
func hasWord(b []byte) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

func (s *scanner) closeHeading() {
	if s.heading < 0 {
		return
	}
	h := &s.heads[s.heading]
	s.heading = -1
	if h.start < 0 {
		h.start = s.here()
	}
	h.end = s.here()
}

// collapse makes one line of text: white space becomes single spaces.
func collapse(b []byte, limit int) string {
	return cutText(string(bytes.Join(bytes.Fields(b), []byte{' '})), limit)
}
