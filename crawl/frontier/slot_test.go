package frontier

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// node is one of several that share the slots.
type node struct {
	f    *Frontier
	fs   *vfs.MemFS
	opt  Options
	owns map[uint16]bool
}

// cluster is nodes that crawl one web together, and the map of slots.
type cluster struct {
	t      *testing.T
	rng    *rand.Rand
	nodes  []*node
	epochs map[uint16]uint64
	slots  []uint16
	found  map[string]bool // seeds, and what a link led to
	done   map[string]int
	pages  int
}

const clusterHosts = 12

func newCluster(t *testing.T, seed uint64) *cluster {
	c := &cluster{t: t, rng: rand.New(rand.NewPCG(seed, 9)), epochs: map[uint16]uint64{}, done: map[string]int{}, found: map[string]bool{}, pages: 25}
	for range 3 {
		n := &node{fs: vfs.NewCrashableMem(), owns: map[uint16]bool{}}
		n.opt = Options{
			CacheBytes: 64 << 10, DefaultDelay: -1, MaxPerHost: 2, Owns: func(slot uint16) bool { return n.owns[slot] },
			Budget: Budget{PerHost: 1000, PerTemplate: 10}, Recrawl: Recrawl{Min: 24 * time.Hour},
		}
		c.nodes = append(c.nodes, n)
	}
	for h := range clusterHosts {
		slot := SlotOf(addr(t, c.name(h, 0)))
		c.slots = append(c.slots, slot)
		c.nodes[h%3].owns[slot] = true
	}
	for _, n := range c.nodes {
		n.f = open(t, n.fs, n.opt)
	}
	return c
}

func (c *cluster) name(host, page int) string { return fmt.Sprintf("http://h%d.test/%d", host, page) }

// work settles a few leases of a node.
func (c *cluster) work(n *node) {
	var b Batch
	ctx, cancel := context.WithCancel(c.t.Context())
	cancel()
	for range 1 + c.rng.IntN(6) {
		l, err := n.f.Next(ctx)
		if err != nil {
			break
		}
		if !n.owns[SlotOf(l.URL)] {
			c.t.Fatalf("leased %s of a slot that is not ours", l.URL)
		}
		o := Outcome{Lease: l, State: Done, Status: 200, Novel: true, ContentHash: [16]byte{byte(len(c.done)), 1}, Bands: []uint64{uint64(c.rng.IntN(9) + 1)}}
		for range 4 {
			o.Links = append(o.Links, Item{URL: addr(c.t, c.name(c.rng.IntN(clusterHosts), c.rng.IntN(c.pages))), Depth: 1, Referrer: l.URL})
		}
		b.Outcomes = append(b.Outcomes, o)
	}
	if err := n.f.Commit(&b); err != nil {
		c.t.Fatal(err)
	}
	for _, o := range b.Outcomes {
		if o.Fenced {
			c.t.Fatalf("%s was refused", o.Lease.URL)
		}
		c.done[o.Lease.URL.String()]++
		for _, it := range o.Links {
			c.found[it.URL.String()] = true
		}
	}
}

// post takes what a node sends out to where it belongs.
func (c *cluster) post(n *node) {
	for n.f.Count().Outbound > 0 {
		ctx, cancel := context.WithCancel(c.t.Context())
		err := n.f.Outbound(ctx, func(_ uint64, slot uint16, list []Item) error {
			for _, to := range c.nodes {
				if to.owns[slot] {
					if _, err := to.f.Add(list); err != nil {
						return err
					}
				}
			}
			if n.f.Count().Outbound == 1 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			c.t.Fatal(err)
		}
	}
}

// crash takes the power of a node.
func (c *cluster) crash(n *node) {
	fs := n.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: c.rng})
	n.f.Close()
	n.fs, n.f = fs, open(c.t, fs, n.opt)
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// move hands a slot over, with a fault on the way at times.
func (c *cluster) move() {
	slot := c.slots[c.rng.IntN(len(c.slots))]
	var from, to *node
	for _, n := range c.nodes {
		if n.owns[slot] {
			from = n
		}
	}
	if to = c.nodes[c.rng.IntN(3)]; to == from {
		return
	}
	before := from.f.Stats()
	c.must(from.f.Freeze(c.t.Context(), slot))
	var b bytes.Buffer
	c.must(from.f.Export(slot, &b))
	switch c.rng.IntN(6) {
	case 0: // the stream is torn
		if err := to.f.Import(slot, bytes.NewReader(b.Bytes()[:c.rng.IntN(b.Len())])); err == nil {
			c.t.Fatal("a torn stream was imported")
		}
	case 1: // a bit is wrong
		torn := bytes.Clone(b.Bytes())
		torn[len(torn)-1-c.rng.IntN(32)] ^= 1
		if err := to.f.Import(slot, bytes.NewReader(torn)); !errors.Is(err, errCorrupt) {
			c.t.Fatalf("a wrong stream was imported: %v", err)
		}
	case 2: // the old node dies
		c.crash(from)
	case 3: // called off
		c.must(to.f.Import(slot, &b))
		c.must(to.f.Drop(slot))
		c.must(from.f.Thaw(slot))
		return
	}
	c.must(to.f.Import(slot, bytes.NewReader(b.Bytes())))
	if c.rng.IntN(3) == 0 {
		c.crash(to)
	}
	c.epochs[slot]++
	delete(from.owns, slot)
	to.owns[slot] = true
	c.must(to.f.Fence(slot, c.epochs[slot]))
	c.must(to.f.Thaw(slot))
	c.must(from.f.Fence(slot, c.epochs[slot]))
	c.must(from.f.Drop(slot))
	if after := from.f.Stats(); after.Hosts > before.Hosts || after.Queued > before.Queued || after.Done > before.Done {
		c.t.Fatalf("dropped a slot: before %+v, after %+v", before, after)
	}
}

// TestCluster: three nodes crawl a web while slots move between them, with torn
// streams and lost power: every page is fetched once, none is lost, and the totals
// of the nodes add up.
func TestCluster(t *testing.T) {
	for seed := range uint64(6) {
		c := newCluster(t, seed)
		for h := range clusterHosts {
			_, err := c.nodes[0].f.Add(items(t, c.name(h, 0), c.name(h, 1)))
			c.must(err)
			c.found[c.name(h, 0)], c.found[c.name(h, 1)] = true, true
		}
		moves := 0
		for step := range 400 {
			n := c.nodes[c.rng.IntN(3)]
			switch c.rng.IntN(12) {
			case 0:
				c.post(n)
			case 1:
				c.move()
				moves++
			case 2:
				c.crash(n)
			default:
				c.work(n)
			}
			if step > 300 {
				c.post(n)
			}
		}
		for range 400 {
			for _, n := range c.nodes {
				c.work(n)
				c.post(n)
			}
		}
		var sum Stats
		for i, n := range c.nodes {
			st := n.f.Stats()
			if st.Queued != 0 || st.Held != 0 || st.InFlight != 0 {
				t.Errorf("seed %d: node %d: %+v", seed, i, st)
			}
			sum.Done += st.Done
			sum.Hosts += st.Hosts
			sum.Visits += st.Visits
		}
		if int(sum.Done) != len(c.done) || sum.Hosts != clusterHosts || sum.Visits != sum.Done || len(c.done) != len(c.found) {
			t.Errorf("seed %d: totals %+v, %d pages of %d", seed, sum, len(c.done), len(c.found))
		}
		for name, n := range c.done {
			if n != 1 {
				t.Errorf("seed %d: %s was fetched %d times", seed, name, n)
			}
		}
		for h := range clusterHosts {
			for p := range c.pages {
				u := addr(t, c.name(h, p))
				if !c.found[u.String()] {
					continue
				}
				for i, n := range c.nodes {
					st, known := n.f.Why(u)
					if owns := n.owns[SlotOf(u)]; known != owns || owns && st.State != Done || !owns && st.Refused != "other-node" {
						t.Errorf("seed %d: node %d, %s: %+v %t", seed, i, u, st, known)
					}
				}
			}
		}
		t.Logf("seed %d: %d moves", seed, moves)
		for _, n := range c.nodes {
			n.f.Close()
		}
	}
}

// TestFence: what a lease of an older epoch brings is left out, and what came with
// it goes in.
func TestFence(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, MaxPerHost: 2})
	mustAdd(t, f, 2, items(t, "http://a.test/", "http://b.test/"))
	a, b := mustNext(t, f), mustNext(t, f)
	slot := SlotOf(a.URL)
	if err := f.Fence(slot, 7); err != nil {
		t.Fatal(err)
	}
	if err := f.Fence(slot, 6); !errors.Is(err, ErrSlot) {
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
	if err := f.Drop(slot); !errors.Is(err, ErrSlot) {
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
		one, two := mustNext(t, f), mustNext(t, f)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.Freeze(ctx, slot); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Freeze = %v", err)
		}
		if err := f.Export(slot, &bytes.Buffer{}); !errors.Is(err, ErrSlot) {
			t.Errorf("Export with leases out: %v", err)
		}
		frozen := make(chan error)
		go func() { frozen <- f.Freeze(t.Context(), slot) }()
		synctest.Wait()
		mustCommit(t, f, Outcome{Lease: one, State: Done, Links: items(t, "http://a.test/4")})
		if err := f.Return(two, 0); err != nil {
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
		if err := f.Thaw(slot); err != nil {
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
	if err := src.Freeze(t.Context(), slot); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := src.Export(slot, &b); err != nil {
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
		err := dst.Import(slot, bytes.NewReader(append(b, sum[:]...)))
		if err == nil {
			taken++
			if err := dst.Drop(slot); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if empty, err := dst.empty(slot); !empty || err != nil {
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
	if err := dst.Import(slot, bytes.NewReader(stream)); err != nil {
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
		_, err := tr.header(slot)
		for err == nil {
			var key []byte
			if key, _, err = tr.next(slot); err == nil && key == nil {
				return
			}
		}
		if !errors.Is(err, errCorrupt) && !errors.Is(err, ErrSlot) {
			t.Errorf("unmarked error %v", err)
		}
	})
}
