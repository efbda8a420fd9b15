package index

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trawlsearch/trawl/index/internal/gate"
	"github.com/trawlsearch/trawl/index/postings"
)

// paged is a Storage whose objects come and go from memory as the test wants.
type paged struct {
	*memory
	open  atomic.Int64 // objects
	loads atomic.Int64
	gone  atomic.Bool // no page is in memory
	fails atomic.Bool
}

func (p *paged) Open(ctx context.Context, name string) (Object, error) {
	o, err := p.memory.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	p.open.Add(1)
	return &pagedObject{o, p}, nil
}

type pagedObject struct {
	Object
	st *paged
}

func (o *pagedObject) Load(off, n int64) error {
	o.st.loads.Add(1)
	if o.st.fails.Load() {
		return errInjected
	}
	return nil
}

func (o *pagedObject) Resident(off, n int64, pages []byte) (int, error) {
	n = (n + 4095) / 4096
	for i := range pages[:n] {
		pages[i] = 1
		if o.st.gone.Load() {
			pages[i] = 0
		}
	}
	return int(n), nil
}

func (o *pagedObject) Close() error {
	o.st.open.Add(-1)
	return o.Object.Close()
}

// TestResident: a small index is made resident behind Open's back; what the system
// takes is seen within ten seconds; nothing is left running behind the last Close.
func TestResident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &paged{memory: smallIndex(t)}
		s, err := Open(t.Context(), st)
		must(t, err)
		synctest.Wait()
		ready, all := s.Resident()
		if ready != all || all == 0 {
			t.Errorf("%d bytes of %d are resident", ready, all)
		}
		st.gone.Store(true)
		time.Sleep(sampleEvery + time.Second)
		synctest.Wait()
		if ready, _ := s.Resident(); ready != 0 {
			t.Errorf("%d bytes are resident, and all are gone", ready)
		}
		before := st.loads.Load()
		readAll(s)
		if ready, _ := s.Resident(); ready == 0 || st.loads.Load() == before {
			t.Errorf("%d bytes are resident behind %d loads", ready, st.loads.Load()-before)
		}
		again, newer, err := s.Reload(t.Context())
		if newer || err != nil {
			t.Fatalf("Reload: %v, %v", newer, err)
		}
		again.Acquire().Close()
		s.Close()
		if n := st.open.Load(); n != 0 {
			t.Errorf("%d objects are still open", n)
		}
	})
}

// TestGated: an index that is too large is left alone.
func TestGated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &paged{memory: indexOf(t, 15_000)}
		common := newShared()
		common.keeper.limit = 1000
		_, s, err := openNewest(t.Context(), st, common, nil)
		must(t, err)
		synctest.Wait()
		ready, all := s.Resident()
		if ready > all/2 || ready > gate.ChunkBytes*12 { // trailers
			t.Errorf("%d bytes of %d are resident", ready, all)
		}
		s.Close()
	})
}

// TestUnreadable: what the disk does not give is an error that is not damage, and
// comes with the next Reload if the disk is well again.
func TestUnreadable(t *testing.T) {
	st := &paged{memory: indexOf(t, 30_000)}
	common := newShared()
	common.keeper.limit = 0
	_, s, err := openNewest(t.Context(), st, common, nil)
	must(t, err)
	defer s.Close()
	g := s.Segments()[0]
	st.fails.Store(true)
	if _, err := g.Stored(g.MaxDoc()/2, nil); err == nil || damaged(err) {
		t.Errorf("Stored: %v", err)
	}
	g.Key(g.MaxDoc() / 2)
	if err := g.Err(); err == nil || damaged(err) {
		t.Errorf("Err: %v", err)
	}
	st.fails.Store(false)
	if _, err := g.Stored(g.MaxDoc()/2, nil); err != nil {
		t.Errorf("Stored, when the disk is well: %v", err)
	}
	if g.Err() == nil {
		t.Error("Err does not stay")
	}
	w := open(t, st)
	must(t, w.Put(t.Context(), randomDocument(rand.New(rand.NewPCG(1, 2)), 5000)))
	must(t, w.Commit(t.Context(), 2))
	fresh, newer, err := s.Reload(t.Context())
	if !newer || err != nil {
		t.Fatalf("Reload: %v, %v", newer, err)
	}
	defer fresh.Close()
	for _, g := range fresh.Segments() {
		if err := g.Err(); err != nil {
			t.Errorf("Reload keeps %v", err)
		}
	}
}

// TestLoad: lists that were loaded are opened without another load.
func TestLoad(t *testing.T) {
	st := &paged{memory: indexOf(t, 30_000)}
	common := newShared()
	common.keeper.limit = 0
	_, s, err := openNewest(t.Context(), st, common, nil)
	must(t, err)
	defer s.Close()
	g := s.Segments()[0]
	var lists []FieldList
	for it := g.Terms(1).Iter(); it.Next() && len(lists) < 400; {
		lists = append(lists, FieldList{1, it.Info()})
	}
	must(t, g.Load(lists...))
	before := st.loads.Load()
	var c postings.Cursor
	g.Norms(1)
	for _, l := range lists {
		if g.PostingsAt(&c, l.Field, l.Info); c.Err() != nil || c.Next() == postings.None {
			t.Fatal(c.Err())
		}
	}
	if n := st.loads.Load() - before; n != 0 || before == 0 {
		t.Errorf("%d loads, and then %d more", before, n)
	}
	must(t, g.Load(FieldList{Field: 99}))
}
