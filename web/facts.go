package web

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/search"
)

// This file is what pages tell of themselves, and documents with fields of the same
// names: it is shown as text, and believed as little as their titles.

// Bounds of what is shown of it.
const (
	maxFactRunes    = 60
	maxPictureBytes = 2000 // of its address
)

// tell takes over what a document tells of itself.
func (h *hit) tell(from search.Hit, thumbnails bool) {
	attrs := from.Attrs()
	if path := crumbs(attrs["breadcrumb"], from.Title); h.Host != "" && len(path) > 0 {
		h.Path = path
	}
	add := func(text string) {
		if text = shorten(text, maxFactRunes); shows(text) {
			h.Facts = append(h.Facts, text)
		}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, attrs["published"]); err == nil {
			add(t.Format("2 January 2006"))
			break
		}
	}
	if author, _, more := strings.Cut(attrs["author"], "\n"); author != "" {
		if more {
			author += " and others"
		}
		add(author)
	}
	if price := attrs["price"]; price != "" {
		add(strings.TrimSpace(price + " " + attrs["currency"]))
		add(words(attrs["availability"]))
	}
	if picture := attrs["image"]; thumbnails && len(picture) <= maxPictureBytes && strings.HasPrefix(picture, "https://") && webAddress(picture) != nil {
		h.Image = picture
	}
}

// crumbs is the path to a page as it names it, without the page itself; nil where a
// step would not show as what it is.
func crumbs(text, title string) (out []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == title {
			continue
		}
		if !shows(line) {
			return nil
		}
		out = append(out, shorten(line, maxCrumbRunes))
	}
	if len(out) > maxCrumbs {
		out = append(append(out[:2:2], "…"), out[len(out)-2:]...)
	}
	return out
}

// shows tells whether a text has signs, and all of them can be seen.
func shows(text string) bool {
	return text != "" && utf8.ValidString(text) && !slices.ContainsFunc([]rune(text), func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// words parts what is written as one: InStock becomes "in stock".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
