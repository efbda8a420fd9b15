package frontier

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// The value of an O key:
//
//	O  +---+------+-------+--------------------+
//	   | 1 | part | count | count × (len, ...) |
//	   | 1 | uv   | uv    | str                |
//	   +---+------+-------+--------------------+
const (
	maxEntryDocs  = 1000
	maxEntryBytes = 128 << 20
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

func (e *Entry) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = binary.AppendUvarint(dst, uint64(e.Part))
	dst = binary.AppendUvarint(dst, uint64(len(e.Data)))
	for _, doc := range e.Data {
		dst = append(binary.AppendUvarint(dst, uint64(len(doc))), doc...)
	}
	return dst
}

// decodeEntry returns slices of b.
func decodeEntry(b []byte) (Entry, error) {
	d := decoder{b: b}
	ver := d.byte()
	e := Entry{Part: d.uint32()}
	n := d.uvarint()
	if n > maxEntryDocs {
		d.bad = true
	}
	for ; n > 0 && !d.bad; n-- {
		e.Data = append(e.Data, d.bytes(d.uvarint()))
	}
	return e, d.end("outbox entry", ver)
}
