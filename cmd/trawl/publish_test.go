package main

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// TestKillPublish kills the program with SIGKILL at random points of full crawls
// and their publishing. Each answer must come from one whole generation, old or
// new; what was pushed and acknowledged must be in all of them; and full crawls
// must come to their end all the same.
func TestKillPublish(t *testing.T) {
	kills, pages := 12, 60
	if testing.Short() {
		kills = 6
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	bin, data, site := build(t), t.TempDir(), startSite(t, pages)
	if got := crawlOnce(t, bin, data, site.url); len(got) != pages {
		t.Fatalf("%d of %d pages", len(got), pages)
	}
	acked, published := map[string]bool{}, map[int]bool{}
	for i := range kills {
		life := startServe(t, bin, data, "")
		st := life.whole(t, pages)
		published[st.Generation] = true
		life.push(t, i, acked)
		asked, err := life.client.AskCrawl(t.Context(), node.DefaultCollection, api.CrawlRequest{Full: true, Source: api.Source{Parallel: 8}})
		if err != nil {
			t.Fatalf("%v\n%s", err, life.stderr.String())
		}
		if i%4 == 3 { // on a slow machine none might come to its end by chance
			life.finish(t, asked)
		}
		for end := time.Now().Add(time.Duration(rng.IntN(3000)) * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			life.whole(t, pages)
		}
		life.kill(t)
		if t.Failed() {
			t.Fatalf("after kill %d", i)
		}
	}
	life := startServe(t, bin, data, "")
	asked, err := life.client.AskCrawl(t.Context(), node.DefaultCollection, api.CrawlRequest{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	st := life.finish(t, asked)
	if st.Generation != asked.Generation || len(st.Previous) != 1 {
		t.Fatalf("got %+v\n%s", st, life.stderr.String())
	}
	for _, which := range []string{"the new generation", "the one before"} {
		life.holds(t, which, pages, acked)
		if _, err := life.client.Rollback(t.Context(), node.DefaultCollection); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d acknowledged documents, generations seen live: %d, last %d", kills, len(acked), len(published), asked.Generation)
	if len(published) < 2 {
		t.Error("no full crawl was published between the kills")
	}
	life.stop(t)
}

// whole asks once, and wants all pages of one generation.
func (l *life) whole(t *testing.T, pages int) *api.Status {
	t.Helper()
	ans, err := l.client.Search(t.Context(), node.DefaultCollection, "+page +number", 1, 0, false)
	if err != nil {
		t.Fatalf("%v\n%s", err, l.stderr.String())
	}
	st, err := l.client.Status(t.Context(), node.DefaultCollection)
	if err != nil {
		t.Fatalf("%v\n%s", err, l.stderr.String())
	}
	if ans.Total != uint64(pages) || ans.Shards.Failed > 0 {
		t.Errorf("%d of %d pages, shards %+v: %+v\n%s", ans.Total, pages, ans.Shards, st, l.stderr.String())
	}
	return st
}

// finish waits until the guard has spoken of a full crawl.
func (l *life) finish(t *testing.T, asked api.CrawlAccepted) *api.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	st, err := waitUntil(ctx, l.client, node.DefaultCollection, func(st *api.Status) bool { return judged(st, asked) }, func(*api.Status) {})
	if err != nil {
		t.Fatalf("full crawl: %v\n%s", err, l.stderr.String())
	}
	return st
}

// holds waits until what is live has all pages and all documents.
func (l *life) holds(t *testing.T, which string, pages int, acked map[string]bool) {
	t.Helper()
	var missing []string
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ans, err := l.client.Search(t.Context(), node.DefaultCollection, "pushed", api.MaxHits, 0, false)
		if err != nil {
			t.Fatalf("%v\n%s", err, l.stderr.String())
		}
		there := map[string]bool{}
		for _, h := range ans.Hits {
			there[h.ID] = true
		}
		missing = missing[:0]
		for id := range acked {
			if !there[id] {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			l.whole(t, pages)
			return
		}
	}
	t.Errorf("%s lacks %d of %d acknowledged documents, such as %s\n%s", which, len(missing), len(acked), missing[0], l.stderr.String())
}

// TestRolesPublish has each role in a process of its own. The crawler is killed
// amid a full crawl, the indexer and the gateway when it is published: the others
// see the swap, and the one back.
func TestRolesPublish(t *testing.T) {
	const pages = 60
	bin, site := build(t), startSite(t, pages)
	shared := []string{"--nats", startBroker(t), "--blobs", "file://" + t.TempDir()}
	dirs := map[string]string{}
	start := func(role, url string) *life {
		if dirs[role] == "" {
			dirs[role] = t.TempDir()
		}
		return startServe(t, bin, dirs[role], url, append(shared, "--roles", role)...)
	}
	gateway, indexer, searcher := start("gateway", ""), start("indexer", ""), start("searcher", "")
	crawler := start("crawler", site.url)
	if _, err := waitDone(t.Context(), gateway.client, node.DefaultCollection, 1, func(*api.Status) {}); err != nil {
		t.Fatalf("%v\n%s", err, crawler.stderr.String())
	}
	acked := map[string]bool{}
	gateway.push(t, 0, acked)
	gateway.holds(t, "the first generation", pages, acked)

	asked, err := gateway.client.AskCrawl(t.Context(), node.DefaultCollection, api.CrawlRequest{Full: true})
	if err != nil {
		t.Fatal(err)
	}
	before := site.count()
	for end := time.Now().Add(20 * time.Second); site.count() < before+pages/3 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	crawler.kill(t)
	gateway.push(t, 1, acked)
	gateway.whole(t, pages)
	crawler = start("crawler", "")
	if st := gateway.finish(t, asked); st.Generation != 2 {
		t.Fatalf("got %+v\n%s", st, crawler.stderr.String())
	}
	indexer.kill(t)
	gateway.kill(t)
	gateway = start("gateway", "")
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if st, err := gateway.client.Status(t.Context(), node.DefaultCollection); err == nil && st.Generation == 2 {
			if _, err := gateway.client.Search(t.Context(), node.DefaultCollection, "*", 1, 0, false); err == nil {
				break // it has found the searcher
			}
		}
	}
	gateway.whole(t, pages)
	gateway.push(t, 2, acked) // while nobody indexes
	indexer = start("indexer", "")
	gateway.holds(t, "the new generation", pages, acked)
	if g, err := gateway.client.Rollback(t.Context(), node.DefaultCollection); err != nil || g.Live.Number != 1 {
		t.Fatalf("%+v, %v", g, err)
	}
	gateway.holds(t, "the one before", pages, acked)
	for _, l := range []*life{gateway, searcher, crawler, indexer} {
		l.stop(t)
	}
}
