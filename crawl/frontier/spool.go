package frontier

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
)

// spool is a durable queue of values with sequence numbers that are never given
// to other bytes: the outbox, and what goes out to other nodes. A value is handed
// out only when it is durable. Guarded by Frontier.mu.
type spool struct {
	kind    byte
	first   uint64        // the oldest that is still stored
	durable uint64        // those below this sequence number are synced
	more    chan struct{} // closed and replaced when durable grows
}

func spoolKey(kind byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(nodeKey(kind, 8), seq)
}

func spoolSeq(key []byte) uint64 {
	if len(key) != spoolLen {
		return 0
	}
	return binary.BigEndian.Uint64(key[3:])
}

// open finds where the spool begins; next is the sequence number that it gives next.
func (s *spool) open(f *Frontier, kind byte, next uint64) error {
	*s = spool{kind: kind, first: next, durable: next, more: make(chan struct{})}
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: spoolKey(kind, 0), UpperBound: spoolKey(kind, math.MaxUint64)})
	if err != nil {
		return err
	}
	if it.First() {
		s.first = spoolSeq(it.Key())
	}
	return it.Close()
}

// synced says that what is below next is durable.
func (s *spool) synced(next uint64) {
	if next > s.durable {
		s.durable = next
		s.wake()
	}
}

func (s *spool) wake() {
	close(s.more)
	s.more = make(chan struct{})
}

// drain gives fn the values in order and deletes each for which fn answers nil,
// until ctx ends or fn fails.
func (f *Frontier) drain(ctx context.Context, s *spool, fn func(seq uint64, value []byte) error) error {
	for {
		seq, more, err := f.head(s)
		if err != nil {
			return err
		}
		if more != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-more:
			}
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		v, err := f.spooled(s, seq)
		if err != nil {
			return err
		}
		if err := fn(seq, v); err != nil {
			return err
		}
		if err := f.taken(s, seq); err != nil {
			return err
		}
	}
}

// head is the oldest durable value, or what to wait for.
func (f *Frontier) head(s *spool) (uint64, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return 0, nil, f.broken
	}
	if s.first >= s.durable {
		return 0, s.more, nil
	}
	return s.first, nil, nil
}

func (f *Frontier) spooled(s *spool, seq uint64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	v, err := f.get(spoolKey(s.kind, seq))
	if err == nil && v == nil {
		err = fmt.Errorf("%w: %c entry %d is not there", errCorrupt, s.kind, seq)
	}
	if err != nil {
		return nil, f.fail("outbox", err)
	}
	return v, nil
}

// taken deletes a value. It needs no sync of its own: if the deletion is lost the
// same bytes are offered again.
func (f *Frontier) taken(s *spool, seq uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	if err := f.db.Delete(spoolKey(s.kind, seq), pebble.NoSync); err != nil {
		return f.fail("outbox", err)
	}
	s.first = seq + 1
	return nil
}
