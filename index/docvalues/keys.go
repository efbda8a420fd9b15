package docvalues

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// A Key is 16 bytes that look random: a digest.
type Key = [keyBytes]byte

// A KeyBuilder writes a column of keys: one for each document, in the order of
// documents. It holds them all. One goroutine.
type KeyBuilder struct {
	w    io.Writer
	keys []byte
}

// NewKeyBuilder writes to w, from its current place on.
func NewKeyBuilder(w io.Writer) *KeyBuilder { return &KeyBuilder{w: w} }

// Add adds the key of the next document.
func (b *KeyBuilder) Add(k Key) { b.keys = append(b.keys, k[:]...) }

// Finish writes the column. It does not close the stream.
func (b *KeyBuilder) Finish() error {
	n := len(b.keys) / keyBytes
	if _, err := b.w.Write(b.keys); err != nil {
		return fmt.Errorf("docvalues: write: %w", err)
	}
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int {
		if c := bytes.Compare(keyAt(b.keys, x), keyAt(b.keys, y)); c != 0 {
			return c
		}
		return int(x) - int(y)
	})
	tail := make([]byte, 0, orderBytes(n)+trailerBytes)
	for part := range slices.Chunk(order, bitpack.N) {
		tail = bitpack.Pack(tail, part, orderWidth(n))
	}
	if _, err := b.w.Write(appendTrailer(tail, n, keysMagic)); err != nil {
		return fmt.Errorf("docvalues: write: %w", err)
	}
	return nil
}

// orderWidth is the bits of a document in the order of n keys.
func orderWidth(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

func orderBytes(n int) int {
	return n/bitpack.N*bitpack.Size(bitpack.N, orderWidth(n)) + bitpack.Size(n%bitpack.N, orderWidth(n))
}

// A KeyWriter writes the same column where the order of keys is known. It holds
// next to nothing. After an error it is of no use any more. One goroutine.
type KeyWriter struct {
	w            io.Writer
	docs, placed int
	last         Key
	order        [bitpack.N]uint32 // of it, what is not written yet
	packed       []byte            // scratch
	err          error
}

// NewKeyWriter writes to w, from its current place on.
func NewKeyWriter(w io.Writer) *KeyWriter { return &KeyWriter{w: w} }

// Add adds the key of the next document. All keys are added before the first is
// placed.
func (w *KeyWriter) Add(k Key) {
	w.docs++
	w.send(k[:])
}

// Place tells which document has the next key in order. Keys must not fall: then,
// or if not all that were added are placed, Finish returns ErrOrder.
func (w *KeyWriter) Place(k Key, doc uint32) {
	if bytes.Compare(k[:], w.last[:]) < 0 && w.err == nil {
		w.err = fmt.Errorf("docvalues: place key %x after %x: %w", k, w.last, ErrOrder)
	}
	if doc >= uint32(w.docs) {
		w.err = cmp.Or(w.err, fmt.Errorf("docvalues: place document %d of %d: %w", doc, w.docs, ErrOrder))
		doc = 0
	}
	w.last = k
	w.order[w.placed%bitpack.N] = doc
	if w.placed++; w.placed%bitpack.N == 0 {
		w.flush(bitpack.N)
	}
}

// flush writes the first n places of order.
func (w *KeyWriter) flush(n int) {
	w.packed = bitpack.Pack(w.packed[:0], w.order[:n], orderWidth(w.docs))
	w.send(w.packed)
}

// Finish ends the column and returns the first error. It does not close the
// stream.
func (w *KeyWriter) Finish() error {
	if w.docs != w.placed && w.err == nil {
		w.err = fmt.Errorf("docvalues: %d of %d keys have a place: %w", w.placed, w.docs, ErrOrder)
	}
	w.flush(w.placed % bitpack.N)
	w.send(appendTrailer(nil, w.docs, keysMagic))
	return w.err
}

func (w *KeyWriter) send(p []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.w.Write(p); err != nil {
		w.err = fmt.Errorf("docvalues: write: %w", err)
	}
}

func keyAt(keys []byte, doc uint32) []byte {
	return keys[keyBytes*int(doc) : keyBytes*int(doc)+keyBytes]
}

// Keys reads a column of keys in place. Immutable: any number of goroutines.
//
// Keys whose bytes cannot be had are zero, and not found: Err then says
// why, from then on.
type Keys struct {
	gate        *gate.Gate
	keys, order []byte
	width       int // of order
	n           int
}

// OpenKeys reads the bytes that one KeyBuilder or KeyWriter wrote, and keeps them.
// The gate, that of data, may be nil.
func OpenKeys(data []byte, g *gate.Gate) (*Keys, error) {
	body, n, err := openTrailer(data, g, keysMagic)
	if err != nil {
		return nil, err
	}
	if len(body) != n*keyBytes+orderBytes(n) {
		return nil, corrupt.Errorf("docvalues: %d keys in %d bytes", n, len(data))
	}
	return &Keys{gate: g, keys: body[:n*keyBytes], order: body[n*keyBytes:], width: orderWidth(n), n: n}, nil
}

// Err says why keys could not be had, or is nil.
func (k *Keys) Err() error { return k.gate.Err() }

// Len is the number of documents.
func (k *Keys) Len() int { return k.n }

// Get is the key of a document, which must be below Len.
func (k *Keys) Get(doc uint32) Key {
	key, _ := k.key(doc)
	return Key(key)
}

// zeroKey stands in for a key that cannot be had.
var zeroKey [keyBytes]byte

func (k *Keys) key(doc uint32) ([]byte, bool) {
	if off := keyBytes * uint64(doc); !k.gate.Has(off, keyBytes) && !k.gate.Ready(off, keyBytes) {
		return zeroKey[:], false
	}
	return keyAt(k.keys, doc), true
}

// Find is the first document with a key. In a damaged column it may miss one.
func (k *Keys) Find(key Key) (doc uint32, ok bool) {
	want := binary.BigEndian.Uint64(key[:])
	low, high := 0, k.n // the first key not below the wanted one is in [low, high]
	least, most := uint64(0), ^uint64(0)
	for step := 0; low < high; step++ {
		mid := int(uint(low+high) / 2)
		if step < guesses && want >= least && want <= most {
			mid = low + guess(want-least, most-least, high-low)
		}
		at, ok := k.at(mid)
		if !ok {
			return 0, false
		}
		if bytes.Compare(at, key[:]) < 0 {
			low, least = mid+1, binary.BigEndian.Uint64(at)
		} else {
			high, most = mid, binary.BigEndian.Uint64(at)
		}
	}
	if low == k.n {
		return 0, false
	}
	at, ok := k.at(low)
	if !ok || !bytes.Equal(at, key[:]) {
		return 0, false
	}
	return k.ByKey(low)
}

// ByKey is the document at a place, below Len, in the order of keys; false if the
// column is damaged.
func (k *Keys) ByKey(i int) (doc uint32, ok bool) {
	off := uint64(i) * uint64(k.width) / 8
	size := min(8, uint64(len(k.order))-off) // what Get reads
	if off += uint64(len(k.keys)); !k.gate.Has(off, size) && !k.gate.Ready(off, size) {
		return 0, false
	}
	doc = bitpack.Get(k.order, i, k.width)
	return doc, uint64(doc) < uint64(k.n)
}

// guesses bounds the steps by interpolation: a hundred million even keys need
// fewer, and others (or a damaged column) are then halved.
const guesses = 16

// guess is the place of a value that is over above the least of n even values
// that span span.
func guess(over, span uint64, n int) int {
	if span == 0 {
		return 0
	}
	hi, lo := bits.Mul64(over, uint64(n))
	if hi >= span {
		return n - 1
	}
	at, _ := bits.Div64(hi, lo, span)
	return min(int(at), n-1)
}

// at is the key at a place in the order of keys.
func (k *Keys) at(i int) ([]byte, bool) {
	doc, ok := k.ByKey(i)
	if !ok {
		return nil, false
	}
	return k.key(doc)
}
