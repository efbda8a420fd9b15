//go:build linux

package index

import (
	"context"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
)

// guarded is a Storage whose segments cannot be read before they were asked for: their
// memory is closed until it is loaded.
type guarded struct{ *memory }

type guardedObject struct {
	data []byte // whole pages
	size int64
}

func (g guarded) Open(ctx context.Context, name string) (Object, error) {
	o, err := g.memory.Open(ctx, name)
	if err != nil || o.Size() < 4096 {
		return o, err
	}
	pages := (int(o.Size()) + 4095) &^ 4095
	data, err := syscall.Mmap(-1, 0, pages, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	copy(data, o.Bytes())
	if err := syscall.Mprotect(data, syscall.PROT_NONE); err != nil {
		return nil, err
	}
	return &guardedObject{data, o.Size()}, nil
}

func (o *guardedObject) Bytes() []byte                              { return o.data[:o.size] }
func (o *guardedObject) Size() int64                                { return o.size }
func (o *guardedObject) Close() error                               { return syscall.Munmap(o.data) }
func (o *guardedObject) ReadAt(p []byte, off int64) (int, error)    { return 0, errInjected }
func (o *guardedObject) Resident(_, _ int64, _ []byte) (int, error) { return 0, errInjected }

// Load opens what is loaded, and the padding behind it, which may be read with it.
func (o *guardedObject) Load(off, n int64) error {
	from, to := off&^4095, min((off+n+64+4095)&^4095, int64(len(o.data)))
	return syscall.Mprotect(o.data[from:to], syscall.PROT_READ)
}

// TestNothingIsReadUnasked reads all that an index gives, and merges it, from memory
// that faults where no gate was asked: so no byte is used that was not checked, and no
// search waits in a fault for one that is on disk.
func TestNothingIsReadUnasked(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	docs := 16_000
	if testing.Short() {
		docs = 10_000
	}
	good, digests := completeIndex(t, docs)
	common := newShared()
	common.keeper.limit = 0
	_, s, err := openNewest(t.Context(), guarded{good}, common, nil)
	must(t, err)
	defer s.Close()
	if ready, all := s.Resident(); ready == all && !testing.Short() {
		t.Errorf("behind Open %d bytes of %d are ready", ready, all)
	}
	for _, g := range s.Segments() { // some of the ways to what is there
		g.Find(testKey(1))
		g.Lookup(0, []byte("wort7"))
		g.DocFreq(1, []byte("wort7"))
	}
	got, err := digest(s)
	if err != nil || got != digests[s.Number()] {
		t.Errorf("other answers: %v", err)
	}
	_, again, err := openNewest(t.Context(), guarded{good}, common, nil)
	must(t, err)
	defer again.Close()
	if _, err := merged(t, again); err != nil {
		t.Error(err)
	}
}

// BenchmarkGates walks over lists, with gates and without, in turn, and tells what
// share of the time the gates take: best of all rounds.
func BenchmarkGates(b *testing.B) {
	st := indexOf(b, 30_000)
	_, s, err := openNewest(b.Context(), st, newShared(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	g := s.Segments()[0]
	var infos []termdict.Info
	for it := g.Terms(1).Iter(); it.Next(); {
		infos = append(infos, it.Info())
	}
	gated := g.fields[1].lists
	open := gated
	open.PostGate, open.PosGate = nil, nil
	for name, walk := range map[string]func(c *postings.Cursor){
		"reset":  func(c *postings.Cursor) {},
		"blocks": func(c *postings.Cursor) { walkBlocks(c, false) },
		"freqs":  func(c *postings.Cursor) { walkBlocks(c, true) },
		"phrase": walkPositions,
	} {
		b.Run(name, func(b *testing.B) {
			var c postings.Cursor
			best := map[*postings.Source]time.Duration{&open: time.Hour, &gated: time.Hour}
			for b.Loop() {
				for src := range best {
					start := time.Now()
					for _, info := range infos {
						c.Reset(src, postings.List(info))
						walk(&c)
					}
					best[src] = min(best[src], time.Since(start))
				}
			}
			b.ReportMetric(100*(float64(best[&gated])/float64(best[&open])-1), "%gates")
		})
	}
}

func walkBlocks(c *postings.Cursor, freqs bool) {
	for blk := range c.Blocks() {
		c.EnterBlock(blk)
		c.Docs()
		if freqs {
			c.Freqs()
		}
	}
}

func walkPositions(c *postings.Cursor) {
	var room [64]uint32
	for blk := range c.Blocks() {
		c.EnterBlock(blk)
		for i := 0; i < c.Len(); i += 16 {
			c.PositionsAt(i, room[:0])
		}
	}
}
