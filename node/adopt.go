package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/shard"
)

// A generation begins with the pushed documents of the one that was live, as of
// a commit of that one, and reads the log on from there: it then has each push
// once and in order, and every push to come. What makes that so:
//
//   - The commit that is adopted is read after the generation stands in the
//     registry.
//   - The log is trimmed only up to what every generation in the registry has
//     committed, and the registry is asked for each time (committedByAll). What
//     was trimmed before the generation stood there was committed before, so the
//     commit that is adopted has it.
//   - The first commit of the new generation is at the place in the log that was
//     adopted. Until it is made, a crash begins all over.

// adoptedBase is where in the index of an adopted generation the log begins: at
// 1, so that a commit at the very beginning of the log is told from none.
const adoptedBase = 1

// adoptPatience is how long a new generation waits for the indexer of the one
// before to open its log, before that is told as trouble.
const adoptPatience = 30 * time.Second

// adopt makes the first commit of a generation's partition.
func (x *indexer) adopt(ctx context.Context, p partition, col api.Collection, docs *bus.Log, s *shard.Shard) error {
	parent := partition{p.collection, origin(col, p.generation), p.shard}
	state, base, err := x.node.parentBase(ctx, parent, docs)
	if err != nil {
		return err
	}
	r, err := shard.Follow(ctx, shard.Options{Bucket: x.node.blobs.Sub(parent.prefix()), Model: x.node.model, ResidentBytes: 1})
	if err != nil {
		return fmt.Errorf("node: adopt: %w", err)
	}
	defer r.Close()
	seq, _, _ := r.Position()
	n, err := s.Adopt(ctx, r, parent.generation == 1)
	if err != nil {
		return err
	}
	_, written, err := x.node.logBase(ctx, p, state.Created)
	if err != nil {
		return err
	}
	if written == 0 {
		if err := x.node.writeBase(ctx, p, state, 0, adoptedBase); err != nil {
			return err
		}
	}
	if err := s.Commit(ctx, adoptedBase+seq-min(base, seq)); err != nil {
		return err
	}
	x.log.Info("a generation is begun beside the one that is live", "partition", p.String(), "pushed documents taken over", n)
	return nil
}

// origin is the generation whose pushed documents another begins with.
func origin(col api.Collection, generation int) int {
	g := col.Standing()
	all := append([]api.Generation{g.Live}, g.Previous...)
	if g.Candidate != nil {
		all = append(all, *g.Candidate)
	}
	for _, one := range all {
		if one.Number == generation && one.From > 0 {
			return one.From
		}
	}
	return 1
}

// parentBase waits until the index of a partition counts on from the log that
// there is now, and tells how.
func (n *Node) parentBase(ctx context.Context, parent partition, docs *bus.Log) (st bus.LogStats, base uint64, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(adoptPatience); ; {
		if st, err = docs.Stats(ctx); err != nil {
			return st, 0, err
		}
		base, written, err := n.logBase(ctx, parent, st.Created)
		if err != nil || written > 0 {
			return st, base, err
		}
		if time.Now().After(end) {
			return st, 0, fmt.Errorf("node: it waits for %s to be indexed, whose pushed documents it takes over", parent)
		}
		select {
		case <-ctx.Done():
			return st, 0, ctx.Err()
		case <-tick.C:
		}
	}
}

// committedByAll is the place in a log up to which every generation that reads
// it has committed, by what their indexers announced last; 0 while one of them
// is silent. The registry is asked, and not what is known of it here.
func (n *Node) committedByAll(ctx context.Context, k logKey, created time.Time) (uint64, error) {
	col, err := n.catalog.newest(ctx, k.collection)
	if errors.Is(err, api.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	least := ^uint64(0)
	for _, generation := range kept(col) {
		note, ok := n.board.lastCommit(partition{k.collection, generation, k.shard})
		if !ok || !note.Created.Equal(created) {
			return 0, nil
		}
		least = min(least, note.Committed-min(note.Base, note.Committed))
	}
	return least, nil
}
