package frontier

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// Slots are what moves from node to node: all that is known of the registrable
// domains that fall into them, one range of keys. To hand a range over:
//
//	old  Freeze(range)   nothing of it is leased any more, and nothing added; waits for its leases
//	old  Export(range)
//	new  Import(range)   it is frozen there
//	     it is written down that the new node has it, in a higher epoch
//	new  Fence(range, epoch), Thaw(range)
//	old  Fence(range, epoch), Drop(range)
//
// Up to that note a fault is undone by Thaw on the old node and Drop on the new one.
// An Export without Freeze is a copy to go on from if the node is lost: what was
// fetched after it is fetched again. It counts from when Left says so.
// The value of an E key:
//
//	E  +---+-------+-------+
//	   | 2 | epoch | flags |   bit 0 frozen, bit 1 its import is not complete
//	   | 1 | uv    | uv    |
//	   +---+-------+-------+

// Slots is how many slots there are.
const Slots = slots

// ErrSlot marks an answer that a slot is not in the state for what was asked.
var ErrSlot = errors.New("frontier: slot")

// A Range is the slots From to To-1.
type Range struct{ From, To uint16 }

func (r Range) String() string { return fmt.Sprintf("slots %d-%d", r.From, r.To) }

// Has tells whether a slot is in the range.
func (r Range) Has(slot uint16) bool { return r.From <= slot && slot < r.To }

// bounds are the keys from which and up to which the range is stored.
func (r Range) bounds() *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: slotKey(r.From), UpperBound: slotKey(r.To)}
}

func (r Range) check() error {
	if r.From >= r.To || r.To > slots {
		return fmt.Errorf("%w: no range of the %d: %v", ErrSlot, slots, r)
	}
	return nil
}

type slotState struct {
	epoch             uint64
	frozen, importing bool
}

const (
	flagFrozen    = 1
	flagImporting = 2
)

func (s slotState) append(dst []byte) []byte {
	flags := uint64(0)
	if s.frozen {
		flags |= flagFrozen
	}
	if s.importing {
		flags |= flagImporting
	}
	return binary.AppendUvarint(binary.AppendUvarint(append(dst, recordVersion), s.epoch), flags)
}

func decodeSlot(b []byte) (slotState, error) {
	d := decoder{b: b}
	ver := d.byte()
	s := slotState{epoch: d.uvarint()}
	flags := d.uvarint()
	s.frozen, s.importing = flags&flagFrozen != 0, flags&flagImporting != 0
	d.bad = d.bad || flags > flagFrozen|flagImporting
	return s, d.end("slot", ver)
}

func slotStateKey(slot uint16) []byte {
	return binary.BigEndian.AppendUint16(nodeKey(kindSlot, 2), slot)
}

// SlotOf is the slot of an address: by its registrable domain.
func SlotOf(u weburl.URL) uint16 { return slotOf(hash64(u.Site())) }

// loadSlots reads what is known of slots, and removes what a crash left of an import.
func (f *Frontier) loadSlots() error {
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: nodeKey(kindSlot, 0), UpperBound: nodeKey(kindSlot+1, 0)})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		s, err := decodeSlot(v)
		if err != nil || len(it.Key()) != 5 {
			return fmt.Errorf("%w: E key %x", errCorrupt, it.Key())
		}
		slot := binary.BigEndian.Uint16(it.Key()[3:])
		if s.importing {
			if err := f.db.DeleteRange(slotKey(slot), slotKey(slot+1), pebble.Sync); err != nil {
				return err
			}
			s.importing = false
		}
		f.slots[slot] = s
	}
	return it.Error()
}

// disown freezes, for as long as the process lives, what another node has by
// Options.Owns.
func (f *Frontier) disown() {
	if f.opt.Owns == nil {
		return
	}
	for slot := range uint16(slots) {
		if !f.opt.Owns(slot) {
			s := f.slots[slot]
			s.frozen = true
			f.slots[slot] = s
		}
	}
}

// setSlots changes the state of slots durably.
func (f *Frontier) setSlots(verb string, r Range, change func(slot uint16, s *slotState) error) error {
	if err := r.check(); err != nil {
		return err
	}
	next := make([]slotState, 0, r.To-r.From)
	return f.update(verb, func() error {
		for slot := r.From; slot < r.To; slot++ {
			s := f.slots[slot]
			if err := change(slot, &s); err != nil {
				return err
			}
			next = append(next, s)
		}
		return nil
	}, func(w *write) error {
		for i, s := range next {
			w.setSlot(r.From+uint16(i), s)
		}
		return nil
	})
}

func (w *write) setSlot(slot uint16, s slotState) {
	w.f.slots[slot] = s
	w.put(slotStateKey(slot), s.append(nil))
}

// A SlotStatus is the state of a slot.
type SlotStatus struct {
	Epoch    uint64
	Frozen   bool
	InFlight int
}

// Slot tells the state of a slot.
func (f *Frontier) Slot(slot uint16) SlotStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.slots[slot]
	return SlotStatus{Epoch: s.epoch, Frozen: s.frozen, InFlight: f.flyingIn(Range{slot, slot + 1})}
}

func (f *Frontier) flyingIn(r Range) (n int) {
	for _, fl := range f.inflight {
		if r.Has(fl.host.id.slot) {
			n++
		}
	}
	return n
}

// Freeze stops the leases of a range, and waits for those that are out until ctx
// ends; it stays frozen in any case, through a restart, until Thaw or Drop.
// Addresses found for it go to Outbound.
func (f *Frontier) Freeze(ctx context.Context, r Range) error {
	err := f.setSlots("freeze", r, func(_ uint16, s *slotState) error {
		s.frozen = true
		return nil
	})
	if err != nil {
		return err
	}
	for {
		f.mu.Lock()
		if f.broken != nil {
			defer f.mu.Unlock()
			return f.broken
		}
		if err := f.clearFront(r); err != nil {
			defer f.mu.Unlock()
			return f.fail("freeze", err)
		}
		n, wake := f.flyingIn(r), f.wake
		f.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("frontier: freeze %v: %d leases are out: %w", r, n, ctx.Err())
		case <-wake:
		}
	}
}

// clearFront takes the hosts of a range out of the front that have no lease out.
func (f *Frontier) clearFront(r Range) error {
	now := f.now()
	for _, h := range f.front.hosts {
		if !r.Has(h.id.slot) {
			continue
		}
		if h.flying > 0 {
			f.arrange(h)
			continue
		}
		if err := f.evict(h, h.due(now)); err != nil {
			return err
		}
	}
	return nil
}

// due is when h is to come back into the front; 0: nothing is known for it.
func (h *host) due(now int64) int64 {
	if len(h.window) > 0 || h.more {
		return now
	}
	return h.nextRetry
}

// Thaw lets a range go on.
func (f *Frontier) Thaw(r Range) error {
	err := f.setSlots("thaw", r, func(slot uint16, s *slotState) error {
		if s.importing {
			return fmt.Errorf("%w %d: its import is not complete", ErrSlot, slot)
		}
		s.frozen = false
		return nil
	})
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.front.from, f.front.nextS = nodeKey(kindSched, 0), 0 // its hosts were passed over
		f.pokeErrands()
		f.signal()
	}
	return err
}

// Fence says that a range is in a new epoch: outcomes of leases from an older one
// are refused from now on. It is an error to go back.
func (f *Frontier) Fence(r Range, epoch uint64) error {
	return f.setSlots("fence", r, func(slot uint16, s *slotState) error {
		if epoch < s.epoch {
			return fmt.Errorf("%w %d: epoch %d, but %d is known", ErrSlot, slot, epoch, s.epoch)
		}
		s.epoch = epoch
		return nil
	})
}

// Fenced tells whether Commit would refuse the outcome of a lease, because its
// slot went to another node or epoch. Ask before its documents go into a Batch.
func (f *Frontier) Fenced(l Lease) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return l.fl != nil && f.fenced(l.fl)
}

func (f *Frontier) fenced(fl *flight) bool {
	return fl.dropped || fl.epoch < f.slots[fl.host.id.slot].epoch
}

// refuse ends a lease whose outcome is refused: its address stands as it did.
func (w *write) refuse(fl *flight) {
	f := w.f
	if fl.dropped {
		return
	}
	f.release(fl, w.now, 0, timeOf(0))
	f.land(fl)
	h := fl.host
	h.window = append([]waiting{{fl.key, fl.rec.place(), fl.revisit}}, h.window...)
	w.front[h.id] = h
}
