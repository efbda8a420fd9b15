package frontier

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// TestCrashDuringCommit takes the power away at moments of its own choosing:
// whatever is on disk then is the state between two commits.
func TestCrashDuringCommit(t *testing.T) {
	fs := vfs.NewCrashableMem()
	f := open(t, fs, Options{DefaultDelay: -1})
	name := func(i int64) weburl.URL { return addr(t, fmt.Sprintf("http://h%d.test/%d", i%5, i)) }
	mustAdd(t, f, 1, []Item{{URL: name(0)}})
	type clone struct {
		fs     *vfs.MemFS
		synced int64 // commits that had returned before
	}
	clones := make(chan clone, 1000)
	var synced atomic.Int64
	stop := make(chan struct{})
	go func() {
		rng := rand.New(rand.NewPCG(7, 7))
		for {
			select {
			case <-stop:
				close(clones)
				return
			default:
				n := synced.Load()
				clones <- clone{fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}), n}
			}
		}
	}()
	for i := range int64(300) {
		l := mustNext(t, f)
		if err := f.Commit(&Batch{
			Outcomes: []Outcome{{Lease: l, State: Done, Links: []Item{{URL: name(i + 1)}}}},
			Outbox:   []Entry{{Part: uint32(i), Data: [][]byte{fmt.Append(nil, i)}}},
			WARC:     WARCPosition{"w", i + 1},
		}); err != nil {
			t.Fatal(err)
		}
		synced.Add(1)
	}
	close(stop)
	n, last := 0, int64(-1)
	for clone := range clones {
		if n++; n%7 != 0 {
			continue
		}
		g := open(t, clone.fs, Options{DefaultDelay: -1})
		_, off := g.WARCPosition()
		st := g.Stats()
		if st.Queued != 1 || st.Done != off || st.Outbox != off || off < clone.synced {
			t.Fatalf("power lost: offset %d after %d synced commits, %+v", off, clone.synced, st)
		}
		last = off
		if l := mustNext(t, g); l.URL != name(off) {
			t.Fatalf("power lost at %d: next is %s", off, l.URL)
		}
		g.Close()
	}
	if n < 10 {
		t.Skipf("only %d clones were taken", n)
	}
	t.Logf("%d clones, the last at commit %d", n, last)
}

// TestOutboxWaitsForTheDisk: what fn sees is there after losing power at once.
func TestOutboxWaitsForTheDisk(t *testing.T) {
	fs := vfs.NewCrashableMem()
	f := open(t, fs, Options{DefaultDelay: -1})
	ctx, cancel := context.WithCancel(t.Context())
	type look struct {
		seq   uint64
		clone *vfs.MemFS
	}
	var looks []look
	done := make(chan error)
	go func() {
		done <- f.Outbox(ctx, func(seq uint64, e Entry) error {
			if len(looks) < 200 {
				looks = append(looks, look{seq, fs.CrashClone(vfs.CrashCloneCfg{})})
			}
			return nil
		})
	}()
	for i := range 200 {
		if err := f.Commit(&Batch{Outbox: []Entry{{Data: [][]byte{make([]byte, 100*i)}}}}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, l := range looks {
		g := open(t, l.clone, Options{})
		if g.meta.outboxNext <= l.seq {
			t.Fatalf("entry %d was given out, but the disk knows only %d", l.seq, g.meta.outboxNext)
		}
		g.Close()
	}
	if len(looks) == 0 {
		t.Skip("nothing was seen in time")
	}
}
