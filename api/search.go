package api

import (
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

// Bounds of one search: how deep it may page, how long its words may be.
const (
	MaxHits       = 2000
	MaxOffset     = 8000
	MaxQueryBytes = 4096
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
	sr, err := s.opt.Searcher(r.PathValue("collection"))
	if err != nil {
		return err
	}
	req := &search.Request{
		Query: q, Offset: offset, Limit: limit, Lang: r.FormValue("lang"),
		Explain: r.FormValue("explain") == "true", Brief: r.FormValue("snippets") == "false",
	}
	start := time.Now()
	res, err := sr.Search(r.Context(), req)
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

func answer(q string, res *search.Result, took time.Duration) Answer {
	out := Answer{
		Query: q, Total: res.Total, TookMS: float64(took.Microseconds()) / 1000, Hits: []Hit{}, Dropped: res.Dropped, Cut: res.Cut, Docs: res.Docs,
		Shards: Shards{Total: res.Shards.Total, OK: res.Shards.OK, Failed: res.Shards.Failed},
	}
	for _, h := range res.Hits {
		if h.ID == "" {
			continue // gone between the two trips
		}
		hit := Hit{ID: h.ID, URL: h.URL, Title: h.Title, Score: h.Score, Snippet: plain(h.Snippet), Highlight: marked(h.Snippet)}
		if h.Explain != nil {
			hit.Explain = h.Explain
		}
		out.Hits = append(out.Hits, hit)
	}
	return out
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
