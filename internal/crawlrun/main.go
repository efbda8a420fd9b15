// Command crawlrun is the crawl half alone, for bench/crawl.sh: frontier, robots, fetch,
// extraction, WARC, and documents to nobody.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

func main() {
	dir := flag.String("dir", "", "folder of the crawl")
	parallel := flag.Int("parallel", 8, "requests at a host")
	again := flag.Bool("again", false, "crawl what is known again")
	flag.Parse()
	docs := 0
	c, err := crawl.Open(crawl.Options{
		Dir: *dir, Delay: -1, PerHost: *parallel, Shards: 1,
		Fetch: fetch.Options{AllowPrivate: true},
		Emit:  func(_ context.Context, _ string, _ uint32, d [][]byte) error { docs += len(d); return nil },
		Log:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fail(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := c.Add(ctx, flag.Args()); err != nil {
		fail(err)
	}
	if *again {
		if err := c.Recrawl(); err != nil {
			fail(err)
		}
	}
	start, done := time.Now(), make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	for !c.Idle() {
		time.Sleep(5 * time.Millisecond)
	}
	wall := time.Since(start)
	st := c.Stats()
	cancel()
	if err := <-done; err != nil {
		fail(err)
	}
	if err := c.Close(); err != nil {
		fail(err)
	}
	fmt.Printf("{\"fetched\":%d,\"documents\":%d,\"bytes\":%d,\"seconds\":%.3f}\n", st.Fetched, docs, st.Bytes, wall.Seconds())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "crawl:", err)
	os.Exit(1)
}
