package frontier

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trawlsearch/trawl/weburl"
)

// Import reads what Export wrote into slots that hold nothing. They are frozen
// after that: Thaw lets them go on. If it fails, nothing of it stays.
func (f *Frontier) Import(r Range, in io.Reader) error {
	t := &transfer{r: bufio.NewReader(in), sum: sha256.New()}
	epoch, err := t.header(r)
	if err != nil {
		return fmt.Errorf("frontier: import %v: %w", r, err)
	}
	err = f.setSlots("import", r, func(slot uint16, s *slotState) error {
		if s.importing {
			return fmt.Errorf("%w %d: it is being imported", ErrSlot, slot)
		}
		if epoch < s.epoch {
			return fmt.Errorf("%w %d: the stream is of epoch %d, but %d is known", ErrSlot, slot, epoch, s.epoch)
		}
		if slot == r.From {
			if empty, err := f.empty(r); err != nil || !empty {
				return errors.Join(err, fmt.Errorf("%w: %v hold something: Drop them first", ErrSlot, r))
			}
		}
		s.frozen, s.importing, s.epoch = true, true, epoch
		return nil
	})
	if err != nil {
		return err
	}
	var sums meta
	for more := true; more && err == nil; {
		more, err = f.bringIn(r, t, &sums)
	}
	if err == nil {
		err = f.settleIn(r, t, &sums)
	}
	if err != nil {
		return fmt.Errorf("frontier: import %v: %w", r, errors.Join(err, f.abandon(r)))
	}
	return nil
}

func (f *Frontier) empty(r Range) (bool, error) {
	it, err := f.db.NewIter(r.bounds())
	if err != nil {
		return false, err
	}
	found := it.First()
	return !found, it.Close()
}

// bringIn writes one chunk, and tells whether there may be more.
func (f *Frontier) bringIn(r Range, t *transfer, sums *meta) (more bool, err error) {
	type pair struct{ key, value []byte }
	var chunk []pair
	for more = true; more && len(chunk) < transferChunk; {
		key, value, err := t.next()
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
			if bad = w.arrive(r, p.key, p.value, t, sums); bad != nil {
				return nil
			}
		}
		return nil
	})
	return more, errors.Join(err, bad)
}

// keyLengths are those of the kinds whose keys are all as long.
var keyLengths = map[byte]int{
	kindHost: prefixLen, kindURL: urlLen, kindSketch: urlLen, kindHeld: heldLen, kindShape: shapeLen, kindSite: siteLen, kindLearned: prefixLen, kindAmiss: urlLen,
}

// arrive checks one record, and enters it and what is derived of it.
func (w *write) arrive(r Range, key, value []byte, t *transfer, sums *meta) (err error) {
	wrong := fmt.Errorf("%w: key %x", errCorrupt, key)
	site := binary.BigEndian.Uint64(append(slices.Clone(key[min(len(key), 3):]), make([]byte, 8)...))
	if len(key) < siteLen || binary.BigEndian.Uint16(key) != slotOf(site) || !r.Has(slotOf(site)) {
		return wrong
	}
	if n, fixed := keyLengths[key[2]]; fixed && len(key) != n {
		return wrong
	}
	switch key[2] {
	case kindHost:
		value, err = w.arriveHost(key, value, sums)
	case kindURL:
		err = w.arriveURL(key, value, sums)
	case kindSketch:
		err = w.arriveSketch(key, value)
	case kindQueue:
		if _, p, ok := decodeQueueKey(key); !ok || len(value) != 16 {
			err = wrong
		} else {
			t.seq = max(t.seq, p.seq)
		}
	case kindHeld:
		if len(value) != 16 {
			err = wrong
		} else {
			t.seq = max(t.seq, binary.BigEndian.Uint64(key[heldLen-8:])&maxSeq)
		}
	case kindRevisit:
		_, _, err = decodeRevisitKey(key)
	case kindShape:
		_, err = decodeTemplate(value)
	case kindSite:
		_, err = decodeSite(value)
	case kindLearned:
		if len(value) > MaxLearnedBytes+1 {
			err = wrong
		}
	case kindAmiss:
	default:
		err = wrong
	}
	if err == nil {
		w.put(key, value)
	}
	return err
}

// arriveHost gives the record of a host as it is to be stored here.
func (w *write) arriveHost(key, value []byte, sums *meta) ([]byte, error) {
	rec, err := decodeHost(value)
	if err != nil {
		return nil, err
	}
	rec.sched = w.now // it looks for itself what is due
	sums.hosts++
	if rec.absence.errand() { // from its beginning
		sums.errands++
		w.f.errands[prefixHost(key)] = prefixHost(key).prefix(kindURL, 0)
	}
	w.put(schedKey(rec.sched, prefixHost(key)), nil)
	return rec.append(nil), nil
}

func (w *write) arriveURL(key, value []byte, sums *meta) error {
	rec, err := decodeURL(value)
	if err != nil {
		return err
	}
	sums.count(rec, +1)
	k := weburl.Key(key[prefixLen:])
	w.urls[k] = rec
	if rec.doc {
		return w.enterContent(rec.hash, prefixHost(key).ref(k))
	}
	return nil
}

func (w *write) arriveSketch(key, value []byte) error {
	s, err := decodeSketch(value)
	if err != nil {
		return err
	}
	k := weburl.Key(key[prefixLen:])
	for _, b := range s.bands {
		w.put(bandKey(b, bandPlace(k)), prefixHost(key).ref(k).append(nil))
	}
	return nil
}

// settleIn ends an import: its totals count from here on.
func (f *Frontier) settleIn(r Range, t *transfer, sums *meta) error {
	return f.update("import", nil, func(w *write) error {
		f.meta.merge(sums, +1)
		f.meta.seq = max(f.meta.seq, t.seq) // no place is given twice
		w.imported(r)
		return nil
	})
}

func (w *write) imported(r Range) {
	for slot := r.From; slot < r.To; slot++ {
		s := w.f.slots[slot]
		s.importing = false
		w.setSlot(slot, s)
	}
}

// abandon takes away what an import brought. Its entries in the indexes of content
// lead nowhere, and are passed over.
func (f *Frontier) abandon(r Range) error {
	return f.update("import", nil, func(w *write) error {
		w.imported(r)
		return w.batch.DeleteRange(slotKey(r.From), slotKey(r.To), nil)
	})
}

// merge adds the totals of a slot, or takes them away.
func (m *meta) merge(s *meta, step int) {
	for i := range m.states {
		m.states[i] += uint64(step) * s.states[i]
	}
	m.hosts += uint64(step) * s.hosts
	m.retrying += uint64(step) * s.retrying
	m.waiting += uint64(step) * s.waiting
	m.errands += uint64(step) * s.errands
	m.visits += uint64(step) * s.visits
	m.demand += uint64(step) * s.demand
	for reason, n := range s.reasons {
		m.countReason(reason, n, step)
	}
}
