package node

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/trawlsearch/trawl/api"
)

// A running node, as `trawl serve` runs it.
type running struct {
	*Node
	*api.Client
	log    *lockedBuffer
	cancel context.CancelFunc
	done   chan error
}

func start1(t *testing.T, dir string, settings ...string) *running {
	t.Helper()
	flags := map[string]string{"data": dir, "listen": "127.0.0.1:0", "allow-private": "true", "crawl-delay": "2ms", "memory": "256MB", "log-bytes": "32MB"}
	for i := 0; i < len(settings); i += 2 {
		flags[settings[i]] = settings[i+1]
	}
	cfg, err := Load("", env(), flags)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{log: &lockedBuffer{}, done: make(chan error, 1)}
	if r.Node, err = Open(t.Context(), cfg, slog.New(slog.NewTextHandler(r.log, nil))); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.done <- r.Node.Run(ctx)
	}()
	r.Client = r.Node.Client()
	t.Cleanup(func() { // before the folder is removed, should the test have failed
		r.cancel()
		<-ended
	})
	r.until(t, "opened", r.Opened)
	return r
}

// stop ends the node and tells how long that took.
func (r *running) stop(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			t.Fatalf("%v\n%s", err, r.log)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("no end\n%s", r.log)
	}
	return time.Since(start)
}

func (r *running) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s\n%s", what, r.log)
		}
	}
}

func (r *running) total(t *testing.T, collection, q string) uint64 {
	t.Helper()
	ans, err := r.Search(t.Context(), collection, q, 1, 0, false)
	if err != nil {
		t.Fatalf("search %s: %v\n%s", q, err, r.log)
	}
	return ans.Total
}

func (r *running) push(t *testing.T, collection string, from, n int) {
	t.Helper()
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "{\"id\":\"doc-%d\",\"title\":\"Pushed\",\"text\":\"number n%dn\"}\n", i, i)
	}
	if got, err := r.Push(t.Context(), collection, strings.NewReader(b.String())); err != nil || got != n {
		t.Fatalf("push: %d, %v\n%s", got, err, r.log)
	}
}

func (r *running) crawled(t *testing.T, collection string, number int64) *api.Status {
	t.Helper()
	var st *api.Status
	r.until(t, "the crawl is done", func() bool {
		var err error
		st, err = r.Status(t.Context(), collection)
		return err == nil && st.Done(number)
	})
	return st
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// site has pages that each lead to the next three; it counts what is fetched.
func site(t *testing.T, pages int) (url string, fetched *atomic.Int64) {
	t.Helper()
	fetched = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if r.URL.Path != "/" && (err != nil || n >= pages) {
			http.NotFound(w, r)
			return
		}
		fetched.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Page %d</title><p>The word of this page is w%dw.</p>", n, n)
		for c := 3*n + 1; c <= 3*n+3 && c < pages; c++ {
			fmt.Fprintf(w, "<a href=/%d>%d</a> ", c, c)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/", fetched
}

// TestPush: a document can be searched about a second after it was pushed, a
// new collection answers at once, and every search tells the truth meanwhile.
func TestPush(t *testing.T) {
	r := start1(t, t.TempDir())
	r.push(t, "shop", 0, 1)
	r.until(t, "it is found", func() bool { return r.total(t, "shop", "n0n") == 1 })
	start := time.Now() // the first waited for the shard to be made
	r.push(t, "shop", 1, 10)
	r.until(t, "they are found", func() bool { return r.total(t, "shop", "pushed") == 11 })
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("searchable after %v", took)
	}
	r.until(t, "the status tells so", func() bool { // after searches do, never before
		st, err := r.Status(t.Context(), "shop")
		return err == nil && st.Index.Docs == 11 && st.Index.Pending == 0 && st.Index.Serving == 1 && len(st.Index.Trouble) == 0
	})
	r.stop(t)
}

// TestNewCollections: a collection answers from the moment that it was made,
// though its shards are still being opened.
func TestNewCollections(t *testing.T) {
	r := start1(t, t.TempDir())
	for i := range 20 {
		name := fmt.Sprintf("new-%d", i)
		if err := r.Put(t.Context(), api.Collection{Name: name}); err != nil {
			t.Fatal(err)
		}
		if got := r.total(t, name, "nothing"); got != 0 {
			t.Errorf("%s: %d results", name, got)
		}
	}
	r.stop(t)
}

// TestDrain: told to stop amid a crawl a process ends within seconds, and the
// next goes on: no page is lost, and few are fetched twice. Results grow
// while the crawl runs.
func TestDrain(t *testing.T) {
	const pages = 300
	dir := t.TempDir()
	url, fetched := site(t, pages)
	r := start1(t, dir, "crawl-delay", "5ms")
	if err := r.Seed(t.Context(), "web", api.Source{Seeds: []string{url}}); err != nil {
		t.Fatal(err)
	}
	r.until(t, "first results", func() bool { n := r.total(t, "web", "page"); return n > 0 && n < pages })
	first := r.total(t, "web", "page")
	r.until(t, "more results", func() bool { return r.total(t, "web", "page") > first })
	before := r.total(t, "web", "page")
	if took := r.stop(t); took > 8*time.Second {
		t.Errorf("the drain took %v", took)
	}
	half := fetched.Load()
	if half >= pages {
		t.Fatalf("the crawl was over before the drain: %d fetched", half)
	}

	r = start1(t, dir, "crawl-delay", "-1ms")
	if got := r.total(t, "web", "page"); got < before {
		t.Errorf("%d results before the drain, %d after", before, got)
	}
	st := r.crawled(t, "web", 1)
	if st.Index.Docs != pages || st.Crawl.Pages != pages || r.total(t, "web", "page") != pages {
		t.Errorf("got %+v %+v", st.Crawl, st.Index)
	}
	if again := fetched.Load() - pages; again > 16 {
		t.Errorf("%d pages fetched twice", again)
	}
	r.until(t, "the crawl is recorded", func() bool {
		list, err := r.Crawls(t.Context(), "web", 10)
		return err == nil && len(list) == 1 && list[0].State == "idle" && list[0].Finished != nil && list[0].Pages == pages
	})
	r.stop(t)
}

// TestLostBroker deletes the broker's files between two lives: settings, crawl
// and index stand, and what comes then is indexed, in that life and the next.
func TestLostBroker(t *testing.T) {
	const pages = 60
	dir := t.TempDir()
	url, fetched := site(t, pages)
	r := start1(t, dir)
	if err := r.Seed(t.Context(), "web", api.Source{Seeds: []string{url}}); err != nil {
		t.Fatal(err)
	}
	r.crawled(t, "web", 1)
	r.stop(t)
	if err := os.RemoveAll(filepath.Join(dir, "bus")); err != nil {
		t.Fatal(err)
	}
	seen := fetched.Load()

	r = start1(t, dir)
	if got := r.total(t, "web", "page"); got != pages {
		t.Errorf("%d of %d pages are found", got, pages)
	}
	r.push(t, "web", 0, 3)
	r.until(t, "the first three are found", func() bool { return r.total(t, "web", "pushed") == 3 })
	r.push(t, "web", 3, 100) // beyond where the lost log ended
	r.until(t, "all are found", func() bool { return r.total(t, "web", "pushed") == 103 })
	st := r.crawled(t, "web", 1)
	if st.Index.Docs != pages+103 || st.Index.Pending != 0 || fetched.Load() != seen {
		t.Errorf("got %+v after %d more fetches", st.Index, fetched.Load()-seen)
	}
	if !strings.Contains(r.log.String(), "the document log was lost and made anew") {
		t.Errorf("no word of the loss:\n%s", r.log)
	}
	r.stop(t)

	r = start1(t, dir)
	r.push(t, "web", 103, 1)
	r.until(t, "it is found", func() bool { return r.total(t, "web", "pushed") == 104 })
	if strings.Contains(r.log.String(), "made anew") {
		t.Errorf("the loss is told again:\n%s", r.log)
	}
	r.stop(t)
}

// TestSourceTaken: a collection may lose its source amid a crawl, and get it back.
func TestSourceTaken(t *testing.T) {
	const pages = 200
	url, fetched := site(t, pages)
	r := start1(t, t.TempDir())
	if err := r.Seed(t.Context(), "web", api.Source{Seeds: []string{url}}); err != nil {
		t.Fatal(err)
	}
	r.until(t, "pages come", func() bool { return fetched.Load() > 60 })
	if err := r.Put(t.Context(), api.Collection{Name: "web"}); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the crawl has stopped", func() bool {
		st, err := r.Status(t.Context(), "web")
		return err == nil && st.Crawl != nil && st.Crawl.State == "stopped"
	})
	if n, err := r.Crawl(t.Context(), "web", api.Source{Seeds: []string{url}}); err != nil || n != 2 {
		t.Fatalf("crawl %d, %v", n, err)
	}
	if st := r.crawled(t, "web", 2); st.Crawl.Pages != pages {
		t.Errorf("got %+v", st.Crawl)
	}
	if n := fetched.Load(); n > pages+32 {
		t.Errorf("%d fetches of %d pages: an unfinished crawl began anew", n, pages)
	}
	r.stop(t)
}

// TestLineInShards: pushed documents and crawled ones go to the same shard by
// the same rule, so that a pushed page replaces the crawled one.
func TestLineInShards(t *testing.T) {
	const pages = 30
	url, _ := site(t, pages)
	r := start1(t, t.TempDir())
	if err := r.Put(t.Context(), api.Collection{Name: "web", Shards: 3, Source: &api.Source{Seeds: []string{url}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Crawl(t.Context(), "web", api.Source{}); err != nil {
		t.Fatal(err)
	}
	r.crawled(t, "web", 1)
	var b strings.Builder
	for i := 1; i < pages; i++ {
		fmt.Fprintf(&b, "{\"id\":\"%s%d\",\"text\":\"replaced\"}\n", url, i)
	}
	if _, err := r.Push(t.Context(), "web", strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	r.until(t, "all are replaced", func() bool { return r.total(t, "web", "replaced") == pages-1 })
	if got := r.total(t, "web", "*"); got != pages {
		t.Errorf("%d documents of %d ids", got, pages)
	}
	r.stop(t)
}

// TestCatalog: two processes' worth of changes at once lose none of them, and
// a process that remembers outlives the loss of the registry's entry.
func TestCatalog(t *testing.T) {
	r := start1(t, t.TempDir())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := r.catalog.Change(t.Context(), "web", func(c *api.Collection) error { c.Crawl++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if c, err := r.catalog.Collection("web"); err != nil || c.Crawl != 8 || c.Version != 8 {
		t.Errorf("got %+v, %v", c, err)
	}
	// The watch of the registry may have been faster, and be writing the row still.
	r.until(t, "the database has the last change", func() bool {
		row, err := r.db.Collection(t.Context(), "web")
		return err == nil && strings.Contains(string(row.Settings), `"crawl":8`)
	})
	if err := r.catalog.reg.Delete(t.Context(), collectionKey+"web"); err != nil {
		t.Fatal(err)
	}
	c, err := r.catalog.Change(t.Context(), "web", func(c *api.Collection) error { c.Lang = "de"; return nil })
	if err != nil || c.Crawl != 8 || c.Version != 9 || c.Lang != "de" {
		t.Errorf("after the entry was lost: %+v, %v", c, err)
	}
	r.stop(t)
}

func TestHTTP(t *testing.T) {
	r := start1(t, t.TempDir())
	get := func(path string) (*http.Response, string) {
		t.Helper()
		resp, err := http.Get("http://" + r.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp, b.String()
	}
	for _, path := range []string{"/healthz", "/readyz", "/", "/docs/", "/openapi.json"} {
		if resp, body := get(path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s: %s", path, resp.Status, body)
		}
	}
	_, body := get("/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for name := range families {
		if !strings.HasPrefix(name, "trawl_") {
			continue
		}
		ours++
		unit := false
		for _, u := range []string{"_seconds", "_total", "_bytes", "_up", "_pages", "_queued", "_failed"} {
			unit = unit || strings.HasSuffix(name, u)
		}
		if !unit {
			t.Errorf("%s: its name has no unit", name)
		}
	}
	if ours < 8 || families["trawl_http_request_seconds"] == nil {
		t.Errorf("%d metrics of ours:\n%s", ours, body)
	}

	// A stream of events does not hold up the end.
	r.push(t, "shop", 0, 1)
	watching, ended := make(chan bool), make(chan error, 1)
	go func() {
		first := true
		ended <- r.Watch(context.Background(), "shop", func(*api.Status) bool {
			if first {
				close(watching)
			}
			first = false
			return true
		})
	}()
	<-watching
	if took := r.stop(t); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
	if err := <-ended; err == nil {
		t.Error("the stream ended as if it were complete")
	}
}
