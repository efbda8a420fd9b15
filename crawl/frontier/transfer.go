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

// A slot on its way from one node to another:
//
//	+------+---+------+-------+-----------------------------------+---+-------+---------+
//	| TRWX | 2 | slot | epoch | n × (length, key, length, value)  | 0 | count | SHA-256 |
//	| 4    | 1 | uv   | uv    | uv, bytes, uv, bytes              | 1 | uv    | 32      |
//	+------+---+------+-------+-----------------------------------+---+-------+---------+
//
// Keys are without their slot, in order; the sum is of all before it. What is
// derived (S keys, both indexes of content, totals) is made anew on arrival.
const (
	transferMagic    = "TRWX"
	maxTransferKey   = 64
	maxTransferValue = 64 << 10 // the largest is a U record: eight strings of 4 KiB
	transferChunk    = 1000     // records that one batch brings in or takes out
)

// Export writes a slot that is frozen and has no lease out.
func (f *Frontier) Export(slot uint16, out io.Writer) error {
	epoch, snap, err := f.snapshot(slot)
	if err != nil {
		return fmt.Errorf("frontier: export: %w", err)
	}
	defer snap.Close()
	if err := export(slot, epoch, snap, out); err != nil {
		return fmt.Errorf("frontier: export slot %d: %w", slot, err)
	}
	return nil
}

func (f *Frontier) snapshot(slot uint16) (uint64, *pebble.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.still(slot)
	if err != nil {
		return 0, nil, err
	}
	if n := f.flyingIn(slot); n > 0 {
		return 0, nil, fmt.Errorf("%w %d: %d leases are out", ErrSlot, slot, n)
	}
	return s.epoch, f.db.NewSnapshot(), nil
}

// still is the state of a slot that is frozen, and an error if it is not.
func (f *Frontier) still(slot uint16) (slotState, error) {
	s := f.slots[slot]
	switch {
	case f.broken != nil:
		return s, f.broken
	case slot >= slots:
		return s, fmt.Errorf("%w %d: there are %d", ErrSlot, slot, slots)
	case s.importing:
		return s, fmt.Errorf("%w %d: its import is not complete", ErrSlot, slot)
	case !s.frozen:
		return s, fmt.Errorf("%w %d: not frozen", ErrSlot, slot)
	}
	return s, nil
}

func export(slot uint16, epoch uint64, snap *pebble.Snapshot, out io.Writer) error {
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: slotKey(slot), UpperBound: slotKey(slot + 1)})
	if err != nil {
		return err
	}
	defer it.Close()
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(out, sum))
	b := append([]byte(transferMagic), recordVersion)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(slot)), epoch)
	w.Write(b) // its error comes with Flush
	count := uint64(0)
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		b = appendString(b[:0], string(it.Key()[2:]))
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

func (t *transfer) header(slot uint16) (epoch uint64, err error) {
	b, err := t.bytes(uint64(len(transferMagic)) + 1)
	if err != nil {
		return 0, err
	}
	if string(b[:4]) != transferMagic || b[4] < firstVersion || b[4] > recordVersion {
		return 0, fmt.Errorf("%w: no slot of a frontier, or one of a newer version: upgrade Trawl", errCorrupt)
	}
	got, err := t.uvarint(slots - 1)
	if err != nil {
		return 0, err
	}
	if uint16(got) != slot {
		return 0, fmt.Errorf("%w %d: the stream has slot %d", ErrSlot, slot, got)
	}
	return t.uvarint(1<<63 - 1)
}

// next is the next record, with its slot; a nil key: all were read, and they are
// what was written.
func (t *transfer) next(slot uint16) (key, value []byte, err error) {
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
	return append(slotKey(slot), key...), value, err
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
