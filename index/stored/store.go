package stored

import (
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// privateCacheBytes is the cache of a Store that was given none.
const privateCacheBytes = 1 << 20

// A Store reads documents. Immutable: any number of goroutines.
type Store struct {
	gate                  *gate.Gate
	data                  []byte // all blocks
	first, offsets, sizes []byte
	docs                  int
	blocks                int
	cache                 *Cache
}

// Open reads the bytes that one Writer wrote, and keeps them. It looks at the
// trailer only. Stores share a cache, until Close; nil is one of 1 MiB for this
// Store. The gate, that of data, may be nil.
func Open(data []byte, cache *Cache, g *gate.Gate) (*Store, error) {
	if len(data) < trailerBytes {
		return nil, corrupt.Errorf("stored: %d bytes without a trailer", len(data))
	}
	body := uint64(len(data) - trailerBytes)
	if err := g.Need(body, trailerBytes); err != nil {
		return nil, err
	}
	r := corrupt.NewReader(data[body:])
	docs, size, blocks, word := r.U64(), r.U64(), uint64(r.U32()), [4]byte(r.Bytes(4))
	if word != magic || size > body || blocks*indexBytes != body-size || docs > blocks*maxBlockDocs || docs >= 1<<32 || docs < blocks {
		return nil, corrupt.Errorf("stored: %d documents in %d blocks of %d bytes do not fill %d bytes", docs, blocks, size, len(data))
	}
	r = corrupt.NewReader(data[size:body])
	n := int(blocks)
	s := &Store{gate: g, data: data[:size], first: r.Bytes(4 * n), offsets: r.Bytes(8 * n), sizes: r.Bytes(4 * n), docs: int(docs), blocks: n, cache: cache}
	if cache == nil {
		s.cache = NewCache(privateCacheBytes)
	}
	if s.cache.err != nil {
		return nil, s.cache.err
	}
	return s, nil
}

// Close makes the shared cache forget the blocks of this Store. What Get gave
// stays valid. No Get may run meanwhile or come after.
func (s *Store) Close() { s.cache.forget(s) }

// Len is the number of documents.
func (s *Store) Len() int { return s.docs }

// span are the documents of a block, from and up to.
func (s *Store) span(block int) (from, to uint64) {
	from, to = uint64(binary.LittleEndian.Uint32(s.first[4*block:])), uint64(s.docs)
	if block+1 < s.blocks {
		to = uint64(binary.LittleEndian.Uint32(s.first[4*(block+1):]))
	}
	return from, to
}

// bounds are the bytes of a block.
func (s *Store) bounds(block int) (start, end uint64) {
	start, end = binary.LittleEndian.Uint64(s.offsets[8*block:]), uint64(len(s.data))
	if block+1 < s.blocks {
		end = binary.LittleEndian.Uint64(s.offsets[8*(block+1):])
	}
	return start, end
}

func (s *Store) rawSize(block int) uint32 { return binary.LittleEndian.Uint32(s.sizes[4*block:]) }

// Get appends the values of a document, in the order they were added, to dst.
// The bytes are views of an immutable block, which they keep alive, and must not
// be written to.
func (s *Store) Get(doc uint32, dst []Value) ([]Value, error) {
	if uint64(doc) >= uint64(s.docs) {
		return dst, fmt.Errorf("stored: get document %d of %d: no such document", doc, s.docs)
	}
	block, err := s.find(doc)
	if err != nil {
		return dst, err
	}
	raw, err := s.cache.get(blockID{s, block}, func() ([]byte, error) { return s.decompress(block) })
	if err != nil {
		return dst, err
	}
	from, _ := s.span(block)
	start := binary.LittleEndian.Uint32(raw[4*(uint64(doc)-from):])
	r := corrupt.NewReader(raw[start:])
	return appendDoc(dst, &r), nil
}

// appendDoc appends the values of the document that stands at r.
func appendDoc(dst []Value, r *corrupt.Reader) []Value {
	for n := r.Count(maxValues); n > 0; n-- {
		field := int(r.Count(MaxField))
		dst = append(dst, Value{Field: field, Bytes: r.Bytes(int(r.Count(MaxDocBytes)))})
	}
	return dst
}

// find is the gate of the columns: the block of a document, whose entries are ready
// and cannot be wrong about it.
func (s *Store) find(doc uint32) (int, error) {
	// All of first: a search in it would load one chunk after the other, and it is
	// 4 bytes for each 16 KiB.
	if err := s.gate.Need(uint64(len(s.data)), uint64(len(s.first))); err != nil {
		return 0, err
	}
	block := sort.Search(s.blocks, func(i int) bool { from, _ := s.span(i); return from > uint64(doc) }) - 1
	if block < 0 {
		return 0, corrupt.Errorf("stored: document %d is before the first block", doc)
	}
	offsets := uint64(len(s.data) + len(s.first))
	sizes := offsets + uint64(len(s.offsets))
	if err := s.gate.Need(offsets+8*uint64(block), uint64(8*min(2, s.blocks-block))); err != nil {
		return 0, err
	}
	if err := s.gate.Need(sizes+4*uint64(block), 4); err != nil {
		return 0, err
	}
	from, to := s.span(block)
	start, end := s.bounds(block)
	if uint64(doc) < from || uint64(doc) >= to || to-from > maxBlockDocs || start > end || end > uint64(len(s.data)) ||
		uint64(s.rawSize(block)) < to-from || s.rawSize(block) > maxBlockBytes {
		return 0, corrupt.Errorf("stored: block %d: documents %d to %d, bytes %d to %d", block, from, to, start, end)
	}
	return block, nil
}

// decompress is the gate of a block that find has found: behind it the block has
// the size that the index says, and the documents. In front of them it gets 4 bytes
// for each, the place where it begins, so that one is found without a walk over
// those before it.
func (s *Store) decompress(block int) ([]byte, error) {
	start, end := s.bounds(block)
	if err := s.gate.Need(start, end-start); err != nil {
		return nil, err
	}
	from, to := s.span(block)
	places, size := 4*int(to-from), int(s.rawSize(block))
	raw, err := s.cache.dec.DecodeAll(s.data[start:end], make([]byte, places, places+size))
	if err != nil {
		return nil, corrupt.Errorf("stored: block %d: %v", block, err)
	}
	if len(raw) != places+size {
		return nil, corrupt.Errorf("stored: block %d: %d bytes, not %d", block, len(raw)-places, size)
	}
	r := corrupt.NewReader(raw[places:])
	for at := 0; at < places; at += 4 {
		binary.LittleEndian.PutUint32(raw[at:], uint32(len(raw)-r.Len()))
		skipDoc(&r)
	}
	if r.Bad() || r.Len() > 0 {
		return nil, corrupt.Errorf("stored: block %d: values of %d documents do not add up to %d bytes", block, to-from, size)
	}
	return raw, nil
}

// skipDoc is appendDoc for nobody.
func skipDoc(r *corrupt.Reader) {
	for n := r.Count(maxValues); n > 0 && !r.Bad(); n-- {
		r.Count(MaxField)
		r.Bytes(int(r.Count(MaxDocBytes)))
	}
}
