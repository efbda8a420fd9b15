package api

import (
	"errors"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

// Bounds of one search: how deep it may page, how long its words may be, how many
// values of a facet it may list.
const (
	MaxHits        = 2000
	MaxOffset      = 8000
	MaxQueryBytes  = 4096
	MaxFacetValues = 1000
)

func (s *server) search(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 10, 0, MaxHits)
	if err != nil {
		return err
	}
	offset, err := number(r, "offset", 0, 0, MaxOffset)
	if err != nil {
		return err
	}
	q := r.FormValue("q")
	if len(q) > MaxQueryBytes {
		return problem(http.StatusBadRequest, "query_too_long", "the query is %d bytes; at most %d", len(q), MaxQueryBytes)
	}
	sr, err := s.opt.Searcher(r.Context(), r.PathValue("collection"))
	if err != nil {
		return err
	}
	req := &search.Request{
		Query: q, Offset: offset, Limit: limit, Lang: r.FormValue("lang"),
		Explain: r.FormValue("explain") == "true", Brief: r.FormValue("snippets") == "false",
	}
	if req.Facets, err = facets(r.Form["facet"]); err != nil {
		return err
	}
	req.Sort.Field, req.Sort.Descending = strings.CutPrefix(r.FormValue("sort"), "-")
	start := time.Now()
	res, err := sr.Search(r.Context(), req)
	if errors.Is(err, search.ErrField) || errors.Is(err, search.ErrFacets) {
		return problem(http.StatusBadRequest, "bad_parameter", "%v", err)
	}
	if err != nil {
		return err
	}
	if err := sr.Fetch(r.Context(), req, res.Hits); err != nil {
		return err
	}
	took := time.Since(start)
	reply(w, http.StatusOK, answer(q, res, took))
	return nil
}

// facets reads what to count: names of fields, each with a number of values behind
// a colon or without.
func facets(list []string) (out []search.FacetRequest, err error) {
	for _, text := range list {
		f := search.FacetRequest{Field: text}
		if name, limit, ok := strings.Cut(text, ":"); ok {
			n, err := strconv.Atoi(limit)
			if err != nil || n < 1 || n > MaxFacetValues {
				return nil, problem(http.StatusBadRequest, "bad_parameter", "facet=%q: want a field, or field:N with N from 1 to %d", text, MaxFacetValues)
			}
			f = search.FacetRequest{Field: name, Limit: n}
		}
		out = append(out, f)
	}
	return out, nil
}

func answer(q string, res *search.Result, took time.Duration) Answer {
	out := Answer{
		Query: q, Total: res.Total, TookMS: float64(took.Microseconds()) / 1000, Hits: []Hit{}, Dropped: res.Dropped, Cut: res.Cut, Docs: res.Docs,
		Shards: Shards{Total: res.Shards.Total, OK: res.Shards.OK, Failed: res.Shards.Failed},
	}
	for _, f := range res.Facets {
		facet := Facet{Field: f.Field, Values: []FacetValue{}}
		for _, v := range f.Values {
			facet.Values = append(facet.Values, FacetValue(v))
		}
		out.Facets = append(out.Facets, facet)
	}
	for _, h := range res.Hits {
		if h.ID == "" {
			continue // gone between the two trips
		}
		hit := Hit{ID: h.ID, URL: h.URL, Title: h.Title, Score: h.Score, Snippet: plain(h.Snippet), Highlight: marked(h.Snippet), SortValue: h.Number, Fields: h.Attrs()}
		if h.Explain != nil {
			hit.Explain = h.Explain
		}
		if h.Section != nil {
			hit.Section = new(section(*h.Section))
		}
		for _, part := range h.Sections {
			hit.Sections = append(hit.Sections, section(part))
		}
		out.Hits = append(out.Hits, hit)
	}
	return out
}

func section(s search.Section) Section {
	return Section{Title: plain(s.Title), URL: s.URL, Level: s.Level, Snippet: plain(s.Snippet), Highlight: marked(s.Snippet)}
}

func plain(spans []search.Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func marked(spans []search.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Mark {
			b.WriteString("<mark>" + html.EscapeString(s.Text) + "</mark>")
			continue
		}
		b.WriteString(html.EscapeString(s.Text))
	}
	return b.String()
}
