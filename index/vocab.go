package index

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/trawlsearch/trawl/analysis"
)

// vocab numbers the distinct terms of one field of the buffer from 0. It holds
// no pointers but those to a few large arrays, so the collector has nothing to
// scan. One goroutine.
//
// A term of at most eight bytes, as most words are, is compared within its slot
// and costs one cache miss; a longer one costs a look into the arena as well. Words
// come by the hundred, so that the misses of several overlap: first their keys are
// made, then their slots are looked at.
type vocab struct {
	slots []vocabSlot // length a power of two, at most half full; linear probing
	arena [][]byte    // chunks of arenaChunk bytes: a length byte and the term, each
	at    []uint32    // by id: chunk and offset of the length byte

	seed, mult uint64 // of the hash, random: pages cannot aim at one slot
}

// vocabSlot is empty if ref is 0.
type vocabSlot struct {
	key uint64 // the term, if it has at most 8 bytes, else half of its hash and its place in the arena
	ref uint32 // id + 1
	len uint32
}

const (
	arenaShift     = 18
	arenaChunk     = 1 << arenaShift
	vocabSlotBytes = 16
	vocabMinSlots  = 256

	// wordsAtOnce is how many words are looked up together.
	wordsAtOnce = 256
)

func newVocab() *vocab {
	return &vocab{slots: make([]vocabSlot, vocabMinSlots), seed: rand.Uint64(), mult: rand.Uint64() | 1}
}

// reset empties the vocabulary and keeps its first chunk.
func (v *vocab) reset() {
	if len(v.slots) > vocabMinSlots {
		v.slots = make([]vocabSlot, vocabMinSlots)
	} else {
		clear(v.slots)
	}
	v.arena = v.arena[:min(1, len(v.arena))]
	if len(v.arena) == 1 {
		v.arena[0] = v.arena[0][:0]
	}
	v.at = nil
}

// bytes is the memory held, with room for the slots to double.
func (v *vocab) bytes() int64 {
	return 2*int64(len(v.slots))*vocabSlotBytes + int64(len(v.arena))*arenaChunk + 4*int64(cap(v.at))
}

func (v *vocab) terms() int { return len(v.at) }

// term returns the term of an id, as a part of the arena.
func (v *vocab) term(id uint32) []byte { return v.termAt(v.at[id]) }

func (v *vocab) termAt(at uint32) []byte {
	chunk, off := v.arena[at>>arenaShift], at&(arenaChunk-1)
	n := uint32(chunk[off])
	return chunk[off+1 : off+1+n]
}

// add returns the id of a term. Terms have 0 to 255 bytes.
func (v *vocab) add(term []byte) uint32 {
	v.reserve(1)
	key := v.key(term)
	return v.find(v.home(key, len(term)), key, term)
}

// find is add for a term whose key and home are known, and which has room.
func (v *vocab) find(home, key uint64, term []byte) uint32 {
	mask := uint64(len(v.slots) - 1)
	for i := home & mask; ; i = (i + 1) & mask {
		s := &v.slots[i]
		if s.ref == 0 {
			return v.insert(i, key, term)
		}
		if int(s.len) != len(term) {
			continue
		}
		if len(term) <= 8 && s.key == key || len(term) > 8 && s.key>>32 == key>>32 && string(v.termAt(uint32(s.key))) == string(term) {
			return s.ref - 1
		}
	}
}

// addWords is add for words, which have 1 to 255 bytes. Behind the last of them 8
// bytes of text can be read.
func (v *vocab) addWords(text []byte, words []analysis.Word, ids []uint32) {
	for len(words) > 0 {
		n := min(len(words), wordsAtOnce)
		v.addSome(text, words[:n], ids[:n])
		words, ids = words[n:], ids[n:]
	}
}

func (v *vocab) addSome(text []byte, words []analysis.Word, ids []uint32) {
	v.reserve(len(words))
	var keys, homes [wordsAtOnce]uint64
	seed, mult := v.seed, v.mult
	for i := range words {
		off, n := int(words[i].Off), uint(words[i].Len)
		if n <= 8 {
			key := binary.LittleEndian.Uint64(text[off:]) << (64 - 8*n) >> (64 - 8*n)
			keys[i&(wordsAtOnce-1)], homes[i&(wordsAtOnce-1)] = key, fold(key^seed, mult)
		} else {
			key := v.key(text[off : off+int(n)])
			keys[i&(wordsAtOnce-1)], homes[i&(wordsAtOnce-1)] = key, key>>32
		}
	}
	mask := uint64(len(v.slots) - 1)
	for i := range words {
		key, home := keys[i&(wordsAtOnce-1)], homes[i&(wordsAtOnce-1)]
		n := uint32(words[i].Len)
		s := &v.slots[home&mask]
		if s.key == key && s.len == n && n <= 8 {
			ids[i] = s.ref - 1
			continue
		}
		off := int(words[i].Off)
		if term := text[off : off+int(n)]; s.len == n && s.key>>32 == key>>32 && n > 8 && n <= 16 && v.isAt(uint32(s.key), term) {
			ids[i] = s.ref - 1
		} else {
			ids[i] = v.find(home, key, term)
		}
	}
}

// isAt tells whether a term of 9 to 16 bytes stands at a place of the arena where
// one of its length does.
func (v *vocab) isAt(at uint32, term []byte) bool {
	chunk, off := v.arena[at>>arenaShift], int(at&(arenaChunk-1))+1
	there := chunk[off : off+len(term)]
	return binary.LittleEndian.Uint64(there) == binary.LittleEndian.Uint64(term) &&
		binary.LittleEndian.Uint64(there[len(there)-8:]) == binary.LittleEndian.Uint64(term[len(term)-8:])
}

// reserve makes room for n more terms.
func (v *vocab) reserve(n int) {
	for 2*(len(v.at)+n) > len(v.slots) {
		v.grow()
	}
}

// key is the term itself if it fits, else its hash.
func (v *vocab) key(term []byte) uint64 {
	n := len(term)
	switch {
	case n > 8:
		h := v.seed
		for ; n > 8; n -= 8 {
			h = fold(h^binary.LittleEndian.Uint64(term), v.mult)
			term = term[8:]
		}
		return fold(h^short(term), v.mult)
	case n == 8:
		return binary.LittleEndian.Uint64(term)
	}
	return short(term)
}

// short loads at most eight bytes, without reading behind them.
func short(b []byte) uint64 {
	switch n := len(b); {
	case n == 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4: // the two halves overlap in equal bytes
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4))
	case n >= 2:
		return uint64(binary.LittleEndian.Uint16(b)) | uint64(b[n-1])<<(8*(n-1))
	case n == 1:
		return uint64(b[0])
	}
	return 0
}

// home is the slot where the search for a key begins, before masking.
func (v *vocab) home(key uint64, n int) uint64 {
	if n > 8 {
		return key >> 32 // hashed already; the other half is not kept
	}
	return fold(key^v.seed, v.mult)
}

// fold mixes by one full multiplication (Lemire, Fast random integer generation
// in an interval, 2019, uses the same product; wyhash the same fold).
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func (v *vocab) insert(i, key uint64, term []byte) uint32 {
	id := uint32(len(v.at))
	last := len(v.arena) - 1
	if last < 0 || len(v.arena[last])+1+len(term) > arenaChunk {
		v.arena = append(v.arena, make([]byte, 0, arenaChunk))
		last++
	}
	at := uint32(last)<<arenaShift | uint32(len(v.arena[last]))
	v.at = append(v.at, at)
	v.arena[last] = append(append(v.arena[last], byte(len(term))), term...)
	if len(term) > 8 {
		key = key>>32<<32 | uint64(at)
	}
	v.slots[i] = vocabSlot{key: key, ref: id + 1, len: uint32(len(term))}
	return id
}

func (v *vocab) grow() {
	old := v.slots
	v.slots = make([]vocabSlot, 2*len(old))
	mask := uint64(len(v.slots) - 1)
	for _, s := range old {
		if s.ref == 0 {
			continue
		}
		i := v.home(s.key, int(s.len)) & mask
		for v.slots[i].ref != 0 {
			i = (i + 1) & mask
		}
		v.slots[i] = s
	}
}

// A rankedTerm is a term on its way to a place in the order of terms. One of at most
// eight bytes is its prefix: to look for it in the arena, where terms stand in the
// order in which they were met, would cost two cache misses.
type rankedTerm struct {
	prefix uint64 // big-endian, padded with zeros
	id     uint32
	len    uint8
}

// ranked returns the terms in their order. Most comparisons are of the first eight
// bytes and stay in one array.
func (v *vocab) ranked() []rankedTerm {
	ranked := make([]rankedTerm, len(v.at))
	for id := range ranked {
		var b [8]byte
		term := v.term(uint32(id))
		copy(b[:], term)
		ranked[id] = rankedTerm{binary.BigEndian.Uint64(b[:]), uint32(id), uint8(len(term))}
	}
	slices.SortFunc(ranked, func(a, b rankedTerm) int {
		switch {
		case a.prefix < b.prefix:
			return -1
		case a.prefix > b.prefix:
			return 1
		case a.len <= 8 || b.len <= 8: // the shorter one ends in front of what was padded
			return int(a.len) - int(b.len)
		}
		return slices.Compare(v.term(a.id)[8:], v.term(b.id)[8:])
	})
	return ranked
}

// bytesOf is the bytes of a ranked term, in scratch or in the arena.
func (v *vocab) bytesOf(t rankedTerm, scratch *[8]byte) []byte {
	if t.len > 8 {
		return v.term(t.id)
	}
	binary.BigEndian.PutUint64(scratch[:], t.prefix)
	return scratch[:t.len]
}
