package frontier

import (
	"context"
	"encoding/binary"
	"fmt"
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
	return f.drain(ctx, &f.outbox, func(seq uint64, value []byte) error {
		e, err := decodeEntry(value)
		if err != nil {
			return f.spoilt(err)
		}
		return fn(seq, e)
	})
}

// spoilt is fail for a value that cannot be read.
func (f *Frontier) spoilt(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail("outbox", err)
}

// send puts documents into the outbox.
func (w *write) send(list []Entry) {
	for i := range list {
		w.put(spoolKey(kindOutbox, w.f.meta.outboxNext), list[i].append(nil))
		w.f.meta.outboxNext++
	}
}

func (e *Entry) check() error {
	n := 0
	for _, doc := range e.Data {
		n += len(doc)
	}
	if len(e.Data) > maxEntryDocs || n > maxEntryBytes {
		return fmt.Errorf("frontier: commit: outbox entry of %d documents, %d bytes", len(e.Data), n)
	}
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
