package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/web"
)

// handler is everything that the HTTP server answers.
func (n *Node) handler() http.Handler {
	g := n.gateway
	mux := http.NewServeMux()
	programs := api.New(api.Options{Catalog: n.catalog, Searcher: g.Searcher, Append: g.Append, Status: g.Status, Crawls: g.Crawls, Events: g.Events, Diff: g.Diff, Address: n.Address, List: n.List, Reparse: n.Reparse, Import: importer(g), Authorize: g.authorize, Log: g.log})
	mux.Handle("/api/", programs)
	mux.Handle("/openapi.json", programs)
	mux.Handle("/metrics", n.metrics.handler())
	mux.HandleFunc("/healthz", n.health.live)
	mux.HandleFunc("/readyz", n.health.ready)
	mux.Handle("/", web.New(web.Options{
		Collections: n.collectionNames, Searcher: g.Searcher, Progress: g.progress,
		NotFound: func(err error) bool { return errors.Is(err, api.ErrNotFound) }, Thumbnails: n.cfg.Thumbnails, Version: Version, Log: g.log,
	}))
	cross := http.NewCrossOriginProtection() // no page of another site changes anything through a visitor's browser
	return n.observe(n.recoverer(cross.Handler(mux)))
}

func (n *Node) collectionNames() []string {
	var out []string
	for _, c := range n.catalog.Collections() {
		out = append(out, c.Name)
	}
	return out
}

// observe measures each request by the room that answers it.
func (n *Node) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		if isStream(r.URL.Path) {
			return // as long as the visitor stays: no latency
		}
		n.metrics.request(route(r.URL.Path), rec.status, time.Since(start))
	})
}

// isStream tells whether the answer goes on as long as the visitor stays.
func isStream(path string) bool { return strings.HasSuffix(path, "/events") || path == "/progress" }

// endStreams ends streams of events with ctx; other requests run on.
func endStreams(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r.URL.Path) {
			own, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			r = r.WithContext(own)
		}
		next.ServeHTTP(w, r)
	})
}

// route names the room a path belongs to: few values, whatever paths are asked.
func route(path string) string {
	switch {
	case strings.HasPrefix(path, "/api/") && strings.HasSuffix(path, "/search"):
		return "api_search"
	case strings.HasPrefix(path, "/api/") && strings.HasSuffix(path, "/documents"):
		return "api_documents"
	case strings.HasPrefix(path, "/api/"):
		return "api"
	case path == "/search":
		return "search_page"
	case strings.HasPrefix(path, "/docs/"):
		return "docs"
	}
	return "other"
}

// recoverer turns a panic of a handler into one failed request.
func (n *Node) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				return
			}
			n.log.Error("panic in a request: please report it", "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(code int) {
	s.status = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController flush through.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Client speaks to this process without a port, through the same handler.
func (n *Node) Client() *api.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return n.inner.dial(ctx) }
	return &api.Client{Base: "http://trawl", Token: n.cfg.AdminToken, HTTP: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// A pipeListener hands one end of a pipe to whoever dials in this process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- pipeConn{server}:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "in-process", Net: "pipe"} }

// A pipeConn marks a connection that no network carried.
type pipeConn struct{ net.Conn }

type inProcessKey struct{}

func markInProcess(ctx context.Context, c net.Conn) context.Context {
	if _, ok := c.(pipeConn); ok {
		return context.WithValue(ctx, inProcessKey{}, true)
	}
	return ctx
}

func inProcess(ctx context.Context) bool { return ctx.Value(inProcessKey{}) != nil }

func copyFrom(f *os.File) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	}
}
