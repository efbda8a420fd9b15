// Package gate stands before the bytes of an object: none is used before its
// chunk is in memory and its checksum was right.
//
// A chunk is 64 KiB. Whoever reads asks Need of what it is going to read, at the
// grain of a list, a block or a column; once a chunk is ready that is one atomic
// load, 1 ns. The first to need a chunk brings it in by a system call of the
// Pager, so that no goroutine faults in the middle of a search and holds up its P
// with others behind it, and compares its checksum: 64 KiB in 4 µs, once in the life
// of the object. Neighbours that are missing come in one call, extents that lie
// apart at the same time.
//
// The system may take memory back. Sample looks what it has taken and makes those
// chunks unready again; their checksums are not compared a second time. Between
// two samples a read may fault: that is slow, and not wrong.
//
// An object whose bytes are on the heap has no Pager: its chunks are checked, as
// the others are, and stay ready. That counts for what this process has just
// written too: 4 µs for each 64 KiB are no reason for a second rule.
package gate

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

const (
	ChunkBytes = 1 << chunkBits // bytes that share a checksum
	SumBytes   = 4              // of a checksum: CRC-32C, u32, little-endian

	chunkBits = 16
	wordBits  = 6 // chunks of a word, as a shift

	// maxRun is the most chunks that one call brings in: 1 MiB, which an NVMe disk
	// reads in 0.5 ms, so that two can share the work.
	maxRun = 16

	// loaders is how many calls are made at a time for one Need.
	loaders = 8

	// sampleChunks is how much one call to Resident asks for: 16 MiB.
	sampleChunks = 256
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Pager brings bytes of an object into memory, and tells which are there:
// durable.Mapping does.
type Pager interface {
	Load(off, n int64) error
	Resident(off, n int64, pages []byte) (int, error)
}

// An Object is the chunks of one object. Any number of goroutines.
type Object struct {
	name  string
	data  []byte
	sums  []byte
	pager Pager

	ready   []atomic.Uint64 // one bit for each chunk: in memory, and checked
	checked []atomic.Uint64 // its checksum was right once
	damage  atomic.Pointer[error]
}

// New guards data, whose chunks have the checksums sums: one for each ChunkBytes,
// the last chunk may be shorter. The name is for errors. Without a pager data is
// always in memory.
func New(name string, data, sums []byte, pager Pager) *Object {
	words := (len(sums)/SumBytes + 1<<wordBits - 1) >> wordBits
	return &Object{name: name, data: data, sums: sums, pager: pager,
		ready: make([]atomic.Uint64, words+1), checked: make([]atomic.Uint64, words+1)}
}

// Section is the gate of the n bytes from off on, which are called name in errors.
func (o *Object) Section(name string, off, n uint64) *Gate {
	return &Gate{ready: o.ready, base: off, size: n, object: o, name: name}
}

// Chunks is the number of chunks.
func (o *Object) Chunks() int { return len(o.sums) / SumBytes }

// Err is the first damage that Ready met in any section, or nil.
func (o *Object) Err() error {
	if p := o.damage.Load(); p != nil {
		return *p
	}
	return nil
}

// A Gate is that of one section. A nil Gate is open: all is ready.
type Gate struct {
	ready  []atomic.Uint64 // of the object
	base   uint64          // of the section in the object
	size   uint64
	object *Object
	name   string
	damage atomic.Pointer[error]
}

// Need makes n bytes of the section, from off on, ready to be read. An error wraps
// corrupt.Err, or says why the bytes cannot be had; it names object, section and
// chunk. The section's padding of 64 bytes may be read without asking.
func (g *Gate) Need(off, n uint64) error {
	if g.Has(off, n) {
		return nil
	}
	return g.need(off, n)
}

// Ready is Need for who has no way to return an error: it tells whether the bytes
// may be read, and if not Err of the gate and of the object say why, from then on.
func (g *Gate) Ready(off, n uint64) bool {
	if g.Has(off, n) {
		return true
	}
	if err := g.need(off, n); err != nil {
		return g.spoilt(err)
	}
	return true
}

// spoilt remembers the first damage. It is false.
func (g *Gate) spoilt(err error) bool {
	g.damage.CompareAndSwap(nil, &err)
	g.object.damage.CompareAndSwap(nil, &err)
	return false
}

// Err is the first damage that Ready met in the section, or nil.
func (g *Gate) Err() error {
	if g == nil {
		return nil
	}
	if p := g.damage.Load(); p != nil {
		return *p
	}
	return nil
}

// All is Need of the whole section.
func (g *Gate) All() error {
	if g == nil {
		return nil
	}
	return g.Need(0, g.size)
}

// Has tells whether Need would have nothing to do, as far as that is seen at one
// glance: the bytes lie in one chunk, which is ready. It is inlined, where Need is a
// call; in loops:
//
//	if !g.Has(off, n) && !g.Ready(off, n) {
func (g *Gate) Has(off, n uint64) bool {
	if g == nil {
		return true
	}
	off += g.base
	word := off >> (chunkBits + wordBits)
	return n <= ChunkBytes-off&(ChunkBytes-1) && word < uint64(len(g.ready)) &&
		g.ready[word].Load()>>(off>>chunkBits&63)&1 != 0
}

// An Extent is bytes that will be needed.
type Extent struct {
	Gate   *Gate
	Off, N uint64
}

// Need makes extents ready, as each one's Gate would, but those that are missing at
// the same time, a few calls at once.
func Need(extents ...Extent) error {
	var runs []run
	for _, e := range extents {
		if e.Gate.Has(e.Off, e.N) {
			continue
		}
		var err error
		if runs, err = e.Gate.missing(runs, e.Off, e.N); err != nil {
			return err
		}
	}
	return bring(runs)
}

func (g *Gate) need(off, n uint64) error {
	if n == 0 {
		return nil
	}
	if off > g.size || n > g.size-off {
		return corrupt.Errorf("%s: section %s: bytes %d to %d of %d", g.object.name, g.name, off, off+n, g.size)
	}
	if g.all((g.base+off)>>chunkBits, (g.base+off+n-1)>>chunkBits) {
		return nil
	}
	return g.bring(off, n)
}

// all tells whether the chunks from first to last are ready, 64 at a look.
func (g *Gate) all(first, last uint64) bool {
	for first <= last {
		n := min(last-first+1, 64-first&63)
		if ^g.ready[first>>wordBits].Load()>>(first&63)<<(64-n) != 0 {
			return false
		}
		first += n
	}
	return true
}

func (g *Gate) bring(off, n uint64) error {
	runs, err := g.missing(nil, off, n)
	if err != nil {
		return err
	}
	return bring(runs)
}

// A run is chunks side by side that are not ready.
type run struct {
	gate     *Gate
	from, to uint64 // chunks, up to and without to
}

// missing appends the runs of n bytes.
func (g *Gate) missing(runs []run, off, n uint64) ([]run, error) {
	if n == 0 {
		return runs, nil
	}
	if off > g.size || n > g.size-off {
		return runs, corrupt.Errorf("%s: section %s: bytes %d to %d of %d", g.object.name, g.name, off, off+n, g.size)
	}
	first, last := (g.base+off)>>chunkBits, (g.base+off+n-1)>>chunkBits
	for c := first; c <= last; c++ {
		word := g.ready[c>>wordBits].Load()
		if word == ^uint64(0) {
			c |= 63 // to the last of the word
			continue
		}
		if word>>(c&63)&1 != 0 {
			continue
		}
		if i := len(runs) - 1; i >= 0 && runs[i].gate == g && runs[i].to == c && c-runs[i].from < maxRun {
			runs[i].to++
			continue
		}
		runs = append(runs, run{g, c, c + 1})
	}
	return runs, nil
}

// bring brings in and checks runs, and returns the first error.
func bring(runs []run) error {
	if len(runs) == 0 {
		return nil
	}
	if len(runs) == 1 || runs[0].gate.object.pager == nil {
		for _, r := range runs {
			if err := r.bring(); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, len(runs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(loaders, len(runs)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(runs)); i = next.Add(1) - 1 {
				errs[i] = runs[i].bring()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r run) bring() error {
	o := r.gate.object
	if err := o.load(r.from, r.to); err != nil {
		return fmt.Errorf("%s: section %s: chunks %d to %d: %w", o.name, r.gate.name, r.from, r.to-1, err)
	}
	for c := r.from; c < r.to; c++ {
		if err := o.check(c); err != nil {
			return fmt.Errorf("%s: section %s: %w", o.name, r.gate.name, err)
		}
		o.ready[c>>wordBits].Or(1 << (c & 63))
	}
	return nil
}

// load brings chunks into memory.
func (o *Object) load(from, to uint64) error {
	if o.pager == nil {
		return nil
	}
	off := from << chunkBits
	return o.pager.Load(int64(off), int64(min(to<<chunkBits, uint64(len(o.data)))-off))
}

// check compares the checksum of a chunk, unless it was compared. Two goroutines
// that meet do it twice: cheaper than a lock.
func (o *Object) check(c uint64) error {
	if o.checked[c>>wordBits].Load()>>(c&63)&1 != 0 {
		return nil
	}
	if err := o.compare(c); err != nil {
		return err
	}
	o.checked[c>>wordBits].Or(1 << (c & 63))
	return nil
}

// compare compares the checksum of a chunk. If the memory is gone again, and the
// disk with it, that is an error and no fault.
func (o *Object) compare(c uint64) (err error) {
	from := c << chunkBits
	to := min(from+ChunkBytes, uint64(len(o.data)))
	if o.pager != nil {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if recover() != nil {
				err = fmt.Errorf("chunk %d (bytes %d to %d): %w", c, from, to-1, io.ErrUnexpectedEOF)
			}
		}()
	}
	want := binary.LittleEndian.Uint32(o.sums[c*SumBytes:])
	if got := crc32.Checksum(o.data[from:to], castagnoli); got != want {
		return corrupt.Errorf("chunk %d (bytes %d to %d): checksum %08x, not %08x", c, from, to-1, got, want)
	}
	return nil
}
