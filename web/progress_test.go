package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// A lineWriter is a response that is read while it is written.
type lineWriter struct {
	header http.Header
	pipe   *io.PipeWriter
}

func (w *lineWriter) Header() http.Header         { return w.header }
func (w *lineWriter) Write(b []byte) (int, error) { return w.pipe.Write(b) }
func (w *lineWriter) WriteHeader(int)             {}
func (w *lineWriter) Flush()                      {}

// follow opens a stream and returns its lines; leave ends it and waits.
func follow(s *site, target string) (lines *bufio.Scanner, leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan struct{})
	h := s.handler()
	go func() {
		defer close(done)
		h.ServeHTTP(&lineWriter{http.Header{}, w}, httptest.NewRequest(http.MethodGet, target, nil).WithContext(ctx))
		w.Close()
	}()
	return bufio.NewScanner(r), func() {
		cancel()
		r.Close()
		<-done
	}
}

func TestProgressStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oneCollection(&fake{})
		var pages atomic.Int64
		s.progress = func(string) (Progress, error) { return Progress{State: "running", Pages: pages.Load()}, nil }
		lines, leave := follow(s, "/progress")
		defer leave()
		start := time.Now()
		expect := func(want string, after time.Duration) {
			t.Helper()
			for lines.Scan() && lines.Text() == "" {
			}
			if got := lines.Text(); got != want {
				t.Errorf("line %q, want %q", got, want)
			}
			if got := time.Since(start); got != after {
				t.Errorf("%q came after %s, want %s", want, got, after)
			}
		}
		event := func(pages string) string {
			return `data: {"state":"running","docs":0,"pending":0,"pages":` + pages + `,"queued":0,"failed":0,"pages_per_second":0}`
		}
		expect("event: progress", 0)
		expect(event("0"), 0)
		pages.Store(7)
		expect("event: progress", time.Second)
		expect(event("7"), time.Second)
		expect(": still here", 16*time.Second) // nothing changed for 15 s
		pages.Store(8)
		expect("event: progress", 17*time.Second)
		expect(event("8"), 17*time.Second)
	})
}

// TestProgressIsShared has many visitors and one question a second.
func TestProgressIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		s := oneCollection(&fake{})
		s.progress = func(string) (Progress, error) { return Progress{Docs: uint64(asked.Add(1))}, nil }
		h := s.handler()
		ctx, cancel := context.WithTimeout(context.Background(), 10500*time.Millisecond)
		defer cancel()
		done := make(chan int, 50)
		for range cap(done) {
			go func() {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/progress?c=web", nil).WithContext(ctx))
				done <- strings.Count(rec.Body.String(), "event: progress")
			}()
		}
		for range cap(done) {
			if got := <-done; got != 11 {
				t.Errorf("%d events in 10.5 s, want 11", got)
			}
		}
		if got := asked.Load(); got != 11 {
			t.Errorf("asked %d times, want 11", got)
		}
	})
}

func TestProgressIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := oneCollection(&fake{}).handler()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{}, maxStreams)
		for range maxStreams {
			go func() {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/progress", nil).WithContext(ctx))
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/progress", nil))
		if rec.Code != http.StatusServiceUnavailable {
			t.Errorf("stream %d: status %d", maxStreams+1, rec.Code)
		}
		cancel()
		for range maxStreams {
			<-done
		}
	})
}

// TestPagesDoNotWait has a broker that is away: pages go out all the same.
func TestPagesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oneCollection(&fake{docs: postgres})
		s.progress = func(string) (Progress, error) {
			time.Sleep(2 * time.Second)
			return Progress{Docs: 12345}, nil
		}
		h := s.handler()
		page := func(target string) (body string, took time.Duration) {
			start := time.Now()
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
			if rec.Code != 200 {
				t.Errorf("%s: status %d", target, rec.Code)
			}
			return rec.Body.String(), time.Since(start)
		}
		for _, target := range []string{"/", "/search?q=index"} {
			if _, took := page(target); took > pageWait {
				t.Errorf("%s took %s", target, took)
			}
		}
		time.Sleep(3 * time.Second)
		if body, took := page("/"); took > pageWait || !strings.Contains(body, "12,345") {
			t.Errorf("after the answer came: %s, %s", took, body)
		}
		time.Sleep(3 * time.Second)
	})
}

func TestProgressFails(t *testing.T) {
	s := oneCollection(&fake{docs: postgres})
	s.progress = func(string) (Progress, error) { return Progress{}, errors.New("broker away") }
	for _, target := range []string{"/", "/search?q=index"} {
		rec := get(t, s, target)
		if rec.Code != 200 || strings.Contains(rec.Body.String(), "data-source") {
			t.Errorf("%s: status %d\n%s", target, rec.Code, rec.Body)
		}
	}
}

func TestProgressWithoutScript(t *testing.T) {
	s := oneCollection(&fake{})
	s.progress = func(string) (Progress, error) {
		return Progress{State: "running", Docs: 1169, Pending: 20, Pages: 1200, Queued: 3456, Failed: 7, PagesPerSecond: 41.6}, nil
	}
	body := get(t, s, "/").Body.String()
	for _, want := range []string{">1,169<", ">20<", ">1,200<", ">3,456<", ">7<", ">42<", `max="4663" value="1207"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
}
