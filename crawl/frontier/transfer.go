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
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
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

// Import reads what Export wrote into a slot that holds nothing. The slot is
// frozen after that: Thaw lets it go on. If it fails, nothing of it stays.
func (f *Frontier) Import(slot uint16, r io.Reader) error {
	t := &transfer{r: bufio.NewReader(r), sum: sha256.New()}
	epoch, err := t.header(slot)
	if err != nil {
		return fmt.Errorf("frontier: import slot %d: %w", slot, err)
	}
	err = f.setSlot("import", slot, func(s *slotState) error {
		if s.importing {
			return fmt.Errorf("%w %d: it is being imported", ErrSlot, slot)
		}
		if epoch < s.epoch {
			return fmt.Errorf("%w %d: the stream is of epoch %d, but %d is known", ErrSlot, slot, epoch, s.epoch)
		}
		if empty, err := f.empty(slot); err != nil || !empty {
			return errors.Join(err, fmt.Errorf("%w %d: it holds something: Drop it first", ErrSlot, slot))
		}
		s.frozen, s.importing, s.epoch = true, true, epoch
		return nil
	})
	if err != nil {
		return err
	}
	var sums meta
	for more := true; more && err == nil; {
		more, err = f.bringIn(slot, t, &sums)
	}
	if err == nil {
		err = f.settleIn(slot, t, &sums)
	}
	if err != nil {
		return fmt.Errorf("frontier: import slot %d: %w", slot, errors.Join(err, f.abandon(slot)))
	}
	return nil
}

func (f *Frontier) empty(slot uint16) (bool, error) {
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: slotKey(slot), UpperBound: slotKey(slot + 1)})
	if err != nil {
		return false, err
	}
	found := it.First()
	return !found, it.Close()
}

// bringIn writes one chunk, and tells whether there may be more.
func (f *Frontier) bringIn(slot uint16, t *transfer, sums *meta) (more bool, err error) {
	type pair struct{ key, value []byte }
	var chunk []pair
	for more = true; more && len(chunk) < transferChunk; {
		key, value, err := t.next(slot)
		if err != nil {
			return false, err
		}
		if more = key != nil; more {
			chunk = append(chunk, pair{key, value})
		}
	}
	var bad error // of the stream: it is no fault of the store, which goes on
	err = f.update("import", nil, func(w *write) error {
		for _, p := range chunk {
			if bad = w.arrive(slot, p.key, p.value, t, sums); bad != nil {
				return nil
			}
		}
		return nil
	})
	return more, errors.Join(err, bad)
}

// arrive checks one record, and enters it and what is derived of it.
func (w *write) arrive(slot uint16, key, value []byte, t *transfer, sums *meta) error {
	var err error
	wrong := fmt.Errorf("%w: key %x", errCorrupt, key)
	site := binary.BigEndian.Uint64(append(slices.Clone(key[min(len(key), 3):]), make([]byte, 8)...))
	if len(key) < siteLen || slotOf(site) != slot {
		return wrong
	}
	long := func(n int) { // the length that the kind has
		if len(key) != n {
			err = wrong
		}
	}
	switch key[2] {
	case kindHost:
		var rec *hostRecord
		if long(prefixLen); err == nil {
			rec, err = decodeHost(value)
		}
		if err != nil {
			return err
		}
		rec.sched = w.now // it looks for itself what is due
		sums.hosts++
		w.put(schedKey(rec.sched, prefixHost(key)), nil)
		value = rec.append(nil)
	case kindURL:
		var rec *urlRecord
		if long(urlLen); err == nil {
			rec, err = decodeURL(value)
		}
		if err != nil {
			return err
		}
		sums.count(rec, +1)
		k := weburl.Key(key[prefixLen:])
		w.urls[k] = rec
		if rec.doc {
			err = w.enterContent(rec.hash, prefixHost(key).ref(k))
		}
	case kindSketch:
		var s *docSketch
		if long(urlLen); err == nil {
			s, err = decodeSketch(value)
		}
		if err != nil {
			return err
		}
		k := weburl.Key(key[prefixLen:])
		for _, b := range s.bands {
			w.put(bandKey(b, bandPlace(k)), prefixHost(key).ref(k).append(nil))
		}
	case kindQueue:
		if _, p, ok := decodeQueueKey(key); !ok || len(value) != 16 {
			err = wrong
		} else {
			t.seq = max(t.seq, p.seq)
		}
	case kindHeld:
		if long(heldLen); len(value) != 16 {
			err = wrong
		} else if err == nil {
			t.seq = max(t.seq, binary.BigEndian.Uint64(key[heldLen-8:])&maxSeq)
		}
	case kindRevisit:
		_, _, err = decodeRevisitKey(key)
	case kindShape:
		if long(shapeLen); err == nil {
			_, err = decodeTemplate(value)
		}
	case kindSite:
		if long(siteLen); err == nil {
			_, err = decodeSite(value)
		}
	case kindLearned:
		if long(prefixLen); len(value) > MaxLearnedBytes+1 {
			err = wrong
		}
	case kindFailure:
		long(urlLen)
	default:
		err = wrong
	}
	if err == nil {
		w.put(key, value)
	}
	return err
}

// settleIn ends an import: its totals count from here on.
func (f *Frontier) settleIn(slot uint16, t *transfer, sums *meta) error {
	return f.update("import", nil, func(w *write) error {
		f.meta.merge(sums, +1)
		f.meta.seq = max(f.meta.seq, t.seq) // no place is given twice
		s := f.slots[slot]
		s.importing = false
		f.slots[slot] = s
		w.put(slotStateKey(slot), s.append(nil))
		return nil
	})
}

// abandon takes away what an import brought. Its entries in the indexes of content
// lead nowhere, and are passed over.
func (f *Frontier) abandon(slot uint16) error {
	return f.update("import", nil, func(w *write) error {
		s := f.slots[slot]
		s.importing = false
		f.slots[slot] = s
		w.put(slotStateKey(slot), s.append(nil))
		return w.batch.DeleteRange(slotKey(slot), slotKey(slot+1), nil)
	})
}

// merge adds the totals of a slot, or takes them away.
func (m *meta) merge(s *meta, step int) {
	for i := range m.states {
		m.states[i] += uint64(step) * s.states[i]
	}
	m.hosts += uint64(step) * s.hosts
	m.retrying += uint64(step) * s.retrying
	m.visits += uint64(step) * s.visits
	m.demand += uint64(step) * s.demand
	for reason, n := range s.reasons {
		m.countReason(reason, n, step)
	}
}

// Drop removes a frozen slot and all that is known of it. Its leases that are
// still out are void: Commit leaves their outcomes out.
func (f *Frontier) Drop(slot uint16) error {
	f.mu.Lock()
	_, err := f.still(slot)
	f.mu.Unlock()
	if err != nil {
		return fmt.Errorf("frontier: drop: %w", err)
	}
	if err := f.update("drop", nil, func(w *write) error {
		w.cutOff(slot)
		return nil
	}); err != nil {
		return err
	}
	var sums meta
	var scheds [][]byte
	for from := slotKey(slot); from != nil; {
		err := f.update("drop", nil, func(w *write) (err error) {
			from, err = w.forget(slot, from, &sums, &scheds)
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.update("drop", nil, func(w *write) error {
		for _, key := range scheds {
			w.batch.Delete(key, nil)
		}
		f.meta.merge(&sums, -1)
		s := f.slots[slot]
		s.frozen = false
		f.slots[slot] = s
		w.put(slotStateKey(slot), s.append(nil))
		clear(f.seen.sets) // of what was there nothing is known any more
		return w.batch.DeleteRange(slotKey(slot), slotKey(slot+1), nil)
	})
}

// cutOff takes a slot out of memory.
func (w *write) cutOff(slot uint16) {
	f := w.f
	for key, fl := range f.inflight {
		if fl.host.id.slot == slot {
			f.exit(fl)
			fl.dropped, fl.busy = true, false
			delete(f.inflight, key)
		}
	}
	for id, h := range f.front.hosts {
		if id.slot == slot {
			f.leave(h)
			delete(f.front.hosts, id)
		}
	}
}

// forget counts a chunk of a slot and takes it out of the indexes of content; it
// answers where the next begins, nil at the end.
func (w *write) forget(slot uint16, from []byte, sums *meta, scheds *[][]byte) (next []byte, err error) {
	it, err := w.f.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: slotKey(slot + 1)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		key := it.Key()
		if n++; n > transferChunk {
			return slices.Clone(key), nil
		}
		v, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		switch {
		case key[2] == kindHost && len(key) == prefixLen:
			rec, err := decodeHost(v)
			if err != nil {
				return nil, err
			}
			sums.hosts++
			if rec.sched != 0 {
				*scheds = append(*scheds, schedKey(rec.sched, prefixHost(key)))
			}
		case key[2] == kindURL && len(key) == urlLen:
			rec, err := decodeURL(v)
			if err != nil {
				return nil, err
			}
			sums.count(rec, +1)
			if rec.doc {
				if err := w.leaveContent(rec.hash, prefixHost(key).ref(weburl.Key(key[prefixLen:]))); err != nil {
					return nil, err
				}
			}
		case key[2] == kindSketch && len(key) == urlLen:
			s, err := decodeSketch(v)
			if err != nil {
				return nil, err
			}
			for _, b := range s.bands {
				if err := w.leaveBand(b, prefixHost(key).ref(weburl.Key(key[prefixLen:]))); err != nil {
					return nil, err
				}
			}
		}
	}
	return nil, it.Error()
}
