package extract

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxOpen   = 256
	maxAttrs  = 64
	maxIndent = 32 // spaces kept before a line of code
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

	title, ogTitle             string
	description, ogDescription string
	lang, base, refresh        []byte
	rels                       []rawRel
	robots                     directives
	facts
	marks                    []mark
	hints                    hint // of all elements
	hiddenBytes              int  // of text that is not shown
	article                  bool // the page says that it is one: a story, a post
	scriptBytes, scriptFiles int
	haveBase                 bool
	truncated                bool
}

// A run is a stretch of text that no block element parts: a paragraph, an item,
// a cell.
type run struct {
	start, end int32
	link       int32 // bytes of it that stand in links
	elem       int32
	sep        byte // what parts it from the run before: '\n', '\t' between cells, ' ' within a line
}

// An elem is an element that parts text, or is hidden.
type elem struct {
	tag    tagName
	hint   hint
	parent int32
	run    int32 // index of its first run
	end    int32 // index after its last run
	start  int32 // offset in text where it begins
	id     []byte
}

type rawLink struct {
	href, alt  []byte
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
	id, permalink, section, child, before []byte
}

// anchor is the fragment that leads to the heading, not escaped, as a permalink is.
func (h *rawHeading) anchor() string {
	switch {
	case len(h.id) > 0:
		return string(h.id)
	case len(h.permalink) > 0:
		if s, err := url.PathUnescape(string(h.permalink)); err == nil && utf8.ValidString(s) {
			return s
		}
		return string(h.permalink)
	case len(h.section) > 0:
		return string(h.section)
	case len(h.child) > 0:
		return string(h.child)
	}
	return string(h.before)
}

type rawRel struct{ rel, href, hreflang, media, mediaType []byte }

// scanOptions bound what a scan collects, and name the robot.
type scanOptions struct {
	links int
	elems int // and runs
	attr  int // bytes of an attribute's value
	agent string
	isXML bool // tags that close themselves do so
}

// open is an entry of the stack of open elements. Inline elements stand in it
// only so that end tags find their start.
type open struct {
	tag  tagName
	own  bool // elem is its own, not an ancestor's
	name span // told apart by it where tag is tagOther
	elem int32
}

type scanner struct {
	*outline
	z   *tokenizer
	opt scanOptions

	stack   []open
	opened  [len(tagNames)]int16 // how many of each are in it: most end tags and implied ends need no look
	cur     int32                // innermost elem
	inBody  bool
	dropped int // open elements whose text is no content: template
	foreign int // open svg and math
	pre     int

	inRun, space bool // a run is open; white space waits for a word
	newline      bool // a line break waits for a word
	indent       int  // and so many spaces, in <pre>
	sep          byte // what parts the next run from the last: '\n', '\t', ' ' or 0

	link       int    // index of the open link, or -1
	heading    int    // index of the open heading, or -1
	asked      []mark // for the tag at hand
	ignoresAll bool   // a region is to be ignored with all its marks
	anchor     []byte
	anchorAt   int32
}

// scan reads a page into its outline, which refers to the page's bytes.
func scan(page []byte, opt scanOptions) *outline {
	opt.agent = strings.ToLower(opt.agent)
	o := &outline{text: make([]byte, 0, len(page)/4+64)}
	o.elems = append(make([]elem, 0, len(page)/200+16), elem{})
	o.runs = make([]run, 0, len(page)/400+16)
	s := &scanner{outline: o, z: newTokenizer(page, opt.attr), opt: opt, link: -1, heading: -1}
	for s.token() {
		if len(o.elems) >= opt.elems || len(o.runs) >= opt.elems {
			o.truncated = true
			break
		}
	}
	s.popTo(0)
	s.closeLink()
	s.endRun('\n')
	o.elems[0].end = int32(len(o.runs))
	return o
}

// token reads a token, and tells whether there was one.
func (s *scanner) token() bool {
	switch s.z.next() {
	case endOfPage:
		return false
	case textToken:
		s.takeText(true)
	case startTagToken:
		s.startTag()
	case endTagToken:
		s.endTag()
	}
	return true
}

func (s *scanner) beginRun() {
	if !s.inBody {
		s.inBody = true
	}
	sep := byte('\n')
	if s.sep != 0 {
		sep = s.sep
	}
	if len(s.text) > 0 {
		s.text = append(s.text, sep)
	}
	s.sep = 0
	s.inRun = true
	at := int32(len(s.text))
	s.runs = append(s.runs, run{start: at, elem: s.cur, sep: sep})
	if s.link >= 0 && s.links[s.link].start < 0 {
		s.links[s.link].start = at
	}
	if s.heading >= 0 && s.heads[s.heading].start < 0 {
		s.heads[s.heading].start = at
	}
}

// endRun ends the open run, if any. sep is what parts it from the next: a line
// feed is stronger than a tab, and that than a space.
func (s *scanner) endRun(sep byte) {
	if s.inRun {
		s.inRun = false
		s.runs[len(s.runs)-1].end = int32(len(s.text))
	}
	s.space, s.newline = false, false
	if s.sep != '\n' && (s.sep != '\t' || sep == '\n') {
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
	s.opened[o.tag]++
	s.cur = o.elem
}

// newElem adds a container and returns its index.
func (s *scanner) newElem(tag tagName, h hint, id []byte) int32 {
	s.elems = append(s.elems, elem{tag: tag, parent: s.cur, run: int32(len(s.runs)), start: s.here(), hint: h, id: id})
	return int32(len(s.elems) - 1)
}

// popTo closes open elements until n are left.
func (s *scanner) popTo(n int) {
	for len(s.stack) > n {
		o := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.opened[o.tag]--
		s.cur = 0
		if len(s.stack) > 0 {
			s.cur = s.stack[len(s.stack)-1].elem
		}
		switch o.tag {
		case tagTemplate:
			s.dropped--
		case tagSvg, tagMath:
			s.foreign--
			s.z.foreign = s.foreign > 0
		case tagPre, tagListing, tagXmp:
			s.pre--
		case tagH1, tagH2, tagH3, tagH4, tagH5, tagH6:
			s.closeHeading()
		case tagTd, tagTh, tagCaption:
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
	if s.heading >= 0 && s.inRun && bytes.HasPrefix(l.href, []byte("#")) && !hasWord(s.text[l.start:]) {
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
