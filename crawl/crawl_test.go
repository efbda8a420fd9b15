package crawl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/document"
)

// sink takes what a crawler emits, as a log and an index would.
type sink struct {
	t       testing.TB
	mu      sync.Mutex
	fail    func() error // asked before a batch is taken
	batches map[string]string
	order   []string
	docs    map[string]*document.Document // the last of each ID
	events  map[string]int                // how many of each ID
}

func newSink(t testing.TB) *sink {
	return &sink{t: t, batches: map[string]string{}, docs: map[string]*document.Document{}, events: map[string]int{}}
}

func (s *sink) emit(_ context.Context, id string, part uint32, docs [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	fmt.Fprint(&all, part)
	for _, d := range docs {
		fmt.Fprintf(&all, "|%x", d)
	}
	if was, known := s.batches[id]; known && was != all.String() {
		s.t.Errorf("batch %s was offered with other bytes", id)
	}
	s.batches[id] = all.String()
	if s.fail != nil {
		if err := s.fail(); err != nil {
			return err
		}
	}
	if slices.Contains(s.order, id) {
		s.t.Errorf("batch %s was taken twice", id)
	}
	s.order = append(s.order, id)
	for _, b := range docs {
		d, err := document.Decode(b)
		if err != nil {
			s.t.Errorf("batch %s: %v", id, err)
			continue
		}
		if want := d.Key[0:4]; part != uint32(uint64(want[0])<<24|uint64(want[1])<<16|uint64(want[2])<<8|uint64(want[3]))%3 {
			s.t.Errorf("%s went to shard %d", d.ID, part)
		}
		if old := s.docs[d.ID]; old != nil && d.Version <= old.Version {
			s.t.Errorf("%s: version %d after %d", d.ID, d.Version, old.Version)
		}
		s.docs[d.ID] = d
		s.events[d.ID]++
	}
	return nil
}

// live lists the paths of what an index would hold now.
func (s *sink) live() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, d := range s.docs {
		if !d.Deleted {
			out = append(out, strings.TrimPrefix(id, "http://a.test"))
		}
	}
	slices.Sort(out)
	return out
}

// bed is a crawler on a fake web in fake time.
type bed struct {
	t    testing.TB
	web  *crawltest.Web
	site *crawltest.Site // a.test
	sink *sink
	opt  Options
	c    *Crawler
}

// inBed runs f in a bubble of fake time, with a web of one site and a crawler
// without delays.
func inBed(t *testing.T, f func(b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		b := &bed{t: t, web: web, site: web.Site("a.test"), sink: newSink(t)}
		b.opt = Options{
			Dir: t.TempDir(), Delay: -1, Shards: 3, Workers: 8, CacheBytes: 1 << 20,
			Fetch: fetch.Options{Resolver: web, Dial: web.Dial, RootCAs: web.RootCAs()},
		}
		f(b)
		b.close()
	})
}

func (b *bed) open() *Crawler {
	b.t.Helper()
	b.opt.Emit = b.sink.emit
	c, err := Open(b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.c = c
	return c
}

func (b *bed) close() {
	if b.c != nil {
		if err := b.c.Close(); err != nil {
			b.t.Error(err)
		}
		b.c = nil
	}
}

// start runs the crawler; the function it answers with stops it and waits.
func (b *bed) start() (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error)
	c := b.c
	go func() { done <- c.Run(ctx) }()
	return func() {
		b.t.Helper()
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("Run: %v", err)
		}
	}
}

// crawl opens the crawler if need be, adds seeds and runs until all is done:
// retries too, if patient.
func (b *bed) crawl(patient bool, seeds ...string) {
	b.t.Helper()
	if b.c == nil {
		b.open()
	}
	if _, err := b.c.Add(b.t.Context(), seeds); err != nil {
		b.t.Fatal(err)
	}
	b.finish(patient)
}

func (b *bed) finish(patient bool) {
	b.t.Helper()
	stop := b.start()
	defer stop()
	for start := time.Now(); ; {
		st := b.c.Stats()
		if b.c.Idle() && (!patient || st.Queued == 0) {
			return
		}
		time.Sleep(50 * time.Millisecond)
		if st.InFlight == 0 && !st.NextDue.IsZero() {
			time.Sleep(time.Until(st.NextDue))
		}
		if time.Since(start) > 90*24*time.Hour {
			b.t.Fatalf("does not end: %+v", b.c.Stats())
		}
	}
}

func (b *bed) wantLive(want ...string) {
	b.t.Helper()
	if got := b.sink.live(); !slices.Equal(got, want) {
		b.t.Errorf("live documents %q, want %q", got, want)
	}
}

// wantWhy checks the state and reason of an address.
func (b *bed) wantWhy(path, state, reason string) {
	b.t.Helper()
	r, err := b.c.Why(b.t.Context(), "http://a.test"+path)
	if err != nil {
		b.t.Fatal(err)
	}
	got := "unknown"
	if r.Known {
		got = r.State.String()
	}
	if got != state || r.Reason != reason {
		b.t.Errorf("%s is %s %q, want %s %q", path, got, r.Reason, state, reason)
	}
}

func TestWholeSiteOnceEach(t *testing.T) {
	inBed(t, func(b *bed) {
		site := crawltest.Generate(1, 150)
		b.site.Mount(site)
		b.crawl(false, "http://a.test/")
		if st := b.c.Stats(); st.Pages != 150 || st.Failed != 0 || st.Queued != 0 || st.Outbox != 0 || st.Gone != 1 {
			t.Errorf("stats %+v", st)
		}
		for _, p := range site.Pages {
			if n := b.web.Hits("a.test", p.Path); n != 1 {
				t.Errorf("%s was fetched %d times", p.Path, n)
			}
			d := b.sink.docs["http://a.test"+p.Path]
			if d == nil {
				t.Errorf("%s has no document", p.Path)
				continue
			}
			if d.Text("title") != p.Title || !strings.Contains(strings.ToLower(d.Text("body")), strings.ToLower(p.Word)) || d.Text("fetched") == "" || d.URL != d.ID || d.Key != document.KeyOf(d.ID) {
				t.Errorf("%s became %+v", p.Path, d)
			}
			if b.sink.events[d.ID] != 1 {
				t.Errorf("%s was emitted %d times", d.ID, b.sink.events[d.ID])
			}
		}
		if n := b.web.Hits("a.test", "/robots.txt"); n != 1 {
			t.Errorf("robots.txt was fetched %d times", n)
		}
		b.close()
		if n := capturesOf(t, b.opt.Dir)["response"]; n != 151 { // and one 404, of /sitemap.xml
			t.Errorf("%d responses captured, want 151", n)
		}
	})
}

func TestRobots(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Robots("User-agent: *\nDisallow: /no\nAllow: /no/yes\nSitemap: http://a.test/sm.xml\n")
		b.site.Page("/", crawltest.Page{Title: "A", Text: "front", Links: []string{"/ok", "/no", "/no/yes", "/hop", "http://b.test/", "http://b.test/x"}})
		b.site.Page("/ok", crawltest.Page{Title: "ok", Text: "one"})
		b.site.Page("/no/yes", crawltest.Page{Title: "yes", Text: "two"})
		b.site.Redirect("/hop", 302, "/no/target")
		b.site.Sitemap("/sm.xml", "http://a.test/listed", "http://a.test/no/listed", "file:///etc/passwd", "http://else.test/")
		b.site.Page("/listed", crawltest.Page{Title: "listed", Text: "three"})
		other := b.web.Site("b.test").Robots("User-agent: trawl\nDisallow: /x\n").Page("/", crawltest.Page{Title: "B", Text: "four"})
		b.opt.Scope = Scope{Hosts: []string{"http://a.test", "http://b.test"}}
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/listed", "/no/yes", "/ok", "http://b.test/")
		for _, path := range []string{"/no", "/no/target", "/no/listed"} {
			if n := b.web.Hits("a.test", path); n != 0 {
				t.Errorf("%s was fetched %d times", path, n)
			}
		}
		if n := b.web.Hits(other.Host(), "/x"); n != 0 {
			t.Errorf("/x of b.test was fetched")
		}
		b.wantWhy("/no", "unknown", "")
		b.wantWhy("/hop", "redirect", "redirect-robots")
		if r, _ := b.c.Why(b.t.Context(), "http://a.test/no"); r.Robots == "" {
			t.Error("Why does not name the rule")
		}
		if r, _ := b.c.Why(b.t.Context(), "http://b.test/x"); r.State != frontier.Denied || r.Reason != "robots" {
			t.Errorf("b.test/x: %+v", r)
		}
	})
}

func TestEmitThatFails(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Mount(crawltest.Generate(2, 80))
		calls := 0
		start := time.Now()
		b.sink.fail = func() error {
			if calls++; time.Since(start) < 3*time.Minute || calls%2 == 0 {
				return errors.New("the log is full")
			}
			return nil
		}
		b.crawl(true, "http://a.test/")
		if len(b.sink.docs) != 80 {
			t.Errorf("%d documents, want 80", len(b.sink.docs))
		}
		for id, n := range b.sink.events {
			if n != 1 {
				t.Errorf("%s was taken %d times", id, n)
			}
		}
		for i, id := range b.sink.order {
			if want := fmt.Sprintf("%s-%d", b.c.front.ID(), i); id != want {
				t.Fatalf("batch %d is %s, want %s", i, id, want)
			}
		}
		if calls < 10 {
			t.Errorf("only %d calls", calls)
		}
	})
}

// TestBackPressure: while nobody takes documents, fetching stops.
func TestBackPressure(t *testing.T) {
	inBed(t, func(b *bed) {
		site := crawltest.Generate(3, 700)
		b.site.Mount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * groupTime) // so that each page is a group
			site.ServeHTTP(w, r)
		}))
		open := false
		b.sink.fail = func() error {
			if !open {
				return errors.New("closed")
			}
			return nil
		}
		b.open()
		b.c.Add(t.Context(), []string{"http://a.test/"})
		stop := b.start()
		time.Sleep(time.Hour)
		held := b.c.Stats()
		time.Sleep(time.Hour)
		if later := b.c.Stats(); later.Fetched != held.Fetched || held.Outbox < maxOutbox || held.Outbox > maxOutbox+8 || b.c.Idle() {
			t.Errorf("fetched %d, then %d; outbox %d", held.Fetched, later.Fetched, held.Outbox)
		}
		b.sink.mu.Lock()
		open = true
		b.sink.mu.Unlock()
		stop()
		b.finish(false)
		if len(b.sink.docs) != 700 {
			t.Errorf("%d documents, want 700", len(b.sink.docs))
		}
	})
}
