package frontier

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

const recrawlChunk = 1024 // addresses queued in one batch: about 300 KB, 5 ms

// Recrawl queues known addresses that are not queued now, with what a
// conditional request needs: those of a host ("example.org", "example.org:8080"
// or an origin), or of all for "". It tells how many. Others may use the
// frontier meanwhile.
func (f *Frontier) Recrawl(ctx context.Context, host string) (int, error) {
	if host == "" {
		return f.RecrawlSlots(ctx, Range{0, slots})
	}
	origins := []string{host}
	if !strings.Contains(host, "://") {
		origins = []string{"https://" + host, "http://" + host}
	}
	total := 0
	for _, o := range origins {
		u, err := weburl.Parse(o)
		if err != nil || !u.IsWeb() {
			continue
		}
		from := hostOf(u).prefix(kindURL, 0)
		n, err := f.recrawl(ctx, from, successor(from))
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// RecrawlSlots is Recrawl of all that falls into a range.
func (f *Frontier) RecrawlSlots(ctx context.Context, r Range) (int, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	return f.recrawl(ctx, append(slotKey(r.From), kindURL), slotKey(r.To))
}

// recrawl queues what the U keys between two keys stand for.
func (f *Frontier) recrawl(ctx context.Context, from, to []byte) (total int, err error) {
	for from != nil {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		err := f.update("recrawl", nil, func(w *write) (err error) {
			from, err = w.requeue(from, to)
			total += w.added
			return err
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// successor is the first key behind those with a prefix.
func successor(prefix []byte) []byte {
	b := slices.Clone(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return b[:i+1]
		}
	}
	return slotKey(slots)
}

// requeue queues one chunk, from a key on, and answers where the next begins; nil
// at the end.
func (w *write) requeue(from, to []byte) (next []byte, err error) {
	f := w.f
	looked := 0
	err = f.scan(kindURL, from, func(key, value []byte) (bool, error) {
		if bytes.Compare(key, to) >= 0 {
			return false, nil
		}
		if looked++; looked > recrawlChunk {
			next = append([]byte{}, key...)
			return false, nil
		}
		rec, err := decodeURL(value)
		if err != nil || State(rec.state) == Queued || State(rec.state) == Held {
			return err == nil, err
		}
		id, k := prefixHost(key), weburl.Key(key[prefixLen:])
		if f.slots[id.slot].frozen {
			return true, nil
		}
		return true, w.again(&candidate{
			item: &Item{Again: true}, key: k, id: id,
		}, rec)
	})
	return next, err
}

// scan calls fn with each key of a kind that stands under a slot, from a key on,
// until fn answers false. Kinds lie side by side within a slot, so the cost is
// one seek for each slot in use.
func (f *Frontier) scan(kind byte, from []byte, fn func(key, value []byte) (bool, error)) error {
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: []byte{0, 0}, UpperBound: slotKey(slots)})
	if err != nil {
		return err
	}
	defer it.Close()
	if len(from) == 0 {
		from = []byte{0, 0, kind}
	}
	for ok := it.SeekGE(from); ok; {
		key := it.Key()
		if next := nextOfKind(key, kind); next != nil {
			ok = it.SeekGE(next)
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		more, err := fn(key, value)
		if err != nil || !more {
			return err
		}
		ok = it.Next()
	}
	return it.Error()
}
