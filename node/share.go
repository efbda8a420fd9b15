package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/internal/durable"
)

// Processes on one broker share each crawl. The slots, into which registrable
// domains fall, are dealt out in ranges:
//
//	lease of the broker     one a range; only saves work
//	claim in object storage frontier/COLLECTION/GENERATION/rNN/EPOCH.claim, created
//	                        once: the epoch of who has the range, the fence
//	copy in object storage  beside it: what the frontier knew of the range, to go on
//	                        from elsewhere
//	log of the collection   addresses that one process found for another's range
//
// Who has fewer ranges than its share takes free ones; who has more gives some up:
// it stops leasing their pages, waits for those under way, writes a copy and
// releases the lease. A process that dies is followed within a lease's life, from
// its last copy; what the log got since then is read again, and pages fetched since
// then are fetched again. One that lost a lease leaves the range alone at once, and
// goes on with it if nobody claimed it meanwhile.
const (
	crawlRanges = 16
	rangeSlots  = frontier.Slots / crawlRanges

	shareLook     = 2 * time.Second  // between looks at who has what
	giveWait      = time.Minute      // for pages under way when a range is given up: what takes longer is fetched again
	loseWait      = 5 * time.Second  // likewise when it was lost, or the process ends
	leaveWait     = 20 * time.Second // for the copies of all ranges, when the process ends
	keepPositions = 5 * time.Second
)

func rangeAt(i int) frontier.Range {
	return frontier.Range{From: uint16(i * rangeSlots), To: uint16((i + 1) * rangeSlots)}
}

// A sharing is this process's share of one crawl.
type sharing struct {
	*crawler
	name, dir  string
	generation int
	every      time.Duration // between copies
	log        *slog.Logger
	c          *crawl.Crawler // from run on
	links      *bus.Log

	owned atomic.Uint32 // a bit a range; what frontier.Options.Owns answers by
	sent  atomic.Uint64 // place of the last addresses that went out from here
	began sync.Mutex    // held while a crawl begins, and while a range does
	crawl int64         // number of the crawl that began; guarded by began
	ready chan struct{} // closed when a crawl has begun: from then on ranges are taken
	once  sync.Once     // closes it

	copying   sync.Mutex     // held while a copy is made
	answering sync.WaitGroup // for questions about ranges

	mu      sync.Mutex // held while addresses from the log are added
	parts   [crawlRanges]part
	reread  context.CancelFunc // ends the reading of the log: a range stands before its place
	created time.Time          // of the log
}

// A part is a range that this process has or had.
type part struct {
	lease    *bus.Lease // nil: it is not ours
	epoch    uint64     // of what is here; 0: nothing, or from before there were processes
	position uint64     // in the log: what came before is added
	crawl    int64      // number of the crawl that began with it; 0: none
	behind   bool       // the log is not read from position on yet
	copies   int        // that were made in this epoch
	changes  int64      // of the crawler, when the last one was made,
	copied   uint64     // and position
	answers  context.CancelFunc
}

func newSharing(ctx context.Context, x *crawler, name string, generation int, dir string, log *slog.Logger) (*sharing, error) {
	s := &sharing{
		crawler: x, name: name, generation: generation, dir: dir, log: log,
		every: max(time.Second, x.node.cfg.CrawlCopy), ready: make(chan struct{}), reread: func() {},
	}
	if err := s.recall(); err != nil {
		return nil, err
	}
	var err error
	if s.links, err = x.node.bus.Log(ctx, "FRONTIER_"+name, bus.LogOptions{MaxBytes: x.node.cfg.LogBytes}); err != nil {
		return nil, err
	}
	st, err := s.links.Stats(ctx)
	if err != nil {
		return nil, err
	}
	s.newLog(st.Created)
	return s, nil
}

func (s *sharing) options() crawl.Share {
	return crawl.Share{
		Owns: func(slot uint16) bool { return s.owns(int(slot / rangeSlots)) },
		Held: func(slot uint16) bool { return s.holds(int(slot / rangeSlots)) },
		Send: s.send,
		Elsewhere: func() int64 {
			return s.node.board.pagesElsewhere(s.name, s.node.cfg.Name)
		},
	}
}

// holds tells whether the lease of a range is ours at this moment.
func (s *sharing) holds(i int) bool {
	s.mu.Lock()
	l := s.parts[i].lease
	s.mu.Unlock()
	return l != nil && l.Held()
}

// own makes a range ours or not. The lock keeps it from changing while addresses from
// the log are added.
func (s *sharing) own(i int, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.owned.Or(1 << i)
	} else {
		s.owned.And(^uint32(1 << i))
	}
}

func (s *sharing) owns(i int) bool { return s.owned.Load()&(1<<i) != 0 }

// ranges are those that are ours.
func (s *sharing) ranges() []int {
	var out []int
	for i := range crawlRanges {
		if s.owns(i) {
			out = append(out, i)
		}
	}
	return out
}

// run takes part in the crawl until ctx ends, then leaves it.
func (s *sharing) run(ctx context.Context, c *crawl.Crawler) error {
	s.c = c
	var work sync.WaitGroup
	own, cancel := context.WithCancel(ctx)
	work.Go(func() { s.read(own) })
	work.Go(func() { s.copyAll(own) })
	work.Go(func() { s.obey(own) })
	s.balance(ctx)
	cancel()
	work.Wait()
	return s.leave(context.WithoutCancel(ctx))
}

// balance takes and gives ranges until ctx ends.
func (s *sharing) balance(ctx context.Context) {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(shareLook)
	defer tick.Stop()
	kept := time.Now()
	for {
		changed := s.crew.changed()
		if err := s.step(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("the share of the crawl is not as it should be; it is looked at again", "err", err)
		}
		if time.Since(kept) > keepPositions {
			kept = time.Now()
			if err := errors.Join(s.remember(), s.outdated(ctx)); err != nil && ctx.Err() == nil {
				s.log.Warn("what is known of the shared crawl is not kept", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-changed:
		}
	}
}

// step does what is due: it lets go what was lost, gives what is too much, takes
// what is lacking and free.
func (s *sharing) step(ctx context.Context) error {
	if err := s.lose(); err != nil {
		return err
	}
	order, room := s.preference(), s.crew.share(s.name, s.node.cfg.Name)-len(s.ranges())
	for _, i := range slices.Backward(order) { // the least liked first
		if room < 0 && s.owns(i) {
			if err := s.give(ctx, i); err != nil {
				return err
			}
			room++
		}
	}
	for _, i := range order {
		if room <= 0 || ctx.Err() != nil {
			break
		}
		if s.owns(i) {
			continue
		}
		lease, err := s.node.bus.TryAcquire(ctx, s.lease(i), s.node.cfg.Name)
		if errors.Is(err, bus.ErrHeld) {
			continue
		}
		if err == nil {
			err = s.take(ctx, i, lease)
		}
		if err != nil {
			return err
		}
		room--
	}
	return nil
}

func (s *sharing) lease(i int) string {
	return fmt.Sprintf("crawl.%s.g%03d.r%02d", s.name, s.generation, i)
}

// preference is the order in which this process wants ranges, as highest random
// weight has it (Thaler and Ravishankar, 1998): it comes back to those it had.
func (s *sharing) preference() []int {
	weight := func(i int) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s/%d/%s", s.node.cfg.Name, i, s.name)
		return h.Sum64() * 0x9E3779B97F4A7C15
	}
	order := make([]int, crawlRanges)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if weight(a) > weight(b) {
			return -1
		}
		return 1
	})
	return order
}

// take begins with a range whose lease was just acquired.
func (s *sharing) take(ctx context.Context, i int, lease *bus.Lease) error {
	if err := s.claim(ctx, i, lease); err != nil {
		s.release(ctx, lease)
		return fmt.Errorf("range %d was not taken: %w", i, err)
	}
	s.began.Lock()
	defer s.began.Unlock()
	err := s.resume(i)
	if src := s.source(); err == nil && src != nil {
		err = s.c.Seed(rangeAt(i), src.Seeds, src.Sitemaps)
	}
	s.mu.Lock()
	p := &s.parts[i]
	begun, epoch := p.crawl, p.epoch
	p.crawl = s.crawl
	s.mu.Unlock()
	if err == nil && begun > 0 && begun < s.crawl {
		err = s.c.RecrawlRange(ctx, rangeAt(i)) // by the crawl that began meanwhile
	}
	if err != nil {
		s.release(ctx, lease) // which ends it, and lose sees to the rest
		return err
	}
	s.answer(i)
	s.log.Info("crawls a range", "range", i, "epoch", epoch)
	return nil
}

// resume lets a range that is claimed go on, and reads from the log what it missed.
func (s *sharing) resume(i int) error {
	s.own(i, true)
	s.mu.Lock()
	epoch := s.parts[i].epoch
	s.parts[i].behind = true
	s.reread()
	s.mu.Unlock()
	return s.c.Take(rangeAt(i), epoch)
}

// begin lets a crawl begin with our ranges; those taken later follow.
func (s *sharing) begin(number int64, fn func() error) error {
	s.began.Lock()
	defer s.began.Unlock()
	if err := fn(); err != nil {
		return err
	}
	s.crawl = number
	s.once.Do(func() { close(s.ready) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.ranges() {
		s.parts[i].crawl = number
	}
	return nil
}

func (s *sharing) source() *api.Source {
	col, err := s.node.catalog.Collection(s.name)
	if err != nil {
		return nil
	}
	return col.Source
}

// lose leaves ranges alone whose leases are over. What is here stays: if nobody
// claims a range it is gone on with.
func (s *sharing) lose() error {
	var lost []int
	for _, i := range s.ranges() {
		if !s.holds(i) {
			s.own(i, false)
			lost = append(lost, i)
		}
	}
	var errs []error
	for _, i := range lost {
		s.silence(i)
		s.mu.Lock()
		s.parts[i].lease = nil
		s.mu.Unlock()
		errs = append(errs, s.freeze(context.Background(), i, loseWait))
		s.log.Warn("a range of the crawl was lost: its lease was not renewed in time", "range", i)
	}
	return errors.Join(errs...)
}

// silence ends the answers for a range.
func (s *sharing) silence(i int) {
	s.mu.Lock()
	stop := s.parts[i].answers
	s.parts[i].answers = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// give hands a range to whoever takes it.
func (s *sharing) give(ctx context.Context, i int) error {
	s.mu.Lock()
	lease := s.parts[i].lease
	s.mu.Unlock()
	if err := s.hush(ctx, i, giveWait); err != nil {
		return errors.Join(err, s.resume(i)) // called off
	}
	s.silence(i)
	err := s.forget(i)
	s.log.Info("gave up a range for others", "range", i)
	s.release(ctx, lease) // the copy stands, whatever is left here
	return err
}

// hush ends the work on a range, and makes the copy that the next one goes on from.
func (s *sharing) hush(ctx context.Context, i int, patience time.Duration) error {
	if err := s.freeze(ctx, i, patience); err != nil {
		return err
	}
	s.own(i, false)
	_, err := s.copy(ctx, i)
	return err
}

// freeze lets no further page of a range be leased, and waits for those under way. Of
// one that takes longer nothing is kept: it is still queued in a copy.
func (s *sharing) freeze(ctx context.Context, i int, patience time.Duration) error {
	own, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.c.Freeze(own, rangeAt(i))
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (s *sharing) release(ctx context.Context, lease *bus.Lease) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := lease.Release(own); err != nil {
		s.log.Warn("lease not given back: it ends by itself within 15 s", "err", err)
	}
}

// leave makes copies of all ranges and lets others have them. What is here stays,
// for a process that comes back before anybody else took over.
func (s *sharing) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaveWait)
	defer cancel()
	var errs []error
	for _, i := range s.ranges() {
		errs = append(errs, s.hush(ctx, i, loseWait))
		s.own(i, false)
		s.silence(i)
	}
	s.answering.Wait()
	errs = append(errs, s.remember())
	for i := range s.parts {
		s.mu.Lock()
		lease := s.parts[i].lease
		s.parts[i].lease = nil
		s.mu.Unlock()
		if lease != nil {
			s.release(ctx, lease)
		}
	}
	return errors.Join(errs...)
}

// The file ranges.json beside the frontier tells what the ranges in it are.
type rangesFile struct {
	Log    time.Time         `json:"log"` // when the log was made
	Ranges map[int]rangeNote `json:"ranges"`
}

type rangeNote struct {
	Epoch    uint64 `json:"epoch"`
	Position uint64 `json:"position"`
	Crawl    int64  `json:"crawl"`
}

func (s *sharing) remember() error {
	s.mu.Lock()
	out := rangesFile{Log: s.created, Ranges: map[int]rangeNote{}}
	for i, p := range s.parts {
		if p.epoch > 0 {
			out.Ranges[i] = rangeNote{p.epoch, p.position, p.crawl}
		}
	}
	s.mu.Unlock()
	return durable.Replace(s.file(), func(w io.Writer) error { return json.NewEncoder(w).Encode(out) })
}

func (s *sharing) file() string { return filepath.Join(s.dir, "ranges.json") }

func (s *sharing) recall() error {
	body, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var in rangesFile
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		return fmt.Errorf("node: %s: %w", s.file(), err)
	}
	s.created = in.Log
	for i, note := range in.Ranges {
		if i >= 0 && i < crawlRanges {
			s.parts[i].epoch, s.parts[i].position, s.parts[i].crawl = note.Epoch, note.Position, note.Crawl
		}
	}
	return nil
}
