package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates, one set a page. They do not change.
type pages struct{ byName map[string]*template.Template }

func loadPages(a *assets) *pages {
	funcs := template.FuncMap{"asset": a.path, "count": count[int], "countu": count[uint64], "counti": count[int64], "rate": rate, "plural": plural}
	shared := template.Must(template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic("web: " + err.Error())
	}
	p := &pages{byName: map[string]*template.Template{}}
	for _, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		p.byName[name] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, file))
	}
	return p
}

// A frame is what the layout shows around every page.
type frame struct {
	Title       string // of the window
	Description string
	Kind        string // home, results, docs, error
	Query       string
	Collection  string
	Collections []string // to choose from; nil: nothing to choose
	OpenSearch  string
	Version     string
	NoIndex     bool
}

func (s *server) frame(kind, title, query, collection string, all []string) frame {
	f := frame{Kind: kind, Title: title, Query: query, Collection: collection, Version: s.opt.Version, OpenSearch: "/opensearch.xml"}
	if len(all) > 1 {
		f.Collections = all
		if collection != "" {
			f.OpenSearch += "?c=" + template.URLQueryEscaper(collection)
		}
	}
	return f
}

const htmlType = "text/html; charset=utf-8"

// body renders a page whole or not at all.
func (s *server) body(page string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := s.pages.byName[page].ExecuteTemplate(&b, "layout", data); err != nil {
		return nil, fmt.Errorf("web: render %s: %w", page, err)
	}
	return b.Bytes(), nil
}

// render answers with a page that is the visitor's own and of this moment.
func (s *server) render(w http.ResponseWriter, status int, page string, data any) error {
	body, err := s.body(page, data)
	if err != nil {
		return err
	}
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	write(w, status, htmlType, body)
	return nil
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: nobody is left to tell
}

// A pageError is a failure in words for the visitor.
type pageError struct {
	status int
	text   string
}

func (e *pageError) Error() string { return e.text }

func failure(status int, format string, args ...any) error {
	return &pageError{status, fmt.Sprintf(format, args...)}
}

// fail turns an error into a page. What is not the visitor's stays in the log.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the visitor has left
	}
	var p *pageError
	switch {
	case errors.As(err, &p):
	case s.opt.NotFound(err):
		p = &pageError{http.StatusNotFound, "There is no collection of that name."}
	default:
		s.opt.Log.Error("web: request failed", "path", r.URL.Path, "err", err)
		text := "The search does not answer right now. Try again in a moment; the server's log says why."
		if errors.Is(err, context.DeadlineExceeded) {
			text = "The search took too long and was given up. Try again, or ask with fewer words."
		}
		p = &pageError{http.StatusServiceUnavailable, text}
	}
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Cache-Control", "no-store")
	collection, all := s.collection(r)
	if !slices.Contains(all, collection) {
		collection = ""
	}
	f := s.frame("error", http.StatusText(p.status), shorten(r.URL.Query().Get("q"), 200), collection, all)
	f.NoIndex = true
	if rerr := s.render(w, p.status, "error", errorPage{f, p.status, p.text}); rerr != nil {
		s.opt.Log.Error("web: error page failed", "err", rerr)
		http.Error(w, p.text, p.status)
	}
}

type errorPage struct {
	frame
	Status int
	Text   string
}
