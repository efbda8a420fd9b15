package frontier

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// TestBury: the documents of a host that is gone leave in pieces, each once, though
// the store is closed after each piece and the slot goes to another node on the way;
// and all of its addresses are queued when it is back.
func TestBury(t *testing.T) {
	now := time.Unix(1e9, 0)
	opt := Options{DefaultDelay: -1, Now: func() time.Time { return now }, fs: vfs.NewMem()}
	f := open(t, opt.fs, opt)
	const pages = 3*buryDocs + 5
	mustAdd(t, f, pages, pagesOf(t, "gone.test", pages))
	mustAdd(t, f, 1, items(t, "http://witness.test/"))
	hash := [16]byte{7}
	for range pages + 1 {
		l := mustNext(t, f)
		hash[15]++
		mustCommit(t, f, Outcome{Lease: l, State: Done, Status: 200, ContentHash: hash, ETag: "x", Bands: []uint64{uint64(hash[15])}, Sketch: []byte("s")})
	}
	look := func(host string, o Outcome) {
		t.Helper()
		if _, err := f.Add([]Item{{URL: addr(t, "http://"+host), Again: true}}); err != nil {
			t.Fatal(err)
		}
		for f.Count().Queued > 0 {
			o.Lease = mustNext(t, f)
			mustCommit(t, f, o)
		}
	}
	absent := Outcome{State: Failed, Reason: "dns-nxdomain", Presence: Absent}
	for _, tt := range []struct {
		wait    time.Duration
		witness bool
	}{{0, true}, {24 * time.Hour, false}, {8 * 24 * time.Hour, false}, {time.Hour, true}, {time.Hour, true}} {
		if len(f.errands) != 0 {
			t.Fatal("the host is gone too early")
		}
		now = now.Add(tt.wait)
		look("gone.test/0", absent)
		if now = now.Add(30 * time.Minute); tt.witness {
			look("witness.test/", Outcome{State: Done, Status: 200, ContentHash: [16]byte{9}})
		} else {
			now = now.Add(time.Hour)
		}
	}
	deleted := map[string]int{}
	left := 0
	piece := func() bool {
		id, wait, err := f.nextErrand()
		if err != nil {
			t.Fatal(err)
		}
		if wait != 0 {
			return false
		}
		before := len(deleted)
		if err := f.update("bury", nil, func(w *write) error {
			return w.tend(id, func(gone []weburl.URL) []Entry {
				e := Entry{}
				for _, u := range gone {
					deleted[u.String()]++
					e.Data = append(e.Data, []byte(u.String()))
				}
				return []Entry{e}
			})
		}); err != nil {
			t.Fatal(err)
		}
		if n := len(deleted) - before; n > buryDocs {
			t.Fatalf("%d documents in one piece", n)
		}
		return true
	}
	for ; piece(); left++ {
		f.Close()
		f = open(t, opt.fs, opt)
		if left == 1 {
			all := Range{To: Slots}
			var b bytes.Buffer
			if err := f.Freeze(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Export(all, &b); err != nil {
				t.Fatal(err)
			}
			opt.fs = vfs.NewMem()
			f = open(t, opt.fs, opt)
			if err := f.Import(all, &b); err != nil {
				t.Fatal(err)
			}
			if _, wait, _ := f.nextErrand(); wait == 0 {
				t.Fatal("an errand in a frozen slot")
			}
			if err := f.Thaw(all); err != nil {
				t.Fatal(err)
			}
		}
	}
	for u, n := range deleted {
		if n != 1 {
			t.Fatalf("%s was deleted %d times", u, n)
		}
	}
	st := f.Stats()
	if len(deleted) != pages || left < 4 || st.Done != 1 || st.Gone != pages || st.Reasons["gone/host-gone"] != pages || f.meta.errands != 0 {
		t.Errorf("%d of %d were deleted in %d pieces; %+v", len(deleted), pages, left, st)
	}
	if u, ok := f.SameContent([16]byte{7, 15: 3}); ok {
		t.Errorf("the text of %s is still found", u)
	}
	if c, err := f.Similar([]uint64{1, 2, 3}); len(c) > 0 || err != nil {
		t.Errorf("similar: %v, %v", c, err)
	}
	if h, _ := f.Host(addr(t, "http://gone.test/")); !h.Gone || h.Absent.IsZero() {
		t.Errorf("host %+v", h)
	}

	look("gone.test/0", Outcome{State: Done, Status: 200, ContentHash: [16]byte{8}})
	for piece() {
	}
	if h, _ := f.Host(addr(t, "http://gone.test/")); h.Gone || !h.Absent.IsZero() {
		t.Errorf("host %+v", h)
	}
	for range pages - 1 { // all but the one that was just looked at
		l := mustNext(t, f)
		if l.ETag != "" || l.HasDoc {
			t.Fatalf("lease %+v", l)
		}
		mustCommit(t, f, Outcome{Lease: l, State: Done, Status: 200, ContentHash: [16]byte{1}})
	}
	if st := f.Stats(); st.Done != pages+1 || st.Queued != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestBuryWaitsForOutcomes: nothing is done to a host while an outcome of its own is
// on its way, which may say that it is back.
func TestBuryWaitsForOutcomes(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, Now: func() time.Time { return now }})
	mustAdd(t, f, 2, pagesOf(t, "a.test", 2))
	l := mustNext(t, f)
	if err := f.update("test", nil, func(w *write) error {
		rec, err := w.knownHost(l.fl.host.id)
		w.turn(l.fl.host.id, rec, hostLeaves)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, wait, _ := f.nextErrand(); wait <= 0 {
		t.Error("an errand while a lease is out")
	}
	mustCommit(t, f, Outcome{Lease: l, State: Done, Status: 200})
	if h := f.front.hosts[l.fl.host.id]; h.rec.absence.state != hostReturns || f.Count().Errands != 1 {
		t.Errorf("%+v, %s", h.rec.absence, fmt.Sprint(f.errands))
	}
}
