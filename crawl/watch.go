package crawl

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// Underway is a page that is leased and not yet handed to the committer.
type Underway struct {
	URL   weburl.URL
	Stage string // what is being done: robots, fetch, read, render or commit
	Since time.Time
}

// Pages under way are looked at once in a while; a page whose every limit of time was
// used up takes less than longAfter.
const (
	watchEvery = time.Minute
	longAfter  = 5 * time.Minute
)

type stage int32

const (
	stageRobots stage = iota // resolving the name, and asking robots.txt
	stageFetch
	stageRead
	stageRender
	stageCommit // waiting for room among what waits for its commit
)

var stageNames = [...]string{"robots", "fetch", "read", "render", "commit"}

// An inHand is one page that a worker has in hand.
type inHand struct {
	url   weburl.URL
	since time.Time
	stage atomic.Int32
	told  bool // that it takes long; watch.mu guards it
}

func (h *inHand) at(s stage) { h.stage.Store(int32(s)) }

func (h *inHand) view() Underway {
	return Underway{h.url, stageNames[h.stage.Load()], h.since}
}

// A watch knows what the workers have in hand, so that a crawl that stands still can
// say where.
type watch struct {
	mu    sync.Mutex
	pages map[*inHand]struct{}
}

func (w *watch) begin(u weburl.URL) *inHand {
	h := &inHand{url: u, since: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages == nil {
		w.pages = map[*inHand]struct{}{}
	}
	w.pages[h] = struct{}{}
	return h
}

func (w *watch) end(h *inHand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pages, h)
}

// oldest is the page that was begun first; the zero Underway if there is none.
func (w *watch) oldest() (out Underway) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for h := range w.pages {
		if out.Since.IsZero() || h.since.Before(out.Since) {
			out = h.view()
		}
	}
	return out
}

// long are the pages that were begun before a time, each once.
func (w *watch) long(before time.Time) (out []Underway) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for h := range w.pages {
		if !h.told && h.since.Before(before) {
			h.told = true
			out = append(out, h.view())
		}
	}
	return out
}

// watchOver logs what takes longer than anything should.
func (c *Crawler) watchOver(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, p := range c.watch.long(now.Add(-longAfter)) {
				c.log.Warn("crawl: a page takes long: please report it", "url", p.URL.String(), "stage", p.Stage, "since", p.Since)
			}
		}
	}
}
