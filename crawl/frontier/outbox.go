package frontier

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Outbox gives fn the entries in the order of their sequence numbers, and waits
// for more, until ctx ends or fn fails; it answers with the error of either. An
// entry for which fn returned nil is deleted; after a crash fn may see it again,
// byte for byte the same. e is valid until fn returns. One goroutine at a time.
func (f *Frontier) Outbox(ctx context.Context, fn func(seq uint64, e Entry) error) error {
	for {
		seq, more, err := f.outboxHead()
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
		e, err := f.outboxEntry(seq)
		if err != nil {
			return err
		}
		if err := fn(seq, e); err != nil {
			return err
		}
		if err := f.outboxTaken(seq); err != nil {
			return err
		}
	}
}

// outboxHead is the oldest durable entry, or what to wait for.
func (f *Frontier) outboxHead() (uint64, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return 0, nil, f.broken
	}
	if f.outboxFirst >= f.durable {
		return 0, f.outboxMore, nil
	}
	return f.outboxFirst, nil, nil
}

func (f *Frontier) outboxEntry(seq uint64) (Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return Entry{}, f.broken
	}
	v, err := f.get(outboxKey(seq))
	if err == nil && v == nil {
		err = fmt.Errorf("%w: outbox entry %d is not there", errCorrupt, seq)
	}
	if err != nil {
		return Entry{}, f.fail("outbox", err)
	}
	e, err := decodeEntry(v)
	if err != nil {
		return Entry{}, f.fail("outbox", err)
	}
	return e, nil
}

// outboxTaken deletes an entry. It needs no sync of its own: if the deletion is
// lost the same bytes are offered again.
func (f *Frontier) outboxTaken(seq uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	if err := f.db.Delete(outboxKey(seq), pebble.NoSync); err != nil {
		return f.fail("outbox", err)
	}
	f.outboxFirst = seq + 1
	return nil
}
