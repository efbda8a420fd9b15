package node

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/blob"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/search"
	"github.com/trawlsearch/trawl/shard"
)

// A Committed is what a collection had committed when it was opened, to be read
// beside whoever holds the data folder: objects are never changed, so that it
// needs no lock, no broker and no port, and nothing but the right to read them.
type Committed struct {
	bucket   *blob.Bucket
	replicas []*shard.Replica
}

// OpenCommitted opens the newest commit of all shards of a collection. One that
// was never committed to is api.ErrNotFound. Objects that another process takes
// away meanwhile stay readable.
func OpenCommitted(ctx context.Context, cfg Config, collection string) (c *Committed, err error) {
	if err := (&api.Collection{Name: collection}).Check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	bucket, err := blob.Open(ctx, cfg.Blobs, blob.Options{CacheDir: filepath.Join(cfg.Data, "cache"), CacheBytes: share(cfg.MemoryBytes).blobs})
	if err != nil {
		return nil, fmt.Errorf("node: object storage: %w: correct --blobs, such as file:///folder or s3://bucket?region=eu-west-1", err)
	}
	c = &Committed{bucket: bucket}
	if err := c.open(ctx, collection); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Committed) open(ctx context.Context, collection string) error {
	_, generation, err := lastPointer(ctx, c.bucket, collection)
	if err != nil {
		return err
	}
	prefix := path.Dir(shard.Prefix(collection, generation, 0)) + "/"
	keys, err := c.bucket.List(ctx, prefix)
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	last := -1
	for _, key := range keys { // sorted
		name, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		n, err := strconv.Atoi(name)
		if err != nil || n == last || n < 0 || n >= api.MaxShards {
			continue
		}
		last = n
		r, err := shard.Follow(ctx, shard.Options{Bucket: c.bucket.Sub(shard.Prefix(collection, generation, n)), Model: rank.Default()})
		if err != nil {
			return fmt.Errorf("node: shard %d of %s: %w", n, collection, err)
		}
		if _, _, ok := r.Position(); ok {
			c.replicas = append(c.replicas, r)
		}
	}
	if len(c.replicas) == 0 {
		return fmt.Errorf("%w: %q has nothing committed", api.ErrNotFound, collection)
	}
	return nil
}

// Searcher answers as a searcher of the whole collection does.
func (c *Committed) Searcher() search.Searcher {
	var parts []search.Searcher
	for _, r := range c.replicas {
		parts = append(parts, r.Searcher())
	}
	return search.Fan(parts)
}

// Snapshots are the shards' commits, each to be closed.
func (c *Committed) Snapshots() (out []*index.Snapshot) {
	for _, r := range c.replicas {
		if snap, err := r.Acquire(); err == nil { // there is one until Close
			out = append(out, snap)
		}
	}
	return out
}

// Close ends the use of what was opened; snapshots are closed by who has them.
func (c *Committed) Close() error {
	for _, r := range c.replicas {
		r.Close()
	}
	return c.bucket.Close()
}
