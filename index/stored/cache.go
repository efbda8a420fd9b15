package stored

import (
	"container/list"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// defaultCacheBytes holds a thousand blocks: the documents of a hundred pages of
// ten hits.
const defaultCacheBytes = 16 << 20

// A Cache decompresses blocks and keeps those used last, for any number of
// Stores and goroutines. What it has given out stays valid when it is forgotten.
type Cache struct {
	max int64
	dec *zstd.Decoder
	err error // of making dec

	mu     sync.Mutex
	blocks map[blockID]*list.Element // guarded by mu, as all below
	used   list.List                 // of *cached, the one used last in front
	bytes  int64
	hits   uint64
	misses uint64
}

type blockID struct {
	store *Store
	block int
}

type cached struct {
	id  blockID
	raw []byte
}

// CacheStats says how a Cache does.
type CacheStats struct {
	Bytes, MaxBytes int64
	Blocks          int
	Hits, Misses    uint64
}

// NewCache keeps at most maxBytes of decompressed blocks; 0 is 16 MiB.
func NewCache(maxBytes int64) *Cache {
	if maxBytes == 0 {
		maxBytes = defaultCacheBytes
	}
	c := &Cache{max: maxBytes, blocks: map[blockID]*list.Element{}}
	c.dec, c.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlockBytes), zstd.WithDecoderLowmem(true))
	if c.err != nil {
		c.err = fmt.Errorf("stored: zstd: %w", c.err)
	}
	return c
}

// Stats are the figures so far.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{Bytes: c.bytes, MaxBytes: c.max, Blocks: len(c.blocks), Hits: c.hits, Misses: c.misses}
}

// get is a block as load gives it. Two goroutines that miss the same block at
// once both load it: that is rare, and cheaper than to wait.
func (c *Cache) get(id blockID, load func() ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	if e := c.blocks[id]; e != nil {
		c.used.MoveToFront(e)
		c.hits++
		raw := e.Value.(*cached).raw
		c.mu.Unlock()
		return raw, nil
	}
	c.misses++
	c.mu.Unlock()
	raw, err := load()
	if err == nil {
		c.keep(id, raw)
	}
	return raw, err
}

func (c *Cache) keep(id blockID, raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blocks[id] != nil || int64(len(raw)) > c.max {
		return
	}
	c.blocks[id] = c.used.PushFront(&cached{id, raw})
	c.bytes += int64(len(raw))
	for c.bytes > c.max {
		c.drop(c.used.Back())
	}
}

func (c *Cache) drop(e *list.Element) {
	b := e.Value.(*cached)
	c.used.Remove(e)
	delete(c.blocks, b.id)
	c.bytes -= int64(len(b.raw))
}

// forget drops the blocks of a Store.
func (c *Cache) forget(s *Store) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.used.Front(); e != nil; { // a thousand, where a store may have a million
		next := e.Next()
		if e.Value.(*cached).id.store == s {
			c.drop(e)
		}
		e = next
	}
}
