package blob

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// s3Server counts requests, and spoils them on demand.
type s3Server struct {
	handler http.Handler

	mu    sync.Mutex
	seen  map[string]int // by method
	spoil func(w http.ResponseWriter, r *http.Request) bool
}

func (s *s3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[r.Method]++
	spoil := s.spoil
	s.mu.Unlock()
	if spoil != nil && spoil(w, r) {
		return
	}
	s.handler.ServeHTTP(w, r)
}

func (s *s3Server) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[method]
}

func (s *s3Server) set(spoil func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil = spoil
}

func openFake(t *testing.T, opt Options) (*Bucket, *s3Server) {
	t.Helper()
	var s *s3Server
	u := fakeS3(t, func(made *s3Server) { s = made })
	return mustOpen(t, u, opt), s
}

// TestS3LostAnswer: the object was stored, the answer lost, and the library
// sends it again. It is still ours.
func TestS3LostAnswer(t *testing.T) {
	b, s := openFake(t, Options{})
	var once sync.Once
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		lost := false
		if r.Method == http.MethodPut {
			once.Do(func() { lost = true })
		}
		if lost {
			s.handler.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "lost", http.StatusServiceUnavailable)
		}
		return lost
	})
	mustCreate(t, b, "manifest/1", "mine")
	if n := s.count(http.MethodPut); n != 2 {
		t.Fatalf("%d PUTs, want the second that is refused", n)
	}
	if err := b.Create(t.Context(), "manifest/1", put("other")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("second create: %v", err)
	}
	wantText(t, b, "manifest/1", "mine")
}

// TestS3WithoutConditions: Probe must see a server that overwrites.
func TestS3WithoutConditions(t *testing.T) {
	b, s := openFake(t, Options{})
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("If-None-Match")
		if r.Method == http.MethodHead { // nor does it show what it has
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	})
	err := b.Probe(t.Context())
	if err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Fatalf("got %v", err)
	}
}

// TestS3Conflict: AWS answers 409 while another upload of the key goes on.
func TestS3Conflict(t *testing.T) {
	b, s := openFake(t, Options{})
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		other := httptest.NewRequest(http.MethodPut, r.URL.String(), strings.NewReader("theirs"))
		other.Header.Set("Content-Length", "6")
		s.handler.ServeHTTP(httptest.NewRecorder(), other)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, "<Error><Code>ConditionalRequestConflict</Code><Message>busy</Message></Error>")
		return true
	})
	if err := b.Create(t.Context(), "x", put("mine")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("got %v, want fs.ErrExist", err)
	}
	wantText(t, b, "x", "theirs")
}

// TestS3BrokenDownload: a connection that breaks costs what is left.
func TestS3BrokenDownload(t *testing.T) {
	b, s := openFake(t, Options{})
	want := strings.Repeat("0123456789", 100_000)
	mustCreate(t, b, "x", want)
	breaks := 0
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || breaks == 2 {
			return false
		}
		breaks++
		rec := httptest.NewRecorder()
		s.handler.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes()[:rec.Body.Len()/3])
		panic(http.ErrAbortHandler)
	})
	wantText(t, b, "x", want)
	if breaks != 2 {
		t.Fatalf("broke %d times", breaks)
	}
	// One that always breaks is given up.
	mustCreate(t, b, "y", want)
	breaks = -1000
	if _, err := b.Open(t.Context(), "y"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", err)
	}
	breaks = 2
	wantText(t, b, "y", want)
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	opt := Options{CacheDir: dir, CacheBytes: 2500}
	b, s := openFake(t, opt)
	text := func(c string) string { return strings.Repeat(c, 1000) }
	for _, k := range []string{"a", "b", "c"} {
		mustCreate(t, b, k, text(k))
	}
	gets := 0
	read := func(key string, fetched bool) {
		t.Helper()
		wantText(t, b, key, text(key))
		if n := s.count(http.MethodGet); (n > gets) != fetched {
			t.Fatalf("%s: fetched %v, want %v", key, n > gets, fetched)
		}
		gets = s.count(http.MethodGet)
	}
	bounded := func(files int) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(names) != files {
			t.Fatalf("cache holds %q, want %d files", names, files)
		}
	}
	read("a", true)
	read("a", false)
	read("b", true)
	read("a", false) // b is the longest unused now
	read("c", true)
	bounded(2)
	read("a", false)
	read("b", true)
	bounded(2)

	// What is open stays, beyond the bound.
	var open []*Object
	for _, k := range []string{"a", "b", "c"} {
		o, err := b.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, o)
	}
	bounded(3)
	for i, k := range []string{"a", "b", "c"} {
		if string(open[i].Bytes()) != text(k) {
			t.Fatalf("%s changed", k)
		}
		open[i].Close()
	}
	bounded(2)
	gets = s.count(http.MethodGet)

	// The next process finds the two that were used last; one was cut short.
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if err := os.Truncate(names[0], 10); err != nil {
		t.Fatal(err)
	}
	c, err := openCache(dir, 2500)
	if err != nil {
		t.Fatal(err)
	}
	b.drv.(*s3Driver).cache = c
	fetches := 0
	for _, k := range []string{"b", "c"} {
		wantText(t, b, k, text(k))
		fetches += s.count(http.MethodGet) - gets
		gets = s.count(http.MethodGet)
	}
	if fetches != 1 {
		t.Fatalf("%d fetches after a restart, want one of what was cut short", fetches)
	}
	// A file that another process removed comes again.
	for _, n := range names {
		os.Remove(n)
	}
	read("c", true)
}

// TestCacheOnce: many who want one object fetch it once.
func TestCacheOnce(t *testing.T) {
	b, s := openFake(t, Options{CacheDir: t.TempDir()})
	mustCreate(t, b, "x", "text")
	before := s.count(http.MethodGet)
	release := make(chan struct{})
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			<-release
		}
		return false
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { wantText(t, b, "x", "text") })
	}
	for s.count(http.MethodHead) < 9 { // one of Create
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	if n := s.count(http.MethodGet) - before; n != 1 {
		t.Fatalf("%d fetches of one object", n)
	}
}

// TestCacheRecreated: a key that was deleted and created anew is another object.
func TestCacheRecreated(t *testing.T) {
	b, _ := openFake(t, Options{})
	mustCreate(t, b, "x", "one")
	wantText(t, b, "x", "one")
	if err := b.Delete(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, b, "x", "two")
	wantText(t, b, "x", "two")
}

func TestS3RangedFetchesRanges(t *testing.T) {
	b, s := openFake(t, Options{})
	mustCreate(t, b, "x", string(bytes.Repeat([]byte("x"), 1<<20)))
	var mu sync.Mutex
	var ranges []string
	s.set(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			mu.Lock()
			defer mu.Unlock()
			ranges = append(ranges, r.Header.Get("Range"))
		}
		return false
	})
	o, err := b.OpenRanged(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Bytes() != nil {
		t.Error("a ranged object has bytes")
	}
	if _, err := o.ReadAt(make([]byte, 100), 5000); err != nil {
		t.Fatal(err)
	}
	if len(ranges) != 1 || ranges[0] != "bytes=5000-5099" {
		t.Fatalf("ranges %q", ranges)
	}
	if err := b.Delete(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.ReadAt(make([]byte, 100), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("read of a deleted object: %v", err)
	}
}
