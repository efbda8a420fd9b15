package node

import (
	"fmt"
	"path/filepath"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/shard"
)

// A partition names one shard of one generation of a collection.
type partition struct {
	collection string
	generation int
	shard      int
}

// String names a partition in leases, announcements and logs; those of the first
// generation are named as they were before there were others. A collection's
// name has no dot.
func (p partition) String() string {
	if p.generation == 1 {
		return fmt.Sprintf("%s.%03d", p.collection, p.shard)
	}
	return fmt.Sprintf("%s.g%03d.%03d", p.collection, p.generation, p.shard)
}

func (p partition) prefix() string { return shard.Prefix(p.collection, p.generation, p.shard) }

// log is the log of the partition, which it shares with other generations.
func (p partition) log() logKey { return logKey{p.collection, p.shard} }

// partitions are the shards of one generation.
func partitions(col api.Collection, generation int) []partition {
	out := make([]partition, col.Shards)
	for i := range out {
		out[i] = partition{col.Name, generation, i}
	}
	return out
}

// crawlDir is where the crawl of a generation keeps its frontier.
func (n *Node) crawlDir(collection string, generation int) string {
	dir := filepath.Join(n.cfg.Data, "crawl", collection)
	if generation == 1 {
		return dir
	}
	return fmt.Sprintf("%s.g%03d", dir, generation)
}
