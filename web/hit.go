package web

import (
	"cmp"
	"net/url"
	"path"
	"strings"

	"github.com/trawlsearch/trawl/search"
)

// A hit is one result as it is shown.
type hit struct {
	Link    string // empty: the document has no address that may be followed
	Title   []search.Span
	Host    string
	Path    []string // what follows the host, in words
	ID      string   // shown where there is no address
	Snippet []search.Span

	Facts []string // date, author, price: what the page tells of itself
	Image string   // empty: none, or not to be shown

	From     *part  // the section that the snippet is from; nil: it has no address
	Sections []part // others that answer
}

// A part is a section of a hit's page.
type part struct {
	Link           string
	Title, Snippet []search.Span
}

func newHit(h search.Hit, thumbnails bool) hit {
	out := hit{Title: joined(trimmed(h.TitleSpans)), Snippet: joined(h.Snippet), ID: shorten(h.ID, 120)}
	if u := webAddress(h.URL); u != nil {
		out.Link = u.String()
		out.Host, out.Path = breadcrumb(u)
	}
	if len(out.Title) == 0 {
		out.Title = []search.Span{{Text: untitled(h, out)}}
	}
	out.tell(h, thumbnails)
	if h.Section != nil {
		out.From = newPart(*h.Section)
	}
	for _, s := range h.Sections {
		if p := newPart(s); p != nil && (out.From == nil || out.From.Link != p.Link) {
			out.Sections = append(out.Sections, *p)
		}
	}
	return out
}

// newPart is nil for a section whose address may not be followed, or without a name.
func newPart(s search.Section) *part {
	u, title := webAddress(s.URL), joined(trimmed(s.Title))
	if u == nil || len(title) == 0 {
		return nil
	}
	return &part{u.String(), title, joined(s.Snippet)}
}

// trimmed is nil for a title of spaces.
func trimmed(spans []search.Span) []search.Span {
	for _, s := range spans {
		if strings.TrimSpace(s.Text) != "" {
			return spans
		}
	}
	return nil
}

// joined makes one mark of marked words with only space between them.
func joined(spans []search.Span) []search.Span {
	var out []search.Span
	for i, s := range spans {
		last := len(out) - 1
		switch {
		case last >= 0 && out[last].Mark && !s.Mark && strings.TrimSpace(s.Text) == "" && i+1 < len(spans) && spans[i+1].Mark:
			out[last].Text += s.Text
		case last >= 0 && out[last].Mark == s.Mark:
			out[last].Text += s.Text
		default:
			out = append(out, s)
		}
	}
	return out
}

// untitled names a hit whose title has no words: by its title all the same, the
// last part of its address, or its id.
func untitled(h search.Hit, shown hit) string {
	switch {
	case strings.TrimSpace(h.Title) != "":
		return h.Title
	case len(shown.Path) > 0:
		last, _, _ := strings.Cut(shown.Path[len(shown.Path)-1], "?")
		return cmp.Or(last, shown.Host)
	case shown.Host != "":
		return shown.Host
	}
	return shown.ID
}

// webAddress is nil unless text is an absolute http or https address: what is
// crawled or pushed says what it likes, javascript: too.
func webAddress(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return nil
	}
	return u
}

// Bounds of an address as it is shown.
const (
	maxCrumbs     = 5
	maxCrumbRunes = 40
)

// breadcrumb parts an address into its host and the steps of its path. Long
// paths lose their middle.
func breadcrumb(u *url.URL) (host string, steps []string) {
	for _, part := range strings.Split(path.Clean("/"+u.EscapedPath()), "/") {
		if part != "" {
			steps = append(steps, shorten(readable(part), maxCrumbRunes))
		}
	}
	if u.RawQuery != "" {
		query := "?" + shorten(readable(u.RawQuery), maxCrumbRunes)
		if len(steps) == 0 {
			steps = []string{query}
		} else {
			steps[len(steps)-1] += query
		}
	}
	if len(steps) > maxCrumbs {
		steps = append(append(steps[:2:2], "…"), steps[len(steps)-2:]...)
	}
	return u.Host, steps
}

// readable decodes %XX where that gives text that shows as what it is: no
// control, no direction mark, nothing invisible.
func readable(part string) string {
	text, err := url.PathUnescape(part)
	if err != nil || !shows(text) || strings.Contains(text, "/") {
		return part
	}
	return text
}
