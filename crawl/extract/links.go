package extract

import (
	"bytes"
	"strings"
)

// noteAnchor remembers where a fragment leads, for the heading that follows or
// stands around it.
func (s *scanner) noteAnchor() {
	z := s.z
	if !z.has(attrId) && (z.tag != tagA || !z.has(attrName)) || controls.has(z.tag) {
		return // nothing to lead to, or a control, which is no place in the text
	}
	id := z.attr(attrId)
	if len(id) == 0 && z.tag == tagA {
		id = z.attr(attrName)
	}
	if len(id) == 0 {
		return
	}
	if s.heading >= 0 {
		if h := &s.heads[s.heading]; len(h.child) == 0 {
			h.child = id
		}
		return
	}
	s.anchor, s.anchorAt = id, s.here()
}

func (s *scanner) startHeading(level int) {
	if len(s.heads) >= maxHeadings || s.dropped > 0 {
		return
	}
	s.closeHeading()
	h := rawHeading{level: level, start: -1, elem: s.cur, id: s.z.attr(attrId)}
	if s.anchorAt == s.here() {
		h.before = s.anchor
	}
	for e := s.elems[s.cur].parent; e > 0; e = s.elems[e].parent {
		if s.elems[e].start != s.here() {
			break
		}
		if len(s.elems[e].id) > 0 {
			h.section = s.elems[e].id
			break
		}
	}
	s.heading = len(s.heads)
	s.heads = append(s.heads, h)
}

// startLink opens <a>. One without href is an anchor only; either ends the link
// that is open, for links do not nest.
func (s *scanner) startLink() {
	s.closeLink()
	z := s.z
	if !z.has(attrHref) || s.dropped > 0 {
		return
	}
	href := z.attr(attrHref)
	if s.heading >= 0 && len(href) > 1 && href[0] == '#' {
		if h := &s.heads[s.heading]; len(h.permalink) == 0 {
			h.permalink = href[1:]
		}
	}
	if len(s.links) >= s.opt.links {
		s.truncated = true
		return
	}
	l := rawLink{href: href, alt: z.attr(attrTitle), start: -1, noFollow: relNoFollow(z.attr(attrRel))}
	if s.inRun {
		l.start = s.here()
	}
	s.link = len(s.links)
	s.links = append(s.links, l)
	if s.authorLink == 0 && isListed(z.attr(attrRel), "author") {
		s.authorLink = len(s.links)
	}
}

// inertLink keeps the address of an element that shows another page or none.
func (s *scanner) inertLink() {
	z := s.z
	href, alt := z.attr(attrHref), z.attr(attrAlt)
	if z.tag != tagArea {
		href, alt = z.attr(attrSrc), z.attr(attrTitle)
	}
	if len(href) == 0 || s.dropped > 0 {
		return
	}
	if len(s.links) >= s.opt.links {
		s.truncated = true
		return
	}
	s.links = append(s.links, rawLink{href: href, alt: alt, noFollow: relNoFollow(z.attr(attrRel))})
}

func relNoFollow(rel []byte) bool {
	return isListed(rel, "nofollow") || isListed(rel, "ugc") || isListed(rel, "sponsored")
}

// maxRels bounds the link elements kept of a page.
const maxRels = 1000

// meta reads a <meta>. Wishes to robots count wherever they stand, even in
// <noscript>: that is the safe side. What stands in <template> is not there.
func (s *scanner) meta() {
	if s.dropped > 0 {
		return
	}
	z := s.z
	content := z.attr(attrContent)
	switch strings.ToLower(string(z.attr(attrHttpEquiv))) {
	case "refresh":
		switch {
		case s.opened[tagNoscript] > 0:
			s.noscriptRefresh(content)
		case len(s.refresh) == 0:
			s.refresh = content
		}
	case "content-language":
		if len(s.lang) == 0 {
			s.lang = content
		}
	}
	property, name := strings.ToLower(string(z.attr(attrProperty))), strings.ToLower(string(z.attr(attrName)))
	if property != "" {
		s.fact(property, content)
	}
	if name != "" {
		s.fact(name, content)
		if isListed(z.attr(attrClass), "elastic") {
			s.attribute(string(z.attr(attrName)), string(content))
		}
	}
	switch property {
	case "og:type":
		s.ogType = content
		s.article = s.article || equalFold(content, "article")
	case "article:published_time":
		s.article = true
	case "og:title":
		setOnce(&s.ogTitle, content, maxTitleBytes)
	case "og:description":
		setOnce(&s.ogDescription, content, maxDescriptionBytes)
	}
	switch name {
	case "description":
		setOnce(&s.description, content, maxDescriptionBytes)
	case "og:title":
		setOnce(&s.ogTitle, content, maxTitleBytes)
	case "robots", s.opt.agent:
		s.robots.meta(string(content))
	}
}

// noscriptRefresh makes a link of where visitors without scripts are sent: often an
// excuse, while the page itself has its text.
func (s *scanner) noscriptRefresh(content []byte) {
	_, to, _ := strings.Cut(string(content), ";")
	if to = refreshTarget(strings.TrimSpace(to)); to != "" && len(s.links) < s.opt.links {
		s.links = append(s.links, rawLink{href: []byte(to)})
	}
}

// isListed tells whether a list of words has one, in lower case.
func isListed(list []byte, word string) bool {
	for w := range bytes.FieldsSeq(list) {
		if equalFold(w, word) {
			return true
		}
	}
	return false
}

func setOnce(to *string, v []byte, limit int) {
	if *to == "" {
		*to = collapse(v, limit)
	}
}

// relLink reads a <link>, which counts only in the head: a page whose body
// takes what strangers write must not be given away by it.
func (s *scanner) relLink() {
	z := s.z
	if s.inBody || s.dropped > 0 || len(z.attr(attrRel)) == 0 || len(bytes.TrimSpace(z.attr(attrHref))) == 0 || len(s.rels) >= maxRels {
		return
	}
	s.rels = append(s.rels, rawRel{z.attr(attrRel), z.attr(attrHref), z.attr(attrHreflang), z.attr(attrMedia), z.attr(attrType)})
}

// saysArticle tells whether structured data (schema.org in JSON-LD) calls the
// page an article.
func saysArticle(json []byte) bool {
	for _, t := range []string{`"Article"`, `"NewsArticle"`, `"BlogPosting"`, `"ReportageNewsArticle"`} {
		if bytes.Contains(json, []byte(t)) {
			return true
		}
	}
	return false
}
