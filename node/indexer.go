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

// generation is the one build of each collection that there is so far.
const generation = 1

// maxUncommitted bounds the documents that a crash makes the indexer read
// again from the log.
const maxUncommitted = 50_000

// A partition names one shard of one collection.
type partition struct {
	collection string
	shard      int
}

func (p partition) String() string  { return fmt.Sprintf("%s.%03d", p.collection, p.shard) }
func (p partition) logName() string { return fmt.Sprintf("DOCS_%s_%03d", p.collection, p.shard) }
func (p partition) prefix() string  { return shard.Prefix(p.collection, generation, p.shard) }

// A commitNote is what an indexer announces of a partition: what its searches
// see, and what is committed.
type commitNote struct {
	Visible   uint64 `json:"visible"`   // place in the log that searches here have seen
	Committed uint64 `json:"committed"` // place in the log that the manifest has
	Docs      uint64 `json:"docs"`
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
	return x.node.eachPartition(ctx, func(ctx context.Context, p partition, col api.Collection) error {
		return x.hold(ctx, p, col)
	})
}

// hold waits for the partition's lease and writes the partition while it has it.
func (x *indexer) hold(ctx context.Context, p partition, col api.Collection) error {
	return x.node.underLease(ctx, "shard."+p.String(), func(ctx context.Context) error { return x.write(ctx, p, col) })
}

// write opens the partition and follows its log.
func (x *indexer) write(ctx context.Context, p partition, col api.Collection) error {
	docs, err := x.node.docLog(ctx, p)
	if err != nil {
		return err
	}
	s, err := shard.Open(ctx, shard.Options{
		Bucket: x.node.blobs.Sub(p.prefix()), Lang: col.Lang, Model: x.node.model, Holder: x.node.cfg.Name,
		MemoryBytes: x.node.budget.index / int64(max(1, x.node.catalog.shards())), ScratchDir: x.node.scratch(),
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
		if err := s.Close(); err != nil {
			x.log.Error("shard not closed cleanly; nothing committed is lost", "partition", p.String(), "err", err)
		}
	}()
	f := &follower{indexer: x, partition: p, shard: s, docs: docs, seen: s.Seq(), committed: s.Seq()}
	return f.run(ctx)
}

// A follower is the loop between one log and one shard. It belongs to one goroutine.
type follower struct {
	*indexer
	partition partition
	shard     *shard.Shard
	docs      *bus.Log

	seen      uint64 // last event put
	visible   uint64 // last event that searches see
	committed uint64 // last event that the manifest has
}

type event struct {
	seq  uint64
	data []byte
}

func (f *follower) run(ctx context.Context) error {
	f.visible = f.seen
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
			return errors.Join(err, f.leave(ctx))
		case <-ctx.Done():
			cancel()
			<-reading
			return f.leave(ctx)
		}
		if err != nil {
			cancel()
			<-reading
			return err
		}
	}
}

// put takes one event. One that cannot be read is named and passed over: it
// will be no better the next time, and must not stop those behind it.
func (f *follower) put(ctx context.Context, e event) error {
	d, err := document.Decode(e.data)
	if err != nil {
		f.log.Error("event of the log is unreadable and left out", "partition", f.partition.String(), "seq", e.seq, "err", err)
		f.node.metrics.eventsUnreadable.Inc()
	} else if err := f.shard.Put(ctx, d); err != nil {
		return err
	}
	f.seen = e.seq
	f.node.metrics.docsIndexed.Inc()
	if f.seen-f.committed >= maxUncommitted {
		return f.commit(ctx)
	}
	return nil
}

func (f *follower) refresh(ctx context.Context) error {
	if f.visible == f.seen {
		return nil
	}
	start := time.Now()
	if err := f.shard.Refresh(ctx); err != nil {
		return err
	}
	f.node.metrics.refreshSeconds.Observe(time.Since(start).Seconds())
	f.visible = f.seen
	f.announce()
	return nil
}

func (f *follower) commit(ctx context.Context) error {
	if f.committed == f.seen {
		f.announce() // a gateway that has just started wants to know
		return nil
	}
	start := time.Now()
	if err := f.shard.Commit(ctx, f.seen); err != nil {
		if errors.Is(err, index.ErrFenced) {
			return fmt.Errorf("another process has taken over: %w", err)
		}
		return err
	}
	f.node.metrics.commitSeconds.Observe(time.Since(start).Seconds())
	f.visible, f.committed = f.seen, f.seen
	f.announce()
	return f.trim(ctx)
}

// trim keeps the log bounded: what is committed may go once a quarter of the
// log's room is used, so that a young index can still be rebuilt from it.
func (f *follower) trim(ctx context.Context) error {
	st, err := f.docs.Stats(ctx)
	if err != nil || st.Bytes < uint64(f.node.cfg.LogBytes)/4 {
		return err
	}
	return f.docs.Purge(ctx, f.committed)
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
	note, err := json.Marshal(commitNote{Visible: f.visible, Committed: f.committed, Docs: f.shard.Docs()})
	if err == nil {
		err = f.node.bus.Announce(noteSubject(f.partition), note)
	}
	if err != nil {
		f.log.Warn("commit not announced; followers find it by themselves", "partition", f.partition.String(), "err", err)
	}
}
