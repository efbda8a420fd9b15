package blob

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/internal/durable"
)

// A cache keeps files up to a number of bytes, and evicts the one that was not
// used for the longest time. It survives a restart. Another process that shares
// the directory may remove a file: who has it mapped keeps it, and others get
// it again.
type cache struct {
	dir  string
	max  int64
	temp bool // remove dir at the end

	mu      sync.Mutex
	bytes   int64
	entries map[string]*cacheEntry
	order   *list.List // of *cacheEntry, the longest unused first
}

type cacheEntry struct {
	name string
	size int64
	elem *list.Element

	loaded  chan struct{} // closed when err or mapping is set
	err     error
	mapping *durable.Mapping // nil while nobody has it open
	users   int
}

func openCache(dir string, max int64) (*cache, error) {
	c := &cache{dir: dir, max: max, entries: map[string]*cacheEntry{}, order: list.New()}
	if c.max <= 0 {
		c.max = DefaultCacheBytes
	}
	if dir == "" {
		d, err := os.MkdirTemp("", "trawl-blob-")
		if err != nil {
			return nil, fmt.Errorf("blob: cache: %w", err)
		}
		c.dir, c.temp = d, true
		return c, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("blob: cache: %w", err)
	}
	if err := c.scan(); err != nil {
		return nil, fmt.Errorf("blob: cache: %w", err)
	}
	return c, nil
}

// scan takes in what an earlier process left, in the order of its last use.
func (c *cache) scan() error {
	if _, err := durable.Sweep(c.dir); err != nil {
		return err
	}
	names, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var infos []fs.FileInfo
	for _, n := range names {
		if info, err := n.Info(); err == nil && info.Mode().IsRegular() && filepath.Ext(n.Name()) == cacheSuffix {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano()) })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, info := range infos {
		e := &cacheEntry{name: info.Name(), size: info.Size()}
		e.elem = c.order.PushBack(e)
		c.entries[e.name] = e
		c.bytes += e.size
	}
	c.evict()
	return nil
}

const cacheSuffix = ".blob"

// get returns the file name, mapped, which fetch writes if it is not there. It
// is fetched once for all who wait; if that fails, all of them fail. The caller
// calls release when it is done with the bytes.
func (c *cache) get(ctx context.Context, name string, size int64, fetch func(io.Writer) error) (m *durable.Mapping, release func() error, err error) {
	c.mu.Lock()
	e := c.entries[name]
	if e == nil {
		e = &cacheEntry{name: name, size: size}
		e.elem = c.order.PushBack(e)
		c.entries[name] = e
		c.bytes += size
	}
	e.users++
	c.order.MoveToBack(e.elem)
	first := e.loaded == nil
	if first {
		e.loaded = make(chan struct{})
		c.evict()
	}
	c.mu.Unlock()
	if first {
		e.mapping, e.err = c.load(e.name, size, fetch)
		close(e.loaded)
	}
	select {
	case <-e.loaded:
	case <-ctx.Done():
		c.release(e)
		return nil, nil, ctx.Err()
	}
	if err := e.err; err != nil {
		c.release(e)
		return nil, nil, err
	}
	return e.mapping, func() error { return c.release(e) }, nil
}

// load maps the file, after it was fetched if it is absent or of another size.
func (c *cache) load(name string, size int64, fetch func(io.Writer) error) (*durable.Mapping, error) {
	path := filepath.Join(c.dir, name)
	for range 3 { // another process may remove it between the two steps
		m, err := durable.Map(path)
		if err == nil && m.Size() == size {
			now := time.Now()
			os.Chtimes(path, now, now) // the order of use, for the next process
			return m, nil
		}
		if err == nil {
			m.Close()
			os.Remove(path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := durable.WriteNew(path, fetch); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("cached file %s of %d bytes does not stay", name, size)
}

func (c *cache) release(e *cacheEntry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.users--
	if e.users > 0 {
		return nil
	}
	var err error
	if e.mapping != nil {
		err = e.mapping.Close()
	}
	failed := e.err != nil
	e.mapping, e.err, e.loaded = nil, nil, nil
	if failed {
		c.drop(e)
	}
	c.evict()
	return err
}

// evict makes room. The caller holds the lock.
func (c *cache) evict() {
	for el := c.order.Front(); el != nil && c.bytes > c.max; {
		e := el.Value.(*cacheEntry)
		el = el.Next()
		if e.users == 0 {
			c.drop(e)
			os.Remove(filepath.Join(c.dir, e.name))
		}
	}
}

func (c *cache) drop(e *cacheEntry) {
	c.order.Remove(e.elem)
	delete(c.entries, e.name)
	c.bytes -= e.size
}

func (c *cache) close() error {
	if c.temp {
		return os.RemoveAll(c.dir)
	}
	return nil
}
