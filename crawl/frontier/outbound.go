package frontier

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/trawlsearch/trawl/weburl"
)

// The value of an X key: addresses of one slot, for the node that has it.
//
//	X  +---+------+-------+-------------------------------------------------------------------------+
//	   | 2 | slot | count | count × (flags, mark, level, hops, depth, URL, referrer, last modified) |
//	   | 1 | uv   | uv    |           1      1     1      1     uv     str  str       varint        |
//	   +---+------+-------+-------------------------------------------------------------------------+
//	   flags: bit 0 Item.Again; bit 1 the referrer is that of the address before,
//	   and is left out.
const maxOutboundItems = 1000

const (
	flagAgain = 1
	flagSame  = 2
)

// mine tells whether addresses of a slot are kept here. Those of a frozen slot
// are not: what moves does not change any more.
func (f *Frontier) mine(slot uint16) bool {
	return !f.slots[slot].frozen && (f.opt.Owns == nil || f.opt.Owns(slot))
}

// away passes on an address of a slot that is not kept here. Known ones are passed
// on, too, but not those that went out lately: where it arrives, Add does nothing
// for what it knows.
func (w *write) away(c *candidate, slot uint16) {
	frozen := w.f.slots[slot].frozen && (w.f.opt.Owns == nil || w.f.opt.Owns(slot)) // it may come back here, and has not been added yet
	if !frozen && c.item.Mark == 0 && !c.item.Again {
		if w.f.sent.has(c.key) {
			return
		}
		w.f.sent.add(c.key)
	}
	if w.outbound == nil {
		w.outbound = map[uint16][]*Item{}
	}
	w.outbound[slot] = append(w.outbound[slot], c.item)
}

// sendOut writes what the batch passes on, slot by slot.
func (w *write) sendOut() {
	for _, slot := range slices.Sorted(maps.Keys(w.outbound)) {
		for part := range slices.Chunk(w.outbound[slot], maxOutboundItems) {
			w.put(spoolKey(kindOutbound, w.f.meta.outboundNext), appendOutbound(nil, slot, part))
			w.f.meta.outboundNext++
		}
	}
}

func appendOutbound(dst []byte, slot uint16, list []*Item) []byte {
	dst = binary.AppendUvarint(append(dst, recordVersion), uint64(slot))
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	last := ""
	for _, it := range list {
		var flags byte
		if it.Again {
			flags |= flagAgain
		}
		from := cut(it.Referrer.String(), MaxURLBytes)
		if from == last {
			flags |= flagSame
		}
		dst = append(dst, flags, it.Mark, min(it.Priority, Levels-1), it.Hops)
		dst = binary.AppendUvarint(dst, uint64(uint32(max(0, it.Depth))))
		dst = appendString(dst, it.URL.Page().String())
		if from != last {
			dst = appendString(dst, from)
		}
		dst = binary.AppendVarint(dst, micros(it.LastMod))
		last = from
	}
	return dst
}

func decodeOutbound(b []byte) (slot uint16, list []Item, err error) {
	d := decoder{b: b}
	ver := d.byte()
	s := d.uvarint()
	n := d.uvarint()
	if s >= slots || n > maxOutboundItems {
		d.bad, n = true, 0
	}
	var from weburl.URL
	for ; n > 0 && !d.bad; n-- {
		flags := d.byte()
		it := Item{Again: flags&flagAgain != 0, Mark: d.byte(), Priority: d.byte(), Hops: d.byte(), Depth: int(d.uint32())}
		it.URL = page(d.string(maxStringBytes))
		if flags&flagSame == 0 {
			from = page(d.string(maxStringBytes))
		}
		it.Referrer = from
		it.LastMod = timeOf(d.varint())
		if !it.URL.IsZero() {
			list = append(list, it)
		}
	}
	return uint16(s), list, d.end("outbound entry", ver)
}

// EncodeItems writes addresses of one slot for another node: what DecodeItems reads.
func EncodeItems(slot uint16, items []Item) []byte {
	list := make([]*Item, len(items))
	for i := range items {
		list[i] = &items[i]
	}
	return appendOutbound(nil, slot, list)
}

// DecodeItems reads what EncodeItems wrote, at most 1,000 addresses.
func DecodeItems(b []byte) (slot uint16, items []Item, err error) {
	if slot, items, err = decodeOutbound(b); err != nil {
		return 0, nil, fmt.Errorf("frontier: %w", err)
	}
	return slot, items, nil
}

// Outbound gives fn addresses that were found here and belong to other nodes
// (Options.Owns), or to slots that are frozen: the node that has the slot is to
// Add them. In order, durable, again until fn answers nil, as with Outbox; it does
// no harm to add them twice. One goroutine at a time.
func (f *Frontier) Outbound(ctx context.Context, fn func(seq uint64, slot uint16, items []Item) error) error {
	return f.drain(ctx, &f.outbound, func(seq uint64, value []byte) error {
		slot, list, err := decodeOutbound(value)
		if err != nil {
			return f.spoilt(err)
		}
		return fn(seq, slot, list)
	})
}
