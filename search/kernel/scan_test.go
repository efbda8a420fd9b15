package kernel

import (
	"math"
	"slices"
	"testing"
)

func naiveScan(acc []int32, least int32, base uint32) (docs []uint32, scores []int32, nonzero int) {
	for i, s := range acc {
		if s != 0 {
			nonzero++
			if s >= least {
				docs, scores = append(docs, base+uint32(i)), append(scores, s)
			}
		}
	}
	return docs, scores, nonzero
}

func TestScan(t *testing.T) { eachVersion(t, testScan) }

func testScan(t *testing.T) {
	r := newRandom()
	for round := range 600 {
		groups := r.IntN(150)
		if round < 40 {
			groups = round
		}
		span := groups * Group
		n := 0
		switch r.IntN(3) {
		case 0:
			n = r.IntN(span + 1)
		case 1:
			n = span
		case 2:
			n = r.IntN(groups + 1)
		}
		base, docs, scores := r.window(n, span)
		least := []int32{math.MinInt32, -5, 0, 1, 50, 100, math.MaxInt32}[r.IntN(7)]
		acc := make([]int32, span)
		touched := make([]uint64, (groups+63)/64+r.IntN(2))
		AccumulateTouched(acc, docs, scores, base, touched)
		if groups > 0 {
			touched[0] |= 1 // a group with nothing in it
		}
		again := slices.Clone(acc)
		wantDocs, wantScores, wantNonzero := naiveScan(acc, least, base)

		check := func(what string, acc []int32, run func(docs []uint32, scores []int32) (int, int)) {
			t.Helper()
			docs, scores := make([]uint32, span), make([]int32, span)
			candidates, nonzero := run(docs, scores)
			if nonzero != wantNonzero || !slices.Equal(docs[:candidates], wantDocs) || !slices.Equal(scores[:candidates], wantScores) {
				t.Fatalf("seed %d round %d: %s: %d candidates of %d, want %d of %d; or others", r.seed, round, what,
					candidates, nonzero, len(wantDocs), wantNonzero)
			}
			if slices.ContainsFunc(acc, func(s int32) bool { return s != 0 }) {
				t.Fatalf("seed %d round %d: %s leaves something", r.seed, round, what)
			}
		}
		check("Scan", acc, func(docs []uint32, scores []int32) (int, int) {
			return Scan(acc, least, base, docs, scores)
		})
		check("ScanTouched", again, func(docs []uint32, scores []int32) (int, int) {
			return ScanTouched(again, touched, least, base, docs, scores)
		})
		if slices.ContainsFunc(touched, func(w uint64) bool { return w != 0 }) {
			t.Fatalf("seed %d round %d: touched is left at %x", r.seed, round, touched)
		}
	}
}

func TestScanFloat(t *testing.T) { eachVersion(t, testScanFloat) }

func testScanFloat(t *testing.T) {
	r := newRandom()
	for round := range 300 {
		seen := r.words(round % 70)
		base := r.Uint32()
		acc := make([]float32, 64*len(seen))
		var wantDocs []uint32
		var wantEv []float32
		for i := range acc {
			if seen[i/64]>>(i%64)&1 != 0 {
				acc[i] = max(r.Float32()-0.1, 0) // some are 0
				wantDocs, wantEv = append(wantDocs, base+uint32(i)), append(wantEv, acc[i])
			}
		}
		docs, ev := make([]uint32, len(acc)), make([]float32, len(acc))
		n := ScanFloat(acc, seen, base, docs, ev)
		if !slices.Equal(docs[:n], wantDocs) || !slices.Equal(ev[:n], wantEv) {
			t.Fatalf("seed %d round %d: scans %v %v, want %v %v", r.seed, round, docs[:n], ev[:n], wantDocs, wantEv)
		}
		if slices.ContainsFunc(acc, func(e float32) bool { return e != 0 }) || Count(seen) != 0 {
			t.Fatalf("seed %d round %d: ScanFloat leaves something", r.seed, round)
		}
	}
	mustPanic(t, map[string]func(){
		"unequal":    func() { ScanFloat(make([]float32, 65), make([]uint64, 1), 0, make([]uint32, 99), make([]float32, 99)) },
		"short docs": func() { ScanFloat(make([]float32, 64), make([]uint64, 1), 0, make([]uint32, 63), make([]float32, 99)) },
		"short ev":   func() { ScanFloat(make([]float32, 64), make([]uint64, 1), 0, make([]uint32, 64), make([]float32, 63)) },
	})
}

func TestScanPanics(t *testing.T) { eachVersion(t, testScanPanics) }

func testScanPanics(t *testing.T) {
	docs, scores := make([]uint32, 99), make([]int32, 99)
	mustPanic(t, map[string]func(){
		"no group":       func() { Scan(make([]int32, 8), 0, 0, docs, scores) },
		"short docs":     func() { Scan(make([]int32, 32), 0, 0, docs[:31], scores) },
		"short scores":   func() { ScanTouched(make([]int32, 32), nil, 0, 0, docs, scores[:31]) },
		"touched behind": func() { ScanTouched(make([]int32, 32), []uint64{4}, 0, 0, docs, scores) },
		"touched word":   func() { ScanTouched(make([]int32, 32), []uint64{1, 1}, 0, 0, docs, scores) },
	})
}
