package crawl

import (
	"context"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

// BenchmarkCrawl crawls eight generated sites of 500 pages, without delay, with
// captures, durable frontier and outbox, over loopback; the servers share the
// machine. The figure is pages/s, as in specs/crawler.md 3.2.
func BenchmarkCrawl(b *testing.B) {
	const hosts, size = 8, 500
	web := crawltest.New(b)
	var seeds []string
	for i := range hosts {
		site := web.Site(string(rune('a'+i)) + ".test")
		site.Mount(crawltest.Generate(uint64(i), size))
		seeds = append(seeds, site.URL("/"))
	}
	pages, bytes := 0, int64(0)
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
		if st.Pages != hosts*size {
			b.Fatalf("%+v", st)
		}
		pages += int(st.Pages)
		bytes += st.Bytes
		c.Close()
		web.Forget()
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(bytes)/float64(pages), "bytes/page")
}
