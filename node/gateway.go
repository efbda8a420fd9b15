package node

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/search"
	"github.com/trawlsearch/trawl/web"
)

// A gateway speaks HTTP to people and programs. It finds searchers by itself:
// the one in its process, or those that beat in the registry of nodes.
type gateway struct {
	node *Node
	log  *slog.Logger

	mu    sync.Mutex
	peers map[string]*search.Client // by node name; the last known, while the broker is away

	diffing chan struct{} // of one: held by who compares generations
}

func newGateway(n *Node) *gateway {
	return &gateway{node: n, log: n.log.With("role", "gateway"), peers: map[string]*search.Client{}, diffing: make(chan struct{}, 1)}
}

// run follows the registry of nodes until ctx ends.
func (g *gateway) run(ctx context.Context) error {
	err := g.node.nodes.Watch(ctx, func(name string, value []byte, _ uint64) { g.peer(name, value) })
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.peers {
		c.Close()
	}
	return err
}

// peer takes one entry of the registry of nodes; nil means the node is gone.
func (g *gateway) peer(name string, value []byte) {
	var p peer
	if value != nil && (json.Unmarshal(value, &p) != nil || p.GRPC == "") {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.peers[name]
	if old != nil && old.Addr() == p.GRPC {
		return
	}
	if old != nil {
		old.Close()
		delete(g.peers, name)
	}
	if p.GRPC == "" {
		return
	}
	c, err := search.Dial(p.GRPC)
	if err != nil {
		g.log.Error("searcher not reached", "node", name, "addr", p.GRPC, "err", err)
		return
	}
	g.peers[name] = c
	g.log.Info("searcher found", "node", name, "addr", p.GRPC)
}

// Searcher returns what answers for a collection.
func (g *gateway) Searcher(ctx context.Context, collection string) (search.Searcher, error) {
	if g.node.searcher != nil {
		return g.node.searcher.Searcher(ctx, collection)
	}
	if _, err := g.node.catalog.Collection(collection); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var replicas []search.Searcher
	for _, c := range g.peers {
		replicas = append(replicas, c.Collection(collection))
	}
	if len(replicas) == 0 {
		return nil, fmt.Errorf("%w: no searcher is known: start a process with --roles searcher on the same --nats", api.ErrUnavailable)
	}
	return search.Any(replicas), nil
}

// appendBatch is how many documents go to a log in one atomic batch.
const appendBatch = 500

// Append writes documents to the logs of their shards, waiting while one is full.
func (g *gateway) Append(ctx context.Context, collection string, docs []*document.Document) error {
	col, err := g.node.catalog.Collection(collection)
	if err != nil {
		return err
	}
	parts := make(map[int][][]byte)
	for _, d := range docs {
		i := shardOf(d.Key, col.Shards)
		parts[i] = append(parts[i], pushEvent(d))
	}
	for i, msgs := range parts {
		for len(msgs) > 0 {
			n := min(appendBatch, len(msgs))
			if err := g.node.append(ctx, logKey{collection, i}, newID(), msgs[:n]); err != nil {
				return fmt.Errorf("%w: the log took no documents: %v", api.ErrUnavailable, err)
			}
			msgs = msgs[n:]
		}
	}
	return nil
}

// append hands one batch to a shard's log and waits while the log is full.
// The same id and messages may be given again: they are stored once.
func (n *Node) append(ctx context.Context, k logKey, id string, msgs [][]byte) error {
	l, err := n.docLog(ctx, k)
	if err != nil {
		return err
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		_, err := l.Append(ctx, id, msgs)
		if err == nil {
			return nil
		}
		if !errors.Is(err, bus.ErrFull) {
			n.forgetLog(k) // should it be gone, the next try makes it anew
			return err
		}
		n.metrics.logFull.Inc()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Status sums what the board and the logs say of a collection.
func (g *gateway) Status(name string) (api.Status, error) {
	col, err := g.node.catalog.Collection(name)
	if err != nil {
		return api.Status{}, err
	}
	generations := col.Standing()
	st := api.Status{
		Collection: name, Index: api.IndexStatus{Shards: col.Shards},
		Generation: generations.Live.Number, Candidate: generations.Candidate, Previous: generations.Previous,
	}
	if c, ok := g.crawlStatus(name); ok {
		st.Crawl = &c
	}
	if c := generations.Candidate; c != nil {
		for _, p := range partitions(col, c.Number) {
			note, _ := g.node.board.lastCommit(p)
			st.CandidateDocs += note.Docs
			if note.Trouble != "" {
				st.Index.Trouble = append(st.Index.Trouble, fmt.Sprintf("generation %d, shard %d: %s", p.generation, p.shard, note.Trouble))
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, p := range partitions(col, g.serving(col)) {
		seen, docs, serving := g.position(p)
		if serving {
			st.Index.Serving++
		}
		st.Index.Docs += docs
		note, _ := g.node.board.lastCommit(p)
		if note.Trouble != "" {
			st.Index.Trouble = append(st.Index.Trouble, fmt.Sprintf("shard %d: %s", p.shard, note.Trouble))
		}
		end, err := g.logEnd(ctx, p)
		if err != nil {
			return st, fmt.Errorf("%w: the log does not answer: %v", api.ErrUnavailable, err)
		}
		if end > seen {
			st.Index.Pending += end - seen
		}
	}
	return st, nil
}

// serving is the generation that searches from here are answered from.
func (g *gateway) serving(col api.Collection) int {
	if g.node.searcher != nil {
		return g.node.searcher.serving(col)
	}
	return col.Live()
}

// crawlSilence is how long a crawler that runs may be silent before it is
// taken for stopped; it speaks each second.
const crawlSilence = 10 * time.Second

// crawlStatus is how a crawl stood when its crawler was last heard of.
func (g *gateway) crawlStatus(collection string) (api.CrawlStatus, bool) {
	sum, ok := g.node.board.crawlOf(collection, crawlSilence)
	return sum.CrawlStatus, ok
}

// logEnd is the place in the index of the last document in a partition's log.
func (g *gateway) logEnd(ctx context.Context, p partition) (uint64, error) {
	l, err := g.node.docLog(ctx, p.log())
	if err != nil {
		return 0, err
	}
	state, err := l.Stats(ctx)
	if err != nil {
		return 0, err
	}
	note, ok := g.node.board.lastCommit(p)
	base := note.Base
	if !ok || !note.Created.Equal(state.Created) { // no indexer has spoken of this log
		if base, _, err = g.node.logBase(ctx, p, state.Created); err != nil {
			return 0, err
		}
	}
	return base + state.Last, nil
}

// position tells up to which place in a partition's index searches from here see.
func (g *gateway) position(p partition) (seen, docs uint64, serving bool) {
	note, ok := g.node.board.lastCommit(p)
	if s := g.node.searcher; s != nil {
		if _, own := s.writer(p); own {
			return note.Visible, note.Docs, true
		}
		return s.position(p)
	}
	return note.Committed, note.Docs, ok && !note.Created.IsZero()
}

func (s *searcher) position(p partition) (seq, docs uint64, ok bool) {
	s.mu.Lock()
	r := s.replicas[p]
	s.mu.Unlock()
	if r == nil {
		return 0, 0, false
	}
	return r.Position()
}

// progress is the status as the search page shows it.
func (g *gateway) progress(collection string) (web.Progress, error) {
	st, err := g.Status(collection)
	if err != nil {
		return web.Progress{}, err
	}
	p := web.Progress{Docs: st.Index.Docs, Pending: st.Index.Pending}
	if c := st.Crawl; c != nil {
		p.State, p.Pages, p.Queued, p.Failed, p.PagesPerSecond = c.State, c.Pages, c.Queued+c.InFlight, c.Failed, c.PagesPerSecond
	}
	return p, nil
}

// authorize lets changes in by the admin token; where none is set, only from
// this machine, and only under a name of this machine: a page whose name was
// re-bound to 127.0.0.1 is refused by its Host, and the clients of a proxy by
// the headers that it adds. A proxy that adds none needs an admin token here.
func (g *gateway) authorize(r *http.Request) error {
	if want := g.node.cfg.AdminToken; want != "" {
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
			return nil
		}
		return errors.New(`this needs the header "Authorization: Bearer TOKEN" with the server's admin-token`)
	}
	if inProcess(r.Context()) || (isLoopback(r.RemoteAddr) && isLoopback(r.Host) && !forwarded(r.Header)) {
		return nil
	}
	return errors.New("without an admin-token, changes are taken from this machine only: set one with --admin-token")
}

// forwarded tells whether a proxy says that it speaks for somebody else.
func forwarded(h http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
