package index

import (
	"encoding/binary"
	"math/rand/v2"
)

// A keyTable finds documents of the buffer by their keys: 16 to 32 bytes a key,
// besides the key itself, which stands with the document. One goroutine.
type keyTable struct {
	slots []uint64 // tag:24 | place+1:40; 0: free, goneSlot: was not always
	used  int      // slots that are not free
	live  int
	seed  uint64
	keyOf func(at place) Key
}

// A place is the part of the buffer and, in the low placeDocBits, the document.
type place uint64

const (
	placeDocBits = 30
	placeBits    = 40
	goneSlot     = 1<<placeBits - 1
	minKeySlots  = 64
)

func newKeyTable(keyOf func(place) Key) *keyTable {
	return &keyTable{slots: make([]uint64, minKeySlots), seed: rand.Uint64() | 1, keyOf: keyOf}
}

func (t *keyTable) bytes() int64 { return 8 * int64(len(t.slots)) }

// reset empties the table.
func (t *keyTable) reset() {
	if len(t.slots) > minKeySlots {
		t.slots = make([]uint64, minKeySlots)
	}
	clear(t.slots)
	t.used, t.live = 0, 0
}

func (t *keyTable) hash(k Key) uint64 {
	return fold(binary.LittleEndian.Uint64(k[:])^t.seed, binary.LittleEndian.Uint64(k[8:])|1)
}

// find returns the slot of a key, or the free one where it is not.
func (t *keyTable) find(k Key) (slot int, found bool) {
	h := t.hash(k)
	mask := len(t.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		switch s := t.slots[i]; {
		case s == 0:
			return i, false
		case s != goneSlot && s>>placeBits == h>>placeBits && t.keyOf(place(s&goneSlot-1)) == k:
			return i, true
		}
	}
}

func (t *keyTable) has(k Key) bool {
	_, found := t.find(k)
	return found
}

// remove takes a key out and returns its place, if it is there.
func (t *keyTable) remove(k Key) (place, bool) {
	i, found := t.find(k)
	if !found {
		return 0, false
	}
	at := place(t.slots[i]&goneSlot - 1)
	t.slots[i] = goneSlot
	t.live--
	return at, true
}

// add puts in a key that is not there.
func (t *keyTable) add(k Key, at place) {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	i, _ := t.find(k)
	t.slots[i] = t.hash(k)>>placeBits<<placeBits | uint64(at) + 1
	t.used++
	t.live++
}

// grow makes room, and forgets what was removed.
func (t *keyTable) grow() {
	old := t.slots
	size := len(old)
	for 4*(t.live+1) > size {
		size *= 2
	}
	t.slots = make([]uint64, size)
	t.used = t.live
	mask := size - 1
	for _, s := range old {
		if s == 0 || s == goneSlot {
			continue
		}
		i := int(t.hash(t.keyOf(place(s&goneSlot-1)))) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// each calls fn with all keys.
func (t *keyTable) each(fn func(k Key)) {
	for _, s := range t.slots {
		if s != 0 && s != goneSlot {
			fn(t.keyOf(place(s&goneSlot - 1)))
		}
	}
}
