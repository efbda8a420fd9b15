package search

import (
	"context"
	"fmt"
	"strconv"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
)

// Names of fields that have a meaning here. A schema need not have them.
const (
	fieldID          = "id"
	fieldURL         = "url"
	fieldAddress     = "address" // words of the url
	fieldTitle       = "title"
	fieldBody        = "body"
	fieldDescription = "description"
	fieldLang        = "lang"
	fieldSite        = "site" // host of the url
)

// Fetch reads the documents of hits and marks the query's words in them.
func (l *local) Fetch(ctx context.Context, req *Request, hits []Hit) error {
	snap, plan, err := l.begin(req)
	if err != nil {
		return err
	}
	defer snap.Close()
	f := fetcher{snap: snap, marker: newMarker(plan), analyzers: map[string]*analysis.Analyzer{}}
	for i := range hits {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: fetch: %w", err)
		}
		if err := f.fill(&hits[i]); err != nil {
			return fmt.Errorf("search: fetch %s: %w", hits[i].Key, err)
		}
	}
	return nil
}

type fetcher struct {
	snap      *index.Snapshot
	marker    *marker
	analyzers map[string]*analysis.Analyzer
	values    []index.StoredValue
}

// fill fills in a hit; a document that is gone leaves it as it is.
func (f *fetcher) fill(h *Hit) error {
	seg, doc := f.find(h.Key)
	if seg == nil {
		return nil
	}
	var err error
	if f.values, err = seg.Stored(doc, f.values[:0]); err != nil {
		return err
	}
	schema := f.snap.Schema()
	h.Fields = map[string]string{}
	for _, v := range f.values {
		name, text := schema.Fields[v.Field].Name, v.Text
		if schema.Fields[v.Field].Kind == index.Int {
			text = strconv.FormatInt(v.Int, 10)
		}
		if before, ok := h.Fields[name]; ok {
			text = before + "\n" + text
		}
		h.Fields[name] = text
	}
	h.ID, h.URL, h.Title = h.Fields[fieldID], h.Fields[fieldURL], h.Fields[fieldTitle]
	if h.ID == "" {
		h.ID = h.Key.String()
	}
	a := f.analyzer(seg, doc)
	h.TitleSpans = spans(nil, h.Title, 0, len(h.Title), f.marker.marks(a, h.Title))
	h.Snippet = f.snippet(a, h.Fields)
	return nil
}

// find finds the live document with a key; nil if there is none.
func (f *fetcher) find(key index.Key) (*index.Segment, uint32) {
	for _, seg := range f.snap.Segments() {
		if doc, ok := seg.Find(key); ok {
			return seg, doc
		}
	}
	return nil, 0
}

// snippet is that of the body, or of the description if only that has words of
// the query, or if there is no body.
func (f *fetcher) snippet(a *analysis.Analyzer, fields map[string]string) []Span {
	body, description := fields[fieldBody], fields[fieldDescription]
	out := f.marker.snippet(a, body)
	if description == "" || marked(out) {
		return out
	}
	if other := f.marker.snippet(a, description); len(out) == 0 || marked(other) {
		return other
	}
	return out
}

func marked(spans []Span) bool {
	for _, s := range spans {
		if s.Mark {
			return true
		}
	}
	return false
}

// analyzer is that of a document's language: of the keyword lang, if it has one.
func (f *fetcher) analyzer(seg *index.Segment, doc uint32) *analysis.Analyzer {
	lang := f.snap.Schema().Lang
	if field, ok := f.snap.Schema().Field(fieldLang); ok && seg.Has(field, doc) {
		it := seg.Terms(field).Iter()
		for left := seg.Column(field).Get(doc); it.Next(); left-- {
			if left == 0 {
				lang = string(it.Term())
				break
			}
		}
	}
	if f.analyzers[lang] == nil {
		f.analyzers[lang] = analysis.For(lang)
	}
	return f.analyzers[lang]
}
