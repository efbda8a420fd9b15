package crawl

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/internal/shareddata"
)

// BenchmarkGenerated crawls eight generated sites of 500 pages of 1.2 KB.
func BenchmarkGenerated(b *testing.B) {
	web := crawltest.New(b)
	var seeds []string
	for i := range 8 {
		site := web.Site(string(rune('a'+i)) + ".test")
		site.Mount(crawltest.Generate(uint64(i), 500))
		seeds = append(seeds, site.URL("/"))
	}
	benchmark(b, web, seeds, 8*500)
}

// BenchmarkDocs crawls the manuals of PostgreSQL and SQLite as Debian has them:
// some 1,900 pages, 13 and 40 KB each.
func BenchmarkDocs(b *testing.B) {
	web := crawltest.New(b)
	var seeds []string
	for host, at := range map[string]struct{ deb, root, index string }{
		"pg.test":     {"postgresql-doc-15", "usr/share/doc/postgresql-doc-15/html", "/index.html"},
		"sqlite.test": {"sqlite3-doc", "usr/share/doc/sqlite3", "/index.html"},
	} {
		debs, err := filepath.Glob(filepath.Join(shareddata.Dir(b), "data", "debs", at.deb+"_*.deb"))
		if err != nil || len(debs) == 0 {
			b.Skipf("no package %s in shared/data/debs", at.deb)
		}
		dir := b.TempDir()
		if out, err := exec.Command("dpkg-deb", "-x", debs[0], dir).CombinedOutput(); err != nil {
			b.Skipf("dpkg-deb: %v: %s", err, out)
		}
		site := web.Site(host).Mount(crawltest.Dir(b, filepath.Join(dir, at.root)))
		seeds = append(seeds, site.URL(at.index))
	}
	benchmark(b, web, seeds, 0)
}

// benchmark crawls without delay, with captures, durable frontier and outbox, over
// loopback; the servers share the machine. The figure is documents a second; to be
// compared with specs/crawler.md 3.2.
func benchmark(b *testing.B, web *crawltest.Web, seeds []string, want int64) {
	pages, bytes := int64(0), int64(0)
	for b.Loop() {
		c, err := Open(Options{
			Dir: b.TempDir(), Delay: -1, PerHost: 4, Shards: 4,
			Fetch: fetch.Options{Resolver: web, Dial: web.Dial},
			Emit:  func(context.Context, string, uint32, [][]byte) error { return nil },
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Add(b.Context(), seeds); err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		for !c.Idle() {
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		st := c.Stats()
		if want > 0 && st.Pages != want || st.Failed > 0 {
			b.Fatalf("%+v", st)
		}
		b.Logf("%d pages, %v", st.Pages, st.Reasons)
		pages += st.Pages
		bytes += st.Bytes
		c.Close()
		web.Forget()
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(bytes)/float64(pages), "bytes/page")
}
