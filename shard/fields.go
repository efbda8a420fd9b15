package shard

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/section"
)

// The fields of the web index, in their order on disk. New ones go at the end.
const (
	fieldID = iota
	fieldURL
	fieldTitle
	fieldHeadings
	fieldDescription
	fieldBody
	fieldBoilerplate
	fieldAnchors
	fieldAddress
	fieldExtra
	fieldSite
	fieldLang
	fieldFetched
	fieldAttrs
	fieldUpdated
	fieldPushed
	fieldUnshown
	fieldSections
	fieldEmphasis
	fieldType
	fieldAuthor
	fieldFileType
	fieldPublished
)

// Schema returns the web schema: what a collection's index holds.
//
//	id, url      stored      what the source calls the document, where it is
//	title        text        kept, as are headings, description and body
//	body         text        with pairs of its frequent words, for phrases
//	boilerplate  text        navigation and the like: found, never shown
//	anchors      text        what links to the page say
//	address      text        the words of the address
//	extra        text        fields of pushed documents under other names
//	site, lang   keyword     for site: and lang:
//	fetched      int         µs since 1970
//	attrs        stored      the same other fields, as a JSON object
//	updated      int         µs since 1970: what a pushed document says of itself
//	                         under that name, if it is a date
//	pushed       int         µs since 1970, of documents that were pushed: a new
//	                         generation takes them over, see Adopt
//	unshown      stored      of pushed documents, what no other field gives back, as
//	                         a JSON object
//	sections     stored      where those of the body begin (package section)
//	emphasis     text        what its author gives more weight, as often as that asks
//	type         keyword     of schema.org or OpenGraph, in lower case, as are author
//	author       keyword     and filetype, which is that of a document that is no page:
//	filetype     keyword     pdf, or a media type
//	published    int         µs since 1970
func Schema(lang string) index.Schema {
	return index.Schema{Lang: lang, Fields: []index.Field{
		fieldID:          {Name: "id", Kind: index.Stored, Stored: true},
		fieldURL:         {Name: "url", Kind: index.Stored, Stored: true},
		fieldTitle:       {Name: "title", Kind: index.Text, Stored: true},
		fieldHeadings:    {Name: "headings", Kind: index.Text, Stored: true},
		fieldDescription: {Name: "description", Kind: index.Text, Stored: true},
		fieldBody:        {Name: "body", Kind: index.Text, Stored: true, Pairs: true},
		fieldBoilerplate: {Name: "boilerplate", Kind: index.Text},
		fieldAnchors:     {Name: "anchors", Kind: index.Text},
		fieldAddress:     {Name: "address", Kind: index.Text},
		fieldExtra:       {Name: "extra", Kind: index.Text},
		fieldSite:        {Name: "site", Kind: index.Keyword},
		fieldLang:        {Name: "lang", Kind: index.Keyword},
		fieldFetched:     {Name: "fetched", Kind: index.Int},
		fieldAttrs:       {Name: "attrs", Kind: index.Stored, Stored: true},
		fieldUpdated:     {Name: "updated", Kind: index.Int},
		fieldPushed:      {Name: "pushed", Kind: index.Int},
		fieldUnshown:     {Name: "unshown", Kind: index.Stored, Stored: true},
		fieldSections:    {Name: "sections", Kind: index.Stored, Stored: true},
		fieldEmphasis:    {Name: "emphasis", Kind: index.Text},
		fieldType:        {Name: "type", Kind: index.Keyword},
		fieldAuthor:      {Name: "author", Kind: index.Keyword},
		fieldFileType:    {Name: "filetype", Kind: index.Keyword},
		fieldPublished:   {Name: "published", Kind: index.Int},
	}}
}

var textFields = map[string]int{
	"title": fieldTitle, "headings": fieldHeadings, "description": fieldDescription, "body": fieldBody,
	"boilerplate": fieldBoilerplate, "anchors": fieldAnchors, "emphasis": fieldEmphasis,
}

// values are the other fields that are filtered by and counted.
var values = map[string]int{
	"type": fieldType, "author": fieldAuthor, "media_type": fieldFileType, "published": fieldPublished, "updated": fieldUpdated,
}

// facts are those of crawled pages that are no text: they are shown and not searched.
var facts = map[string]bool{
	"type": true, "image": true, "published": true, "updated": true, "media_type": true, "breadcrumb": true,
	"price": true, "currency": true, "availability": true, "rating": true,
}

// unshown are the texts that are found and not given back.
var unshown = map[string]bool{"boilerplate": true, "anchors": true, "emphasis": true}

// indexed turns an event of the log into what the index keeps. Of a document
// that was pushed it keeps all: nobody could fetch it again.
func indexed(d *document.Document, pushed bool) *index.Document {
	out := &index.Document{Key: index.Key(d.Key), Lang: d.Lang}
	add := func(field int, text string) {
		if text != "" {
			out.Values = append(out.Values, index.Value{Field: field, Text: text})
		}
	}
	add(fieldID, d.ID)
	add(fieldURL, d.URL)
	attrs, hidden := map[string]string{}, map[string]string{}
	fetched := d.Version
	for _, f := range d.Fields {
		field, known := textFields[f.Name]
		switch {
		case known:
			add(field, f.Text)
			if unshown[f.Name] {
				hidden[f.Name] = joined(hidden[f.Name], f.Text)
			}
		case f.Name == "sections" && section.Is(f.Text): // others may call a field so
			add(fieldSections, f.Text)
		case f.Name == "fetched":
			if v, err := strconv.ParseInt(f.Text, 10, 64); err == nil {
				fetched = v
			}
		default:
			if pushed || !facts[f.Name] {
				add(fieldExtra, f.Text)
			}
			attrs[f.Name] = f.Text
			out.Values = append(out.Values, valuesOf(f)...)
		}
	}
	site, words := address(d.URL)
	add(fieldAddress, words)
	add(fieldSite, site)
	add(fieldLang, d.Lang)
	out.Values = append(out.Values, index.Value{Field: fieldFetched, Int: fetched})
	if len(attrs) > 0 {
		add(fieldAttrs, object(attrs))
	}
	if pushed {
		out.Values = append(out.Values, index.Value{Field: fieldPushed, Int: d.Version})
		if d.Lang != "" {
			hidden["lang"] = d.Lang
		}
		if len(hidden) > 0 {
			add(fieldUnshown, object(hidden))
		}
	}
	return out
}

// joined is two texts below each other.
func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

// Bounds of what is filtered by and counted.
const (
	maxValues     = 20 // of a field
	maxValueBytes = 100
)

// valuesOf is what a field says that documents are filtered by: a date, or each of its
// lines in lower case. A line that is longer than maxValueBytes is left out.
func valuesOf(f document.Field) (out []index.Value) {
	field, known := values[f.Name]
	switch {
	case !known:
	case Schema("").Fields[field].Kind == index.Int:
		if at, ok := date(f.Text); ok {
			out = append(out, index.Value{Field: field, Int: at})
		}
	default:
		for line := range strings.Lines(f.Text) {
			text := strings.ToLower(strings.Join(strings.Fields(line), " "))
			if f.Name == "media_type" {
				text = strings.TrimPrefix(strings.TrimPrefix(text, "application/"), "text/")
			}
			if text != "" && len(text) <= maxValueBytes && len(out) < maxValues {
				out = append(out, index.Value{Field: field, Text: text})
			}
		}
	}
	return out
}

func object(m map[string]string) string {
	text, _ := json.Marshal(m) // a map of strings always encodes
	return string(text)
}

// date reads a moment as RFC 3339 writes it, or a day.
func date(text string) (micros int64, ok bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

// address splits an address into its host and the words of its path: a reader
// who types "runtime config" means .../runtime-config.html.
func address(text string) (site, words string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", ""
	}
	words = strings.Map(func(r rune) rune {
		if strings.ContainsRune("/-_.+~,;=&?%:", r) {
			return ' '
		}
		return r
	}, u.Path)
	return u.Hostname(), strings.TrimSpace(words)
}
