package dns

import (
	"net/netip"
	"sync"
	"time"
)

// A cache keeps answers, and lets those who ask for the same name at the same
// time wait for one look-up. It is two maps: when the young one is half of max,
// the old one is dropped and the young one becomes the old one. What is used
// moves to the young one, so that what goes is what was not used for long.
type cache struct {
	max int

	mu         sync.Mutex
	young, old map[key]*entry
}

type key struct {
	name string
	want families
}

// An entry is one answer, or a look-up under way.
type entry struct {
	done    chan struct{} // closed when what follows is there
	addrs   []netip.Addr
	err     error
	expires time.Time
}

// enter gives the entry of a name that holds, or a new one, which the caller is
// to fill.
func (c *cache) enter(k key, now time.Time) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.young[k]; e != nil && !e.over(now) {
		return e, false
	}
	if e = c.old[k]; e == nil || e.over(now) {
		e, mine = &entry{done: make(chan struct{})}, true
	}
	delete(c.old, k)
	if len(c.young) >= max(1, c.max/2) {
		c.old, c.young = c.young, nil // those who wait hold their entry themselves
	}
	if c.young == nil {
		c.young = map[key]*entry{}
	}
	c.young[k] = e
	return e, mine
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.young) + len(c.old)
}

// over says whether an answer has come and is too old.
func (e *entry) over(now time.Time) bool {
	select {
	case <-e.done:
		return !now.Before(e.expires)
	default:
		return false
	}
}
