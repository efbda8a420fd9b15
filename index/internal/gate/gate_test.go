package gate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// pager records what is loaded, and evicts what it is told to.
type pager struct {
	mu    sync.Mutex
	size  int64
	here  []bool // by page
	calls int
	fails bool
}

func newPager(size int) *pager {
	return &pager{size: int64(size), here: make([]bool, size/os.Getpagesize()+1)}
}

var errDisk = errors.New("disk fails")

func (p *pager) Load(off, n int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails {
		return errDisk
	}
	if off < 0 || off+n > p.size {
		return fmt.Errorf("%d bytes at %d of %d", n, off, p.size)
	}
	p.calls++
	page := int64(os.Getpagesize())
	for i := off / page; i <= (off+n-1)/page; i++ {
		p.here[i] = true
	}
	return nil
}

func (p *pager) Resident(off, n int64, pages []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	page := int64(os.Getpagesize())
	i := 0
	for ; int64(i)*page < n; i++ {
		pages[i] = 0
		if p.here[off/page+int64(i)] {
			pages[i] = 1
		}
	}
	return i, nil
}

// object makes an object of size bytes with right checksums.
func object(size int, p Pager) (*Object, []byte) {
	r := rand.New(rand.NewPCG(uint64(size), 1))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	var sums []byte
	for chunk := range bytesChunks(data) {
		sums = binary.LittleEndian.AppendUint32(sums, crc32.Checksum(chunk, castagnoli))
	}
	return New("seg/x.seg", data, sums, p), data
}

func bytesChunks(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(ChunkBytes, len(data))
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// TestNeed makes random stretches ready and compares with sets of chunks.
func TestNeed(t *testing.T) {
	for _, size := range []int{1, 64, ChunkBytes - 1, ChunkBytes, ChunkBytes + 1, 70*ChunkBytes + 5, 200 * ChunkBytes} {
		for _, p := range []*pager{nil, newPager(size)} {
			var o *Object
			if p == nil {
				o, _ = object(size, nil)
			} else {
				o, _ = object(size, p)
			}
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 2))
			base := r.IntN(size)
			g := o.Section("post.1", uint64(base), uint64(size-base))
			want := map[int]bool{}
			for range 200 {
				off := r.IntN(size - base)
				n := r.IntN(size - base - off + 1)
				if r.IntN(2) == 0 {
					n = min(n, 100)
				}
				if err := g.Need(uint64(off), uint64(n)); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				for c := (base + off) / ChunkBytes; n > 0 && c <= (base+off+n-1)/ChunkBytes; c++ {
					want[c] = true
				}
				if n > 0 && !g.Ready(uint64(off), uint64(n)) {
					t.Fatalf("seed %d: %d bytes at %d are not ready", seed, n, off)
				}
				if o.ReadyChunks() != len(want) {
					t.Fatalf("seed %d: %d chunks ready, want %d", seed, o.ReadyChunks(), len(want))
				}
			}
			for c := range want {
				if p != nil && !p.here[c*ChunkBytes/os.Getpagesize()] {
					t.Fatalf("seed %d: chunk %d is ready and was not loaded", seed, c)
				}
			}
		}
	}
}

func TestRuns(t *testing.T) {
	p := newPager(100 * ChunkBytes)
	o, _ := object(100*ChunkBytes, p)
	g := o.Section("post.1", 0, 100*ChunkBytes)
	for _, c := range []struct{ off, n, calls int }{
		{10, 100, 1}, {10, 100, 0}, {ChunkBytes, 3 * ChunkBytes, 1}, {0, 6 * ChunkBytes, 1}, {20 * ChunkBytes, 32 * ChunkBytes, 2},
		{19 * ChunkBytes, 34 * ChunkBytes, 2}, {0, 100 * ChunkBytes, 1 + 3},
	} {
		before := p.calls
		if err := g.Need(uint64(c.off), uint64(c.n)); err != nil {
			t.Fatal(err)
		}
		if p.calls-before != c.calls {
			t.Errorf("Need(%d, %d): %d calls, want %d", c.off, c.n, p.calls-before, c.calls)
		}
	}
	o, _ = object(100*ChunkBytes, p)
	g = o.Section("post.1", 0, 100*ChunkBytes)
	p.calls = 0
	var extents []Extent
	for c := range uint64(20) {
		extents = append(extents, Extent{g, 5*c<<chunkBits + 7, 3}, Extent{nil, 1, 2})
	}
	if err := Need(extents...); err != nil || p.calls != 20 || o.ReadyChunks() != 20 {
		t.Errorf("20 extents: %v, %d calls, %d chunks ready", err, p.calls, o.ReadyChunks())
	}
}

func TestDamage(t *testing.T) {
	o, data := object(10*ChunkBytes, nil)
	g := o.Section("post.1", 100, 10*ChunkBytes-100)
	data[3*ChunkBytes+9] ^= 1
	if err := g.Need(0, 2*ChunkBytes); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := g.Need(2*ChunkBytes, 2*ChunkBytes)
		if !errors.Is(err, corrupt.Err) || !strings.Contains(err.Error(), "seg/x.seg: section post.1: chunk 3 ") {
			t.Fatal(err)
		}
	}
	if err := o.Err(); err != nil {
		t.Fatalf("Need has left %v", err)
	}
	if g.Ready(3*ChunkBytes, 1) || !errors.Is(o.Err(), corrupt.Err) || !errors.Is(g.Err(), corrupt.Err) {
		t.Fatalf("Ready has left %v and %v", o.Err(), g.Err())
	}
	if other := o.Section("pos.1", 0, 100); !other.Ready(0, 100) || other.Err() != nil {
		t.Fatalf("another section has %v", other.Err())
	}
	if c, err := o.Verify(); c != 3 || !errors.Is(err, corrupt.Err) {
		t.Fatalf("Verify: chunk %d, %v", c, err)
	}
	if o.Warm(0, 10); o.ReadyChunks() != 9 {
		t.Fatalf("%d of 9 chunks are warm", o.ReadyChunks())
	}
	for _, c := range [][2]uint64{{10 * ChunkBytes, 1}, {0, 10 * ChunkBytes}, {1 << 63, 1 << 63}, {5, ^uint64(0)}} {
		if err := g.Need(c[0], c[1]); !errors.Is(err, corrupt.Err) {
			t.Errorf("Need(%d, %d): %v", c[0], c[1], err)
		}
	}
	var open *Gate
	if open.Need(1<<40, 9) != nil || !open.Ready(0, 1) || open.All() != nil || open.Err() != nil {
		t.Error("a nil gate is not open")
	}
}

// TestPager: what the system takes is loaded again and not checked again; what the
// disk does not give is an error, and may come later.
func TestPager(t *testing.T) {
	p := newPager(600 * ChunkBytes)
	o, data := object(600*ChunkBytes, p)
	g := o.Section("post.1", 0, 600*ChunkBytes)
	p.fails = true
	if err := g.Need(0, 1); !errors.Is(err, errDisk) || errors.Is(err, corrupt.Err) {
		t.Fatal(err)
	}
	p.fails = false
	for at := uint64(0); at < 600; {
		at = o.Warm(at, 100)
	}
	if o.ReadyChunks() != 600 {
		t.Fatalf("%d chunks are warm", o.ReadyChunks())
	}
	page := os.Getpagesize()
	for _, gone := range []int{0, 5, 255, 256, 599} {
		p.here[gone*ChunkBytes/page+3] = false
	}
	for at := uint64(0); at < 600; {
		at = o.Sample(at, 300)
	}
	if o.ReadyChunks() != 595 {
		t.Fatalf("%d chunks are ready, 5 are gone", o.ReadyChunks())
	}
	data[5*ChunkBytes] ^= 1 // was checked: is not looked at again
	if err := g.All(); err != nil || o.ReadyChunks() != 600 {
		t.Fatalf("%d chunks ready, %v", o.ReadyChunks(), err)
	}
	if c, err := o.Verify(); c != 5 || err == nil {
		t.Fatalf("Verify does look again: %d, %v", c, err)
	}
	if err := g.Need(5*ChunkBytes, 1); !errors.Is(err, corrupt.Err) {
		t.Fatalf("after that: %v", err)
	}
}

func TestTogether(t *testing.T) {
	p := newPager(300 * ChunkBytes)
	o, data := object(300*ChunkBytes, p)
	g := o.Section("post.1", 0, 300*ChunkBytes)
	want := bytes.Clone(data)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			for range 300 {
				off := r.IntN(299 * ChunkBytes)
				n := r.IntN(ChunkBytes)
				switch {
				case i == 0:
					o.Sample(uint64(off/ChunkBytes), 50)
				case i == 1:
					o.Warm(uint64(off/ChunkBytes), 50)
				case !g.Ready(uint64(off), uint64(n)) || !bytes.Equal(data[off:off+n], want[off:off+n]):
					t.Error(o.Err())
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkReady(b *testing.B) {
	o, _ := object(40*ChunkBytes, nil)
	g := o.Section("post.1", 64, 39*ChunkBytes)
	g.All()
	for _, c := range []struct {
		name string
		n    uint64
	}{{"one", 100}, {"two", ChunkBytes}, {"all", g.size}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if !g.Ready(0, c.n) {
					b.Fatal()
				}
			}
		})
	}
	b.Run("inlined", func(b *testing.B) {
		for b.Loop() {
			if !g.Has(77, 100) && !g.Ready(77, 100) {
				b.Fatal()
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	o, _ := object(64*ChunkBytes, nil)
	b.SetBytes(64 * ChunkBytes)
	for b.Loop() {
		if _, err := o.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
