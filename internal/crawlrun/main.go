// Command crawlrun is the crawl half alone, for bench/crawl.sh and scripts/sites.sh:
// frontier, robots, fetch, extraction, WARC, and documents to nobody.
//
//	crawlrun pdf-cache DIR    compiles what reads PDF, as a server does once: see --convert-cache
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/extract/convert"
	"github.com/trawlsearch/trawl/crawl/extract/convert/pdf"
	"github.com/trawlsearch/trawl/crawl/fetch"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "pdf-cache" {
		check(pdf.Compile(os.Args[2]))
		return
	}
	dir := flag.String("dir", "", "folder of the crawl")
	parallel := flag.Int("parallel", 8, "requests at a host")
	again := flag.Bool("again", false, "crawl what is known again")
	seeds := flag.String("seeds", "", "read seeds from this file too, one a line")
	keep := flag.Bool("keep-duplicates", false, "documents of all pages, also of those with the same text")
	proxy := flag.String("proxy", "", "forward proxy that answers for all hosts")
	why := flag.String("why", "", "then tell of each address in this file, the first of a line, what became of it: ADDRESS, STATE, REASON")
	converted := flag.String("convert-cache", "", "keep what reads PDF here, compiled, as a server does in its data folder")
	memory := flag.Int64("memory", 160, "limit of Go's heap, in MiB")
	cache := flag.Int64("cache", 0, "memory of the frontier's cache, in MiB; 0: its default")
	flag.Parse()
	debug.SetMemoryLimit(*memory << 20)
	opt := crawl.Options{
		Dir: *dir, Delay: -1, PerHost: *parallel, Shards: 1, KeepDuplicates: *keep, CacheBytes: *cache << 20,
		Read:  crawl.Reading{Files: convert.Options{CacheDir: *converted}},
		Fetch: fetch.Options{AllowPrivate: true},
		Log:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if *proxy != "" {
		p, err := fetch.ParseProxy(*proxy)
		check(err)
		p.RemoteDNS = true
		opt.Fetch.Proxies = []fetch.ProxyRoute{{Proxies: []fetch.Proxy{p}}}
	}
	docs := 0
	opt.Emit = func(_ context.Context, _ string, _ uint32, d [][]byte) error { docs += len(d); return nil }
	c, err := crawl.Open(opt)
	check(err)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	_, err = c.Add(ctx, append(flag.Args(), lines(*seeds)...))
	check(err)
	if *again {
		check(c.Recrawl())
	}
	wall := run(ctx, cancel, c)
	st := c.Stats()
	fmt.Printf("{\"fetched\":%d,\"documents\":%d,\"bytes\":%d,\"seconds\":%.3f}\n", st.Fetched, docs, st.Bytes, wall.Seconds())
	for _, l := range lines(*why) {
		address, _, _ := strings.Cut(l, "\t")
		r, err := c.Why(context.Background(), address)
		check(err)
		state, reason := "not met", strings.TrimSpace(r.Reason+" "+r.Scope+" "+r.Robots+" "+r.Refused)
		if r.Known {
			state, reason = r.State.String(), r.Reason
		}
		for _, u := range r.PerhapsOn {
			reason += " perhaps-on " + u.String()
		}
		fmt.Printf("%s\t%s\t%s\n", address, state, reason)
	}
	check(c.Close())
}

// run crawls until nothing is left to do, or an interrupt.
func run(ctx context.Context, cancel func(), c *crawl.Crawler) time.Duration {
	start, done := time.Now(), make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	for !c.Idle() && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	wall := time.Since(start)
	cancel()
	check(<-done)
	return wall
}

func lines(name string) []string {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	check(err)
	defer f.Close()
	var out []string
	for s := bufio.NewScanner(f); s.Scan(); {
		out = append(out, s.Text())
	}
	return out
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "crawlrun:", err)
		os.Exit(1)
	}
}
