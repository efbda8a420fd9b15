package extract

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

// A tag is a start tag with the attributes that extraction looks at.
type tag struct {
	atom atom.Atom
	name string // where atom is 0

	id, name_, class, role, href, src, rel, content, property, httpEquiv string
	hreflang, media, mediaType, alt, title, lang, itemprop               string
	hidden, hasHref                                                      bool
}

// readTag reads the start tag that the tokenizer stands at.
func (s *scanner) readTag() tag {
	raw, more := s.z.TagName()
	t := tag{atom: atom.Lookup(raw)}
	if t.atom == 0 {
		t.name = string(raw)
	}
	for n := 0; more && n < maxAttrs; n++ {
		var key, val []byte
		key, val, more = s.z.TagAttr()
		if len(val) <= maxAttrBytes {
			t.set(key, val)
		}
	}
	return t
}

// set keeps an attribute; the first of a name wins.
func (t *tag) set(key, val []byte) {
	var to *string
	switch string(key) {
	case "id":
		to = &t.id
	case "class":
		to = &t.class
	case "name":
		to = &t.name_
	case "role":
		to = &t.role
	case "href":
		to, t.hasHref = &t.href, true
	case "src":
		to = &t.src
	case "rel":
		to = &t.rel
	case "content":
		to = &t.content
	case "property":
		to = &t.property
	case "http-equiv":
		to = &t.httpEquiv
	case "hreflang":
		to = &t.hreflang
	case "media":
		to = &t.media
	case "type":
		to = &t.mediaType
	case "alt":
		to = &t.alt
	case "title":
		to = &t.title
	case "lang", "xml:lang":
		to = &t.lang
	case "itemprop":
		to = &t.itemprop
	case "hidden":
		t.hidden = true
		return
	case "style":
		t.hidden = t.hidden || hidesText(val)
		return
	default:
		return
	}
	if *to == "" {
		*to = string(val)
	}
}

// hidesText tells whether an inline style keeps an element from being seen.
func hidesText(style []byte) bool {
	if !bytes.Contains(style, []byte("none")) && !bytes.Contains(style, []byte("hidden")) {
		return false
	}
	s := strings.ReplaceAll(strings.ToLower(string(style)), " ", "")
	for decl := range strings.SplitSeq(s, ";") {
		if decl = strings.TrimSuffix(decl, "!important"); decl == "display:none" || decl == "visibility:hidden" {
			return true
		}
	}
	return false
}

func (s *scanner) startTag(selfClosing bool) {
	t := s.readTag()
	if s.opt.isXML && selfClosing {
		s.z.NextIsNotRawText()
	}
	if !s.inBody && !isHeadOnly(t.atom) && s.dropped == 0 {
		s.inBody = true
	}
	if s.headTag(&t, selfClosing && (s.opt.isXML || s.foreign > 0)) {
		return
	}
	s.impliedEnds(t.atom)
	s.noteAnchor(&t)
	switch t.atom {
	case atom.A:
		s.startLink(&t)
	case atom.Area, atom.Frame, atom.Iframe:
		s.inertLink(&t)
	case atom.Img, atom.Image:
		if s.link >= 0 && s.links[s.link].alt == "" {
			s.links[s.link].alt = t.alt
		}
	case atom.Br:
		s.newline = s.inRun
	case atom.Hr:
		s.endRun('\n')
	}
	if isVoid(t.atom) || selfClosing && (s.opt.isXML || s.foreign > 0) {
		return
	}
	s.open(&t)
}

// headTag handles the elements that carry data or raw text, not words, and
// tells whether it did.
func (s *scanner) headTag(t *tag, closed bool) bool {
	switch t.atom {
	case atom.Html, atom.Body:
		if s.lang == "" {
			s.lang = t.lang
		}
	case atom.Head:
	case atom.Meta:
		s.meta(t)
	case atom.Link:
		s.relLink(t)
	case atom.Base:
		if t.hasHref && !s.haveBase && s.dropped == 0 {
			s.haveBase, s.base = true, t.href
		}
	case atom.Title:
		if s.foreign > 0 {
			s.z.NextIsNotRawText()
			return false
		}
		s.titleNext = !closed
	case atom.Script, atom.Style, atom.Noembed, atom.Noframes:
		if s.foreign > 0 {
			s.z.NextIsNotRawText()
			return false
		}
		if t.atom == atom.Script && t.src != "" {
			s.scriptFiles++
		}
		s.rawSkip = !closed
		s.isData = strings.EqualFold(t.mediaType, "application/ld+json")
	default:
		return false
	}
	return true
}

// open pushes an element that may hold text.
func (s *scanner) open(t *tag) {
	switch t.atom {
	case atom.Noscript:
		s.z.NextIsNotRawText()
	case atom.Iframe:
		s.rawSkip = true
		return
	}
	if len(s.stack) >= maxOpen {
		if isBlock(t.atom) {
			s.endRun(separator(t.atom))
		}
		return
	}
	o := open{tag: t.atom, name: t.name}
	parts := isBlock(t.atom) || t.hidden || s.foreign > 0 && t.name == "text"
	if parts && s.dropped == 0 { // what is dropped neither parts text nor holds any
		s.endRun(separator(t.atom))
		o.own, o.elem = true, s.newElem(t.atom, hintOf(t), t.id)
	}
	s.push(o)
	switch t.atom {
	case atom.Template:
		s.dropped++
	case atom.Svg, atom.Math:
		s.foreign++
	case atom.P:
		s.paragraphs++
	case atom.Pre, atom.Listing, atom.Xmp:
		s.pre++
	}
	if level := headingLevel(t.atom); level > 0 {
		s.startHeading(t, level)
	}
}

// impliedEnds closes what the start tag of a ends.
func (s *scanner) impliedEnds(a atom.Atom) {
	if s.paragraphs > 0 && closesP(a) {
		s.closeOpen([]atom.Atom{atom.P}, nil)
	}
	if headingLevel(a) > 0 && len(s.stack) > 0 && headingLevel(s.stack[len(s.stack)-1].tag) > 0 {
		s.popTo(len(s.stack) - 1)
	}
	if ends, stops := impliedEnd(a); ends != nil {
		s.closeOpen(ends, stops)
	}
}

// closeOpen pops the innermost open element of ends, unless one of stops (or,
// without stops, the edge of a scope) stands between.
func (s *scanner) closeOpen(ends, stops []atom.Atom) {
	for i := len(s.stack) - 1; i >= 0; i-- {
		a := s.stack[i].tag
		if a != 0 && slices.Contains(ends, a) {
			s.popTo(i)
			return
		}
		if stops == nil && isScope(a) || slices.Contains(stops, a) {
			return
		}
	}
}

func (s *scanner) endTag() {
	raw, _ := s.z.TagName()
	a, name := atom.Lookup(raw), ""
	if a == 0 {
		name = string(raw)
	}
	switch a {
	case atom.A:
		s.closeLink()
	case atom.P, atom.Br:
		s.endRun('\n')
		if s.paragraphs == 0 {
			return
		}
	case atom.Html, atom.Body, atom.Head:
		s.endRun('\n')
		return // what follows still belongs to the page
	}
	level := headingLevel(a)
	for i := len(s.stack) - 1; i >= 0; i-- {
		o := s.stack[i]
		if o.tag == a && o.name == name || level > 0 && headingLevel(o.tag) > 0 {
			s.popTo(i)
			return
		}
		if isScope(o.tag) && !endsScope(a) {
			return
		}
		if o.own && !isBlock(a) && !endsScope(a) {
			// <b><p></b>: the paragraph stays open, only the b is over.
			s.forget(a, name, i)
			return
		}
	}
}

// endsScope tells whether an end tag reaches through table cells.
func endsScope(a atom.Atom) bool {
	switch a {
	case atom.Table, atom.Tr, atom.Td, atom.Th, atom.Tbody, atom.Thead, atom.Tfoot, atom.Caption, atom.Template, atom.Svg, atom.Math:
		return true
	}
	return false
}

// forget takes an inline element below position i off the stack without closing
// what was opened within it.
func (s *scanner) forget(a atom.Atom, name string, i int) {
	for ; i >= 0; i-- {
		o := s.stack[i]
		if o.tag == a && o.name == name && !o.own {
			s.stack = slices.Delete(s.stack, i, i+1)
			return
		}
		if isScope(o.tag) {
			return
		}
	}
}
