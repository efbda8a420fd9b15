package search

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/section"
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
	fieldSite        = "site"     // host of the url
	fieldSections    = "sections" // where those of the body begin
	fieldHeadings    = "headings"
	fieldAttrs       = "attrs" // further fields, as a JSON object of texts
)

// Fetch reads the documents of hits and marks the query's words in them. It reads
// them in the order they are stored, so that each block is decompressed once.
func (l *local) Fetch(ctx context.Context, req *Request, hits []Hit) (err error) {
	defer l.guard(&err)
	snap, err := l.begin(req)
	if err != nil {
		return err
	}
	defer snap.Close()
	f := fetcher{schema: snap.Schema(), brief: req.Brief}
	if !f.brief {
		plan := newPlan(req, snap.Schema(), l.model)
		f.marker, f.analyzers = newMarker(plan), map[string]*analysis.Analyzer{}
		f.judge = newJudge(plan, f.marker, req, snap)
	}
	for _, p := range stores(snap, hits) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: fetch: %w", err)
		}
		if err := f.fill(p.hit, p.seg, p.doc); err != nil {
			return fmt.Errorf("search: fetch %s: %w", p.hit.Key, err)
		}
	}
	if err := snap.Err(); err != nil { // a hit may not have been found for damage
		return fmt.Errorf("search: fetch: %w", err)
	}
	return nil
}

// A stored is a hit and where its document is.
type stored struct {
	hit    *Hit
	number int // of seg
	seg    *index.Segment
	doc    uint32
}

// stores finds the live documents of hits, in the order they are stored; without
// those that are gone.
func stores(snap *index.Snapshot, hits []Hit) []stored {
	out := make([]stored, 0, len(hits))
	for i := range hits {
		for n, seg := range snap.Segments() {
			if doc, ok := seg.Find(hits[i].Key); ok {
				out = append(out, stored{&hits[i], n, seg, doc})
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b stored) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.doc, b.doc))
	})
	return out
}

type fetcher struct {
	schema index.Schema
	brief  bool
	values []index.StoredValue // scratch

	marker    *marker // nil if brief, as are:
	judge     *judge
	analyzers map[string]*analysis.Analyzer
}

// fill fills in a hit.
func (f *fetcher) fill(h *Hit, seg *index.Segment, doc uint32) (err error) {
	if f.values, err = seg.StoredFields(doc, f.wants, f.values[:0]); err != nil {
		return err
	}
	fields := map[string]string{}
	for _, v := range f.values {
		name, text := f.schema.Fields[v.Field].Name, v.Text
		if f.schema.Fields[v.Field].Kind == index.Int {
			text = strconv.FormatInt(v.Int, 10)
		}
		if before, ok := fields[name]; ok {
			text = before + "\n" + text
		}
		fields[name] = text
	}
	h.ID, h.URL, h.Title = fields[fieldID], fields[fieldURL], fields[fieldTitle]
	if h.ID == "" {
		h.ID = h.Key.String()
	}
	if f.brief {
		return nil
	}
	places := fields[fieldSections]
	if section.Is(places) {
		delete(fields, fieldSections)
	}
	h.Fields = fields
	a := f.analyzer(seg, doc)
	title := f.marker.marks(a, h.Title)
	h.TitleSpans = spans(nil, h.Title, 0, len(h.Title), title)
	body := f.marker.passage(a, fields[fieldBody])
	var best int // where in the body the snippet is from, -1: nowhere
	h.Snippet, best = f.snippet(a, body, fields[fieldDescription])
	if parts := section.Decode(places, body.text); len(parts) > 0 && f.judge != nil {
		f.judge.sections(h, a, body, title, parts, best)
	}
	return nil
}

// Attrs is the further fields that a hit was stored with, by name; several values of
// one are parted by line feeds. It is nil if there are none, or Fetch was brief.
func (h *Hit) Attrs() map[string]string {
	var out map[string]string
	if err := json.Unmarshal([]byte(h.Fields[fieldAttrs]), &out); err != nil {
		return nil // none, or those of an index of another program
	}
	return out
}

// wants tells whether a field is among what is asked for.
func (f *fetcher) wants(field int) bool {
	if !f.brief {
		return true
	}
	switch f.schema.Fields[field].Name {
	case fieldID, fieldURL, fieldTitle:
		return true
	}
	return false
}

// snippet is that of the body, or of the description if only that has words of
// the query, or if there is no body. It tells where in the body it is from.
func (f *fetcher) snippet(a *analysis.Analyzer, body passage, description string) (out []Span, best int) {
	out, best = body.snippet(SnippetChars)
	if description == "" || marked(out) {
		return out, best
	}
	if other, _ := f.marker.passage(a, description).snippet(SnippetChars); len(out) == 0 || marked(other) {
		return other, -1
	}
	return out, best
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
	lang := f.schema.Lang
	if field, ok := f.schema.Field(fieldLang); ok && seg.Has(field, doc) {
		if value, ok := seg.Terms(field).At(int(seg.Column(field).Get(doc))); ok {
			lang = string(value)
		}
	}
	if f.analyzers[lang] == nil {
		f.analyzers[lang] = analysis.For(lang)
	}
	return f.analyzers[lang]
}
