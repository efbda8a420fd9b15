package extract

import (
	"bytes"
	"strings"

	"golang.org/x/net/html/atom"
)

// noteAnchor remembers where a fragment leads, for the heading that follows or
// stands around it.
func (s *scanner) noteAnchor(t *tag) {
	switch t.atom {
	case atom.Input, atom.Button, atom.Select, atom.Textarea, atom.Form, atom.Label:
		return // a control, not a place in the text
	}
	id := t.id
	if id == "" && t.atom == atom.A {
		id = t.name_
	}
	if id == "" {
		return
	}
	if s.heading >= 0 {
		if h := &s.heads[s.heading]; h.child == "" {
			h.child = id
		}
		return
	}
	s.anchor, s.anchorAt = id, s.here()
}

func (s *scanner) startHeading(t *tag, level int) {
	if len(s.heads) >= maxHeadings || s.dropped > 0 {
		return
	}
	s.closeHeading()
	h := rawHeading{level: level, start: -1, elem: s.cur, id: t.id}
	if s.anchorAt == s.here() {
		h.before = s.anchor
	}
	for e := s.elems[s.cur].parent; e > 0; e = s.elems[e].parent {
		if s.elems[e].start != s.here() {
			break
		}
		if s.elems[e].id != "" {
			h.section = s.elems[e].id
			break
		}
	}
	s.heading = len(s.heads)
	s.heads = append(s.heads, h)
}

// startLink opens <a>. One without href is an anchor only; either ends the link
// that is open, for links do not nest.
func (s *scanner) startLink(t *tag) {
	s.closeLink()
	if !t.hasHref || s.dropped > 0 {
		return
	}
	if s.heading >= 0 && len(t.href) > 1 && t.href[0] == '#' {
		if h := &s.heads[s.heading]; h.permalink == "" {
			h.permalink = t.href[1:]
		}
	}
	if len(s.links) >= s.opt.links {
		s.truncated = true
		return
	}
	l := rawLink{href: t.href, alt: t.title, start: -1, noFollow: relNoFollow(t.rel)}
	if s.inRun {
		l.start = s.here()
	}
	s.link = len(s.links)
	s.links = append(s.links, l)
}

// inertLink keeps the address of an element that shows another page or none.
func (s *scanner) inertLink(t *tag) {
	href, alt := t.href, t.alt
	if t.atom != atom.Area {
		href, alt = t.src, t.title
	}
	if href == "" || s.dropped > 0 {
		return
	}
	if len(s.links) >= s.opt.links {
		s.truncated = true
		return
	}
	s.links = append(s.links, rawLink{href: href, alt: alt, noFollow: relNoFollow(t.rel)})
}

func relNoFollow(rel string) bool {
	for w := range strings.FieldsSeq(rel) {
		if strings.EqualFold(w, "nofollow") || strings.EqualFold(w, "ugc") || strings.EqualFold(w, "sponsored") {
			return true
		}
	}
	return false
}

// maxRels bounds the link elements kept of a page.
const maxRels = 1000

// meta reads a <meta>. Wishes to robots count wherever they stand, even in
// <noscript>: that is the safe side. What stands in <template> is not there.
func (s *scanner) meta(t *tag) {
	if s.dropped > 0 {
		return
	}
	content := t.content
	switch strings.ToLower(t.httpEquiv) {
	case "refresh":
		if s.refresh == "" {
			s.refresh = content
		}
	case "content-language":
		if s.lang == "" {
			s.lang = content
		}
	}
	switch strings.ToLower(t.property) {
	case "og:type":
		s.article = s.article || strings.EqualFold(content, "article")
	case "article:published_time":
		s.article = true
	case "og:title":
		setOnce(&s.ogTitle, content, maxTitleBytes)
	case "og:description":
		setOnce(&s.ogDescription, content, maxDescriptionBytes)
	}
	switch strings.ToLower(t.name_) {
	case "description":
		setOnce(&s.description, content, maxDescriptionBytes)
	case "og:title":
		setOnce(&s.ogTitle, content, maxTitleBytes)
	case "robots", strings.ToLower(s.opt.agent):
		s.robots.meta(content)
	}
}

func setOnce(to *string, v string, limit int) {
	if *to == "" {
		*to = collapse([]byte(v), limit)
	}
}

// relLink reads a <link>, which counts only in the head: a page whose body
// takes what strangers write must not be given away by it.
func (s *scanner) relLink(t *tag) {
	if s.inBody || s.dropped > 0 || t.rel == "" || strings.TrimSpace(t.href) == "" || len(s.rels) >= maxRels {
		return
	}
	s.rels = append(s.rels, rawRel{t.rel, t.href, t.hreflang, t.media, t.mediaType})
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
