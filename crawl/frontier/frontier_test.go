package frontier

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

func addr(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func items(t testing.TB, urls ...string) []Item {
	t.Helper()
	var out []Item
	for _, s := range urls {
		out = append(out, Item{URL: addr(t, s)})
	}
	return out
}

// open opens a frontier on fs that is closed with the test.
func open(t testing.TB, fs vfs.FS, opt Options) *Frontier {
	t.Helper()
	opt.fs = fs
	if opt.CacheBytes == 0 {
		opt.CacheBytes = 1 << 20
	}
	f, err := Open("frontier", opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func mustAdd(t testing.TB, f *Frontier, want int, in []Item) {
	t.Helper()
	n, err := f.Add(in)
	if err != nil || n != want {
		t.Fatalf("Add = %d, %v; want %d", n, err, want)
	}
}

func mustNext(t testing.TB, f *Frontier) Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	l, err := f.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return l
}

func mustCommit(t testing.TB, f *Frontier, outcomes ...Outcome) {
	t.Helper()
	if err := f.Commit(&Batch{Outcomes: outcomes}); err != nil {
		t.Fatal(err)
	}
}

func TestLifeOfAnAddress(t *testing.T) {
	fs := vfs.NewMem()
	f := open(t, fs, Options{DefaultDelay: -1})
	mustAdd(t, f, 1, items(t, "http://a.test/", "http://a.test/#frag", "ftp://a.test/", "http://a.test/"))
	mustAdd(t, f, 0, items(t, "http://a.test/"))
	l := mustNext(t, f)
	if l.URL.String() != "http://a.test/" || l.Visits != 0 || l.HasDoc {
		t.Fatalf("lease %+v", l)
	}
	if st, ok := f.Why(l.URL); !ok || !st.InFlight || st.State != Queued {
		t.Fatalf("Why in flight: %+v %v", st, ok)
	}
	link := Item{URL: addr(t, "http://a.test/b"), Depth: 1, Priority: 9, Referrer: l.URL, Mark: 4}
	mustCommit(t, f, Outcome{
		Lease: l, State: Done, Status: 200, ETag: `"x"`, LastModified: "yesterday", ContentHash: [16]byte{1},
		Links: []Item{link, {URL: addr(t, "http://a.test/")}},
	})
	if err := f.Commit(&Batch{Outcomes: []Outcome{{Lease: l, State: Done}}}); err == nil {
		t.Fatal("a lease was settled twice")
	}
	l = mustNext(t, f)
	if l.URL.String() != "http://a.test/b" || l.Depth != 1 || l.Referrer.String() != "http://a.test/" || l.Mark != 4 || l.Priority != 3 {
		t.Fatalf("lease %+v", l)
	}
	mustCommit(t, f, Outcome{Lease: l, State: Gone, Status: 404, Reason: "http-404"})
	if _, err := f.Next(t.Context()); !errors.Is(err, ErrDrained) {
		t.Fatalf("Next = %v, want ErrDrained", err)
	}
	st := f.Stats()
	if st.Done != 1 || st.Gone != 1 || st.Queued != 0 || st.Reasons["gone/http-404"] != 1 || st.Hosts != 1 {
		t.Fatalf("stats %+v", st)
	}

	if n, err := f.Recrawl(t.Context(), "a.test"); err != nil || n != 2 {
		t.Fatalf("Recrawl = %d, %v", n, err)
	}
	if st := f.Stats(); st.Queued != 2 || st.Done != 0 || len(st.Reasons) != 0 {
		t.Fatalf("stats %+v", st)
	}
	f.Close()
	f = open(t, fs, Options{DefaultDelay: -1})
	for range 2 {
		l := mustNext(t, f)
		if l.Visits != 1 {
			t.Errorf("%s: %d visits, want 1", l.URL, l.Visits)
		}
		if l.URL.Path() == "/" {
			if !l.HasDoc || l.ETag != `"x"` || l.LastModified != "yesterday" || l.ContentHash != [16]byte{1} {
				t.Errorf("recrawl lease %+v", l)
			}
		}
		mustCommit(t, f, Outcome{Lease: l, State: NotModified, Status: 304})
	}
	if st := f.Stats(); st.Done != 1 || st.Skipped != 1 {
		t.Fatalf("after recrawl %+v", st)
	}
	if st, _ := f.Why(addr(t, "http://a.test/")); st.State != Done || st.Visits != 2 {
		t.Fatalf("Why = %+v", st)
	}
}

func TestRetryFailReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
		mustAdd(t, f, 1, items(t, "http://a.test/"))
		start := time.Now()
		l := mustNext(t, f)
		mustCommit(t, f, Outcome{Lease: l, State: Retry, Reason: "timeout", RetryAt: start.Add(90 * time.Second)})
		st := f.Stats()
		if st.Queued != 1 || st.Retrying != 1 || st.NextDue.Sub(start) < 90*time.Second || st.NextDue.Sub(start) > 92*time.Second {
			t.Fatalf("stats %+v after %s", st, st.NextDue.Sub(start))
		}
		l, err := f.Next(t.Context())
		if err != nil || l.Tries != 1 {
			t.Fatalf("lease %+v, %v", l, err)
		}
		if d := time.Since(start); d < 90*time.Second || d > 92*time.Second {
			t.Fatalf("retried after %s", d)
		}
		if err := f.Return(l, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		l = mustNext(t, f)
		if d := time.Since(start); d != 5*time.Second {
			t.Fatalf("returned lease came after %s, want 5s", d)
		}
		mustCommit(t, f, Outcome{Lease: l, State: Failed, Reason: "timeout"})
		fails, err := f.List(t.Context(), Range{0, Slots}, Filter{States: []State{Denied, Failed}}, 10)
		if err != nil || len(fails) != 1 || fails[0].Reason != "timeout" || fails[0].URL.String() != "http://a.test/" {
			t.Fatalf("failures %+v, %v", fails, err)
		}
		if st := f.Stats(); st.Failed != 1 || st.Retrying != 0 || !st.NextDue.IsZero() {
			t.Fatalf("stats %+v", st)
		}
		if _, err := f.Add([]Item{{URL: addr(t, "http://a.test/"), Again: true, Mark: 1}}); err != nil {
			t.Fatal(err)
		}
		if fails, _ := f.List(t.Context(), Range{0, Slots}, Filter{States: []State{Denied, Failed}}, 10); len(fails) != 0 {
			t.Fatalf("still listed: %+v", fails)
		}
		if l := mustNext(t, f); l.Mark != 1 {
			t.Fatalf("mark lost: %+v", l)
		}
		f.Close()
	})
}

func TestOutbox(t *testing.T) {
	fs := vfs.NewMem()
	f := open(t, fs, Options{DefaultDelay: -1})
	mustAdd(t, f, 1, items(t, "http://a.test/"))
	l := mustNext(t, f)
	entry := func(i int) Entry {
		return Entry{Part: uint32(i), Data: [][]byte{fmt.Append(nil, "doc", i), {}}}
	}
	b := Batch{Outcomes: []Outcome{{Lease: l, State: Done}}, WARC: WARCPosition{"w-1", 99}}
	for i := range 5 {
		b.Outbox = append(b.Outbox, entry(i))
	}
	if err := f.Commit(&b); err != nil {
		t.Fatal(err)
	}
	refuse := errors.New("refused")
	check := func(f *Frontier, from, to uint64) {
		t.Helper()
		next := from
		err := f.Outbox(t.Context(), func(seq uint64, e Entry) error {
			want := entry(int(seq))
			if seq != next || e.Part != want.Part || len(e.Data) != 2 || !bytes.Equal(e.Data[0], want.Data[0]) {
				t.Fatalf("entry %d: %+v, want %d", seq, e, next)
			}
			if seq == to {
				return refuse
			}
			next++
			return nil
		})
		if !errors.Is(err, refuse) {
			t.Fatalf("Outbox: %v", err)
		}
	}
	check(f, 0, 3)
	check(f, 3, 4)
	f.Close()
	f = open(t, fs, Options{})
	if st := f.Stats(); st.Outbox != 1 {
		t.Fatalf("outbox %d, want 1", st.Outbox)
	}
	check(f, 4, 4)
	if file, off := f.WARCPosition(); file != "w-1" || off != 99 {
		t.Fatalf("WARC position %s %d", file, off)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := f.Outbox(ctx, func(uint64, Entry) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Outbox: %v", err)
	}
	if st := f.Stats(); st.Outbox != 0 {
		t.Fatalf("outbox %d, want 0", st.Outbox)
	}
}

func TestClosedAnswers(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{})
	mustAdd(t, f, 1, items(t, "http://a.test/"))
	f.Close()
	if _, err := f.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := f.Add(nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := f.Outbox(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestInspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		away := SlotOf(addr(t, "http://c.test/"))
		f := open(t, fs, Options{
			DefaultDelay: -1, id: "FIXED", Budget: Budget{SiteStep: 1000, PerTemplate: 1},
			Owns: func(slot uint16) bool { return slot != away },
		})
		mustAdd(t, f, 2, items(t, "http://a.test/", "https://www.a.test/x"))
		l := mustNext(t, f)
		f.Located(l, netip.MustParseAddr("192.0.2.7"))
		b := items(t, "http://b.test/?q=1", "http://b.test/?q=2", "http://c.test/")
		for i := range b {
			b[i].Referrer, b[i].Depth = l.URL, 1
		}
		if err := f.Commit(&Batch{
			Outcomes: []Outcome{{Lease: l, State: Failed, Reason: "dns", Links: b, HostDelay: 2 * time.Second, Fault: Fault{Kind: "dns", After: 1}}},
			Outbox:   []Entry{{Part: 3, Data: [][]byte{[]byte("one"), []byte("two")}}},
			Hosts:    []HostDelta{{l.URL, []byte("learned")}},
			WARC:     WARCPosition{"crawl-1.warc.gz", 4711},
		}); err != nil {
			t.Fatal(err)
		}
		l = mustNext(t, f)
		mustCommit(t, f, Outcome{Lease: l, State: Retry, Reason: "http-503", RetryAt: time.Now().Add(time.Hour)})
		l = mustNext(t, f)
		mustCommit(t, f, Outcome{Lease: l, State: Done, Status: 200, ContentHash: [16]byte{1, 2}, Bands: []uint64{5}, Sketch: []byte("s"), Novel: true})
		if err := f.Fence(one(7), 1); err != nil {
			t.Fatal(err)
		}
		f.Close()
		var out bytes.Buffer
		if err := inspect(&out, "frontier", fs); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/inspect.txt", out.Bytes())
	})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update writes it):\n%s", name, got)
	}
}
