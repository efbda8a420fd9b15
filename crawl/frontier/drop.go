package frontier

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// Drop removes frozen slots and all that is known of them. Their leases that are
// still out are void: Commit leaves their outcomes out.
func (f *Frontier) Drop(r Range) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := f.update("drop", func() error { return f.still(r) }, func(w *write) error {
		w.cutOff(r)
		return nil
	}); err != nil {
		return fmt.Errorf("frontier: drop: %w", err)
	}
	var sums meta
	var scheds [][]byte
	for from := slotKey(r.From); from != nil; {
		err := f.update("drop", nil, func(w *write) (err error) {
			from, err = w.forget(r, from, &sums, &scheds)
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
		for slot := r.From; slot < r.To; slot++ {
			s := f.slots[slot]
			s.frozen = f.opt.Owns != nil && !f.opt.Owns(slot)
			w.setSlot(slot, s)
		}
		clear(f.seen.sets) // of what was there nothing is known any more
		return w.batch.DeleteRange(slotKey(r.From), slotKey(r.To), nil)
	})
}

// still is an error where slots are not frozen.
func (f *Frontier) still(r Range) error {
	for slot := r.From; slot < r.To; slot++ {
		switch s := f.slots[slot]; {
		case s.importing:
			return fmt.Errorf("%w %d: its import is not complete", ErrSlot, slot)
		case !s.frozen:
			return fmt.Errorf("%w %d: not frozen", ErrSlot, slot)
		}
	}
	return nil
}

// cutOff takes slots out of memory.
func (w *write) cutOff(r Range) {
	f := w.f
	for _, fl := range f.inflight {
		if r.Has(fl.host.id.slot) {
			f.exit(fl)
			fl.dropped, fl.busy = true, false
			f.land(fl)
		}
	}
	for id, h := range f.front.hosts {
		if r.Has(id.slot) {
			f.dismiss(h)
		}
	}
}

// forget counts a chunk of a range and takes it out of the indexes of content; it
// answers where the next begins, nil at the end.
func (w *write) forget(r Range, from []byte, sums *meta, scheds *[][]byte) (next []byte, err error) {
	it, err := w.f.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: slotKey(r.To)})
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
			if rec.absence.errand() {
				sums.errands++
			}
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
