package frontier

import (
	"encoding/binary"

	"github.com/trawlsearch/trawl/weburl"
)

// seenCache remembers recently met addresses, so that most links of a page are
// known without asking the store: sets of four whole keys (a shorter
// fingerprint would lose an address at each collision), the newest first.
type seenCache struct {
	sets [][4]weburl.Key
	mask uint64
}

func newSeenCache(bytes int64) *seenCache {
	n := int64(16)
	for n*2*64 <= bytes {
		n *= 2
	}
	return &seenCache{sets: make([][4]weburl.Key, n), mask: uint64(n - 1)}
}

// has tells whether k was added, and makes it the newest of its set.
func (c *seenCache) has(k weburl.Key) bool {
	set := &c.sets[binary.LittleEndian.Uint64(k[:])&c.mask]
	for i := range set {
		if set[i] == k {
			copy(set[1:i+1], set[:i])
			set[0] = k
			return true
		}
	}
	return false
}

// add makes k, which is not in the cache, the newest of its set.
func (c *seenCache) add(k weburl.Key) {
	set := &c.sets[binary.LittleEndian.Uint64(k[:])&c.mask]
	copy(set[1:], set[:3])
	set[0] = k
}
