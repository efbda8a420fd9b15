package convert

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxSections     = 10_000
	maxHeadingBytes = 500
	maxTitleBytes   = 1000
	maxMetaBytes    = 2000
	maxLinkBytes    = 2048
)

// A builder takes what the readers find, in order, within the limits of text.
type builder struct {
	opt     Options
	doc     *Document
	text    strings.Builder // of the section that is open
	open    Section
	left    int // bytes of text
	hasText bool
	links   map[string]bool

	firstLine, firstHeading string // for want of a title
}

func newBuilder(opt Options) *builder {
	return &builder{opt: opt, doc: &Document{}, left: opt.MaxText, links: map[string]bool{}}
}

// cut notes the first reason for which something is missing.
func (b *builder) cut(why string) {
	if !b.doc.Truncated {
		b.doc.Truncated, b.doc.Why = true, why
	}
}

// full says whether no more text is taken; readers may stop then.
func (b *builder) full() bool { return b.left <= 0 }

// section begins a section; heading may be empty.
func (b *builder) section(level int, heading, anchor string) {
	heading = oneLine(heading, maxHeadingBytes)
	if len(b.doc.Sections) >= maxSections {
		b.paragraph(heading)
		return
	}
	b.flush()
	b.open = Section{Level: level, Heading: heading, Anchor: anchor}
	if heading != "" {
		b.hasText = true
		if b.firstHeading == "" {
			b.firstHeading = heading
		}
	}
}

func (b *builder) flush() {
	b.open.Text = b.text.String()
	b.text.Reset()
	if b.open.Heading != "" || b.open.Text != "" {
		b.doc.Sections = append(b.doc.Sections, b.open)
	}
	b.open = Section{}
}

// paragraph adds a paragraph, with its white space collapsed.
func (b *builder) paragraph(s string) { b.line(oneLine(s, len(s))) }

// row adds a row of a table; empty cells are left out.
func (b *builder) row(cells []string) {
	kept := make([]string, 0, len(cells))
	for _, c := range cells {
		if c = oneLine(c, len(c)); c != "" {
			kept = append(kept, c)
		}
	}
	b.line(strings.Join(kept, "\t"))
}

// line adds a line as it is.
func (b *builder) line(s string) {
	if s == "" || b.full() {
		return
	}
	if len(s) >= b.left {
		s = truncate(s, b.left)
		b.left = 0
		b.cut(fmt.Sprintf("%v: %d bytes of text", ErrLimit, b.opt.MaxText))
	}
	if b.text.Len() > 0 {
		b.text.WriteByte('\n')
	}
	b.text.WriteString(s)
	b.left -= len(s) + 1
	b.hasText = true
	if b.firstLine == "" {
		b.firstLine = s
	}
}

func (b *builder) link(href string) {
	href = strings.TrimSpace(href)
	if href == "" || strings.HasPrefix(href, "#") || len(href) > maxLinkBytes || b.links[href] || len(b.links) >= b.opt.MaxLinks {
		return
	}
	b.links[href] = true
	b.doc.Links = append(b.doc.Links, href)
}

// finish closes the last section and finds a title.
func (b *builder) finish(name string) *Document {
	b.flush()
	d := b.doc
	d.Author, d.Description = oneLine(d.Author, maxMetaBytes), oneLine(d.Description, maxMetaBytes)
	d.Lang = oneLine(d.Lang, 64)
	for _, t := range []string{usefulTitle(d.Title), b.firstHeading, shortLine(b.firstLine), oneLine(name, maxTitleBytes)} {
		if d.Title = oneLine(t, maxTitleBytes); d.Title != "" {
			break
		}
	}
	return d
}

// shortLine is a first line that can stand for a title.
func shortLine(s string) string {
	if len(s) > 200 {
		return ""
	}
	return s
}

// usefulTitle drops what programs write into the title when nobody did.
func usefulTitle(s string) string {
	s = oneLine(s, maxTitleBytes)
	for _, prefix := range []string{"Microsoft Word - ", "Microsoft PowerPoint - ", "Microsoft Excel - "} {
		s = strings.TrimPrefix(s, prefix)
	}
	lower := strings.ToLower(s)
	switch lower {
	case "untitled", "(untitled)", "powerpoint presentation", "presentation title", "document", "title", "slide 1", "no title":
		return ""
	}
	for _, suffix := range []string{".doc", ".docx", ".dvi", ".indd", ".odt", ".pdf", ".ppt", ".pptx", ".ps", ".qxd", ".rtf", ".tex", ".xls", ".xlsx"} {
		if strings.HasSuffix(lower, suffix) {
			return ""
		}
	}
	return s
}

// oneLine collapses white space and drops controls; at most limit bytes.
func oneLine(s string, limit int) string {
	clean := func(r rune) rune {
		if unicode.IsControl(r) || r == '\u00ad' || r == utf8.RuneError {
			return -1
		}
		return r
	}
	return truncate(strings.Map(clean, strings.Join(strings.Fields(s), " ")), limit)
}

// truncate cuts s to limit bytes, not within a rune.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
