package postings

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// worth is 255·f/(f+K).
func worth(p posting) float64 {
	return 255 * float64(p.freq) / (float64(p.freq) + float64(testK[p.norm]))
}

// isBound tells whether an impact bounds a posting, and is the least that does but
// for one.
func isBound(impact uint8, most float64) bool {
	return impact == 255 && most > 253 || float64(impact) >= most && float64(impact) <= most+1
}

func most(list []posting) (most float64) {
	for _, p := range list {
		most = max(most, worth(p))
	}
	return most
}

// TestImpactsBound is the promise of impacts, of the list, its blocks and the
// windows of the segment: not below any posting, and not loose.
func TestImpactsBound(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		if w.src.Norms == nil {
			return
		}
		c.Reset(&w.src, w.list)
		if !isBound(c.Impact(), most(list)) {
			t.Fatalf("list: impact %d, its best posting %v", c.Impact(), most(list))
		}
		if (c.Impacts() == nil) != (len(list) < BlockLen) {
			t.Fatalf("%d impacts", len(c.Impacts()))
		}
		for b := range c.Blocks() {
			in := list[b*BlockLen : min((b+1)*BlockLen, len(list))]
			if !isBound(c.ImpactOf(b), most(in)) {
				t.Fatalf("block %d: impact %d, its best posting %v", b, c.ImpactOf(b), most(in))
			}
		}
		if c.ImpactOf(c.Blocks()) != 0 || c.ImpactOf(-1) != 0 {
			t.Fatal("an impact of no block")
		}
		checkWindows(t, &c, list, w.src.MaxDoc)
	})
}

func checkWindows(t *testing.T, c *Cursor, list []posting, maxDoc uint32) {
	t.Helper()
	n := windows(maxDoc)
	stored, all := c.Windows(), c.AppendWindows([]byte{7})[1:]
	if stores := len(list) >= BlockLen && len(list) >= 8*n; (stored != nil) != stores || len(all) != n {
		t.Fatalf("%d windows are stored, %d in all, of %d", len(stored), len(all), n)
	}
	tight := stored != nil || len(list) < BlockLen
	if stored != nil && !slices.Equal(stored, all) {
		t.Fatal("AppendWindows are not those stored")
	}
	for w, at := 0, 0; w < n; w++ {
		from := at
		for ; at < len(list) && list[at].doc/WindowDocs == uint32(w); at++ {
		}
		m := most(list[from:at])
		if float64(all[w]) < m || at > from && all[w] == 0 || tight && (at == from && all[w] != 0 || at > from && !isBound(all[w], m)) {
			t.Fatalf("window %d: impact %d, its best posting of %d: %v", w, all[w], at-from, m)
		}
	}
}

// TestKth holds the levels to the worth of sorted postings.
func TestKth(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		if w.src.Norms == nil {
			return
		}
		all := make([]float64, len(list))
		for i, p := range list {
			all[i] = worth(p)
		}
		slices.Sort(all)
		slices.Reverse(all)
		c.Reset(&w.src, w.list)
		for _, k := range []int{0, 1, 5, 10, 11, 100, 999, 1000, 1001, 1 << 30} {
			got := float64(c.Kth(uint32(k)))
			switch short := len(list) < BlockLen; {
			case k == 0 || k > len(list) || !short && k > 1000:
				if got != 0 {
					t.Fatalf("Kth(%d) = %v of %d", k, got, len(list))
				}
			case got > all[k-1]:
				t.Fatalf("Kth(%d) = %v, but that posting has %v", k, got, all[k-1])
			case short && got < math.Floor(min(all[k-1], maxLevel)), !short && k == 10 && got < math.Floor(min(all[9], maxLevel)):
				t.Fatalf("Kth(%d) = %v, too low for %v", k, got, all[k-1])
			}
		}
	})
}

// TestLevel wants the level to lie below the worth, one more above it, and the
// table to agree.
func TestLevel(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	l := newLevels(testK)
	for range 200_000 {
		p := posting{freq: 1 + uint32(r.Uint64N(1<<r.IntN(24))), norm: uint8(r.Uint32())}
		var level8 [1]uint8
		l.set(level8[:], &[BlockLen]uint32{p.freq - 1}, &[BlockLen]uint8{p.norm})
		level := float64(level8[0])
		if w := worth(p); level > w+1e-9 || level < maxLevel && level+1 < w {
			t.Fatalf("seed %d: frequency %d, norm %d: level %v, worth %v", seed, p.freq, p.norm, level, w)
		}
	}
	if levelOf(3, 0) != maxLevel || levelOf(1, float32(math.Inf(1))) != 0 || levelOf(1, -1) != maxLevel {
		t.Error("K at its ends")
	}
}

// TestWithoutK has nothing to say of worth, but shows where postings are.
func TestWithoutK(t *testing.T) {
	w := write(t, gen{df: 5, maxGap: 3000, maxTF: 3, seed: 1}.list(), false)
	w.src.K = nil
	var c Cursor
	c.Reset(&w.src, w.list)
	if c.Impact() != 255 || c.Kth(1) != 0 {
		t.Errorf("impact %d, %d", c.Impact(), c.Kth(1))
	}
	for _, window := range c.AppendWindows(nil) {
		if window != 0 && window != 255 {
			t.Errorf("window of %d", window)
		}
	}
}

// TestKeywordList is blocked, and without K: it bounds nothing, but tells where
// postings are.
func TestKeywordList(t *testing.T) {
	list := gen{df: 3000, maxGap: 300, rareGap: 20, maxTF: 1, seed: 3}.list()
	var post bytes.Buffer
	maxDoc := list[len(list)-1].doc + 1
	w := NewWriter(&post, nil, nil, maxDoc)
	present := make([]byte, windows(maxDoc))
	for _, p := range list {
		w.Add(p.doc, 1, 0, nil)
		present[p.doc/WindowDocs] = 255
	}
	l, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var c Cursor
	c.Reset(&Source{Post: post.Bytes(), MaxDoc: maxDoc}, l)
	if c.Impact() != 255 || c.ImpactOf(1) != 255 || c.Kth(10) != 0 {
		t.Errorf("impacts %d, %d, %d", c.Impact(), c.ImpactOf(1), c.Kth(10))
	}
	if got := c.Windows(); !bytes.Equal(got, present) || !bytes.Contains(got, []byte{0}) {
		t.Errorf("windows %v, want %v", got, present)
	}
}
