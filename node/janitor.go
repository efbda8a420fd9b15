package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/blob"
	"github.com/trawlsearch/trawl/store"
)

// A janitor does what follows from the swap of generations, whoever wrote it:
//
//  1. the collection is mirrored in the database, as catalog does it;
//  2. a pointer to the live generation is created in object storage, for who has
//     neither registry nor database at hand (OpenCommitted);
//  3. events go to the database;
//  4. objects of generations that are kept no longer are deleted, and the
//     generation is struck off the registry when none is left.
//
// Each step is done before the next is begun, any number of times, and by any
// number of gateways: so nothing that an older state still names is deleted
// before the newer one is written down everywhere.
type janitor struct {
	*gateway
	pointers map[string]int   // the live generation that a pointer was written for
	events   map[string]int64 // number of the last event in the database
}

func newJanitor(g *gateway) *janitor {
	return &janitor{gateway: g, pointers: map[string]int{}, events: map[string]int64{}}
}

const (
	// deleteGrace is how long a generation is left alone when it is kept no
	// longer: searches end, and processes that were away learn of it.
	deleteGrace = time.Minute

	// maxDeletes bounds the objects that are deleted in one look.
	maxDeletes = 500
)

func (j *janitor) all(ctx context.Context) error {
	var errs []error
	for _, col := range j.node.catalog.Collections() {
		if col.Generations == nil {
			continue
		}
		if err := j.tidy(ctx, col, time.Now()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", col.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (j *janitor) tidy(ctx context.Context, col api.Collection, now time.Time) error {
	if j.pointers[col.Name] != col.Live() {
		if err := j.node.catalog.mirror(ctx, col.Name); err != nil {
			return err
		}
		if err := j.node.point(ctx, col.Name, col.Live()); err != nil {
			return err
		}
		j.pointers[col.Name] = col.Live()
	}
	if err := j.tell(ctx, col); err != nil {
		return err
	}
	for _, d := range col.Generations.Deleting {
		if now.Sub(d.Since) < deleteGrace {
			continue
		}
		if err := j.delete(ctx, col.Name, d.Number); err != nil {
			return err
		}
	}
	return nil
}

// tell writes the events of a collection to the database.
func (j *janitor) tell(ctx context.Context, col api.Collection) error {
	for _, e := range col.Generations.Events {
		if e.Number <= j.events[col.Name] {
			continue
		}
		err := j.node.db.PutEvent(ctx, store.Event{
			Collection: col.Name, Number: e.Number, At: e.At, Kind: e.Kind, Generation: int64(e.Generation), Crawl: e.Crawl, Detail: e.Detail,
		})
		if err != nil {
			return err
		}
		j.events[col.Name] = e.Number
	}
	return nil
}

// delete removes some of the objects of a generation, and says so when it finds
// none any more. A crash on the way leaves the rest for the next look.
func (j *janitor) delete(ctx context.Context, collection string, generation int) error {
	found := 0
	for _, prefix := range []string{
		fmt.Sprintf("index/%s/%d/", collection, generation), basesPrefix(collection, generation), reportPrefix(collection, generation),
		frontierPrefix(collection, generation),
	} {
		names, err := j.node.blobs.List(ctx, prefix)
		if err != nil {
			return fmt.Errorf("node: delete generation %d: %w", generation, err)
		}
		found += len(names)
		for _, name := range names[:min(len(names), maxDeletes)] {
			if err := j.node.blobs.Delete(ctx, name); err != nil {
				return fmt.Errorf("node: delete generation %d: %w", generation, err)
			}
		}
	}
	if found > 0 {
		return nil
	}
	_, err := j.node.catalog.Change(ctx, collection, func(c *api.Collection) error {
		c.Deleted(time.Now(), generation)
		return nil
	})
	if err == nil {
		j.log.Info("a generation is deleted", "collection", collection, "generation", generation)
	}
	return err
}

// A pointer to the live generation stands in object storage for readers that
// have nothing else:
//
//	alias/COLLECTION/NNNNNNNNNN.json    {"live":2}
//
// The last one counts. A collection without any has generation 1.
func pointerPrefix(collection string) string { return "alias/" + collection + "/" }

type pointer struct {
	Live int `json:"live"`
}

// point writes the pointer, if the last one is another; those before are deleted.
func (n *Node) point(ctx context.Context, collection string, live int) error {
	names, last, err := lastPointer(ctx, n.blobs, collection)
	if err != nil {
		return err
	}
	if last != live {
		next := 1
		if len(names) > 0 {
			number, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(names[len(names)-1]), ".json"))
			next += number
		}
		err := n.blobs.Create(ctx, fmt.Sprintf("%s%010d.json", pointerPrefix(collection), next), func(w io.Writer) error {
			return json.NewEncoder(w).Encode(pointer{live})
		})
		if err != nil {
			return fmt.Errorf("node: pointer: %w", err)
		}
	} else if len(names) > 0 {
		names = names[:len(names)-1]
	}
	for _, name := range names {
		if err := n.blobs.Delete(ctx, name); err != nil {
			return fmt.Errorf("node: pointer: %w", err)
		}
	}
	return nil
}

// lastPointer reads the pointer of a collection: 1 where there is none.
func lastPointer(ctx context.Context, bucket *blob.Bucket, collection string) (names []string, live int, err error) {
	if names, err = bucket.List(ctx, pointerPrefix(collection)); err != nil {
		return nil, 0, fmt.Errorf("node: pointer: %w", err)
	}
	if len(names) == 0 {
		return nil, 1, nil
	}
	name := names[len(names)-1]
	obj, err := bucket.Open(ctx, name)
	if err != nil {
		return nil, 0, fmt.Errorf("node: pointer: %w", err)
	}
	defer obj.Close()
	var v pointer
	if err := json.Unmarshal(obj.Bytes(), &v); err != nil || v.Live < 1 {
		return nil, 0, fmt.Errorf("node: %s is corrupt", name)
	}
	return names, v.Live, nil
}

// sweep deletes what is left in this process of the crawls of generations that
// are kept no longer. Their captures go to object storage first, as all captures
// do. The caller has the lease of the collection's crawl.
func (x *crawler) sweep(ctx context.Context, col api.Collection) {
	g := col.Standing()
	first := x.node.crawlDir(col.Name, 1)
	entries, err := os.ReadDir(filepath.Dir(first))
	if err != nil {
		return // nothing was crawled here yet, or Open says why it cannot be read
	}
	for _, e := range entries {
		name, number, ok := strings.Cut(e.Name(), ".g")
		generation, err := strconv.Atoi(number)
		if !ok {
			generation, err = 1, nil
		}
		if err != nil || name != col.Name || generation > g.Last || slices.Contains(g.Kept(), generation) {
			continue
		}
		if err := x.drop(ctx, col.Name, x.node.crawlDir(col.Name, generation)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			x.log.Error("what is left of an old crawl was not deleted; it is tried again", "collection", col.Name, "generation", generation, "err", err)
		}
	}
}

func (x *crawler) drop(ctx context.Context, collection, dir string) error {
	files, err := os.ReadDir(filepath.Join(dir, "warc"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".warc.gz") {
			continue
		}
		if err := x.node.keepWARC(ctx, collection, filepath.Join(dir, "warc", f.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}
