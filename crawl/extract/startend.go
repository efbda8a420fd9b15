package extract

import (
	"bytes"
	"math/bits"
)

func (s *scanner) startTag() {
	z := s.z
	if !s.inBody && !headOnly.has(z.tag) && s.dropped == 0 {
		s.inBody = true
	}
	closed := z.selfClosing && (s.opt.isXML || s.foreign > 0)
	s.asked = s.asked[:0]
	if z.marked {
		s.authorMarks()
	}
	if (z.has(attrItemprop) || z.tag == tagTime) && s.dropped == 0 {
		s.itemFact()
	}
	if s.headTag(closed) {
		return
	}
	s.impliedEnds(z.tag)
	s.noteAnchor()
	switch z.tag {
	case tagA:
		s.startLink()
	case tagArea, tagFrame, tagIframe:
		s.inertLink()
	case tagImg, tagImage:
		if s.link >= 0 && len(s.links[s.link].alt) == 0 {
			s.links[s.link].alt = z.attr(attrAlt)
		}
	case tagBr:
		s.newline = s.inRun
	case tagHr:
		s.endRun('\n')
	}
	if !voids.has(z.tag) && !closed {
		s.open()
	}
}

// headTag handles the elements that carry data or raw text, not words, and
// tells whether it did.
func (s *scanner) headTag(closed bool) bool {
	z := s.z
	switch z.tag {
	case tagHtml, tagBody:
		if len(s.lang) == 0 {
			s.lang = z.attr(attrLang)
		}
		if len(s.lang) == 0 {
			s.lang = z.attr(attrXmlLang)
		}
	case tagHead:
	case tagMeta:
		s.meta()
	case tagLink:
		s.relLink()
	case tagBase:
		if z.has(attrHref) && !s.haveBase && s.dropped == 0 {
			s.haveBase, s.base = true, z.attr(attrHref)
		}
	case tagTitle:
		if s.foreign > 0 {
			return false
		}
		if !closed {
			title := z.rawText(escapableText, "title")
			if s.title == "" {
				s.title = collapse(unescape(title, false), maxTitleBytes)
			}
		}
	case tagScript, tagStyle, tagNoembed, tagNoframes:
		if s.foreign > 0 {
			return false
		}
		s.rawElement(closed)
	default:
		return false
	}
	return true
}

// rawElement reads over an element whose text is no content.
func (s *scanner) rawElement(closed bool) {
	z := s.z
	isScript := z.tag == tagScript
	if isScript && len(z.attr(attrSrc)) > 0 {
		s.scriptFiles++
	}
	if closed {
		return
	}
	kind := rawText
	if isScript {
		kind = scriptText
	}
	isData := isScript && bytes.EqualFold(bytes.TrimSpace(z.attr(attrType)), []byte("application/ld+json"))
	text := z.rawText(kind, tagNames[z.tag])
	s.scriptBytes += len(text)
	if isData {
		s.article = s.article || saysArticle(text)
		s.keepData(text)
	}
}

// open pushes an element that may hold text.
func (s *scanner) open() {
	z := s.z
	if z.tag == tagIframe {
		s.scriptBytes += len(z.rawText(rawText, "iframe"))
		return
	}
	if len(s.stack) >= maxOpen {
		if blocks.has(z.tag) {
			s.endRun(separator(z.tag))
		}
		s.textWithin(z.tag)
		return
	}
	o := open{tag: z.tag, name: z.name}
	st := isHidden(z)
	parts := blocks.has(z.tag) || st.hidden || z.marked || s.foreign > 0 && z.tag == tagText
	if parts && s.dropped == 0 { // what is dropped neither parts text nor holds any
		s.endRun(separator(z.tag))
		h := hintOf(z)
		if st.hidden {
			h |= hintHidden
		}
		if st.deceptive {
			h |= hintDeceptive
		}
		s.hints |= h
		s.ignoresAll = s.ignoresAll || h&hintIgnoreAll != 0
		o.own, o.elem = true, s.newElem(z.tag, h, z.attr(attrId))
		s.bind(o.elem)
	}
	s.push(o)
	switch z.tag {
	case tagTemplate:
		s.dropped++
	case tagSvg, tagMath:
		s.foreign++
		z.foreign = true
	case tagPre, tagListing, tagXmp:
		s.pre++
	}
	if level := headingLevel(z.tag); level > 0 {
		s.startHeading(level)
	}
	s.textWithin(z.tag)
}

// textWithin reads the text of an element that holds no markup, but words.
func (s *scanner) textWithin(t tagName) {
	switch {
	case s.foreign > 0:
	case t == tagTextarea:
		s.z.rawText(escapableText, "textarea")
		s.takeText(true)
	case t == tagXmp:
		s.z.rawText(rawText, "xmp")
		s.takeText(false)
	case t == tagPlaintext:
		s.z.rawText(verbatimText, "")
		s.takeText(false)
	}
}

// impliedEnds closes what the start tag of t ends.
func (s *scanner) impliedEnds(t tagName) {
	if s.opened[tagP] > 0 && closesP.has(t) {
		s.closeOpen(tagsOf(tagP), tagSet{})
	}
	if headings.has(t) && len(s.stack) > 0 && headings.has(s.stack[len(s.stack)-1].tag) {
		s.popTo(len(s.stack) - 1)
	}
	if e := &ends[t]; !e.closes.isEmpty() {
		s.closeOpen(e.closes, e.stops)
	}
}

// closeOpen pops the innermost open element of closes, unless one of stops (or,
// without stops, the edge of a scope) stands between.
func (s *scanner) closeOpen(closes, stops tagSet) {
	if !s.isOpen(closes) {
		return
	}
	if stops.isEmpty() {
		stops = scopes
	}
	for i := len(s.stack) - 1; i >= 0; i-- {
		t := s.stack[i].tag
		if closes.has(t) {
			s.popTo(i)
			return
		}
		if stops.has(t) {
			return
		}
	}
}

// isOpen tells whether any of a few elements is open.
func (s *scanner) isOpen(set tagSet) bool {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			if s.opened[64*i+bits.TrailingZeros64(word)] > 0 {
				return true
			}
		}
	}
	return false
}

func (s *scanner) endTag() {
	z := s.z
	switch z.tag {
	case tagA:
		s.closeLink()
	case tagP, tagBr:
		s.endRun('\n')
	case tagHtml, tagBody, tagHead:
		s.endRun('\n')
		return // what follows still belongs to the page
	}
	if s.opened[z.tag] == 0 && !headings.has(z.tag) {
		return
	}
	isHeading, through, isBlock := headings.has(z.tag), throughScopes.has(z.tag), blocks.has(z.tag)
	for i := len(s.stack) - 1; i >= 0; i-- {
		o := &s.stack[i]
		if o.tag == z.tag && s.sameName(o) || isHeading && headings.has(o.tag) {
			s.popTo(i)
			return
		}
		if through {
			continue
		}
		if scopes.has(o.tag) {
			return
		}
		if o.own && !isBlock {
			// <b><p></b>: the paragraph stays open, only the b is over.
			s.forget(i)
			return
		}
	}
}

// sameName tells whether an open element with the tag of the end tag has its
// name too.
func (s *scanner) sameName(o *open) bool {
	return o.tag != tagOther || bytes.EqualFold(s.z.bytes(o.name), s.z.bytes(s.z.name))
}

// forget takes the inline element of the end tag below position i off the stack
// without closing what was opened within it.
func (s *scanner) forget(i int) {
	for ; i >= 0; i-- {
		o := &s.stack[i]
		if o.tag == s.z.tag && !o.own && s.sameName(o) {
			s.opened[o.tag]--
			s.stack = append(s.stack[:i], s.stack[i+1:]...)
			return
		}
		if scopes.has(o.tag) {
			return
		}
	}
}
