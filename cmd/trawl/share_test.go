package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// A testWeb is many sites behind one forward proxy: page p of site s links to the
// next pages of the site and to pages of two other sites.
type testWeb struct {
	proxy        string
	sites, pages int
	wait         time.Duration // for each answer

	mu   sync.Mutex
	hits map[string]int
}

func startWeb(t *testing.T, sites, pages int, wait time.Duration) *testWeb {
	t.Helper()
	w := &testWeb{sites: sites, pages: pages, wait: wait, hits: map[string]int{}}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	w.proxy = srv.URL
	return w
}

func (web *testWeb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var s int
	host, _, _ := strings.Cut(r.Host, ":")
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	_, err := fmt.Sscanf(host, "s%d.test", &s)
	p, err2 := strconv.Atoi(r.URL.Path[1:])
	if err != nil || err2 != nil || s >= web.sites || p >= web.pages {
		http.NotFound(w, r)
		return
	}
	web.answer(w, host, s, p)
}

func (web *testWeb) answer(w http.ResponseWriter, host string, s, p int) {
	web.mu.Lock()
	web.hits[fmt.Sprintf("%s/%d", host, p)]++
	web.mu.Unlock()
	time.Sleep(web.wait)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>Page %d of site %d</title><p>", p, s)
	for rng, n := rand.New(rand.NewPCG(uint64(s), uint64(p))), 0; n < 60; n++ { // pages that are no copies of each other
		fmt.Fprintf(w, "%c%c%c%c ", 'a'+rng.IntN(26), 'a'+rng.IntN(26), 'a'+rng.IntN(26), 'a'+rng.IntN(26))
	}
	fmt.Fprint(w, "</p>")
	for _, c := range []int{2*p + 1, 2*p + 2} {
		if c < web.pages {
			fmt.Fprintf(w, "<a href=/%d>on</a> ", c)
		}
	}
	for _, o := range []int{2*s + 1, 2*s + 2} {
		if o < web.sites {
			fmt.Fprintf(w, "<a href=http://s%d.test/%d>elsewhere</a> ", o, p)
		}
	}
}

// counts are the pages that were asked for, and the requests for them.
func (web *testWeb) counts() (pages, requests int) {
	web.mu.Lock()
	defer web.mu.Unlock()
	for _, n := range web.hits {
		requests += n
	}
	return len(web.hits), requests
}

func (web *testWeb) source() api.Source {
	return api.Source{
		Seeds: []string{"http://s0.test/0"}, Scope: "any", Delay: api.Duration(-time.Millisecond), Parallel: 2,
		Proxies: []api.Route{{Proxies: []string{web.proxy}, RemoteDNS: true}},
	}
}

// crew is processes on one broker and one bucket, of which the first has all roles.
type crew struct {
	bin    string
	shared []string
	first  *life
}

func startCrew(t *testing.T) *crew {
	t.Helper()
	c := &crew{bin: build(t)}
	c.shared = []string{"--nats", startBroker(t), "--blobs", "file://" + t.TempDir()}
	c.first = startServe(t, c.bin, t.TempDir(), "", c.shared...)
	return c
}

// join starts a process that only crawls, in a folder of its own or a known one.
func (c *crew) join(t *testing.T, data string) *life {
	t.Helper()
	return startServe(t, c.bin, data, "", append([]string{"--roles", "crawler", "--crawl-copy", "1s"}, c.shared...)...)
}

func (c *crew) crawl(t *testing.T, web *testWeb) {
	t.Helper()
	if _, err := c.first.client.Crawl(t.Context(), node.DefaultCollection, web.source()); err != nil {
		t.Fatal(err)
	}
}

// finish waits for the end of the crawl, and tells the documents there are.
func (c *crew) finish(t *testing.T, web *testWeb, more ...*life) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	want := uint64(web.sites * web.pages)
	var last *api.Status
	for {
		st, err := waitDone(ctx, c.first.client, node.DefaultCollection, 1, func(s *api.Status) { last = s })
		if err == nil && st.Index.Docs == want && st.Index.Pending == 0 {
			return
		}
		if ctx.Err() != nil {
			pages, requests := web.counts()
			for i, l := range append([]*life{c.first}, more...) {
				t.Logf("process %d:\n%s", i, l.stderr.String())
			}
			t.Fatalf("the crawl did not end with %d documents: %+v, crawl %+v; %d pages, %d requests", want, last, last.Crawl, pages, requests)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestShare: three processes crawl one web together, each its sites; every page is
// fetched once, and any of them can tell what became of it.
func TestShare(t *testing.T) {
	web := startWeb(t, 40, 25, time.Millisecond)
	c := startCrew(t)
	more := []*life{c.join(t, t.TempDir()), c.join(t, t.TempDir())}
	c.crawl(t, web)
	c.finish(t, web, more...)
	if pages, requests := web.counts(); requests != pages || pages != web.sites*web.pages {
		t.Errorf("%d pages were fetched by %d requests, of %d", pages, requests, web.sites*web.pages)
	}
	st, err := c.first.client.Status(t.Context(), node.DefaultCollection)
	if err != nil || st.Crawl.Processes != 3 || st.Crawl.Pages != int64(web.sites*web.pages) {
		t.Errorf("status %+v, %v", st.Crawl, err)
	}
	for s := range web.sites { // each process has some of them
		a, err := c.first.client.Address(t.Context(), node.DefaultCollection, fmt.Sprintf("http://s%d.test/%d", s, s%web.pages))
		if err != nil || a.State != "done" {
			t.Errorf("site %d: %+v, %v", s, a, err)
		}
	}
	for _, limit := range []int{web.sites * web.pages / 3, web.sites * web.pages, api.MaxAddresses} {
		list, err := c.first.client.List(t.Context(), node.DefaultCollection, api.Listing{States: []string{"done"}, Limit: limit})
		if all := web.sites * web.pages; err != nil || len(list.Addresses) != min(limit, all) || list.More != (limit < all) {
			t.Errorf("of at most %d, %d are listed, more %v; %v", limit, len(list.Addresses), list.More, err)
		}
	}
	again, err := c.first.client.Reparse(t.Context(), node.DefaultCollection, func(api.Reparsed) {})
	if err != nil || again.Documents != int64(web.sites*web.pages) || again.Captures < again.Documents {
		t.Errorf("reparsed %+v, %v", again, err)
	}
	asked, err := c.first.client.AskCrawl(t.Context(), node.DefaultCollection, api.CrawlRequest{Source: web.source(), Full: true})
	if err != nil {
		t.Fatal(err)
	}
	if st := c.first.finish(t, asked); st.Generation != asked.Generation || st.Index.Docs != uint64(web.sites*web.pages) {
		t.Errorf("after a full crawl: %+v", st)
	}
	if pages, requests := web.counts(); requests != 2*pages {
		t.Errorf("the full crawl made %d requests for %d pages", requests-pages, pages)
	}
	for i, l := range append(more, c.first) {
		if !strings.Contains(l.stderr.String(), "crawls a range") {
			t.Errorf("process %d crawled nothing", i)
		}
		l.stop(t)
	}
}

// underWay bounds the pages that are fetched when two processes stand still.
const underWay = 2 * (16 + 64)

// TestShareMoves: processes join a crawl, leave it, are killed, stand still beyond
// their leases, and come back. Every document is there in the end; what is fetched
// twice is what was fetched since the last copies, and what was under way.
func TestShareMoves(t *testing.T) {
	web := startWeb(t, 60, 60, 120*time.Millisecond)
	c := startCrew(t)
	dies, sleeps := t.TempDir(), t.TempDir()
	leaver, victim, sleeper := c.join(t, t.TempDir()), c.join(t, dies), c.join(t, sleeps)
	c.crawl(t, web)
	until := func(n int) {
		for {
			if pages, _ := web.counts(); pages >= n || t.Context().Err() != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	all := web.sites * web.pages
	for _, l := range []*life{leaver, victim, sleeper} {
		said(t, "crawls a range", l)
	}
	until(all / 8)
	leaver.stop(t)
	until(all / 6) // by others, of what it had
	if pages, requests := web.counts(); requests > pages {
		t.Errorf("%d pages were fetched twice when a process left", requests-pages)
	}
	until(all / 4)
	victim.kill(t)
	sleeper.signal(t, syscall.SIGSTOP)
	fetched, _ := web.counts() // on a loaded machine there may be no copies yet
	late := c.join(t, t.TempDir())
	name, err := os.ReadFile(filepath.Join(sleeps, "node"))
	if err != nil {
		t.Fatal(err)
	}
	said(t, "of="+string(name), c.first, late) // they go on from its copies, when its leases have ended
	sleeper.signal(t, syscall.SIGCONT)
	said(t, "was lost", sleeper)
	back := c.join(t, dies)
	c.finish(t, web, late, back, sleeper)
	pages, requests := web.counts()
	t.Logf("%d pages, %d requests", pages, requests)
	if pages != all || requests > all+fetched+underWay {
		t.Errorf("%d pages of %d by %d requests", pages, all, requests)
		for i, l := range []*life{c.first, leaver, victim, sleeper, late, back} {
			t.Logf("process %d:\n%s", i, l.stderr.String())
		}
	}
	for _, l := range []*life{late, back, sleeper, c.first} {
		l.stop(t)
	}
}

// said waits until one of several processes has said something.
func said(t *testing.T, what string, lives ...*life) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, l := range lives {
			if strings.Contains(l.stderr.String(), what) {
				return
			}
		}
	}
	t.Fatalf("nobody said %q:\n%s", what, lives[0].stderr.String())
}

func (l *life) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := l.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
