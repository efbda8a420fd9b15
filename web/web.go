// Package web is what people see: the search page, its results, live progress of
// a crawl, and the manual. Pages are html/template over embedded files; style and
// script come as versioned assets, without a build step. Everything works without
// JavaScript; with it there are keys and live figures.
//
// # Routes
//
//	/                      the search page
//	/search?q=&c=&page=    results; c names a collection, page counts from 1
//	/progress?c=           how a collection stands, as server-sent events
//	/docs/ /docs/PAGE      the manual (package docs)
//	/assets/NAME-HASH.EXT  style, script, icon; never change, are kept for ever
//	/opensearch.xml        for browsers that take it as a search engine
//	/robots.txt            for crawlers: the manual, but no results
//
// # Limits
//
// Queries of MaxQueryBytes, ten hits a page, MaxOffset hits deep, maxStreams
// visitors that follow progress at once, ten seconds a search.
//
// # Safety
//
// What a crawled page says never becomes markup, and its address a link only if
// it is http or https. The content security policy allows no inline script or
// style and nothing from elsewhere; with Thumbnails, pictures over https, asked for
// without a referrer. No page sets a cookie, and no query is logged.
//
// Sources: WCAG 2.2 (W3C, 2023); OpenSearch 1.1 draft 6; HTML Standard, 9.2
// server-sent events.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

// Bounds of one question.
const (
	MaxQueryBytes = 4096
	MaxOffset     = 8000

	perPage       = 10
	maxPage       = MaxOffset/perPage + 1
	searchTimeout = 10 * time.Second
)

// defaultCollection is searched where a visitor names none.
const defaultCollection = "web"

// Options are what the pages stand on. All but NotFound, Thumbnails, Version and
// Log are required.
type Options struct {
	Collections func() []string // names, sorted
	Searcher    func(ctx context.Context, collection string) (search.Searcher, error)
	Progress    func(collection string) (Progress, error)
	NotFound    func(error) bool // tells whether an error means: no such collection; nil: none does
	Thumbnails  bool             // results show the pictures of their pages, which browsers then fetch from there
	Version     string
	Log         *slog.Logger // nil: silence
}

// A Progress tells how a collection's crawl and index stand.
type Progress struct {
	State          string  `json:"state"` // running, idle, stopped; empty: nothing is crawled
	Docs           uint64  `json:"docs"`  // can be searched
	Pending        uint64  `json:"pending"`
	Pages          int64   `json:"pages"` // fetched
	Queued         int64   `json:"queued"`
	Failed         int64   `json:"failed"`
	PagesPerSecond float64 `json:"pages_per_second"`
}

// A server is the handler's state. Any goroutine may call it.
type server struct {
	opt     Options
	pages   *pages
	assets  *assets
	manual  *manual
	streams chan struct{} // a place each for those who follow progress
	seen    progressCache
}

// New returns the handler of all routes. It panics if what is embedded is
// broken, which the tests find first.
func New(opt Options) http.Handler {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.NotFound == nil {
		opt.NotFound = func(error) bool { return false }
	}
	a := loadAssets()
	s := &server{
		opt: opt, assets: a, pages: loadPages(a), manual: loadManual(),
		streams: make(chan struct{}, maxStreams), seen: progressCache{ask: opt.Progress},
	}
	mux := http.NewServeMux()
	s.handle(mux, "GET /{$}", s.home)
	s.handle(mux, "GET /search", s.results)
	s.handle(mux, "GET /progress", s.progress)
	s.handle(mux, "GET /docs", redirect("/docs/"))
	s.handle(mux, "GET /docs/{$}", s.docs)
	s.handle(mux, "GET /docs/{page}", s.docs)
	s.handle(mux, "GET /assets/{name}", s.assets.serve)
	s.handle(mux, "GET /favicon.ico", s.assets.favicon)
	s.handle(mux, "GET /opensearch.xml", s.openSearch)
	s.handle(mux, "GET /robots.txt", robots)
	s.handle(mux, "/", elsewhere)
	return secure(mux, opt.Thumbnails)
}

// handle routes a pattern to fn, whose error becomes a page.
func (s *server) handle(mux *http.ServeMux, pattern string, fn func(http.ResponseWriter, *http.Request) error) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// collection is the collection that a request names, or the one that is meant:
// "web", or the first there is. It is empty where there is none at all.
func (s *server) collection(r *http.Request) (name string, all []string) {
	all = s.opt.Collections()
	name = r.URL.Query().Get("c")
	switch {
	case name != "" || len(all) == 0:
	case slices.Contains(all, defaultCollection):
		name = defaultCollection
	default:
		name = all[0]
	}
	return name, all
}

func redirect(to string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, to, http.StatusMovedPermanently)
		return nil
	}
}

// elsewhere answers what no route knows.
func elsewhere(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return failure(http.StatusMethodNotAllowed, "Pages here can only be read: %s is not answered.", r.Method)
	}
	return failure(http.StatusNotFound, "There is no page at %s.", shorten(r.URL.Path, 100))
}

// shorten cuts a text to n runes.
func shorten(s string, n int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}
