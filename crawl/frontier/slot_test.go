package frontier

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func one(slot uint16) Range { return Range{slot, slot + 1} }

// TestFence: what a lease of an older epoch brings is left out, and what came with
// it goes in.
func TestFence(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, MaxPerHost: 2})
	mustAdd(t, f, 2, items(t, "http://a.test/", "http://b.test/"))
	a, b := mustNext(t, f), mustNext(t, f)
	slot := SlotOf(a.URL)
	if err := f.Fence(one(slot), 7); err != nil {
		t.Fatal(err)
	}
	if err := f.Fence(one(slot), 6); !errors.Is(err, ErrSlot) {
		t.Errorf("back to an older epoch: %v", err)
	}
	if !f.Fenced(a) || f.Fenced(b) {
		t.Error("Fenced tells it wrong")
	}
	batch := Batch{Outcomes: []Outcome{
		{Lease: a, State: Done, Links: items(t, "http://a.test/x")}, {Lease: b, State: Done, Links: items(t, "http://b.test/x")},
	}}
	if err := f.Commit(&batch); err != nil || !batch.Outcomes[0].Fenced || batch.Outcomes[1].Fenced {
		t.Fatalf("%v, %+v", err, batch)
	}
	if st := f.Stats(); st.Done != 1 || st.Queued != 2 || st.InFlight != 0 {
		t.Errorf("stats %+v", st)
	}
	l := mustNext(t, f)
	if l.URL != a.URL {
		l = mustNext(t, f)
	}
	mustCommit(t, f, Outcome{Lease: l, State: Done})
	if st, _ := f.Why(a.URL); st.State != Done || f.Slot(slot).Epoch != 7 {
		t.Errorf("%+v", st)
	}
	if err := f.Drop(one(slot)); !errors.Is(err, ErrSlot) {
		t.Errorf("dropped a slot that is not frozen: %v", err)
	}
}

// TestFreezeWaits: for leases that are out, as long as it is told to; what they
// find for the slot goes out, and comes back with Thaw.
func TestFreezeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		f := open(t, fs, Options{DefaultDelay: -1, MaxPerHost: 2})
		mustAdd(t, f, 3, items(t, "http://a.test/1", "http://a.test/2", "http://a.test/3"))
		slot := SlotOf(addr(t, "http://a.test/"))
		first, second := mustNext(t, f), mustNext(t, f)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.Freeze(ctx, one(slot)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Freeze = %v", err)
		}
		frozen := make(chan error)
		go func() { frozen <- f.Freeze(t.Context(), one(slot)) }()
		synctest.Wait()
		mustCommit(t, f, Outcome{Lease: first, State: Done, Links: items(t, "http://a.test/4")})
		if err := f.Return(second, 0); err != nil {
			t.Fatal(err)
		}
		if err := <-frozen; err != nil {
			t.Fatal(err)
		}
		mustAdd(t, f, 0, items(t, "http://a.test/5"))
		f.Close()
		f = open(t, fs, Options{DefaultDelay: -1})
		short, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if l, err := f.Next(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("leased %s of a frozen slot: %v", l.URL, err)
		}
		if err := f.Thaw(one(slot)); err != nil {
			t.Fatal(err)
		}
		out, done := context.WithCancel(t.Context())
		err := f.Outbound(out, func(_ uint64, s uint16, list []Item) error {
			if _, err := f.Add(list); err != nil || s != slot {
				t.Fatal(s, err)
			}
			if f.Count().Outbound == 1 {
				done()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for range 4 {
			mustCommit(t, f, Outcome{Lease: mustNext(t, f), State: Done})
		}
		if st := f.Stats(); st.Done != 5 || st.Queued != 0 {
			t.Errorf("stats %+v", st)
		}
		f.Close()
	})
}

// exported is a small slot on its way.
func exported(t testing.TB) (slot uint16, stream []byte) {
	src := open(t, vfs.NewMem(), Options{DefaultDelay: -1, Budget: Budget{PerTemplate: 1, SiteStep: 1}})
	in := items(t, "http://a.test/", "http://a.test/x", "http://a.test/y", "http://www.a.test/z")
	for i := range in {
		in[i].Depth = i
	}
	mustAdd(t, src, 4, in)
	l := mustNext(t, src)
	if err := src.Commit(&Batch{
		Outcomes: []Outcome{{Lease: l, State: Done, ContentHash: [16]byte{1}, Bands: []uint64{3}, Sketch: []byte("s")}},
		Hosts:    []HostDelta{{l.URL, []byte("learned")}},
	}); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, src, Outcome{Lease: mustNext(t, src), State: Failed, Reason: "dns"})
	slot = SlotOf(l.URL)
	if err := src.Freeze(t.Context(), one(slot)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := src.Export(one(slot), &b); err != nil {
		t.Fatal(err)
	}
	return slot, b.Bytes()
}

// TestImportOfDamage: a stream with wrong bytes, but the sum that belongs to them,
// makes no panic; of what is refused nothing stays, and of what is taken and
// dropped again nothing either, not in the totals.
func TestImportOfDamage(t *testing.T) {
	slot, stream := exported(t)
	dst := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
	taken := 0
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		b := bytes.Clone(stream[:len(stream)-sha256.Size])
		for range rng.IntN(3) {
			b[9+rng.IntN(len(b)-9)] = byte(rng.Uint32())
		}
		sum := sha256.Sum256(b)
		err := dst.Import(one(slot), bytes.NewReader(append(b, sum[:]...)))
		if err == nil {
			taken++
			if err := dst.Drop(one(slot)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if empty, err := dst.empty(one(slot)); !empty || err != nil {
			t.Fatalf("seed %d: left behind: %v", seed, err)
		}
		if st := dst.Stats(); st.Queued != 0 || st.Done != 0 || st.Held != 0 || st.Hosts != 0 || st.Visits != 0 || len(st.Reasons) != 0 || dst.meta.demand != 0 {
			t.Fatalf("seed %d: %+v after %v", seed, st, err)
		}
	}
	t.Logf("%d of 1000 were taken", taken)
	if taken < 500 {
		t.Errorf("only %d were taken", taken)
	}
	if err := dst.Import(one(slot), bytes.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	if st := dst.Stats(); st.Done != 1 || st.Failed != 1 || st.Queued+st.Held != 2 || st.Hosts != 2 || st.Reasons["failed/dns"] != 1 {
		t.Errorf("stats %+v", st)
	}
	if u, ok := dst.SameContent([16]byte{1}); !ok || u.Site() != "a.test" {
		t.Errorf("content was not entered: %s", u)
	}
	if b, err := dst.Learned(addr(t, "http://a.test/")); string(b) != "learned" || err != nil {
		t.Errorf("learned %q, %v", b, err)
	}
	if got, err := dst.Similar([]uint64{3}); err != nil || len(got) != 1 || string(got[0].Sketch) != "s" {
		t.Errorf("similar %+v, %v", got, err)
	}
}

// FuzzTransfer: the reader of a stream ends, whatever it reads, and holds no more
// than one record.
func FuzzTransfer(f *testing.F) {
	slot, stream := exported(f)
	f.Add(stream)
	f.Fuzz(func(t *testing.T, b []byte) {
		tr := &transfer{r: bufio.NewReader(bytes.NewReader(b)), sum: sha256.New()}
		_, err := tr.header(one(slot))
		for err == nil {
			var key []byte
			if key, _, err = tr.next(); err == nil && key == nil {
				return
			}
		}
		if !errors.Is(err, errCorrupt) && !errors.Is(err, ErrSlot) {
			t.Errorf("unmarked error %v", err)
		}
	})
}
