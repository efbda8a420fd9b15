package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A testSite is a web site on loopback whose every page leads on: page n links
// to 3n+1, 3n+2, 3n+3 and back to the root; each has a word of its own.
type testSite struct {
	url   string
	pages int

	mu   sync.Mutex
	hits map[int]int
}

func startSite(t *testing.T, pages int) *testSite {
	t.Helper()
	s := &testSite{pages: pages, hits: map[int]int{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/"
	return s
}

func (s *testSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := 0
	if r.URL.Path != "/" {
		var err error
		if n, err = strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/page/")); err != nil || n <= 0 || n >= s.pages {
			http.NotFound(w, r)
			return
		}
	}
	s.mu.Lock()
	s.hits[n]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>Page %d</title><h1>Page number %d</h1><p>The word of this page is word%dx. It says nothing else of note.</p><nav><a href=/>home</a>", n, n, n)
	for c := 3*n + 1; c <= 3*n+3 && c < s.pages; c++ {
		fmt.Fprintf(w, "<a href=/page/%d>page %d</a> ", c, c)
	}
	fmt.Fprint(w, "</nav>")
}

func (s *testSite) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits = map[int]int{}
}

func (s *testSite) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.hits {
		n += c
	}
	return n
}

// distinct counts the pages that were fetched at least once.
func (s *testSite) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hits)
}
