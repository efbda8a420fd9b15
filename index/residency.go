package index

import (
	"sync"
	"time"

	"github.com/trawlsearch/trawl/index/internal/gate"
	"github.com/trawlsearch/trawl/index/stored"
	"github.com/trawlsearch/trawl/internal/durable"
)

// # What is in memory
//
// Every byte of a mapped object passes its gate (package gate): a search that needs
// what is not in memory waits in a system call, and holds up nobody else.
//
// An index of at most ResidentBytes, half of the memory if nobody says, is made resident: a goroutine brings in all
// of it after it was opened, and checks it, so that searches find it there. Of a larger
// one each search brings in what it needs. In both cases the goroutine asks the
// system every ten seconds what it has taken back.

const (
	// sampleEvery is how long the gates may take for resident what the system has
	// taken: a read of it is a page fault.
	sampleEvery = 10 * time.Second

	// residentShare of memory is the largest index that is made resident: the rest
	// is for the heap, and for the page cache of merges.
	residentShare = 2

	// Chunks between two looks whether a segment is to be closed: 1 MiB of reading,
	// 1 GB of sampling, either 1 ms.
	warmChunks   = 16
	sampleChunks = 16 << 10
)

// shared is what all snapshots of one Open with its Reloads, or of one Writer, have
// in common.
type shared struct {
	cache  *stored.Cache
	keeper keeper
}

func newShared() *shared {
	s := &shared{cache: stored.NewCache(0)}
	s.keeper.init(durable.Memory())
	return s
}

// resident sets what is made resident at most: 0 changes nothing, less is nothing.
func (s *shared) resident(bytes int64) *shared {
	if bytes != 0 {
		s.keeper.limit = max(bytes, 0)
	}
	return s
}

// A keeper knows the mapped segments that are open, and has a goroutine as long as
// there are any. Any number of goroutines.
type keeper struct {
	limit int64 // bytes that are made resident at most
	wake  chan struct{}

	mu      sync.Mutex
	changed sync.Cond        // of busy and running
	open    map[*body]uint64 // chunk up to which each was made resident
	bytes   int64            // of open
	busy    *body            // is worked on, and not to be closed
	running bool
}

func (k *keeper) init(memory int64) {
	k.limit = memory / residentShare
	k.wake = make(chan struct{}, 1)
	k.changed.L = &k.mu
	k.open = map[*body]uint64{}
}

// add takes a segment that was opened into its care.
func (k *keeper) add(b *body) {
	if pagerOf(b.object) == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open[b] = 0
	k.bytes += b.object.Size()
	if !k.running {
		k.running = true
		go k.run()
	}
	k.signal()
}

// drop gives up a segment, which may be closed then. It waits for 1 ms at most, of a
// disk of 1 GB/s, and with the last segment for the goroutine.
func (k *keeper) drop(b *body) {
	if pagerOf(b.object) == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, b)
	k.bytes -= b.object.Size()
	k.signal()
	for k.busy == b || k.running && len(k.open) == 0 {
		k.changed.Wait()
	}
}

func (k *keeper) signal() {
	select {
	case k.wake <- struct{}{}:
	default: // it is awake
	}
}

func (k *keeper) run() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		sample := false
		select {
		case <-tick.C:
			sample = true
		case <-k.wake:
		}
		for _, b := range k.bodies() {
			if sample {
				k.each(b, 0, sampleChunks, (*gate.Object).Sample)
			}
			k.each(b, k.warmed(b), warmChunks, (*gate.Object).Warm)
		}
		if k.ended() {
			return
		}
	}
}

// ended tells whether there is nothing left to do, for ever.
func (k *keeper) ended() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running = len(k.open) > 0
	k.changed.Broadcast()
	return !k.running
}

func (k *keeper) bodies() (out []*body) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for b := range k.open {
		out = append(out, b)
	}
	return out
}

// warmed is the chunk from which on a segment is to be made resident, or the end.
func (k *keeper) warmed(b *body) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	from, open := k.open[b]
	if !open || k.bytes > k.limit {
		return uint64(b.file.Chunks().Chunks())
	}
	k.open[b] = uint64(b.file.Chunks().Chunks()) // once: what the system takes back it needs
	return from
}

// each does work on the chunks of a segment from one on, some at a time, until it is
// dropped.
func (k *keeper) each(b *body, from uint64, some int, work func(o *gate.Object, from uint64, n int) uint64) {
	chunks := b.file.Chunks()
	for from < uint64(chunks.Chunks()) && k.hold(b) {
		from = work(chunks, from, some)
		k.let()
	}
}

func (k *keeper) hold(b *body) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, open := k.open[b]; !open {
		return false
	}
	k.busy = b
	return true
}

func (k *keeper) let() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy = nil
	k.changed.Broadcast()
}

// Resident is how many bytes of the snapshot are in memory, and checked, and how many
// there are: of objects that are on the heap, those that were checked.
func (s *Snapshot) Resident() (ready, all int64) {
	for _, g := range s.segments {
		ready += min(int64(g.file.Chunks().ReadyChunks())*gate.ChunkBytes, g.Bytes())
		all += g.Bytes()
	}
	return ready, all
}
