package node

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
)

// A board holds the last word of every crawler and indexer, as they announce
// it. Words may be lost: each is said again within seconds. Any goroutine may
// call it.
type board struct {
	mu      sync.Mutex
	crawls  map[string]map[string]crawlReport // by collection and node
	commits map[string]commitNote
	waiting map[string]map[chan struct{}]bool
}

func newBoard() *board {
	return &board{crawls: map[string]map[string]crawlReport{}, commits: map[string]commitNote{}, waiting: map[string]map[chan struct{}]bool{}}
}

const crawlSubject = "status.crawl."

// run listens until ctx ends.
func (b *board) run(ctx context.Context, listen func(ctx context.Context, subject string, fn func(string, []byte)) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	go func() { errs <- listen(ctx, crawlSubject+">", b.crawl) }()
	go func() { errs <- listen(ctx, "manifest.>", b.commit) }()
	err := <-errs // whichever ends, for good or ill, ends the other
	cancel()
	<-errs
	return err
}

func (b *board) crawl(subject string, data []byte) {
	var r crawlReport
	if json.Unmarshal(data, &r) != nil {
		return // not ours: anybody may speak on the broker
	}
	name := strings.TrimPrefix(subject, crawlSubject)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.crawls[name] == nil {
		b.crawls[name] = map[string]crawlReport{}
	}
	b.crawls[name][r.Node] = r
}

func (b *board) commit(subject string, data []byte) {
	var note commitNote
	if json.Unmarshal(data, &note) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.TrimPrefix(subject, "manifest.")
	old := b.commits[name]
	if note.Trouble != "" {
		old.Trouble = note.Trouble // what was committed stays committed
		b.commits[name] = old
		return
	}
	b.commits[name] = note
	if note.Committed != old.Committed {
		b.wakeLocked(name)
	}
}

// wake makes those who follow the partition look again.
func (b *board) wake(p partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakeLocked(p.String())
}

func (b *board) wakeLocked(name string) {
	for ch := range b.waiting[name] {
		select {
		case ch <- struct{}{}:
		default: // it is awake already
		}
	}
}

// subscribe returns a channel that is sent to when the partition has a new commit.
func (b *board) subscribe(p partition) (wake <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[p.String()] == nil {
		b.waiting[p.String()] = map[chan struct{}]bool{}
	}
	b.waiting[p.String()][ch] = true
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.waiting[p.String()], ch)
	}
}

func (b *board) lastCommit(p partition) (commitNote, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note, ok := b.commits[p.String()]
	return note, ok
}
