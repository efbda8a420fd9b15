package node

import (
	"context"
	"hash/fnv"
	"slices"
	"sync"

	"github.com/trawlsearch/trawl/bus"
)

// A crew is the processes that crawl, as the registry of crawlers tells. Any
// goroutine may call it.
type crew struct {
	names *bus.Registry

	mu    sync.Mutex
	known map[string]bool
	news  chan struct{} // closed and replaced when somebody came or went
}

func newCrew(names *bus.Registry) *crew {
	return &crew{names: names, known: map[string]bool{}, news: make(chan struct{})}
}

// watch follows the registry until ctx ends.
func (c *crew) watch(ctx context.Context) error {
	return c.names.Watch(ctx, func(name string, value []byte, _ uint64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.known[name] == (value != nil) {
			return
		}
		if value == nil {
			delete(c.known, name)
		} else {
			c.known[name] = true
		}
		close(c.news)
		c.news = make(chan struct{})
	})
}

// changed is closed when somebody comes or goes.
func (c *crew) changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news
}

// share is how many ranges of a crawl a process is to have: as many as any other,
// or one more, which is another process's with each collection.
func (c *crew) share(collection, name string) int {
	c.mu.Lock()
	names := []string{name}
	for other := range c.known {
		if other != name {
			names = append(names, other)
		}
	}
	c.mu.Unlock()
	slices.Sort(names)
	h := fnv.New32a()
	h.Write([]byte(collection))
	place := (slices.Index(names, name) + int(h.Sum32()%uint32(len(names)))) % len(names)
	n := crawlRanges / len(names)
	if place < crawlRanges%len(names) {
		n++
	}
	return n
}
