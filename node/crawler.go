package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/dns"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/internal/durable"
)

// robotsToken is the product token that robots.txt rules name us by.
const robotsToken = "Trawl"

// FetchOptions are how this process fetches, as it was told.
func FetchOptions(cfg Config, log *slog.Logger) fetch.Options {
	opt := cfg.Fetch
	opt.Agent, opt.Product, opt.AllowPrivate, opt.Log = cfg.UserAgent, robotsToken, cfg.AllowPrivate, log
	return opt
}

// ReadOptions are how this process reads what it has fetched.
func ReadOptions(cfg Config) crawl.Reading {
	opt := cfg.Read
	opt.Files.CacheDir, opt.Files.Compiler = filepath.Join(cfg.Data, "cache", "pdf"), cfg.Program
	return opt
}

// A crawler crawls the collections that have a source. Processes on one broker share
// each crawl, see share.go; a process that is its own broker has it whole.
type crawler struct {
	node     *Node
	log      *slog.Logger
	resolver *dns.Resolver
	crew     *crew // nil: nobody shares

	mu   sync.Mutex
	open map[string]*crawl.Crawler // by collection
}

func newCrawler(n *Node) *crawler {
	return &crawler{node: n, log: n.log.With("role", "crawler"), resolver: newResolver(n), open: map[string]*crawl.Crawler{}}
}

// run keeps one crawl going for each collection with a source until ctx ends.
func (x *crawler) run(ctx context.Context) error {
	defer x.resolver.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	if x.node.shared() {
		names, err := x.node.bus.Registry(ctx, "crawlers", beatTTL)
		if err != nil {
			return err
		}
		x.crew = newCrew(names)
		wg.Go(func() { x.node.beat(ctx, names, []byte("{}")) })
		wg.Go(func() { x.node.retry(ctx, "list of crawlers", x.crew.watch) })
	}
	running := map[string]bool{}
	for {
		known, changed := x.node.catalog.watch()
		for name, col := range known {
			if running[name] || !hasSource(col) {
				continue
			}
			running[name] = true
			wg.Go(func() {
				x.node.retry(ctx, "crawl of "+name, func(ctx context.Context) error { return x.hold(ctx, name) })
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func hasSource(col api.Collection) bool {
	return col.Source != nil && len(col.Source.Seeds)+len(col.Source.Sitemaps) > 0
}

// shared tells whether other processes can be on the same broker.
func (n *Node) shared() bool { return n.cfg.NATS != "" }

// hold crawls a collection until ctx ends: all of it, under a lease, or a share. One
// whose source was taken away is crawled again when it has one.
func (x *crawler) hold(ctx context.Context, name string) error {
	if !x.node.shared() {
		return x.node.underLease(ctx, "crawl."+name, func(ctx context.Context) error { return x.keep(ctx, name) })
	}
	return x.keep(ctx, name)
}

func (x *crawler) keep(ctx context.Context, name string) error {
	for ctx.Err() == nil {
		known, changed := x.node.catalog.watch()
		if col := known[name]; hasSource(col) {
			if err := x.crawl(ctx, col); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil
}

// A target is what a collection's crawler works at: the candidate while that is
// being built, else the live generation. One at a time, for two crawls of the
// same sites would ask each host twice as often as it may be asked.
type target struct {
	generation int
	number     int64 // of the crawl that was asked for
	full       bool  // it is a candidate, and ends with the guard's verdict
}

func targetOf(col api.Collection) target {
	g := col.Standing()
	if g.Building() {
		return target{g.Candidate.Number, g.Candidate.Crawl, true}
	}
	return target{g.Live.Number, g.Live.Crawl, false}
}

// crawl runs a collection's crawler until ctx ends, its settings change, or
// another generation is to be crawled.
func (x *crawler) crawl(ctx context.Context, col api.Collection) error {
	x.sweep(ctx, col)
	to := targetOf(col)
	dir := x.node.crawlDir(col.Name, to.generation)
	opt, err := x.options(ctx, col, to.generation, dir)
	if err != nil {
		return err
	}
	r := &reporter{crawler: x, name: col.Name, generation: to.generation, dir: dir}
	if x.node.shared() {
		if r.share, err = newSharing(ctx, x, col.Name, to.generation, dir, opt.Log); err != nil {
			return err
		}
		opt.Share = r.share.options()
	}
	c, err := crawl.Open(opt)
	if err != nil {
		return err
	}
	r.c = c
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // ends when nothing is shared any more
	defer stop()
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	var crawled, left error
	go func() {
		defer close(done)
		crawled = c.Run(work)
	}()
	var others sync.WaitGroup
	if r.share != nil {
		others.Go(func() { left = r.share.run(own, c) })
		others.Go(func() { x.node.retry(own, "lead of the crawl of "+col.Name, r.leads) })
	}
	x.show(col.Name, c)
	err = r.run(own, done, col)
	cancel()
	others.Wait()
	stop()
	<-done // Close wants Run to have returned
	x.show(col.Name, nil)
	r.report("stopped")
	return errors.Join(err, left, crawled, c.Close())
}

// show lets others ask the crawl of a collection; nil ends that.
func (x *crawler) show(collection string, c *crawl.Crawler) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c == nil {
		delete(x.open, collection)
		return
	}
	x.open[collection] = c
}

// A reporter feeds one crawler what the collection asks of it and tells the
// board how it stands. It belongs to one goroutine.
type reporter struct {
	*crawler
	name, dir  string
	generation int
	c          *crawl.Crawler
	share      *sharing    // nil: the crawl is not shared
	lead       atomic.Bool // of those that share the crawl this one judges it
	number     int64       // the crawl that was last begun,
	begun      bool        // and in this process
	verdict    waiting
}

// leads makes this process the one that judges the crawl, under a lease.
func (r *reporter) leads(ctx context.Context) error {
	return r.node.underLease(ctx, "crawl."+r.name, func(ctx context.Context) error {
		r.lead.Store(true)
		defer r.lead.Store(false)
		<-ctx.Done()
		return errAgain
	})
}

// run goes on until the crawl is done, which it is with ctx, or must be opened anew.
func (r *reporter) run(ctx context.Context, done <-chan struct{}, col api.Collection) error {
	number, err := readNumber(r.dir)
	if err != nil {
		return err
	}
	r.number = number
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := r.begin(ctx, col); err != nil {
			return err
		}
		known, changed := r.node.catalog.watch()
		next := known[r.name]
		if settingsChanged(col, next) {
			return nil
		}
		if next.Version != col.Version {
			r.sweep(ctx, next)
		}
		col = next
		r.report("")
		if to := targetOf(col); !to.full || r.share != nil && !r.lead.Load() || r.totals().State != "idle" {
			r.verdict.ends = nil
		} else {
			if err := r.judge(ctx, col, to); err != nil && ctx.Err() == nil {
				r.log.Error("the full crawl could not be judged; it is tried again", "collection", r.name, "generation", r.generation, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-done:
			return nil
		case <-tick.C:
		case <-changed:
		}
	}
}

// begin hands the crawler the seeds of a crawl that was asked for and not begun.
func (r *reporter) begin(ctx context.Context, col api.Collection) error {
	number := targetOf(col).number
	start := func() error { return r.start(ctx, col) }
	if number <= r.number {
		if r.share == nil || r.begun {
			return nil
		}
		number, start = r.number, func() error { return nil } // it began before this process did
	}
	var err error
	if r.share != nil {
		err = r.share.begin(number, start)
	} else {
		err = start()
	}
	if err != nil {
		return err
	}
	r.begun = true
	r.number = number
	return writeNumber(r.dir, r.number)
}

func (r *reporter) start(ctx context.Context, col api.Collection) error {
	// A crawl that was stopped on its way goes on: what it has is fresh enough.
	if r.number > 0 && r.c.Idle() {
		if err := r.c.Recrawl(); err != nil {
			return err
		}
	}
	if _, err := r.c.Add(ctx, col.Source.Seeds); err != nil {
		return err
	}
	_, err := r.c.AddSitemaps(ctx, col.Source.Sitemaps)
	return err
}

// settingsChanged tells whether the crawler must be opened anew; more seeds and
// another crawl of the same generation are taken by the running one.
func settingsChanged(a, b api.Collection) bool {
	if !hasSource(b) || targetOf(a).generation != targetOf(b).generation {
		return true
	}
	x, y := *a.Source, *b.Source
	x.Seeds, y.Seeds = nil, nil
	x.Sitemaps, y.Sitemaps = nil, nil
	xs, _ := json.Marshal(x)
	ys, _ := json.Marshal(y)
	return string(xs) != string(ys)
}

// A crawlReport is what a process that crawls tells the others each second.
type crawlReport struct {
	api.CrawlStatus
	Node      string    `json:"node"`
	Skipped   int64     `json:"skipped"`
	Redirects int64     `json:"redirects"`
	Gone      int64     `json:"gone"`
	Retrying  int64     `json:"retrying"`
	NextDue   time.Time `json:"next_due"`

	Shared   bool   `json:"shared"`
	Ranges   []int  `json:"ranges,omitempty"` // that it has
	Position uint64 `json:"position"`         // up to which it has read the log of found addresses
	Sent     uint64 `json:"sent"`             // where in it the last that it found stand
}

// report tells the board how the crawl stands; state overrides the crawler's own.
func (r *reporter) report(state string) {
	out := r.own()
	if state != "" {
		out.State = state
	}
	r.node.metrics.crawl(r.name, out)
	if err := r.node.announce(crawlSubject+r.name, out); err != nil {
		r.log.Warn("crawl status not announced", "collection", r.name, "err", err)
	}
}

// own is how this process's share of the crawl stands.
func (r *reporter) own() crawlReport {
	out := crawlReport{Node: r.node.cfg.Name}
	if s := r.share; s != nil { // before Idle is asked: what is read after it does not count
		out.Shared, out.Ranges, out.Position, out.Sent = true, s.ranges(), s.position(), s.sent.Load()
	}
	idle := r.c.Idle()
	st := r.c.Stats()
	out.CrawlStatus = api.CrawlStatus{
		Number: r.number, Generation: r.generation, State: "running", Pages: st.Pages, NotModified: st.NotModified, Queued: st.Queued, InFlight: st.InFlight,
		Failed: st.Failed, Denied: st.Denied, Outbox: st.Outbox, Bytes: st.Bytes, PagesPerSecond: st.PagesPerSecond,
		Errors: st.Errors, Processes: 1, Reported: time.Now().UTC(),
	}
	if idle {
		out.State = "idle"
	}
	if p := st.Oldest; !p.Since.IsZero() {
		out.Oldest = &api.Underway{URL: p.URL.String(), Stage: p.Stage, Since: p.Since.UTC()}
	}
	out.Skipped, out.Redirects, out.Gone, out.Retrying, out.NextDue = st.Skipped, st.Redirects, st.Gone, st.Retrying, st.NextDue
	return out
}

// totals are how the crawl stands in all processes.
func (r *reporter) totals() crawlReport {
	if r.share == nil {
		return r.own()
	}
	sum, _ := r.node.board.crawlOf(r.name, judgeSilence)
	return sum
}

// judgeSilence is how old the word of a process may be for a crawl to be taken as done.
const judgeSilence = 3 * time.Second

// The number of the last begun crawl stands in a small file beside the
// frontier: a restart goes on with that crawl and does not begin it again.
func readNumber(dir string) (int64, error) {
	body, err := os.ReadFile(filepath.Join(dir, "crawl.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("node: crawl: %w", err)
	}
	var v struct {
		Number int64 `json:"number"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return 0, nil // the crawl is begun again, which changes nothing that is done
	}
	return v.Number, nil
}

func writeNumber(dir string, n int64) error {
	return durable.Replace(filepath.Join(dir, "crawl.json"), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "{\"number\":%d}\n", n)
		return err
	})
}
