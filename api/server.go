package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/search"
)

// A Catalog keeps the settings of collections.
type Catalog interface {
	Collections() []Collection
	Collection(name string) (Collection, error)                                              // ErrNotFound
	Change(ctx context.Context, name string, fn func(*Collection) error) (Collection, error) // creates it if absent
}

// Options are what the API stands on. All but Log are required.
type Options struct {
	Catalog  Catalog
	Searcher func(ctx context.Context, collection string) (search.Searcher, error)
	Append   func(ctx context.Context, collection string, docs []*document.Document) error
	Status   func(collection string) (Status, error)
	Crawls   func(ctx context.Context, collection string, limit int) ([]Crawl, error) // the newest first
	Events   func(ctx context.Context, collection string, limit int) ([]Event, error) // the newest first
	Address  func(ctx context.Context, collection, address string) (Address, error)   // what its crawl knows of an address
	List     func(ctx context.Context, collection string, which Listing) (Addresses, error)
	Reparse  func(ctx context.Context, collection string, progress func(Reparsed)) (Reparsed, error)
	Import   func(ctx context.Context, collection string, warc io.Reader) (Captured, error) // makes documents of captures
	Diff     func(ctx context.Context, collection string, limit int) (Diff, error)          // with at most limit addresses of each kind

	// Authorize tells why r may not change anything; nil may.
	Authorize func(r *http.Request) error
	Log       *slog.Logger
}

type server struct {
	opt Options
	mux *http.ServeMux
}

//go:embed openapi.json
var openapi []byte

// New returns the handler of /api/v1/ and /openapi.json.
func New(opt Options) http.Handler {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{opt: opt, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openapi)
	})
	const c = "/api/v1/collections"
	s.handle("GET "+c, s.collections)
	s.handle("GET "+c+"/{collection}", s.collection)
	s.handle("PUT "+c+"/{collection}", s.admin(s.putCollection))
	s.handle("GET "+c+"/{collection}/search", s.search)
	s.handle("POST "+c+"/{collection}/documents", s.admin(s.documents))
	s.handle("POST "+c+"/{collection}/captures", s.admin(s.captures))
	s.handle("POST "+c+"/{collection}/crawl", s.admin(s.crawl))
	s.handle("POST "+c+"/{collection}/reparse", s.admin(s.reparse))
	s.handle("GET "+c+"/{collection}/url", s.address)
	s.handle("GET "+c+"/{collection}/urls", s.admin(s.addresses)) // it may cost a reading of all addresses
	s.handle("GET "+c+"/{collection}/crawls", s.crawls)
	s.handle("GET "+c+"/{collection}/diff", s.admin(s.diff)) // it costs a reading of all texts
	s.handle("POST "+c+"/{collection}/publish", s.admin(s.turn((*Collection).Publish)))
	s.handle("POST "+c+"/{collection}/discard", s.admin(s.turn((*Collection).Discard)))
	s.handle("POST "+c+"/{collection}/rollback", s.admin(s.turn((*Collection).Rollback)))
	s.handle("GET "+c+"/{collection}/history", s.history)
	s.handle("GET "+c+"/{collection}/status", s.status)
	s.handle("GET "+c+"/{collection}/events", s.events)
	s.handle("/api/", func(_ http.ResponseWriter, r *http.Request) error {
		return problem(http.StatusNotFound, "no_such_resource", "%s %s: there is no such resource; see /openapi.json", r.Method, r.URL.Path)
	})
	return s.mux
}

func (s *server) handle(pattern string, fn func(http.ResponseWriter, *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// admin guards what changes anything. A refusal that is not a problem yet is 403.
func (s *server) admin(fn func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.opt.Authorize(r); err != nil {
			return problem(http.StatusForbidden, "forbidden", "%v", err)
		}
		return fn(w, r)
	}
}

func (s *server) collections(w http.ResponseWriter, _ *http.Request) error {
	reply(w, http.StatusOK, map[string]any{"collections": s.opt.Catalog.Collections()})
	return nil
}

func (s *server) collection(w http.ResponseWriter, r *http.Request) error {
	c, err := s.opt.Catalog.Collection(r.PathValue("collection"))
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, c)
	return nil
}

func (s *server) putCollection(w http.ResponseWriter, r *http.Request) error {
	var in Collection
	if err := readJSON(r, &in); err != nil {
		return err
	}
	name := r.PathValue("collection")
	out, err := s.change(r.Context(), name, func(c *Collection) error {
		if c.Version > 0 && in.Shards != 0 && in.Shards != c.Shards {
			return fmt.Errorf("%w: %s has %d shards, and the number is fixed at creation", ErrConflict, name, c.Shards)
		}
		shards, crawl, version, generations := c.Shards, c.Crawl, c.Version, c.Generations
		*c = in
		c.Name, c.Crawl, c.Version, c.Generations = name, crawl, version, generations
		if c.Shards == 0 {
			c.Shards = shards
		}
		return nil
	})
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, out)
	return nil
}

// change applies fn to a collection and checks the result before it is kept.
func (s *server) change(ctx context.Context, name string, fn func(*Collection) error) (Collection, error) {
	return s.opt.Catalog.Change(ctx, name, func(c *Collection) error {
		if err := fn(c); err != nil {
			return err
		}
		if err := c.Check(); err != nil {
			return problem(http.StatusBadRequest, "bad_collection", "%v", err)
		}
		return nil
	})
}

// crawl adds seeds to the source (settings that are given replace the old ones)
// and asks for one more crawl, or for a full one.
func (s *server) crawl(w http.ResponseWriter, r *http.Request) error {
	var in CrawlRequest
	if err := readJSON(r, &in); err != nil {
		return err
	}
	var number int64
	out, err := s.change(r.Context(), r.PathValue("collection"), func(c *Collection) error {
		merged := in.Source
		if c.Source != nil {
			merged = in.OrElse(*c.Source)
		}
		if len(merged.Seeds) == 0 {
			return problem(http.StatusBadRequest, "no_seeds", "collection %s has no seeds yet: name at least one address", c.Name)
		}
		c.Source = &merged
		if in.Guard != nil {
			c.Guard = in.Guard.orElse(c.Guard)
		}
		if in.KeepGenerations != nil {
			c.KeepGenerations = in.KeepGenerations
		}
		if in.Full {
			number = c.AskFull(time.Now())
		} else {
			number = c.AskCrawl()
		}
		return nil
	})
	if err != nil {
		return err
	}
	answer := CrawlAccepted{Collection: out.Name, Crawl: number, Generation: out.Standing().Live.Number}
	if in.Full {
		answer.Generation = out.Standing().Candidate.Number
	}
	reply(w, http.StatusAccepted, answer)
	return nil
}

// turn is a change of generations that needs nothing but the word.
func (s *server) turn(fn func(c *Collection, now time.Time) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("collection")
		if _, err := s.opt.Catalog.Collection(name); err != nil {
			return err // it is not made by this
		}
		out, err := s.change(r.Context(), name, func(c *Collection) error { return fn(c, time.Now()) })
		if err != nil {
			return err
		}
		reply(w, http.StatusOK, out.Standing())
		return nil
	}
}

func (s *server) diff(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 20, 0, MaxDiffPages)
	if err != nil {
		return err
	}
	d, err := s.opt.Diff(r.Context(), r.PathValue("collection"), limit)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, d)
	return nil
}

func (s *server) history(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 20, 1, maxCrawls)
	if err != nil {
		return err
	}
	list, err := s.opt.Events(r.Context(), r.PathValue("collection"), limit)
	if err != nil {
		return err
	}
	if list == nil {
		list = []Event{}
	}
	reply(w, http.StatusOK, map[string]any{"events": list})
	return nil
}

// maxCrawls bounds how many past crawls, or events, one answer lists.
const maxCrawls = 1000

func (s *server) crawls(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 20, 1, maxCrawls)
	if err != nil {
		return err
	}
	list, err := s.opt.Crawls(r.Context(), r.PathValue("collection"), limit)
	if err != nil {
		return err
	}
	if list == nil {
		list = []Crawl{}
	}
	reply(w, http.StatusOK, map[string]any{"crawls": list})
	return nil
}

func (s *server) documents(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("collection")
	if _, err := s.change(r.Context(), name, func(*Collection) error { return nil }); err != nil {
		return err
	}
	n, err := readDocuments(r.Body, time.Now, func(docs []*document.Document) error {
		return s.opt.Append(r.Context(), name, docs)
	})
	if err != nil {
		return err
	}
	reply(w, http.StatusAccepted, Accepted{Accepted: n})
	return nil
}

func (s *server) status(w http.ResponseWriter, r *http.Request) error {
	st, err := s.opt.Status(r.PathValue("collection"))
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, st)
	return nil
}

// events streams the status as server-sent events, one a second while it
// changes, a comment every 15 s otherwise so that proxies keep the line open.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("collection")
	if _, err := s.opt.Status(name); err != nil {
		return err
	}
	StreamEvents(w, r, "status", func() (any, error) { return s.opt.Status(name) })
	return nil
}

// StreamEvents sends what state returns as server-sent events named name until
// the client leaves: at once, then each second in which it changed.
func StreamEvents(w http.ResponseWriter, r *http.Request, name string, state func() (any, error)) {
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last string
	quiet := 0
	for id := 1; ; {
		v, err := state()
		if err != nil {
			return // the collection is gone; the client asks again and is told so
		}
		body, err := json.Marshal(v)
		switch {
		case err != nil:
			return
		case string(body) != last:
			last, quiet = string(body), 0
			_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", id, name, body)
			id++
		case quiet >= 15:
			quiet = 0
			_, err = io.WriteString(w, ": still here\n\n")
		default:
			quiet++
		}
		if err != nil || rc.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// readJSON reads a bounded JSON body and refuses names it does not know.
func readJSON(r *http.Request, v any) error {
	const maxBytes = 1 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
	if err != nil {
		return problem(http.StatusBadRequest, "bad_body", "the body broke off: %v", err)
	}
	if len(body) > maxBytes {
		return problem(http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than %d bytes", maxBytes)
	}
	if len(body) == 0 {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return problem(http.StatusBadRequest, "bad_json", "%v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return problem(http.StatusBadRequest, "bad_json", "more than one JSON value in the body")
	}
	return nil
}

// number reads a query parameter between lo and hi.
func number(r *http.Request, name string, def, lo, hi int) (int, error) {
	text := r.FormValue(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < lo || n > hi {
		return 0, problem(http.StatusBadRequest, "bad_parameter", "%s=%q: want a whole number from %d to %d", name, text, lo, hi)
	}
	return n, nil
}
