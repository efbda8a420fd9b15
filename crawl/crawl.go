// Package crawl takes addresses and gives documents.
//
// The life of one page is (*Crawler).one, and that is what to read first. Around
// it: Run leases addresses from the frontier and starts one for each; the
// group committer makes what came of them durable; the drainer hands documents
// over.
//
//	frontier -> one: scope, robots, fetch, extract -> group: WARC, fsync -> frontier.Commit -> outbox -> Emit
//	    ^                                                                        |
//	    +------------------------ links, retries, delays ------------------------+
//
// # What survives what
//
// A group of at most 64 pages (50 ms, 8 MiB) becomes durable as one: captures
// first, then outcomes, links and documents in one synced batch of the frontier.
// After a crash every page whose group was not committed is fetched again, and no
// other. Emit gets each batch of documents in order, and again, byte for byte and
// by the same id, until it answers nil.
//
// # Limits
//
//	what                               value
//	pages under way                    Options.Workers, 32
//	requests at one host               Options.PerHost, 1, and a delay after each: see manners.go
//	bodies that wait for their commit  32 MiB, but one at least
//	batches that wait for Emit         256; then no more is fetched
//	origins remembered                 10,000, with robots.txt files of 32 MiB
//	address                            2,048 bytes, 20 segments, 12 parameters: see scope.go
//	links of a page                    5,000; of a sitemap 50,000, nested twice; feeds of a page 5
//	pages of a template                200, more if they bring something new; with Options.Scope of
//	                                   any: of a host 10,000, of a domain as many as links to it allow
//	redirects                          10 in a row
//	document                           900 KB: see document.Fit
//
// Where to read on: scope.go, rules.go, trap.go and tidy.go for which addresses, manners.go
// and retry.go for when, read.go, script.go and document.go for what is made of them,
// twins.go and lessons.go for what is left out because it is there already, or not at all,
// watch.go for what takes long, share.go for how several processes crawl together.
package crawl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/render"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/internal/durable"
)

// Options configure a Crawler. Dir must be set; all else works as it is.
type Options struct {
	Dir        string // frontier, captures and seeds; one Crawler at a time
	Collection string // for the log
	Scope      Scope
	Fetch      fetch.Options
	Read       Reading

	Workers  int           // pages under way; 0: 32
	Delay    time.Duration // least time between two requests to a host; 0: 1 s; negative: none at all, not even Crawl-delay (own sites)
	PerHost  int           // requests under way at one host; 0: 1
	PerIP    int           // requests under way at one address, of all its hosts; 0: PerHost, or no limit without a delay; negative: no limit
	MaxPages int64         // documents; 0: no limit

	MaxBytes        int64    // of answers, from one Recrawl to the next; 0: no limit
	MaxBytesPerHost int64    // likewise; 0: no limit
	Schedule        []Window // when hosts may be fetched; none: at any time

	JavaScript string         // ScriptsOff, ScriptsAuto or ScriptsAll
	Render     render.Options // Get and Allow are the crawler's own

	KeepDuplicates bool             // pages with the same text all have documents
	MarkedOnly     bool             // HTML pages in which no region is marked for search engines have no documents
	KeepMissing    bool             // pages that say with status 200 that nothing is there have documents
	Budget         *frontier.Budget // what hosts, sites and templates may cost; nil: by the scope's mode, see budgetOf

	// Recrawl: settled pages are visited again by themselves, each as often as it
	// changes; zero: only when Crawler.Recrawl is called.
	Recrawl frontier.Recrawl

	MaxDepth int // links from a seed; 0: no limit
	Shards   int // parts that Emit is called with; 0: 1

	// Emit takes a batch of encoded documents for one shard, all or nothing.
	// Until it answers nil it is called again with the same id and bytes, and
	// nothing behind it is offered. Nil: documents are not kept for anybody.
	Emit func(ctx context.Context, id string, part uint32, docs [][]byte) error

	Share Share // zero: this crawler has the whole crawl

	NoWARC bool                    // keep no captures
	Dedup  int                     // payloads that are remembered, to be captured once; 0: none
	Seal   func(path string) error // gets each complete file of captures; see warc.Options.Sealed

	CacheBytes int64        // of the frontier; 0: 64 MiB
	Log        *slog.Logger // nil: discard
}

func (o *Options) defaults() {
	if o.Workers <= 0 {
		o.Workers = 32
	}
	if o.Delay == 0 {
		o.Delay = time.Second
	}
	if o.PerHost <= 0 {
		o.PerHost = 1
	}
	if o.PerIP == 0 && o.Delay < 0 {
		o.PerIP = -1
	}
	if o.Shards <= 0 {
		o.Shards = 1
	}
	if o.Fetch.Product == "" {
		o.Fetch.Product = "Trawl"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// A Crawler crawls. Any goroutine may call it; Run is called once at a time.
type Crawler struct {
	opt      Options
	log      *slog.Logger
	scope    *scope
	front    *frontier.Frontier
	client   *fetch.Client
	stranger *fetch.Client // of requests that have no credentials; client, if none has
	browsers *render.Pool  // nil: no page is rendered
	reader   *reader

	sessions map[string][]session // by origin

	warc    *warc.Writer // nil: no captures
	origins *origins
	totals  totals
	watch   watch
	bodies  *budget // bytes that wait for their commit
	claims  *claims // texts of pages that wait for their commit

	poke    chan struct{} // of one: something changed that the dispatcher may wait for
	out     atomic.Int64  // leases that one has not finished with
	unspent atomic.Int64  // bytes of answers that wait for their commit
	changes atomic.Int64  // of the frontier, since Open: see Changes
	seedsMu sync.Mutex    // guards the file of seeds
}

// Open opens or creates the crawl in Options.Dir.
func Open(opt Options) (*Crawler, error) {
	opt.defaults()
	seeds, err := readSeeds(opt.Dir)
	if err != nil {
		return nil, err
	}
	sc, err := newScope(opt.Scope, opt.MaxDepth)
	if err != nil {
		return nil, err
	}
	sc.maxURL = opt.Fetch.MaxURLBytes
	for i := range opt.Schedule {
		if err := opt.Schedule[i].check(); err != nil {
			return nil, err
		}
	}
	sc.addSeeds(seeds)
	if err := durable.MkdirAll(opt.Dir); err != nil {
		return nil, fmt.Errorf("crawl: open %s: %w", opt.Dir, err)
	}
	c := &Crawler{
		opt: opt, log: opt.Log, scope: sc,
		origins: newOrigins(), bodies: newBudget(maxWaitingBytes), claims: newClaims(),
		poke: make(chan struct{}, 1),
	}
	c.totals.started = time.Now()
	c.front, err = frontier.Open(filepath.Join(opt.Dir, "frontier"), frontier.Options{
		CacheBytes: opt.CacheBytes, DefaultDelay: opt.Delay, MaxPerHost: opt.PerHost, MaxPerIP: opt.PerIP,
		Recrawl: opt.Recrawl, Budget: budgetOf(opt), Owns: opt.Share.Owns, Hours: hours(opt.Schedule), Log: opt.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("crawl: open %s: %w", opt.Dir, err)
	}
	if !opt.NoWARC {
		if c.warc, err = c.openWARC(); err != nil {
			c.front.Close()
			return nil, fmt.Errorf("crawl: open %s: %w", opt.Dir, err)
		}
	}
	c.client = fetch.New(opt.Fetch)
	c.stranger = c.client
	if len(opt.Fetch.Auth) > 0 {
		anonymous := opt.Fetch
		anonymous.Auth = nil
		c.stranger = fetch.New(anonymous)
	}
	c.reader = newReader(opt.Fetch.Product, opt.Read)
	c.sessions = sessionsOf(opt.Fetch.Auth)
	if c.browsers, err = c.newRenderer(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// budgetOf is what addresses may cost. Hosts that a scope names may be as large as
// they are; templates are held to what they bring anywhere.
func budgetOf(opt Options) frontier.Budget {
	b := modeBudget(opt)
	b.Bytes, b.BytesPerHost = opt.MaxBytes, opt.MaxBytesPerHost
	return b
}

func modeBudget(opt Options) frontier.Budget {
	if opt.Budget != nil {
		return *opt.Budget
	}
	web := frontier.WebBudget()
	switch opt.Scope.Mode {
	case "any":
		return web
	case "domain":
		return frontier.Budget{HostsPerSite: web.HostsPerSite, PerTemplate: web.PerTemplate}
	}
	return frontier.Budget{PerTemplate: web.PerTemplate}
}

// openWARC goes on behind what was committed; what was captured after that
// belongs to pages that are still queued.
func (c *Crawler) openWARC() (*warc.Writer, error) {
	file, offset := c.front.WARCPosition()
	return warc.OpenWriter(filepath.Join(c.opt.Dir, "warc"), warc.Options{
		TruncateTo: &warc.Position{File: file, Offset: offset},
		Sealed:     c.opt.Seal,
		Dedup:      c.opt.Dedup,
	})
}

// Add makes addresses seeds of the crawl, and tells how many were not known; those of
// slots that others have only widen the scope. An address without a scheme is taken as
// https. It is an error if one is no address of the web; the others are added.
func (c *Crawler) Add(ctx context.Context, seeds []string) (int, error) {
	urls, items, bad := parseSeeds(seeds, frontier.Item{Mark: markSeed})
	if err := c.keepSeeds(urls); err != nil {
		return 0, err
	}
	n, err := c.front.Add(c.ours(items))
	c.changed()
	return n, errors.Join(bad, err)
}

// AddSitemaps makes addresses of sitemaps seeds of the crawl, as Add does for pages.
func (c *Crawler) AddSitemaps(ctx context.Context, sitemaps []string) (int, error) {
	urls, items, bad := parseSeeds(sitemaps, frontier.Item{Mark: markSitemap, Again: true})
	if len(items) == 0 {
		return 0, bad
	}
	if c.scope.mode != "prefix" { // where the folder of a sitemap says nothing
		if err := c.keepSeeds(urls); err != nil {
			return 0, err
		}
	}
	n, err := c.front.Add(c.ours(items))
	c.changed()
	return n, errors.Join(bad, err)
}

// Recrawl queues every known address again; what did not change costs a
// conditional request and gives no document.
func (c *Crawler) Recrawl() error {
	if err := c.front.NextRound(); err != nil {
		return err
	}
	_, err := c.RecrawlHost(context.Background(), "")
	return err
}

// RecrawlHost is Recrawl of one host ("example.org", "example.org:8080"); "" is
// all. It tells how many addresses were queued.
func (c *Crawler) RecrawlHost(ctx context.Context, host string) (int, error) {
	n, err := c.front.Recrawl(ctx, host)
	c.changed()
	return n, err
}

// changed says that there may be more to do.
func (c *Crawler) changed() {
	c.changes.Add(1)
	c.wake()
}

// wake makes the dispatcher look again.
func (c *Crawler) wake() {
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

// Close ends the crawl's use of its folder. Run must have returned.
func (c *Crawler) Close() error {
	if c.browsers != nil {
		c.browsers.Close()
	}
	c.client.Close()
	if c.stranger != c.client {
		c.stranger.Close()
	}
	err := c.reader.close()
	if c.warc != nil {
		err = errors.Join(err, c.warc.Close())
	}
	return errors.Join(err, c.front.Close())
}
