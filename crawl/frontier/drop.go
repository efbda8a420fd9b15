package frontier

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

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
