package fetch

import (
	"sync"
	"time"
)

const (
	// Who fails ejectAfter times in a row is left alone for ejectFirst, and
	// twice as long each time it fails again on its return, to ejectMost.
	ejectAfter = 3
	ejectFirst = time.Minute
	ejectMost  = time.Hour
	// opinions is how many proxies are asked for an origin that none of them
	// reaches and none is to blame for: one more than that it is a fault of
	// the origin.
	opinions = 2
	// maxGaps bounds the origins that a proxy is known not to reach.
	maxGaps = 1024
)

// A breaker counts failures in a row, and opens.
type breaker struct {
	failures int
	opened   int       // times in a row
	until    time.Time // not before
}

// failed counts one failure and tells how long to pause, 0: not yet. One that
// comes back from a pause is one failure from the next.
func (b *breaker) failed(now time.Time) time.Duration {
	if b.failures++; b.failures < ejectAfter || now.Before(b.until) {
		return 0
	}
	pause := min(ejectFirst<<min(b.opened, 10), ejectMost)
	b.opened++
	b.until = now.Add(pause)
	return pause
}

// proxyHealth is what is known of a proxy. A failure that is its own counts
// against it at once. One that may be the origin's counts against the pair, which
// is a gap when it lasts; and against the proxy only where another proxy has
// reached the same origin, once for each origin until there is an answer from any. So neither an origin that is down, nor one that a proxy refuses, takes
// the proxy from the others; and a proxy that reaches nothing is found out if
// there is another to go to. Any goroutine may call it.
type proxyHealth struct {
	mu   sync.Mutex
	self breaker
	gaps map[string]*breaker // by origin
	lost map[string]bool     // origins that another proxy reached and this one did not, counted in self
}

// usable says whether the proxy is to be asked for an origin now.
func (h *proxyHealth) usable(origin string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if gap := h.gaps[origin]; gap != nil && now.Before(gap.until) {
		return false
	}
	return !now.Before(h.self.until)
}

// worked notes an answer of an origin.
func (h *proxyHealth) worked(origin string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.self = breaker{}
	h.lost = nil
	delete(h.gaps, origin)
}

// failed notes trouble of the proxy's own, and tells the pause that it gets.
func (h *proxyHealth) failed(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.self.failed(now)
}

// missed notes that an origin was not reached.
func (h *proxyHealth) missed(origin string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gap := h.gaps[origin]
	if gap == nil {
		h.forget(now)
		gap = new(breaker)
		h.gaps[origin] = gap
	}
	gap.failed(now)
}

// forget makes room for one gap: of those that are over, or of any.
func (h *proxyHealth) forget(now time.Time) {
	if h.gaps == nil {
		h.gaps = map[string]*breaker{}
	}
	if len(h.gaps) < maxGaps {
		return
	}
	for origin, gap := range h.gaps {
		if !now.Before(gap.until) {
			delete(h.gaps, origin)
		}
	}
	for origin := range h.gaps {
		if len(h.gaps) < maxGaps {
			return
		}
		delete(h.gaps, origin)
	}
}

// outdone notes that another proxy reached an origin where this one did not: the
// gap is real, and opens at once. It tells the pause that the proxy gets.
func (h *proxyHealth) outdone(origin string, now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if gap := h.gaps[origin]; gap != nil && !now.Before(gap.until) {
		gap.failures = max(gap.failures, ejectAfter-1)
		gap.failed(now)
	}
	if h.lost[origin] {
		return 0
	}
	if h.lost == nil {
		h.lost = map[string]bool{}
	}
	h.lost[origin] = true
	pause := h.self.failed(now)
	if pause > 0 {
		h.lost = nil
	}
	return pause
}
