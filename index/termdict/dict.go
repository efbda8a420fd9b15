package termdict

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
	"github.com/trawlsearch/trawl/index/internal/gate"
)

// A Dict reads a dictionary in place. It is immutable: any number of goroutines.
type Dict struct {
	gate          *gate.Gate
	blocks        []byte
	keys, offsets []byte
	count         int
	n             int // blocks
	damage        atomic.Pointer[error]
}

// Open reads the bytes that one Builder wrote, and keeps them. It looks at the
// trailer only. The gate, that of data, may be nil: the first look-up asks it for
// both columns, 12 bytes for 32 terms, and each for one block.
func Open(data []byte, g *gate.Gate) (*Dict, error) {
	if len(data) < trailerBytes {
		return nil, corrupt.Errorf("termdict: %d bytes without a trailer", len(data))
	}
	body := uint64(len(data) - trailerBytes)
	if err := g.Need(body, trailerBytes); err != nil {
		return nil, err
	}
	r := corrupt.NewReader(data[body:])
	count, size, n, flags, zero := r.U64(), uint64(r.U32()), uint64(r.U32()), r.U32(), r.U32()
	if size+n*(keyBytes+4) != body || count > n*blockTerms || n > 0 && count <= (n-1)*blockTerms || flags|zero != 0 {
		return nil, corrupt.Errorf("termdict: %d terms in %d blocks of %d bytes do not fill %d bytes", count, n, size, len(data))
	}
	return &Dict{
		gate:    g,
		blocks:  data[:size],
		keys:    data[size : size+n*keyBytes],
		offsets: data[size+n*keyBytes : body],
		count:   int(count),
		n:       int(n),
	}, nil
}

// Len is the number of terms.
func (d *Dict) Len() int { return d.count }

// Err is the first damage that any reader of the dictionary met, or nil.
func (d *Dict) Err() error {
	if p := d.damage.Load(); p != nil {
		return *p
	}
	return nil
}

// columns makes both columns ready: a search in them would bring in one chunk after
// the other.
func (d *Dict) columns() bool {
	return d.had(uint64(len(d.blocks)), uint64(len(d.keys)+len(d.offsets)))
}

// had tells whether bytes can be had; if not, Err says why.
func (d *Dict) had(off, n uint64) bool {
	if d.gate.Has(off, n) || d.gate.Ready(off, n) {
		return true
	}
	err := d.gate.Err()
	d.damage.CompareAndSwap(nil, &err)
	return false
}

func (d *Dict) fail(block int, what string) {
	err := corrupt.Errorf("termdict: block %d: %s", block, what)
	d.damage.CompareAndSwap(nil, &err)
}

// Get finds a term. If the bytes cannot be right it finds nothing, and Err says so.
func (d *Dict) Get(term []byte) (Info, bool) {
	b := d.find(term)
	if b < 0 {
		return Info{}, false
	}
	blk, ok := d.open(b)
	if !ok {
		return Info{}, false
	}
	i := blk.search(term)
	if i < 0 {
		return Info{}, false
	}
	var info Info
	infos := blk.infos()
	for range i + 1 {
		infos.next(&info)
	}
	if infos.r.Bad() {
		d.fail(b, "infos do not add up")
		return Info{}, false
	}
	return info, true
}

// At is the term of an ordinal: its place among all, from 0. It costs half a block,
// 0.1 µs.
func (d *Dict) At(ordinal int) ([]byte, bool) {
	if ordinal < 0 || ordinal >= d.count {
		return nil, false
	}
	it := Iter{d: d}
	if !it.enter(ordinal / blockTerms) {
		return nil, false
	}
	for range ordinal%blockTerms + 1 {
		if !it.step() {
			return nil, false
		}
	}
	return it.term, true
}

// find is the last block whose first term is not above term, or -1.
func (d *Dict) find(term []byte) int {
	if !d.columns() {
		return -1
	}
	key := keyOf(term)
	return d.last(term, key, d.firstKey(key, 0, d.n))
}

// findFrom is find for a term that is not below the first one of block from. It
// doubles its steps: most terms looked for in turn are near each other. The columns
// must be ready.
func (d *Dict) findFrom(term []byte, from int) int {
	key := keyOf(term)
	low, high := from, from+1
	for high < d.n && d.key(high) < key {
		low, high = high, high+2*(high-from)
	}
	return d.last(term, key, d.firstKey(key, low, min(high, d.n)))
}

// last is find behind the search for the key of the term: low is the first block
// whose key is not below it.
func (d *Dict) last(term []byte, key uint64, low int) int {
	high := low
	if low < d.n && d.key(low) == key { // several blocks may begin with the same eight bytes
		high = low + 1
		if high < d.n && d.key(high) == key {
			high = d.n
			if key+1 != 0 {
				high = d.firstKey(key+1, low, d.n)
			}
		}
		for low < high {
			mid := int(uint(low+high) / 2)
			if bytes.Compare(d.first(mid), term) <= 0 {
				low = mid + 1
			} else {
				high = mid
			}
		}
	}
	return high - 1
}

// firstKey is the first block of low..high-1 whose key is not below key; high if
// there is none.
func (d *Dict) firstKey(key uint64, low, high int) int {
	for low < high {
		mid := int(uint(low+high) / 2)
		if d.key(mid) < key {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func (d *Dict) key(block int) uint64 { return binary.LittleEndian.Uint64(d.keys[keyBytes*block:]) }

// first is the first term of a block, or nothing if the block is damaged.
func (d *Dict) first(b int) []byte {
	blk, ok := d.open(b)
	if !ok {
		return nil
	}
	return blk.terms.Bytes(int(blk.terms.U8()))
}

// A block is one whose bounds were checked.
type block struct {
	n         int
	post, pos uint64
	terms     corrupt.Reader
	rest      []byte // infos
}

// open is the gate of a block.
func (d *Dict) open(b int) (block, bool) {
	if !d.had(uint64(len(d.blocks)+len(d.keys)+4*b), uint64(4*min(2, d.n-b))) {
		return block{}, false
	}
	start, end := uint64(binary.LittleEndian.Uint32(d.offsets[4*b:])), uint64(len(d.blocks))
	if b+1 < d.n {
		end = uint64(binary.LittleEndian.Uint32(d.offsets[4*(b+1):]))
	}
	if start > end || end > uint64(len(d.blocks)) {
		d.fail(b, "ends before it begins")
		return block{}, false
	}
	if !d.had(start, end-start) {
		return block{}, false
	}
	r := corrupt.NewReader(d.blocks[start:end])
	blk := block{n: min(blockTerms, d.count-b*blockTerms), post: r.Uvarint(), pos: r.Uvarint()}
	terms := r.Bytes(int(r.Count(end - start)))
	blk.rest = r.Bytes(r.Len())
	if r.Bad() {
		d.fail(b, "is cut short")
		return block{}, false
	}
	blk.terms = corrupt.NewReader(terms)
	return blk, true
}

// search is the place of a term in the block, or -1. It compares a suffix only
// if the term before shares as much with the wanted one as with this one.
func (blk *block) search(term []byte) int {
	r := &blk.terms
	first := r.Bytes(int(r.U8()))
	matched := commonPrefix(first, term)
	if matched == len(first) && matched == len(term) {
		return 0
	}
	for i := 1; i < blk.n; i++ {
		shared, suffix := front(r)
		switch {
		case r.Bad() || shared < matched: // this one differs where the last still agreed: it is above
			return -1
		case shared > matched: // differs from the wanted one where the last did
			continue
		}
		more := commonPrefix(suffix, term[matched:])
		matched += more
		switch {
		case more == len(suffix) && matched == len(term):
			return i
		case more < len(suffix) && (matched == len(term) || suffix[more] > term[matched]):
			return -1
		}
	}
	return -1
}

// front takes the shared length and the suffix of a front-coded term.
func front(r *corrupt.Reader) (shared int, suffix []byte) {
	head := r.U8()
	shared, n := int(head>>4), int(head&nibble)
	if shared == nibble {
		shared += int(r.U8())
	}
	if n == nibble {
		n += int(r.U8())
	}
	return shared, r.Bytes(n)
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// infos reads the infos of a block one after the other.
type infos struct {
	r         corrupt.Reader
	post, pos uint64
}

func (blk *block) infos() infos {
	return infos{r: corrupt.NewReader(blk.rest), post: blk.post, pos: blk.pos}
}

func (s *infos) next(info *Info) {
	docs := s.r.Uvarint()
	info.Docs, info.Freq, info.Doc, info.PostSize = uint32(docs>>1), docs>>1, 0, 0
	if docs>>1 == 0 || docs>>33 != 0 {
		s.r.Fail()
	}
	if docs&1 == 0 {
		info.Freq += s.r.Count(1 << 62)
	}
	info.Post, info.Pos = s.post, s.pos
	if info.Docs == 1 {
		info.Doc = uint32(s.r.Count(1<<32 - 1))
	} else {
		info.PostSize = s.r.Uvarint()
	}
	info.PosSize = s.r.Uvarint()
	s.post += info.PostSize
	s.pos += info.PosSize
}
