package postings

import (
	"math/rand/v2"
	"testing"
)

func TestFreqCode(t *testing.T) {
	before := -1
	for f := uint32(0); f <= MaxFreq+100; f += 1 + f/5000 {
		code := freqCode(f)
		up := freqOf(code)
		if up < f || f < 16 && up != f || float64(up) > float64(f)*1.125 {
			t.Fatalf("frequency %d is code %d is %d", f, code, up)
		}
		if int(code) < before {
			t.Fatalf("frequency %d: code %d after %d", f, code, before)
		}
		before = int(code)
	}
	for code := 1; code < 256; code++ {
		if freqOf(uint8(code)) < freqOf(uint8(code-1)) {
			t.Fatalf("code %d falls", code)
		}
	}
}

// bounded tells whether a pair bounds a posting: then every score does that
// rises with the frequency and falls with the norm.
func bounded(p posting, by []Impact) bool {
	for _, m := range by {
		if p.freq <= m.Freq && p.norm >= m.Norm {
			return true
		}
	}
	return false
}

// TestImpactsBound is the whole promise of impacts: for each posting one pair
// that is not below it in both.
func TestImpactsBound(t *testing.T) {
	var c Cursor
	eachList(t, func(t *testing.T, g gen, list []posting, w written) {
		c.Reset(&w.src, w.list)
		whole := c.MaxImpacts(nil)
		if len(whole) > impactPairs {
			t.Fatalf("%d pairs", len(whole))
		}
		for i, p := range list {
			c.SeekBlock(p.doc)
			block := c.BlockImpacts(nil)
			switch {
			case len(block) == 0 || len(block) > impactPairs:
				t.Fatalf("posting %d: %d pairs", i, len(block))
			case !bounded(p, block):
				t.Fatalf("posting %d (%d, %d) is above its block's %v", i, p.freq, p.norm, block)
			case !bounded(p, []Impact{c.BlockImpact()}):
				t.Fatalf("posting %d (%d, %d) is above its block's %v", i, p.freq, p.norm, c.BlockImpact())
			case !bounded(p, whole) || !bounded(p, []Impact{c.MaxImpact()}):
				t.Fatalf("posting %d (%d, %d) is above the list's %v, %v", i, p.freq, p.norm, whole, c.MaxImpact())
			}
		}
		if c.SeekBlock(list[len(list)-1].doc+1) != None || c.BlockImpacts(nil) != nil || c.BlockImpact() != (Impact{}) {
			t.Fatal("there is a block behind the last")
		}
	})
}

// TestImpactsAreTight holds the pairs to postings that are there: the bound of a
// block is not more than the frequency of one and the norm of another.
func TestImpactsAreTight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var f frontier
		maxCode, minNorm := uint8(0), uint8(255)
		for range 1 + r.IntN(40) {
			code, norm := uint8(1+r.IntN(1+r.IntN(40))), uint8(1+r.IntN(60))
			f.add(code, norm)
			maxCode, minNorm = max(maxCode, code), min(minNorm, norm)
		}
		front := f.points(nil)
		stored := f.appendTo(nil, nil)
		if m := maxImpact(stored); m.Freq != freqOf(maxCode) || m.Norm != minNorm {
			t.Fatalf("max %v, want %d, %d", m, freqOf(maxCode), minNorm)
		}
		if len(front) <= 2 { // nothing to cut: the postings themselves
			for i, m := range appendImpacts(nil, stored) {
				if p := front[len(front)-1-i]; m.Freq != freqOf(p.code) || m.Norm != p.norm {
					t.Fatalf("pairs %v of the frontier %v", appendImpacts(nil, stored), front)
				}
			}
		}
		if f.points(nil) != nil {
			t.Fatal("not empty after appendTo")
		}
	}
}

// TestShortListWithoutNorms takes every document for the shortest.
func TestShortListWithoutNorms(t *testing.T) {
	w := write(t, gen{df: 5, maxGap: 9, maxTF: 3, seed: 1}.list(), false)
	w.src.Norms = nil
	var c Cursor
	c.Reset(&w.src, w.list)
	if m := c.MaxImpact(); m.Norm != 0 || m.Freq == 0 {
		t.Errorf("%+v", m)
	}
}
