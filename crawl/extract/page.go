package extract

import (
	"bytes"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/weburl"
)

// assemble fills a page from its outline.
func (o *outline) assemble(p *Page, u weburl.URL, header http.Header, opt Options) {
	base := o.baseOf(u)
	p.Lang = cleanLang(string(o.lang))
	o.applyHeader(p, base, u, header, opt)
	o.markNav()
	for _, script := range o.data {
		var text string
		if p.Things, text = jsonLD(script, p.Things); o.vouching == "" {
			o.vouching = text
		}
	}
	kinds := o.classify()
	o.texts(p, kinds)
	p.Headings = o.headings(kinds)
	o.assembleFacts(p, base, opt.Now)
	o.resolveMarks(p, kinds)
	p.Marked = o.hints&hintInclude != 0
	p.HiddenText = o.isDeceptive()
	p.Title, p.Description = o.title, o.description
	if p.Title == "" {
		p.Title = o.firstHeading()
	}
	if p.Title == "" {
		p.Title = o.ogTitle
	}
	if p.Description == "" {
		p.Description = o.ogDescription
	}
	o.resolve(p, base, u, opt.MaxLinks)
}

// baseOf is what relative references resolve against: the first base element
// that has an address, if that is of the web.
func (o *outline) baseOf(u weburl.URL) weburl.URL {
	if !o.haveBase {
		return u
	}
	b, err := u.Join(strings.TrimSpace(string(o.base)))
	if err != nil || !b.IsWeb() {
		return u
	}
	return b
}

// relLinks are the link elements of the head.
func (o *outline) relLinks(base weburl.URL) []headerLink {
	var out []headerLink
	for _, r := range o.rels {
		rel := strings.Fields(strings.ToLower(string(r.rel)))
		u, err := base.Join(strings.TrimSpace(string(r.href)))
		if err != nil {
			continue
		}
		out = append(out, headerLink{url: u, rel: rel, hreflang: string(r.hreflang), media: string(r.media), mediaType: string(r.mediaType)})
	}
	return out
}

// isDeceptive tells whether a page has text that only machines read.
func (o *outline) isDeceptive() bool {
	if o.hiddenBytes >= minHiddenText && 2*o.hiddenBytes > len(o.text) {
		return true
	}
	if o.hints&hintDeceptive != 0 {
		for i := range o.elems {
			if e := &o.elems[i]; e.hint&hintDeceptive != 0 && e.run < e.end {
				return true
			}
		}
	}
	return false
}

// noscriptBytes are those of the text that is shown without scripts only.
func (o *outline) noscriptBytes() (n int) {
	for i := range o.elems {
		if e := &o.elems[i]; e.tag == tagNoscript && e.run < e.end && o.elems[e.parent].tag != tagNoscript {
			n += int(o.runs[e.end-1].end - o.runs[e.run].start)
		}
	}
	return n
}

// headings are those of the main text; all, if it has none.
func (o *outline) headings(kinds []runKind) []Heading {
	var out []Heading
	for i := range o.heads {
		h := &o.heads[i]
		text := o.headingText(h)
		if text == "" || !o.isMain(kinds, h) {
			continue
		}
		out = append(out, Heading{h.level, text, cutText(h.anchor(), maxHeadingBytes)})
	}
	return out
}

// isMain tells whether the first run of a heading is main text.
func (o *outline) isMain(kinds []runKind, h *rawHeading) bool {
	e := &o.elems[h.elem]
	return e.run < e.end && (kinds[e.run] == mainText || kinds[e.run] == headline || kinds[e.run] == unquotable)
}

// headingText is a heading without the sign that many generators append as a
// link to it.
func (o *outline) headingText(h *rawHeading) string {
	s := oneLine(o.text[h.start:h.end], maxHeadingBytes)
	if len(h.permalink) > 0 {
		s = strings.TrimFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("¶#§🔗", r) || unicode.Is(unicode.Co, r)
		})
	}
	return s
}

func (o *outline) firstHeading() string {
	for i := range o.heads {
		if o.heads[i].level == 1 {
			if s := o.headingText(&o.heads[i]); s != "" {
				return s
			}
		}
	}
	return ""
}

// text is the anchor text, else what stands for it.
func (l *rawLink) text(o *outline) string {
	if s := oneLine(o.text[l.start:l.end], maxLinkTextBytes); s != "" {
		return s
	}
	return collapse(l.alt, maxLinkTextBytes)
}

// markNav marks the links that lead to the neighbours of the page.
func (o *outline) markNav() {
	for i := range o.links {
		o.links[i].nav = isNavWord(o.links[i].text(o))
	}
}

// resolve turns references into the page's links. One into the page itself, or
// one that was there before with the same text, is left out.
func (o *outline) resolve(p *Page, base, page weburl.URL, limit int) {
	seen := make(map[Link]struct{}, min(len(o.links), limit))
	self := page.Page()
	for i := range o.links {
		l := &o.links[i]
		href := strings.TrimFunc(string(l.href), func(r rune) bool { return r <= ' ' })
		if strings.HasPrefix(href, "#") && !o.haveBase {
			continue
		}
		u, err := base.Join(href)
		if err != nil || !u.IsWeb() || u.Fragment() != "" && u.Page() == self {
			continue
		}
		link := Link{URL: u, Text: l.text(o), NoFollow: l.noFollow}
		if _, again := seen[link]; again {
			continue
		}
		if len(p.Links) >= limit {
			p.Truncated = true
			return
		}
		seen[link] = struct{}{}
		p.Links = append(p.Links, link)
	}
}

// isNavWord tells whether the text of a link names a neighbour of the page.
func isNavWord(s string) bool {
	if len(s) > 20 {
		return false
	}
	s = strings.ToLower(strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }))
	switch s {
	case "prev", "previous", "next", "up", "home", "contents", "table of contents", "index", "top", "back", "first", "last",
		"forward", "toc", "module index", "modules", "previous page", "next page", "general index", "overview", "search":
		return true
	}
	return false
}

// oneLine makes one line of a part of the text.
func oneLine(b []byte, limit int) string {
	if bytes.IndexByte(b, '\n') >= 0 {
		return collapse(b, limit)
	}
	return cutText(strings.TrimSpace(string(b)), limit)
}

// cutText cuts at a character's edge.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.TrimSpace(s[:limit])
}

// plainText parts a text at its empty lines. The first line is its title, if it
// is short enough to be one.
func plainText(b []byte) (title, body string) {
	var out strings.Builder
	paragraph := false
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			paragraph = out.Len() > 0
			continue
		}
		text := strings.Join(words, " ")
		if out.Len() == 0 && len(text) <= 120 {
			title = text
		}
		switch {
		case paragraph:
			out.WriteByte('\n')
		case out.Len() > 0:
			out.WriteByte(' ')
		}
		paragraph = false
		out.WriteString(text)
	}
	return title, out.String()
}
