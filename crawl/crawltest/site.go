package crawltest

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A Site is one virtual host. What it serves may be changed at any time.
type Site struct {
	web  *Web
	host string

	// The web's lock guards these.
	addrs []netip.Addr
	down  bool
	ports map[uint16]func(net.Conn) // what listens there itself

	mu       sync.Mutex // guards what follows
	handlers map[string]http.Handler
	lookup   func(n int) ([]netip.Addr, error)
	wait     time.Duration // of each look-up
	asked    int
}

// A Page is what a path answers. The zero Page is an empty 200.
type Page struct {
	Title string
	Text  string   // becomes a paragraph
	Links []string // become <a href>, as they are
	HTML  string   // instead of a page made of the above

	Status       int // zero: 200
	ContentType  string
	Header       http.Header
	ETag         string        // with its quotes; answered by 304 where it is known
	LastModified time.Time     // the same
	Delay        time.Duration // before the answer
}

// Host is the site's name, and URL the http address of a path on it.
func (s *Site) Host() string           { return s.host }
func (s *Site) URL(path string) string { return "http://" + s.host + path }

// Handle lets a handler answer for a path, or, if the path ends in '*', for
// all that begin so. The longest match answers, an exact one first. It replaces
// what answered there before; nil takes it away.
func (s *Site) Handle(path string, h http.Handler) *Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h == nil {
		delete(s.handlers, path)
	} else {
		s.handlers[path] = h
	}
	return s
}

// HandleFunc is Handle of a function.
func (s *Site) HandleFunc(path string, f func(http.ResponseWriter, *http.Request)) *Site {
	return s.Handle(path, http.HandlerFunc(f))
}

// Mount lets a handler answer for all paths that nothing else answers for.
func (s *Site) Mount(h http.Handler) *Site { return s.Handle("/*", h) }

// Page puts a page at a path.
func (s *Site) Page(path string, p Page) *Site { return s.Handle(path, p) }

// Redirect sends a path elsewhere; location goes out as it is.
func (s *Site) Redirect(path string, status int, location string) *Site {
	return s.Page(path, Page{Status: status, Header: http.Header{"Location": {location}}})
}

// Robots puts rules at /robots.txt. A site without has none (404).
func (s *Site) Robots(rules string) *Site {
	return s.Page("/robots.txt", Page{HTML: rules, ContentType: "text/plain"})
}

// Sitemap puts a sitemap of absolute addresses at a path.
func (s *Site) Sitemap(path string, locs ...string) *Site {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for _, loc := range locs {
		fmt.Fprintf(&b, "<url><loc>%s</loc></url>\n", html.EscapeString(loc))
	}
	b.WriteString("</urlset>\n")
	return s.Page(path, Page{HTML: b.String(), ContentType: "application/xml"})
}

// SetAddrs gives the host other addresses: one that another site has too, to
// share a machine; a private one, to test a guard.
func (s *Site) SetAddrs(addrs ...string) *Site {
	s.web.mu.Lock()
	defer s.web.mu.Unlock()
	s.addrs = nil
	for _, a := range addrs {
		s.addrs = append(s.addrs, netip.MustParseAddr(a))
	}
	return s
}

// SetLookup answers the n-th look-up of the name, from 0.
func (s *Site) SetLookup(f func(n int) ([]netip.Addr, error)) *Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookup = f
	return s
}

// SetLookupDelay makes each look-up of the name take so long.
func (s *Site) SetLookupDelay(d time.Duration) *Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait = d
	return s
}

// Listen hands the connections to a port of the site's address to f, byte for
// byte, each in a goroutine; they are closed when f returns, and with the web.
// They do not stand in the log.
func (s *Site) Listen(port uint16, f func(c net.Conn)) *Site {
	s.web.mu.Lock()
	defer s.web.mu.Unlock()
	if s.ports == nil {
		s.ports = map[uint16]func(net.Conn){}
	}
	s.ports[port] = f
	return s
}

func (s *Site) listener(port uint16) func(net.Conn) {
	s.web.mu.Lock()
	defer s.web.mu.Unlock()
	return s.ports[port]
}

// SetDown makes connections to the site's addresses be refused, or not.
func (s *Site) SetDown(down bool) *Site {
	s.web.mu.Lock()
	defer s.web.mu.Unlock()
	s.down = down
	return s
}

func (s *Site) addresses() []netip.Addr {
	s.web.mu.Lock()
	defer s.web.mu.Unlock()
	return append([]netip.Addr(nil), s.addrs...)
}

func (s *Site) resolve(ctx context.Context) ([]netip.Addr, error) {
	s.mu.Lock()
	f, n, wait := s.lookup, s.asked, s.wait
	s.asked++
	s.mu.Unlock()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f != nil {
		return f(n)
	}
	return s.addresses(), ctx.Err()
}

// serve finds what answers for a path.
func (s *Site) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	s.mu.Lock()
	h := s.handlers[path]
	for i := len(path); h == nil && i >= 0; i-- {
		h = s.handlers[path[:i]+"*"]
	}
	s.mu.Unlock()
	if h == nil {
		h = Page{Status: http.StatusNotFound, Title: "Not found"}
	}
	h.ServeHTTP(w, r)
}

// ServeHTTP answers with the page.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.Delay > 0 {
		select {
		case <-time.After(p.Delay):
		case <-r.Context().Done():
			return
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if p.ContentType != "" {
		h.Set("Content-Type", p.ContentType)
	}
	for name, values := range p.Header {
		h[name] = values
	}
	if p.ETag != "" {
		h.Set("ETag", p.ETag)
	}
	if p.Status == 0 || p.Status == http.StatusOK {
		// It does validators and ranges as RFC 9110 has them.
		http.ServeContent(w, r, "", p.LastModified, bytes.NewReader([]byte(p.html())))
		return
	}
	w.WriteHeader(p.Status)
	if p.Status != http.StatusNotModified && p.Status != http.StatusNoContent {
		w.Write([]byte(p.html()))
	}
}

func (p Page) html() string {
	if p.HTML != "" || p.Title == "" && p.Text == "" && len(p.Links) == 0 {
		return p.HTML
	}
	var b strings.Builder
	title := html.EscapeString(p.Title)
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>%s</title></head>\n<body><h1>%s</h1>\n", title, title)
	if p.Text != "" {
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(p.Text))
	}
	for _, l := range p.Links {
		fmt.Fprintf(&b, "<p><a href=\"%s\">%s</a></p>\n", html.EscapeString(l), html.EscapeString(l))
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
