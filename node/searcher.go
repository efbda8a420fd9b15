package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/search"
	"github.com/trawlsearch/trawl/shard"
)

// pollManifests is how often a searcher looks for commits by itself, should an
// announcement be lost.
const pollManifests = 5 * time.Second

// A searcher answers for every partition: from the writer where this process
// has it, else from a replica of what is committed.
type searcher struct {
	node *Node
	log  *slog.Logger

	mu       sync.Mutex
	replicas map[partition]*shard.Replica
	opened   chan struct{}  // closed and replaced when a replica was opened
	served   map[string]int // generation that a collection is answered from here
	moved    chan struct{}  // of one: a collection is answered from another generation
}

func newSearcher(n *Node) *searcher {
	return &searcher{node: n, log: n.log.With("role", "searcher"), replicas: map[partition]*shard.Replica{}, opened: make(chan struct{}),
		served: map[string]int{}, moved: make(chan struct{}, 1)}
}

func (s *searcher) run(ctx context.Context) error {
	return s.node.eachPartition(ctx, s.moved, s.wanted, func(own context.Context, p partition, col api.Collection) error {
		err := s.follow(own, p, col, func() { linger(ctx, own) })
		s.node.health.set("search "+p.String(), "") // or it is said again
		return err
	})
}

// wanted are the live generation and, until that is open, the one before.
func (s *searcher) wanted(col api.Collection) []int {
	live, served := col.Live(), s.serving(col)
	if served == live {
		return []int{live}
	}
	return []int{live, served}
}

// serving tells which generation of a collection is answered from here: the live
// one as soon as all its shards are open, and until then the one before. So the
// swap of generations costs no search anything.
func (s *searcher) serving(col api.Collection) int {
	live := col.Live()
	s.mu.Lock()
	defer s.mu.Unlock()
	served, ok := s.served[col.Name]
	if served == live {
		return live
	}
	for _, p := range partitions(col, live) {
		if _, own := s.writer(p); !own && s.replicas[p] == nil {
			if !ok {
				return live // there is nothing else to answer from
			}
			return served
		}
	}
	s.served[col.Name] = live
	select {
	case s.moved <- struct{}{}:
	default: // it is about to look
	}
	return live
}

// lingerTime is how long a generation can still be read after searches have
// moved to another: they fetch what they show in a second trip.
const lingerTime = 10 * time.Second

// linger waits where own ended because its generation is not wanted any more.
func linger(ctx, own context.Context) {
	if !errors.Is(context.Cause(own), errUnwanted) {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(lingerTime):
	}
}

// follow keeps a replica of one partition at the newest commit; it calls last
// before it lets go.
func (s *searcher) follow(ctx context.Context, p partition, col api.Collection, last func()) error {
	r, err := shard.Follow(ctx, shard.Options{Bucket: s.node.blobs.Sub(p.prefix()), Lang: col.Lang, Model: s.node.model,
		ResidentBytes: s.node.residentBytes(), Log: s.log})
	if err != nil {
		s.node.health.set("search "+p.String(), "not opened: "+err.Error())
		return err
	}
	s.mu.Lock()
	s.replicas[p] = r
	close(s.opened)
	s.opened = make(chan struct{})
	s.mu.Unlock()
	defer func() {
		last()
		s.mu.Lock()
		delete(s.replicas, p)
		s.mu.Unlock()
		r.Close()
	}()
	if now, err := s.node.catalog.Collection(p.collection); err == nil {
		s.serving(now) // it may have waited for this
	}
	wake, unsubscribe := s.node.board.subscribe(p)
	defer unsubscribe()
	poll := time.NewTicker(pollManifests)
	defer poll.Stop()
	damage := ""
	for {
		if _, own := s.writer(p); !own {
			if _, err := r.Reload(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("commit not opened; the one before is served", "partition", p.String(), "err", err)
			}
		}
		s.tellDamage(p, r.Damage(), &damage)
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-poll.C:
		}
	}
}

// tellDamage logs that newer commits than the one that is served are damaged,
// once for each damage, and says so in /readyz.
func (s *searcher) tellDamage(p partition, err error, last *string) {
	reason := ""
	if err != nil {
		reason = "newer commits are damaged, an older one is served: " + err.Error()
	}
	s.node.health.set("search "+p.String(), reason)
	if reason != *last && reason != "" {
		s.log.Error("THE INDEX IS DAMAGED; the last whole commit is served. Restore the objects that are named, or delete the "+
			"partition's index and crawl again", "partition", p.String(), "err", err)
	}
	*last = reason
}

func (s *searcher) writer(p partition) (*shard.Shard, bool) {
	if s.node.indexer == nil {
		return nil, false
	}
	return s.node.indexer.shard(p)
}

// openPatience is how long a question waits for a partition that is being
// opened, as those of a new collection are: that takes milliseconds, and what
// takes longer is better told than waited for.
const openPatience = 2 * time.Second

// Searcher answers for a whole collection. A partition that nothing was ever
// committed to has nothing to find and is left out; any other must answer or
// is counted as failed.
func (s *searcher) Searcher(ctx context.Context, name string) (search.Searcher, error) {
	col, err := s.node.catalog.Collection(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	var parts []search.Searcher
	for _, p := range partitions(col, s.serving(col)) {
		part, err := s.part(ctx, p)
		if err != nil {
			return nil, err
		}
		if part != nil {
			parts = append(parts, part)
		}
	}
	return search.Fan(parts), nil
}

// part answers for one partition, once it is open; nil: it is empty.
func (s *searcher) part(ctx context.Context, p partition) (search.Searcher, error) {
	for {
		s.mu.Lock()
		r, opened := s.replicas[p], s.opened
		s.mu.Unlock()
		if w, own := s.writer(p); own {
			return w.Searcher(), nil
		}
		if r != nil {
			if _, _, ok := r.Position(); !ok {
				return nil, nil
			}
			return r.Searcher(), nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: shard %s is being opened", api.ErrUnavailable, p)
		}
	}
}

// opening names a partition that cannot be asked yet, or is empty.
func (s *searcher) opening() string {
	for _, col := range s.node.catalog.Collections() {
		for _, p := range partitions(col, s.serving(col)) {
			s.mu.Lock()
			open := s.replicas[p] != nil
			s.mu.Unlock()
			if _, own := s.writer(p); !own && !open {
				return p.String()
			}
		}
	}
	return ""
}

// serve answers gateways of other processes and tells them where, until ctx ends.
func (s *searcher) serve(ctx context.Context) error {
	l, err := net.Listen("tcp", s.node.cfg.GRPCListen)
	if err != nil {
		return fmt.Errorf("node: searcher: %w: give --grpc-listen an address of this machine that is free", err)
	}
	addr := advertised(l.Addr())
	entry, err := json.Marshal(peer{GRPC: addr})
	if err != nil {
		l.Close()
		return fmt.Errorf("node: %w", err)
	}
	s.log.Info("searcher listens", "grpc", l.Addr().String(), "told", addr)
	srv := search.NewServer(s.Searcher)
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer cancel() // no beat for a server that has failed
		done <- srv.Serve(l)
	}()
	s.node.beat(own, s.node.nodes, entry) // until ctx or the server ends; the last thing it does is to sign off
	srv.GracefulStop()
	if err := <-done; err != nil {
		return fmt.Errorf("node: searcher: %w", err)
	}
	return nil
}

// advertised is where others reach a listener: one on all addresses is told by
// an address of this machine that others may know.
func advertised(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if !ok || !t.IP.IsUnspecified() {
		return a.String()
	}
	addrs, _ := net.InterfaceAddrs() // none: loopback will do
	for _, i := range addrs {
		if n, ok := i.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && (n.IP.To4() != nil || t.IP.To4() == nil) {
			return net.JoinHostPort(n.IP.String(), strconv.Itoa(t.Port))
		}
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port))
}

// A peer is what a searcher tells of itself in the registry of nodes.
type peer struct {
	GRPC string `json:"grpc"`
}

// Nodes beat every five seconds; an entry that was not renewed for three beats
// is gone.
const (
	beatInterval = 5 * time.Second
	beatTTL      = 15 * time.Second
)

// beat keeps this process's entry in a registry until ctx ends. A
// broker that is away costs nothing but fresh news: searchers go on answering.
func (n *Node) beat(ctx context.Context, names *bus.Registry, entry []byte) {
	tick := time.NewTicker(beatInterval)
	defer tick.Stop()
	for {
		if _, err := names.Put(ctx, n.cfg.Name, entry); err != nil && ctx.Err() == nil {
			n.log.Warn("beat not sent", "err", err)
		}
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = names.Delete(ctx, n.cfg.Name) // or it ends by itself
			return
		case <-tick.C:
		}
	}
}
