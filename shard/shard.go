// Package shard is one partition of a collection: it takes documents and
// answers searches. Here the crawl half's log and the search half meet.
//
// A Shard is the one writer of a partition (who holds its lease); a Replica
// follows the manifests that a writer elsewhere commits. Both answer through
// the same search.Searcher. What a shard has committed, and up to which place
// of the log, stands in its manifest and nowhere else: the log is read from
// Seq()+1, and reading an event twice changes nothing.
package shard

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/trawlsearch/trawl/blob"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
	"github.com/trawlsearch/trawl/search"
)

// Prefix is where a shard's objects stand in a bucket.
func Prefix(collection string, generation, shard int) string {
	return fmt.Sprintf("index/%s/%d/%03d", collection, generation, shard)
}

// Options of a shard; Bucket is required.
type Options struct {
	Bucket *blob.Bucket // already at the shard's Prefix
	Lang   string       // of documents that name none; empty: en
	Model  *rank.Model  // nil: rank.Default()

	Holder        string // who writes, for the claim manifest
	MemoryBytes   int64  // of documents not yet in a segment; zero: the index's default
	ResidentBytes int64  // an index of at most that is brought into memory as a whole; zero: the index's default
	ScratchDir    string // for segments in the making; empty: the system's

	Log *slog.Logger
}

// A Shard is the writer of one partition. Put, Commit, Refresh and Close belong
// to one goroutine; Searcher's answers to any.
type Shard struct {
	writer   *index.Writer
	searcher search.Searcher
}

// Open claims the partition: from then on a writer that held it before can
// commit no more.
func Open(ctx context.Context, opt Options) (*Shard, error) {
	w, err := index.OpenWriter(ctx, storage{opt.Bucket}, Schema(opt.Lang), index.WriterOptions{
		Holder: opt.Holder, MemoryBytes: opt.MemoryBytes, ResidentBytes: opt.ResidentBytes, ScratchDir: opt.ScratchDir, Log: opt.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	s := &Shard{writer: w}
	s.searcher = search.Local(s, opt.Model, search.Options{Log: opt.Log})
	return s, nil
}

// Seq is the place in the log up to which the last commit reaches.
func (s *Shard) Seq() uint64 { return s.writer.Seq() }

// Put takes one event of the log: the document replaces what its key held, a
// deletion removes it.
func (s *Shard) Put(ctx context.Context, d *document.Document) error { return s.put(ctx, d, false) }

// Push is Put of a document that was pushed, not crawled: a generation to come
// takes it over.
func (s *Shard) Push(ctx context.Context, d *document.Document) error { return s.put(ctx, d, true) }

func (s *Shard) put(ctx context.Context, d *document.Document, pushed bool) error {
	var err error
	if d.Deleted {
		err = s.writer.Delete(ctx, index.Key(d.Key))
	} else {
		err = s.writer.Put(ctx, indexed(d, pushed))
	}
	if err != nil {
		return fmt.Errorf("shard: put %s: %w", d.ID, err)
	}
	return nil
}

// Refresh lets searches see what was put, before it is committed.
func (s *Shard) Refresh(ctx context.Context) error { return s.writer.Refresh(ctx) }

// Commit makes all that was put durable, up to seq of the log. After
// index.ErrFenced another process writes the shard, and this one must stop.
func (s *Shard) Commit(ctx context.Context, seq uint64) error { return s.writer.Commit(ctx, seq) }

// Acquire returns the newest view; close it. Of a closed shard it is
// index.ErrClosed.
func (s *Shard) Acquire() (*index.Snapshot, error) {
	if snap := s.writer.Snapshot(); snap != nil {
		return snap, nil
	}
	return nil, fmt.Errorf("shard: %w", index.ErrClosed)
}

// Stats tells how the writer stands: segments, merges, and what is wrong.
func (s *Shard) Stats() index.WriterStats { return s.writer.Stats() }

// Docs is how many documents a search sees; none of a closed shard.
func (s *Shard) Docs() uint64 {
	snap := s.writer.Snapshot()
	if snap == nil {
		return 0
	}
	defer snap.Close()
	return snap.Docs()
}

// Searcher answers from the newest view.
func (s *Shard) Searcher() search.Searcher { return s.searcher }

// Close ends the writer; what was put and not committed stays in the log.
func (s *Shard) Close() error { return s.writer.Close() }

// storage lets an index stand in a bucket.
type storage struct{ bucket *blob.Bucket }

func (s storage) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	return s.bucket.Create(ctx, name, write)
}

func (s storage) Open(ctx context.Context, name string) (index.Object, error) {
	obj, err := s.bucket.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return obj, nil
}

func (s storage) List(ctx context.Context, prefix string) ([]string, error) {
	return s.bucket.List(ctx, prefix)
}

func (s storage) Delete(ctx context.Context, name string) error { return s.bucket.Delete(ctx, name) }
