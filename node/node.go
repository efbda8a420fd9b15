// Package node runs roles in one process: configuration, wiring, lifecycle,
// health and metrics. Nothing else reads flags, environment or files of
// settings, and nothing else knows metrics.
//
// A process without --nats runs the broker inside itself; there is no second
// path through the code for one machine. Roles start from the bottom of the
// line to its top (indexer, searcher, crawler, gateway) and stop the other way
// round: first nobody asks any more, then nothing more is fetched, last what
// was read from the log is committed.
package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/blob"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/store"
)

// A Node is one process of Trawl. Run may be called once; Client and Handler
// may be used by any goroutine while it runs.
type Node struct {
	cfg    Config
	log    *slog.Logger
	budget budget
	model  *rank.Model

	// Engines, opened by Open and closed by close.
	lock  *lock
	bus   *bus.Bus
	blobs *blob.Bucket
	db    *store.Store // with the gateway role
	nodes *bus.Registry

	// Roles that this process has; the others are nil.
	indexer  *indexer
	searcher *searcher
	crawler  *crawler
	gateway  *gateway

	catalog *catalog
	board   *board
	metrics *metrics
	health  *health
	listen  net.Listener // of the HTTP server; nil without the gateway
	inner   *pipeListener

	logs *logs
}

// Open takes the data directory and connects the engines. Close what Run did
// not get to run.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Node, error) {
	n := &Node{
		cfg: cfg, log: log, budget: share(cfg.MemoryBytes), model: rank.Default(), board: newBoard(), metrics: newMetrics(), health: newHealth(),
		logs: newLogs(), inner: newPipeListener(),
	}
	n.budget.apply()
	if err := n.open(ctx); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	if n.lock, err = lockDir(n.cfg.Data); err != nil {
		return err
	}
	if n.cfg.Name, err = nodeName(n.cfg); err != nil {
		return err
	}
	if err := n.openEngines(ctx); err != nil {
		return err
	}
	return n.openRoles(ctx)
}

func (n *Node) openEngines(ctx context.Context) (err error) {
	// What a killed process left in the scratch folder is nobody's: the lock is ours.
	if err := os.RemoveAll(n.scratch()); err != nil {
		return fmt.Errorf("node: scratch folder: %w", err)
	}
	if err := os.MkdirAll(n.scratch(), 0o750); err != nil {
		return fmt.Errorf("node: scratch folder: %w", err)
	}
	n.bus, err = bus.Open(ctx, bus.Options{URL: n.cfg.NATS, Dir: filepath.Join(n.cfg.Data, "bus"), Name: n.cfg.Name, OwnLeases: true, Log: n.log})
	if err != nil {
		return fmt.Errorf("node: broker: %w", err)
	}
	n.blobs, err = blob.Open(ctx, n.cfg.Blobs, blob.Options{CacheDir: filepath.Join(n.cfg.Data, "cache"), CacheBytes: n.budget.blobs})
	if err != nil {
		return fmt.Errorf("node: object storage: %w: correct --blobs, such as file:///folder or s3://bucket?region=eu-west-1", err)
	}
	if err := n.blobs.Probe(ctx); err != nil {
		return fmt.Errorf("node: object storage %s: %w: it must let this process create, read and list; correct that, or --blobs", n.cfg.Blobs, err)
	}
	if n.cfg.Has("gateway") {
		if n.db, err = store.Open(ctx, n.cfg.SQL, store.Options{Log: n.log}); err != nil {
			return fmt.Errorf("node: database: %w: correct --sql: a file, or postgres://user@host/name", err)
		}
	}
	if n.nodes, err = n.bus.Registry(ctx, "nodes", beatTTL); err != nil {
		return fmt.Errorf("node: registry: %w", err)
	}
	config, err := n.bus.Registry(ctx, "config", 0)
	if err != nil {
		return fmt.Errorf("node: registry: %w", err)
	}
	n.catalog = newCatalog(config, n.db, n.log)
	return n.catalog.restore(ctx)
}

// scratch is where segments in the making spill to.
func (n *Node) scratch() string { return filepath.Join(n.cfg.Data, "scratch") }

func (n *Node) openRoles(ctx context.Context) error {
	if n.cfg.Has("indexer") {
		n.indexer = newIndexer(n)
	}
	if n.cfg.Has("searcher") {
		n.searcher = newSearcher(n)
		n.health.opening = n.searcher.opening
	}
	if n.cfg.Has("crawler") {
		n.crawler = newCrawler(n)
	}
	if !n.cfg.Has("gateway") {
		return n.lock.occupy(Occupant{PID: os.Getpid()})
	}
	n.gateway = newGateway(n)
	var err error
	if n.listen, err = net.Listen("tcp", n.cfg.Listen); err != nil {
		return fmt.Errorf("node: %w: give --listen an address of this machine that is free", err)
	}
	return n.lock.occupy(Occupant{PID: os.Getpid(), Listen: n.listen.Addr().String()})
}

// Addr is where the HTTP server listens, or empty.
func (n *Node) Addr() string {
	if n.listen == nil {
		return ""
	}
	return n.listen.Addr().String()
}

// A stage is a set of loops that start and stop together.
type stage struct {
	name string
	run  []func(context.Context) error
}

func (n *Node) stages() []stage {
	out := []stage{{"base", []func(context.Context) error{
		n.catalog.run,
		func(ctx context.Context) error { return n.board.run(ctx, n.bus.Listen) },
		n.watchHealth,
	}}}
	if n.indexer != nil {
		out = append(out, stage{"indexer", []func(context.Context) error{n.indexer.run}})
	}
	if n.searcher != nil {
		st := stage{"searcher", []func(context.Context) error{n.searcher.run}}
		if n.gateway == nil || n.cfg.NATS != "" {
			st.run = append(st.run, n.searcher.serve)
		}
		out = append(out, st)
	}
	if n.crawler != nil {
		out = append(out, stage{"crawler", []func(context.Context) error{n.crawler.run}})
	}
	if n.gateway != nil {
		out = append(out, stage{"gateway", []func(context.Context) error{n.gateway.run, n.gateway.record}}, stage{"http", []func(context.Context) error{n.serveHTTP}})
	}
	return out
}

// Run runs the roles until ctx ends or one of them cannot go on, then stops
// them in order and lets go of everything.
func (n *Node) Run(ctx context.Context) error {
	defer n.close()
	failed := make(chan error, 1)
	var stops []func()
	for _, st := range n.stages() {
		stops = append(stops, start(ctx, st, failed))
	}
	n.health.started()
	n.log.Info("trawl runs", "roles", strings.Join(n.cfg.Roles, ","), "data", n.cfg.Data, "listen", n.Addr(), "memory", n.cfg.MemoryBytes)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		n.log.Error("stopping: a role cannot go on", "err", err)
	}
	n.health.draining()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
	return err
}

// start runs a stage's loops and returns what stops them and waits for them.
// They do not end with ctx: stages end in order.
func start(ctx context.Context, st stage, failed chan<- error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	for _, run := range st.run {
		wg.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				select {
				case failed <- fmt.Errorf("%s: %w", st.name, err):
				default: // an earlier failure stops the process already
				}
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// close lets go of the engines, the last opened first.
func (n *Node) close() {
	var errs []error
	n.inner.Close()
	if n.listen != nil {
		n.listen.Close()
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	if n.blobs != nil {
		errs = append(errs, n.blobs.Close())
	}
	if n.bus != nil {
		errs = append(errs, n.bus.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.release())
	}
	if err := errors.Join(errs...); err != nil {
		n.log.Error("not closed cleanly", "err", err)
	}
}

// Close is for a Node that Run was never called on.
func (n *Node) Close() { n.close() }

// nodeName is the configured name, or one that the data directory remembers.
func nodeName(cfg Config) (string, error) {
	if cfg.Name != "" {
		return cfg.Name, nil
	}
	file := filepath.Join(cfg.Data, "node")
	if body, err := os.ReadFile(file); err == nil && len(body) > 0 {
		return string(body), nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "trawl"
	}
	name := strings.Map(func(r rune) rune {
		if r < 128 && (r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, host) + "-" + strings.ToLower(rand.Text()[:6])
	if err := os.WriteFile(file, []byte(name), 0o640); err != nil {
		return "", fmt.Errorf("node: data directory: %w", err)
	}
	return name, nil
}

// newID is a random name, for batches that no crash repeats.
func newID() string { return rand.Text() }

// shardOf places a key: the same rule as the crawler's.
func shardOf(k document.Key, shards int) int {
	return int((uint32(k[0])<<24 | uint32(k[1])<<16 | uint32(k[2])<<8 | uint32(k[3])) % uint32(max(1, shards)))
}

// warcPatience bounds how long one file of captures, a gigabyte at most, may
// take to object storage. What is not moved is tried again later.
const warcPatience = 30 * time.Minute

// keepWARC moves a WARC file that is complete to object storage, under the day
// of its last record. It may be called again for a file that it has moved.
func (n *Node) keepWARC(ctx context.Context, collection, path string) error {
	ctx, cancel := context.WithTimeout(ctx, warcPatience)
	defer cancel()
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("node: warc: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("node: warc: %w", err)
	}
	key := fmt.Sprintf("warc/%s/%s/%s", collection, info.ModTime().UTC().Format("2006-01-02"), filepath.Base(path))
	err = n.blobs.Create(ctx, key, copyFrom(f))
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("node: warc: %w", err)
	}
	if strings.Contains(filepath.Base(path), ".warc") { // its index goes with it
		if err := n.keepWARC(ctx, collection, warc.IndexName(path)); err != nil {
			return err
		}
	}
	return os.Remove(path)
}

// drainPatience is how long requests may run on after the process was told to stop.
const drainPatience = 10 * time.Second

// serveHTTP answers on the listener, and in the process for Client, until ctx
// ends; then running requests have drainPatience, but streams of events end at once.
func (n *Node) serveHTTP(ctx context.Context) error {
	requests, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	srv := &http.Server{
		Handler: endStreams(ctx, n.handler()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug), ConnContext: markInProcess,
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	errs := make(chan error, 2)
	listeners := []net.Listener{n.inner}
	if n.listen != nil {
		listeners = append(listeners, n.listen)
	}
	for _, l := range listeners {
		go func() { errs <- srv.Serve(l) }()
	}
	var err error
	running := len(listeners)
	select {
	case <-ctx.Done():
	case err = <-errs:
		running--
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancel()
	if serr := srv.Shutdown(own); serr != nil {
		abort() // before Close, so that handlers see why
		srv.Close()
	}
	for range running {
		<-errs
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
