package crawl

import (
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/section"
	"github.com/trawlsearch/trawl/weburl"
)

// Bounds of what an author's own fields may add to a document.
const (
	maxOwnFields    = 50
	maxOwnFieldText = 10_000
)

// documentOf makes the event that goes to the log. Title to boilerplate are what is
// searched; the rest are further fields, of which updated is a date to sort by.
func documentOf(u weburl.URL, p *extract.Page, at time.Time) *document.Document {
	id := u.String()
	headings := make([]string, len(p.Headings))
	for i, h := range p.Headings {
		headings[i] = h.Text
	}
	d := &document.Document{Key: document.Key(u.Key()), ID: id, URL: id, Version: at.UnixMicro(), Lang: p.Lang}
	add := func(name, text string) {
		if text != "" {
			d.Fields = append(d.Fields, document.Field{Name: name, Text: text})
		}
	}
	body, rest := p.Body, joined(p.Boilerplate, p.NoSnippetText, p.Hidden)
	if p.NoSnippet { // it is found, and never shown
		body, rest = "", joined(p.Body, rest)
	}
	add("title", p.Title)
	add("headings", strings.Join(headings, "\n"))
	add("description", p.Description)
	add("body", body)
	add("boilerplate", rest)
	add("sections", sections(body, p))
	for _, text := range emphasised(p) {
		add("emphasis", text)
	}
	add("fetched", strconv.FormatInt(at.UnixMicro(), 10))

	add("author", strings.Join(p.Authors, "\n"))
	add("keywords", strings.Join(p.Keywords, "\n"))
	add("site_name", p.SiteName)
	add("type", p.Type)
	add("image", p.Image.String())
	add("published", date(p.Published))
	if updated := date(p.Modified); updated != "" {
		add("updated", updated)
	} else {
		add("updated", date(p.Published))
	}
	if p.MediaType != "text/html" && p.MediaType != "application/xhtml+xml" {
		add("media_type", p.MediaType)
	}
	for _, f := range told(p) {
		add(f.Name, f.Text)
	}
	for _, f := range ownFields(d, p) {
		add(f.Name, f.Text)
	}
	d.Fit()
	return d
}

// sections notes where those of a page begin in the text that is shown of it.
func sections(body string, p *extract.Page) string {
	if body == "" || len(p.Sections) == 0 {
		return ""
	}
	list := make([]section.Section, len(p.Sections))
	for i, s := range p.Sections {
		list[i] = section.Section{Level: s.Level, Heading: s.Heading, Anchor: s.Anchor, Text: s.Text}
	}
	return section.Encode(body, list)
}

// joined is texts below each other.
func joined(texts ...string) string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n")
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// ownFields are those that the author gives search engines, under names that the
// document does not have.
func ownFields(d *document.Document, p *extract.Page) []document.Field {
	taken := map[string]bool{"id": true, "url": true, "lang": true, "title": true, "body": true, "boilerplate": true, "anchors": true, "sections": true, "emphasis": true}
	for _, f := range d.Fields {
		taken[f.Name] = true
	}
	at := map[string]int{}
	var out []document.Field
	for _, a := range p.Attributes {
		name := strings.ToLower(a.Name)
		if name == "" || taken[name] {
			continue
		}
		i, known := at[name]
		switch {
		case !known && len(out) < maxOwnFields:
			at[name] = len(out)
			out = append(out, document.Field{Name: name, Text: a.Value})
		case known && len(out[i].Text)+len(a.Value) < maxOwnFieldText:
			out[i].Text += "\n" + a.Value
		}
	}
	return out
}
