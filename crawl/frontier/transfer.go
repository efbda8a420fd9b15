package frontier

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// A range of slots on its way from one node to another:
//
//	+------+---+------+------+-------+-----------------------------------+---+-------+---------+
//	| TRWX | 3 | from | to   | epoch | n × (length, key, length, value)  | 0 | count | SHA-256 |
//	| 4    | 1 | uv   | uv   | uv    | uv, bytes, uv, bytes              | 1 | uv    | 32      |
//	+------+---+------+------+-------+-----------------------------------+---+-------+---------+
//
// Keys are in order; the sum is of all before it. What is derived (S keys, both
// indexes of content, totals) is made anew on arrival.
const (
	transferMagic    = "TRWX"
	transferVersion  = 3
	maxTransferKey   = 64
	maxTransferValue = 64 << 10 // the largest is a U record: eight strings of 4 KiB
	transferChunk    = 1000     // records that one batch brings in or takes out
)

// Export writes a range as it stands; leases that are out are still queued in it.
// The answer is what Left wants to know.
func (f *Frontier) Export(r Range, out io.Writer) (Mark, error) {
	epoch, mark, snap, err := f.snapshot(r)
	if err != nil {
		return mark, fmt.Errorf("frontier: export: %w", err)
	}
	defer snap.Close()
	if err := export(r, epoch, snap, out); err != nil {
		return mark, fmt.Errorf("frontier: export %v: %w", r, err)
	}
	return mark, nil
}

// A Mark is a place in what goes out.
type Mark struct{ outbox, outbound uint64 }

// Left tells whether all that was to go out at the time of a mark has gone.
func (f *Frontier) Left(m Mark) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.outbox.first >= m.outbox && f.outbound.first >= m.outbound
}

func (f *Frontier) snapshot(r Range) (epoch uint64, mark Mark, snap *pebble.Snapshot, err error) {
	if err := r.check(); err != nil {
		return 0, mark, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return 0, mark, nil, f.broken
	}
	for slot := r.From; slot < r.To; slot++ {
		s := f.slots[slot]
		if s.importing {
			return 0, mark, nil, fmt.Errorf("%w %d: its import is not complete", ErrSlot, slot)
		}
		epoch = max(epoch, s.epoch)
	}
	return epoch, Mark{f.meta.outboxNext, f.meta.outboundNext}, f.db.NewSnapshot(), nil
}

func export(r Range, epoch uint64, snap *pebble.Snapshot, out io.Writer) error {
	it, err := snap.NewIter(r.bounds())
	if err != nil {
		return err
	}
	defer it.Close()
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(out, sum))
	b := append([]byte(transferMagic), transferVersion)
	for _, n := range []uint64{uint64(r.From), uint64(r.To), epoch} {
		b = binary.AppendUvarint(b, n)
	}
	w.Write(b) // its error comes with Flush
	count := uint64(0)
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		b = appendString(b[:0], string(it.Key()))
		w.Write(append(binary.AppendUvarint(b, uint64(len(v))), v...))
		count++
	}
	if err := it.Error(); err != nil {
		return err
	}
	w.Write(binary.AppendUvarint([]byte{0}, count))
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = out.Write(sum.Sum(nil))
	return err
}

// transfer reads what Export wrote.
type transfer struct {
	r     *bufio.Reader
	sum   hash.Hash
	count uint64
	seq   uint64 // the last place in a queue
}

func (t *transfer) ReadByte() (byte, error) {
	c, err := t.r.ReadByte()
	if err == nil {
		t.sum.Write([]byte{c})
	}
	return c, err
}

func (t *transfer) uvarint(limit uint64) (uint64, error) {
	v := uint64(0)
	for shift := 0; ; shift += 7 {
		c, err := t.ReadByte()
		if err != nil {
			return 0, whole(err)
		}
		if v |= uint64(c&0x7F) << shift; shift > 63 || v > limit {
			return 0, fmt.Errorf("%w: a number beyond %d", errCorrupt, limit)
		}
		if c < 0x80 {
			return v, nil
		}
	}
}

func (t *transfer) bytes(n uint64) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(t.r, b)
	t.sum.Write(b)
	return b, whole(err)
}

// whole makes an early end a torn stream.
func whole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the stream ends early", errCorrupt)
	}
	return err
}

func (t *transfer) header(r Range) (epoch uint64, err error) {
	b, err := t.bytes(uint64(len(transferMagic)) + 1)
	if err != nil {
		return 0, err
	}
	if string(b[:4]) != transferMagic || b[4] != transferVersion {
		return 0, fmt.Errorf("%w: no slots of a frontier, or of another version of Trawl", errCorrupt)
	}
	from, err := t.uvarint(slots)
	if err != nil {
		return 0, err
	}
	to, err := t.uvarint(slots)
	if err != nil {
		return 0, err
	}
	if got := (Range{uint16(from), uint16(to)}); got != r {
		return 0, fmt.Errorf("%w: the stream has %v, not %v", ErrSlot, got, r)
	}
	return t.uvarint(1<<63 - 1)
}

// next is the next record; a nil key: all were read, and they are what was written.
func (t *transfer) next() (key, value []byte, err error) {
	n, err := t.uvarint(maxTransferKey)
	if err != nil {
		return nil, nil, err
	}
	if n == 0 {
		return nil, nil, t.end()
	}
	if key, err = t.bytes(n); err != nil {
		return nil, nil, err
	}
	if n, err = t.uvarint(maxTransferValue); err != nil {
		return nil, nil, err
	}
	value, err = t.bytes(n)
	t.count++
	return key, value, err
}

func (t *transfer) end() error {
	n, err := t.uvarint(1<<63 - 1)
	if err != nil {
		return err
	}
	if n != t.count {
		return fmt.Errorf("%w: %d records of %d", errCorrupt, t.count, n)
	}
	want := t.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(t.r, got); err != nil {
		return whole(err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: the sum is wrong", errCorrupt)
	}
	return nil
}
