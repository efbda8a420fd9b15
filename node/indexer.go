package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/shard"
)

// maxUncommitted bounds the documents that a crash makes the indexer read
// again from the log.
const maxUncommitted = 50_000

// A commitNote is what an indexer announces of a partition: what its searches
// see, and what is committed.
type commitNote struct {
	Created   time.Time `json:"created"`   // when the log was made
	Base      uint64    `json:"base"`      // where in the index the log begins
	Visible   uint64    `json:"visible"`   // place in the index that searches here have seen
	Committed uint64    `json:"committed"` // place in the index that the manifest has
	Docs      uint64    `json:"docs"`
	Trouble   string    `json:"trouble,omitempty"` // why nothing is indexed; the other fields mean nothing then
}

func noteSubject(p partition) string { return "manifest." + p.String() }

// An indexer writes the partitions whose leases it gets.
type indexer struct {
	node *Node
	log  *slog.Logger

	mu   sync.Mutex
	open map[partition]*shard.Shard // those this process writes now
}

func newIndexer(n *Node) *indexer {
	return &indexer{node: n, log: n.log.With("role", "indexer"), open: map[partition]*shard.Shard{}}
}

// shard returns the partition's writer, if this process has it.
func (x *indexer) shard(p partition) (*shard.Shard, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.open[p]
	return s, ok
}

func (x *indexer) run(ctx context.Context) error {
	return x.node.eachPartition(ctx, nil, kept, x.hold)
}

// kept are the generations that are written: those that are live, may become so,
// or may become so again. All take what is pushed.
func kept(col api.Collection) []int {
	g := col.Standing()
	return g.Kept()
}

// hold waits for the partition's lease and writes the partition while it has it.
func (x *indexer) hold(ctx context.Context, p partition, col api.Collection) error {
	return x.node.underLease(ctx, "shard."+p.String(), func(ctx context.Context) error {
		err := x.write(ctx, p, col)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errAgain) {
			x.trouble(p, err)
		}
		return err
	})
}

// trouble tells all why a partition is not indexed, until it is.
func (x *indexer) trouble(p partition, err error) {
	if x.node.catalog.live(p.collection) == p.generation { // searches miss nothing of another
		x.node.health.set("partition "+p.String(), "not indexed: "+err.Error())
	}
	if aerr := x.node.announce(noteSubject(p), commitNote{Trouble: err.Error()}); aerr != nil {
		x.log.Warn("trouble not announced", "partition", p.String(), "err", aerr)
	}
}

// write opens the partition and follows its log.
func (x *indexer) write(ctx context.Context, p partition, col api.Collection) error {
	docs, err := x.node.docLog(ctx, p.log())
	if err != nil {
		return err
	}
	s, err := shard.Open(ctx, shard.Options{
		Bucket: x.node.blobs.Sub(p.prefix()), Lang: col.Lang, Model: x.node.model, Holder: x.node.cfg.Name,
		MemoryBytes:   x.node.budget.index / int64(max(1, x.node.catalog.shards())),
		ResidentBytes: x.node.residentBytes(), ScratchDir: x.node.scratch(),
		Log: x.log,
	})
	if err != nil {
		return err
	}
	x.mu.Lock()
	x.open[p] = s
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		delete(x.open, p)
		x.mu.Unlock()
		x.node.board.wake(p) // a replica takes over
		x.node.metrics.forget(p)
		if err := s.Close(); err != nil {
			x.log.Error("shard not closed cleanly; nothing committed is lost", "partition", p.String(), "err", err)
		}
	}()
	if p.generation > 1 && s.Seq() == 0 {
		if err := x.adopt(ctx, p, col, docs, s); err != nil {
			return err
		}
	}
	state, err := docs.Stats(ctx)
	if err != nil {
		return err
	}
	base, fresh, err := x.node.beginLog(ctx, p, state, s.Seq())
	if err != nil {
		return err
	}
	if fresh {
		x.log.Warn("the document log was lost and made anew; what is indexed stays, and the new log is read from its beginning",
			"partition", p.String(), "documents", s.Docs(), "created", state.Created)
		x.node.metrics.logsReplaced.Inc()
	}
	f := &follower{indexer: x, partition: p, shard: s, docs: docs, created: state.Created, base: base, seen: s.Seq() - base, committed: s.Seq() - base}
	return f.run(ctx)
}

// A follower is the loop between one log and one shard. It belongs to one goroutine.
type follower struct {
	*indexer
	partition partition
	shard     *shard.Shard
	docs      *bus.Log
	created   time.Time // when the log was made: another time, another log
	base      uint64    // where in the index the log begins

	// Places in the log.
	seen      uint64 // last event put
	visible   uint64 // last event that searches see
	committed uint64 // last event that the manifest has

	unseen, uncommitted bool // something was put since the last refresh, and commit: not all events are for this generation
}

type event struct {
	seq  uint64
	data []byte
}

func (f *follower) run(ctx context.Context) error {
	f.visible = f.seen
	f.node.health.set("partition "+f.partition.String(), "")
	f.announce()
	events := make(chan event, 256)
	reading := make(chan error, 1)
	readCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		reading <- f.docs.Read(readCtx, f.seen, func(seq uint64, data []byte) error {
			select {
			case events <- event{seq, data}:
				return nil
			case <-readCtx.Done():
				return readCtx.Err()
			}
		})
	}()
	refresh := time.NewTicker(f.node.cfg.RefreshInterval)
	defer refresh.Stop()
	commit := time.NewTicker(f.node.cfg.CommitInterval)
	defer commit.Stop()
	for {
		var err error
		select {
		case e := <-events:
			err = f.put(ctx, e)
		case <-refresh.C:
			err = f.refresh(ctx)
		case <-commit.C:
			err = f.commit(ctx)
		case err = <-reading:
			if err == nil || ctx.Err() != nil {
				return f.leave(ctx)
			}
			return errors.Join(f.broken(err), f.leave(ctx))
		case <-ctx.Done():
			cancel()
			<-reading
			return f.leave(ctx)
		}
		if err != nil {
			cancel()
			<-reading
			if ctx.Err() != nil { // it was interrupted, and what was put before stands
				return f.leave(ctx)
			}
			return err
		}
	}
}

// broken tells what it means that the log cannot be read on. What was put is
// committed by leave, and never anything beyond.
func (f *follower) broken(err error) error {
	switch {
	case errors.Is(err, bus.ErrRewound):
		f.node.forgetLog(f.partition.log())
		return errors.Join(errAgain, err) // beginLog gives the new log its place
	case errors.Is(err, bus.ErrGap):
		f.node.metrics.logGaps.Inc()
		f.log.Error("DOCUMENTS ARE MISSING FROM THE LOG; nothing behind them is indexed. Compare the broker's replicas; "+
			"should the messages be lost, delete the log's stream and crawl or push again", "partition", f.partition.String(), "committed", f.committed, "err", err)
	}
	return err
}

// put takes one event, if it is for this generation. One that cannot be read is
// named and passed over: it will be no better the next time, and must not stop
// those behind it.
func (f *follower) put(ctx context.Context, e event) error {
	generation, data, err := splitEvent(e.data)
	if err != nil || generation == everyGeneration || generation == f.partition.generation {
		if err := f.take(ctx, e.seq, data, generation == everyGeneration, err); err != nil {
			return err
		}
		f.unseen, f.uncommitted = true, true
		f.node.metrics.docsIndexed.Inc()
	}
	f.seen = e.seq
	if f.uncommitted && f.seen-f.committed >= maxUncommitted {
		return f.commit(ctx)
	}
	return nil
}

func (f *follower) take(ctx context.Context, seq uint64, data []byte, pushed bool, err error) error {
	var d *document.Document
	if err == nil {
		d, err = document.Decode(data)
	}
	switch {
	case err != nil:
		f.log.Error("event of the log is unreadable and left out", "partition", f.partition.String(), "seq", seq, "err", err)
		f.node.metrics.eventsUnreadable.Inc()
		return nil
	case pushed:
		return f.shard.Push(ctx, d)
	}
	return f.shard.Put(ctx, d)
}

func (f *follower) refresh(ctx context.Context) error {
	if f.visible == f.seen {
		return nil
	}
	if f.unseen {
		start := time.Now()
		if err := f.shard.Refresh(ctx); err != nil {
			return err
		}
		f.node.metrics.refreshSeconds.Observe(time.Since(start).Seconds())
	}
	f.visible, f.unseen = f.seen, false
	f.announce()
	return nil
}

func (f *follower) commit(ctx context.Context) error {
	if f.committed == f.seen {
		f.announce() // a gateway that has just started wants to know
		return nil
	}
	st, serr := f.docs.Stats(ctx)
	if !f.uncommitted && !f.counts(st) {
		f.announce()
		return nil
	}
	start := time.Now()
	if err := f.shard.Commit(ctx, f.base+f.seen); err != nil {
		if errors.Is(err, index.ErrFenced) {
			return fmt.Errorf("another process has taken over: %w", err)
		}
		return err
	}
	f.node.metrics.commitSeconds.Observe(time.Since(start).Seconds())
	writer := f.shard.Stats()
	f.node.metrics.segments.WithLabelValues(f.partition.String()).Set(float64(writer.Segments))
	f.node.metrics.mergeFails.WithLabelValues(f.partition.String()).Set(float64(writer.Failures))
	f.visible, f.committed = f.seen, f.seen
	f.unseen, f.uncommitted = false, false
	f.announce()
	if serr != nil { // a broker that is away stops nothing here
		f.log.Warn("the log does not answer; it is trimmed later", "partition", f.partition.String(), "err", serr)
		return nil
	}
	if !st.Created.Equal(f.created) {
		f.node.forgetLog(f.partition.log())
		return fmt.Errorf("%w: %w", errAgain, bus.ErrRewound)
	}
	return f.trim(ctx, st)
}

// counts tells whether the place in the log is committed though nothing was put:
// where others wait for it, or the log for room. A generation that is kept for
// roll-back does not commit each page that is not its own.
func (f *follower) counts(st bus.LogStats) bool {
	col, err := f.node.catalog.Collection(f.partition.collection)
	if err != nil || f.wantsTrim(st) {
		return true
	}
	g := col.Standing()
	return g.Live.Number == f.partition.generation || g.Building() && g.Candidate.Number == f.partition.generation
}

func (f *follower) wantsTrim(st bus.LogStats) bool {
	return st.Bytes >= uint64(f.node.cfg.LogBytes)/4
}

// trim keeps the log bounded: what all generations have committed may go once a
// quarter of the log's room is used, so that a young index can still be rebuilt
// from it.
func (f *follower) trim(ctx context.Context, st bus.LogStats) error {
	if !f.wantsTrim(st) {
		return nil
	}
	upTo, err := f.node.committedByAll(ctx, f.partition.log(), st.Created)
	if err == nil && upTo > 0 {
		err = f.docs.Purge(ctx, min(upTo, f.committed))
	}
	if err != nil && ctx.Err() == nil {
		f.log.Warn("log not trimmed; it is tried at the next commit", "partition", f.partition.String(), "err", err)
	}
	return nil
}

// leave commits what was put. It runs when the context has ended, so it has
// its own time.
func (f *follower) leave(ctx context.Context) error {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if errors.Is(context.Cause(ctx), errLeaseLost) {
		return nil // another may hold the partition by now: nothing more is ours to write
	}
	return f.commit(own)
}

func (f *follower) announce() {
	note := commitNote{Created: f.created, Base: f.base, Visible: f.base + f.visible, Committed: f.base + f.committed, Docs: f.shard.Docs()}
	if err := f.node.announce(noteSubject(f.partition), note); err != nil {
		f.log.Warn("commit not announced; followers find it by themselves", "partition", f.partition.String(), "err", err)
	}
}

// announce says v as JSON to all who listen now.
func (n *Node) announce(subject string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("node: announce: %w", err)
	}
	return n.bus.Announce(subject, body)
}
