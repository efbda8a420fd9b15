package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search"
)

// ErrEmpty is what a replica answers before its shard's first commit.
var ErrEmpty = errors.New("shard: nothing committed yet")

// A Replica answers searches from what a writer elsewhere committed. Reload
// belongs to one goroutine; Searcher's answers to any.
type Replica struct {
	store    storage
	resident int64
	searcher search.Searcher

	mu   sync.Mutex
	snap *index.Snapshot // nil before the first commit, and after Close
}

// Follow opens the newest commit, if there is one yet.
func Follow(ctx context.Context, opt Options) (*Replica, error) {
	r := &Replica{store: storage{opt.Bucket}, resident: opt.ResidentBytes}
	r.searcher = search.Local(r, opt.Model, search.Options{Log: opt.Log})
	if _, err := r.Reload(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload looks for a newer commit and tells whether it found one.
func (r *Replica) Reload(ctx context.Context) (bool, error) {
	r.mu.Lock()
	old := r.snap
	r.mu.Unlock()
	if old == nil {
		snap, err := index.Open(ctx, r.store, index.OpenOptions{ResidentBytes: r.resident})
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("shard: %w", err)
		}
		r.swap(snap)
		return true, nil
	}
	snap, newer, err := old.Reload(ctx)
	if err != nil {
		return false, fmt.Errorf("shard: reload: %w", err)
	}
	if newer {
		r.swap(snap)
	}
	return newer, nil
}

func (r *Replica) swap(snap *index.Snapshot) {
	r.mu.Lock()
	old := r.snap
	r.snap = snap
	r.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

// Acquire returns the view of the last Reload; close it.
func (r *Replica) Acquire() (*index.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.snap == nil {
		return nil, ErrEmpty
	}
	return r.snap.Acquire(), nil
}

// Position tells the commit that is served: its place in the log and its
// number of documents; ok is false before the first commit.
func (r *Replica) Position() (seq, docs uint64, ok bool) {
	snap, err := r.Acquire()
	if err != nil {
		return 0, 0, false
	}
	defer snap.Close()
	return snap.Seq(), snap.Docs(), true
}

// Damage says why newer commits than the one that is served were passed over,
// or is nil.
func (r *Replica) Damage() error {
	snap, err := r.Acquire()
	if err != nil {
		return nil
	}
	defer snap.Close()
	return snap.Damage()
}

// Searcher answers from the view of the last Reload.
func (r *Replica) Searcher() search.Searcher { return r.searcher }

// Close lets go of the view; searches that run keep theirs.
func (r *Replica) Close() error {
	r.swap(nil)
	return nil
}
