package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

const (
	// copyShare bounds what copies cost: of large frontiers they are made less often.
	copyShare = 20 // times as long as reading and writing took is waited

	copiesKept   = 2
	leftPatience = 30 * time.Second
)

// frontierPrefix is where the ranges of a generation stand in object storage:
//
//	frontier/COLLECTION/GENERATION/rNN/EPOCH.claim              JSON: who, when
//	frontier/COLLECTION/GENERATION/rNN/EPOCH-NUMBER-LOG-PLACE.copy  JSON line, then frontier.Export; LOG: when the log was made, in µs
func frontierPrefix(collection string, generation int) string {
	return fmt.Sprintf("frontier/%s/%d/", collection, generation)
}

func rangePrefix(collection string, generation, i int) string {
	return fmt.Sprintf("%sr%02d/", frontierPrefix(collection, generation), i)
}

// A rangeState is what object storage holds of a range.
type rangeState struct {
	epoch  uint64 // of the newest claim
	claims []string
	copies []copyName // oldest first
}

// newest is the last copy; zero: there is none.
func (st *rangeState) newest() (c copyName) {
	if st != nil && len(st.copies) > 0 {
		c = st.copies[len(st.copies)-1]
	}
	return c
}

// A copyName is what the name of a copy tells.
type copyName struct {
	key      string
	epoch    uint64
	number   int
	log      int64
	position uint64
}

func parseCopy(key string) (c copyName, ok bool) {
	text, ok := strings.CutSuffix(path.Base(key), ".copy")
	parts := strings.Split(text, "-")
	if !ok || len(parts) != 4 {
		return c, false
	}
	var err [4]error
	c.key = key
	c.epoch, err[0] = strconv.ParseUint(parts[0], 10, 64)
	c.number, err[1] = strconv.Atoi(parts[1])
	c.log, err[2] = strconv.ParseInt(parts[2], 10, 64)
	c.position, err[3] = strconv.ParseUint(parts[3], 10, 64)
	return c, errors.Join(err[:]...) == nil
}

// rangeStates reads the names below a prefix, by range.
func (n *Node) rangeStates(ctx context.Context, prefix string) (map[int]*rangeState, error) {
	names, err := n.blobs.List(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("node: ranges of a crawl: %w", err)
	}
	out := map[int]*rangeState{}
	for _, key := range names { // sorted, and numbers have leading zeros
		number, ok := strings.CutPrefix(path.Base(path.Dir(key)), "r")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i < 0 || i >= crawlRanges {
			continue
		}
		st := out[i]
		if st == nil {
			st = &rangeState{}
			out[i] = st
		}
		if text, ok := strings.CutSuffix(path.Base(key), ".claim"); ok {
			if epoch, err := strconv.ParseUint(text, 10, 64); err == nil {
				st.epoch, st.claims = max(st.epoch, epoch), append(st.claims, key)
			}
		} else if c, ok := parseCopy(key); ok {
			st.copies = append(st.copies, c)
		}
	}
	return out, nil
}

// A copyHead is the first line of a copy.
type copyHead struct {
	Node     string    `json:"node"`
	At       time.Time `json:"at"`
	Epoch    uint64    `json:"epoch"`
	Crawl    int64     `json:"crawl"` // number of the crawl that was begun
	Log      time.Time `json:"log"`   // when the log was made
	Position uint64    `json:"position"`
}

// claim makes a range ours in the next epoch, with the newest that is known of it: what
// is here, or the newest copy, if another process had it since.
func (s *sharing) claim(ctx context.Context, i int, lease *bus.Lease) error {
	prefix := rangePrefix(s.name, s.generation, i)
	all, err := s.node.rangeStates(ctx, prefix)
	if err != nil {
		return err
	}
	s.mu.Lock()
	here := s.parts[i]
	s.mu.Unlock()
	st, epoch := all[i], here.epoch+1
	if st != nil {
		epoch = max(epoch, st.epoch+1)
	}
	err = s.node.blobs.Create(ctx, fmt.Sprintf("%s%020d.claim", prefix, epoch), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(map[string]any{"node": s.node.cfg.Name, "at": time.Now().UTC()})
	})
	if err != nil {
		return fmt.Errorf("node: claim: %w", err)
	}
	next := part{lease: lease, epoch: epoch, position: here.position, crawl: here.crawl, behind: true}
	if c := st.newest(); c.epoch > here.epoch {
		head, err := s.load(ctx, i, c.key)
		if err != nil {
			return err
		}
		next.crawl, next.position = head.Crawl, 0
		if head.Log.Equal(s.logMade()) {
			next.position = head.Position
		}
	}
	s.mu.Lock()
	s.parts[i] = next
	s.mu.Unlock()
	return s.remember()
}

// outdated drops what is here of ranges that other processes have, as soon as copies
// of theirs stand: until then this may be the newest that is left.
func (s *sharing) outdated(ctx context.Context) error {
	s.mu.Lock()
	stale := map[int]uint64{}
	for i, p := range s.parts {
		if p.lease == nil && p.epoch > 0 {
			stale[i] = p.epoch
		}
	}
	s.mu.Unlock()
	if len(stale) == 0 {
		return nil
	}
	all, err := s.node.rangeStates(ctx, frontierPrefix(s.name, s.generation))
	if err != nil {
		return err
	}
	for i, epoch := range stale {
		if c := all[i].newest(); c.epoch > epoch {
			err = errors.Join(err, s.forget(i))
		}
	}
	return err
}

// forget drops what is here of a range; first it is written down that nothing is.
func (s *sharing) forget(i int) error {
	s.mu.Lock()
	s.parts[i] = part{}
	s.mu.Unlock()
	if err := s.remember(); err != nil {
		return err
	}
	return s.c.Drop(rangeAt(i))
}

func (s *sharing) logMade() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.created
}

// load brings a copy in.
func (s *sharing) load(ctx context.Context, i int, key string) (head copyHead, err error) {
	obj, err := s.node.blobs.Open(ctx, key)
	if err != nil {
		return head, fmt.Errorf("node: copy: %w", err)
	}
	defer obj.Close()
	line, rest, _ := bytes.Cut(obj.Bytes(), []byte("\n"))
	if err := json.Unmarshal(line, &head); err != nil {
		return head, fmt.Errorf("node: %s is corrupt: %w", key, err)
	}
	if err := s.c.Import(rangeAt(i), bytes.NewReader(rest)); err != nil {
		return head, fmt.Errorf("node: %s: %w", key, err)
	}
	s.log.Info("goes on from a copy", "range", i, "of", head.Node, "made", head.At)
	return head, nil
}

// copyAll makes copies of our ranges from time to time, until ctx ends.
func (s *sharing) copyAll(ctx context.Context) {
	wait := s.every
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		cost := time.Duration(0)
		for _, i := range s.ranges() {
			took, err := s.copy(ctx, i)
			if cost += took; err != nil && ctx.Err() == nil {
				s.log.Warn("a range was not copied; it is tried again", "range", i, "err", err)
			}
		}
		if err := s.tidy(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("old copies, or what they have of the log of found addresses, are not deleted; it is tried again", "err", err)
		}
		wait = max(s.every, copyShare*cost)
	}
}

// copy writes what is known of a range to object storage, if anything is new. It
// tells what that took, without waiting for what goes out.
func (s *sharing) copy(ctx context.Context, i int) (took time.Duration, err error) {
	s.copying.Lock()
	defer s.copying.Unlock()
	s.mu.Lock()
	p, created := s.parts[i], s.created
	s.mu.Unlock()
	changes := s.c.Changes()
	if p.lease == nil || p.copies > 0 && p.changes == changes && p.copied == p.position {
		return 0, nil
	}
	start := time.Now()
	f, err := os.CreateTemp(s.node.scratch(), "range-")
	if err != nil {
		return 0, fmt.Errorf("node: copy: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	mark, err := s.export(f, i, copyHead{Node: s.node.cfg.Name, At: start.UTC(), Epoch: p.epoch, Crawl: p.crawl, Log: created, Position: p.position})
	if err != nil {
		return 0, fmt.Errorf("node: copy: %w", err)
	}
	took = time.Since(start)
	if err := s.gone(ctx, mark); err != nil {
		return took, err
	}
	if !p.lease.Held() {
		return took, errLeaseLost
	}
	start = time.Now()
	prefix := rangePrefix(s.name, s.generation, i)
	key := fmt.Sprintf("%s%020d-%06d-%020d-%020d.copy", prefix, p.epoch, p.copies+1, created.UnixMicro(), p.position)
	if err := s.node.blobs.Create(ctx, key, copyFrom(f)); err != nil {
		return took, fmt.Errorf("node: copy: %w", err)
	}
	s.mu.Lock()
	if q := &s.parts[i]; q.epoch == p.epoch {
		q.copies, q.changes, q.copied = p.copies+1, changes, p.position
	}
	s.mu.Unlock()
	return took + time.Since(start), nil
}

// export writes a copy to a file, and stands at its begin after that.
func (s *sharing) export(f *os.File, i int, head copyHead) (mark frontier.Mark, err error) {
	w := bufio.NewWriter(f)
	if err := json.NewEncoder(w).Encode(head); err != nil {
		return mark, err
	}
	if mark, err = s.c.Export(rangeAt(i), w); err != nil {
		return mark, err
	}
	if err := w.Flush(); err != nil {
		return mark, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return mark, err
}

// gone waits until what was to go out at a mark has arrived: a copy that knows of a
// page whose document has not would lose it, should this process be lost.
func (s *sharing) gone(ctx context.Context, mark frontier.Mark) error {
	ctx, cancel := context.WithTimeout(ctx, leftPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !s.c.Left(mark) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("node: copy: documents wait for their log: %w", ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// tidy deletes what newer claims and copies of our ranges have made void, and from the
// log what all ranges have in their copies.
func (s *sharing) tidy(ctx context.Context) error {
	all, err := s.node.rangeStates(ctx, frontierPrefix(s.name, s.generation))
	if err != nil {
		return err
	}
	for _, i := range s.ranges() {
		if st := all[i]; st != nil {
			for _, key := range st.void() {
				if err := s.node.blobs.Delete(ctx, key); err != nil && !errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("node: copy: %w", err)
				}
			}
		}
	}
	made, upTo := s.logMade().UnixMicro(), ^uint64(0)
	for i := range crawlRanges {
		st := all[i]
		if st == nil || len(st.copies) == 0 {
			return nil
		}
		for _, c := range st.copies { // the older one too: it may be needed
			if c.log != made {
				return nil
			}
			upTo = min(upTo, c.position)
		}
	}
	if upTo == 0 {
		return nil
	}
	return s.links.Purge(ctx, upTo)
}

// void takes from a state what is not needed any more, and gives its names.
func (st *rangeState) void() (old []string) {
	n := max(0, len(st.copies)-copiesKept)
	for _, c := range st.copies[:n] {
		old = append(old, c.key)
	}
	st.copies = st.copies[n:]
	return append(old, st.claims[:max(0, len(st.claims)-1)]...)
}
