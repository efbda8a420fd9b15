package frontier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
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
	c.must(from.f.Freeze(c.t.Context(), one(slot)))
	var b bytes.Buffer
	_, err := from.f.Export(one(slot), &b)
	c.must(err)
	switch c.rng.IntN(6) {
	case 0: // the stream is torn
		if err := to.f.Import(one(slot), bytes.NewReader(b.Bytes()[:c.rng.IntN(b.Len())])); err == nil {
			c.t.Fatal("a torn stream was imported")
		}
	case 1: // a bit is wrong
		torn := bytes.Clone(b.Bytes())
		torn[len(torn)-1-c.rng.IntN(32)] ^= 1
		if err := to.f.Import(one(slot), bytes.NewReader(torn)); !errors.Is(err, errCorrupt) {
			c.t.Fatalf("a wrong stream was imported: %v", err)
		}
	case 2: // the old node dies
		c.crash(from)
	case 3: // called off
		c.must(to.f.Import(one(slot), &b))
		c.must(to.f.Drop(one(slot)))
		c.must(from.f.Thaw(one(slot)))
		return
	}
	c.must(to.f.Import(one(slot), bytes.NewReader(b.Bytes())))
	if c.rng.IntN(3) == 0 {
		c.crash(to)
	}
	c.epochs[slot]++
	delete(from.owns, slot)
	to.owns[slot] = true
	c.must(to.f.Fence(one(slot), c.epochs[slot]))
	c.must(to.f.Thaw(one(slot)))
	c.must(from.f.Fence(one(slot), c.epochs[slot]))
	c.must(from.f.Drop(one(slot)))
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
