package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

type resultsPage struct {
	frame
	Total   string // with commas
	Took    string
	Page    int
	Start   int // number of the first hit
	Hits    []hit
	Paging  paging
	Deepest bool // there is more than can be paged to

	Failed, Shards int
	Dropped, Cut   []string

	// Help where nothing was found.
	Docs     uint64
	Bare     string // the query's words alone; empty: it is so already
	BareLink string

	Standing *standing

	thumbnails bool
}

// results answers a query.
func (s *server) results(w http.ResponseWriter, r *http.Request) error {
	q, page, err := asked(r)
	if err != nil {
		return err
	}
	name, all := s.collection(r)
	if q == "" || name == "" {
		http.Redirect(w, r, homeLink(r.URL.Query().Get("c")), http.StatusSeeOther)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTimeout)
	defer cancel()
	req := &search.Request{Query: q, Offset: (page - 1) * perPage, Limit: perPage}
	res, took, err := s.ask(ctx, name, req)
	if err != nil {
		return err
	}
	st, err := s.standing(r, name, all)
	if err != nil {
		return err
	}
	p := resultsPage{frame: s.frame("results", shorten(q, 60)+" – Trawl", q, name, all), Page: page, Start: req.Offset + 1}
	p.thumbnails = s.opt.Thumbnails
	p.NoIndex, p.Description = true, "Results for "+shorten(q, 60)
	p.show(res, q, linker{q, r.URL.Query().Get("c")})
	p.Took = duration(took.search + took.fetch)
	p.Standing = st
	w.Header().Set("Server-Timing", fmt.Sprintf("search;dur=%.2f, fetch;dur=%.2f", ms(took.search), ms(took.fetch)))
	w.Header().Set("X-Robots-Tag", "noindex")
	status := http.StatusOK
	if page > max(1, p.Paging.Last) {
		status = http.StatusNotFound
	}
	return s.render(w, status, "results", p)
}

// asked reads the query and the page number of a request.
func asked(r *http.Request) (q string, page int, err error) {
	values := r.URL.Query()
	q = strings.TrimSpace(strings.ToValidUTF8(values.Get("q"), "\ufffd"))
	if len(q) > MaxQueryBytes {
		return "", 0, failure(http.StatusBadRequest, "The query is %s bytes long; at most %s are searched for.", count(len(q)), count(MaxQueryBytes))
	}
	text := values.Get("page")
	if text == "" {
		return q, 1, nil
	}
	page, err = strconv.Atoi(text)
	if err != nil || page < 1 || page > maxPage {
		return "", 0, failure(http.StatusBadRequest, "There is no page %q: pages go from 1 to %d.", shorten(text, 20), maxPage)
	}
	return q, page, nil
}

// A timing is how long the two trips of a question took.
type timing struct{ search, fetch time.Duration }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ask makes the two trips of a question: find, then fill in what is shown.
func (s *server) ask(ctx context.Context, collection string, req *search.Request) (*search.Result, timing, error) {
	var t timing
	searcher, err := s.opt.Searcher(ctx, collection)
	if err != nil {
		return nil, t, err
	}
	start := time.Now()
	res, err := searcher.Search(ctx, req)
	t.search = time.Since(start)
	if err != nil {
		return nil, t, err
	}
	start = time.Now()
	err = searcher.Fetch(ctx, req, res.Hits)
	t.fetch = time.Since(start)
	return res, t, err
}

// show takes over what a search answered.
func (p *resultsPage) show(res *search.Result, q string, to linker) {
	p.Total, p.Docs = count(res.Total), res.Docs
	p.Failed, p.Shards = res.Shards.Failed, res.Shards.Total
	p.Dropped, p.Cut = res.Dropped, res.Cut
	for _, h := range res.Hits {
		if h.ID == "" && h.URL == "" && h.Title == "" {
			continue // deleted between the two trips
		}
		p.Hits = append(p.Hits, newHit(h, p.thumbnails))
	}
	p.Paging = newPaging(p.Page, res.Total, to)
	p.Deepest = p.Page == maxPage && res.Total > MaxOffset+perPage
	if bare := bareWords(q); res.Total == 0 && bare != q && bare != "" {
		p.Bare, p.BareLink = bare, linker{bare, to.collection}.page(1)
	}
}
