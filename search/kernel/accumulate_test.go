package kernel

import (
	"math"
	"slices"
	"testing"
)

func TestAccumulate(t *testing.T) { eachVersion(t, testAccumulate) }

func testAccumulate(t *testing.T) {
	r := newRandom()
	for n := range 300 {
		span := n + r.IntN(2000) + 1
		base, docs, scores := r.window(n, span)
		if n > 0 && r.IntN(2) == 0 {
			docs[r.IntN(n)] = docs[r.IntN(n)] // one document twice
		}
		got := make([]int32, span)
		for i := range got {
			got[i] = r.score()
		}
		touchedWords := make([]uint64, (span+64*Group-1)/(64*Group))
		gotTouched := slices.Clone(got)
		gotFloat, seen := make([]float32, span), r.words((span+63)/64)
		ev := make([]float32, n+r.IntN(3))
		for i := range gotFloat {
			gotFloat[i] = r.Float32()
		}
		for i := range ev {
			ev[i] = r.Float32()
		}

		want, wantTouched := slices.Clone(got), slices.Clone(touchedWords)
		wantFloat, wantSeen := slices.Clone(gotFloat), slices.Clone(seen)
		for i, d := range docs {
			at := d - base
			want[at] += scores[i]
			wantFloat[at] += ev[i]
			wantTouched[at/16/64] |= 1 << (at / 16 % 64)
			wantSeen[at/64] |= 1 << (at % 64)
		}
		Accumulate(got, docs, scores, base)
		AccumulateTouched(gotTouched, docs, scores, base, touchedWords)
		AccumulateFloat(gotFloat, docs, ev, base, seen)
		if !slices.Equal(got, want) || !slices.Equal(gotTouched, want) {
			t.Fatalf("seed %d n %d: sums are not those of the loop", r.seed, n)
		}
		if !slices.Equal(touchedWords, wantTouched) || !slices.Equal(seen, wantSeen) {
			t.Fatalf("seed %d n %d: touched %x want %x, seen %x want %x", r.seed, n, touchedWords, wantTouched, seen, wantSeen)
		}
		if !slices.EqualFunc(gotFloat, wantFloat, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Fatalf("seed %d n %d: evidence is not that of the loop", r.seed, n)
		}
	}
}

func TestAccumulatePanicsOutside(t *testing.T) { eachVersion(t, testAccumulatePanicsOutside) }

func testAccumulatePanicsOutside(t *testing.T) {
	r := newRandom()
	for n := 1; n < 70; n++ {
		for _, bad := range []uint32{99, 100 + 512, 1 << 31} {
			docs, scores, ev := slices.Repeat([]uint32{100}, n), make([]int32, n), make([]float32, n)
			docs[r.IntN(n)] = bad
			mustPanic(t, map[string]func(){
				"Accumulate":        func() { Accumulate(make([]int32, 512, 1024), docs, scores, 100) },
				"AccumulateTouched": func() { AccumulateTouched(make([]int32, 512, 1024), docs, scores, 100, make([]uint64, 1)) },
				"AccumulateFloat":   func() { AccumulateFloat(make([]float32, 512, 1024), docs, ev, 100, make([]uint64, 8)) },
			})
		}
	}
	docs := make([]uint32, 3)
	mustPanic(t, map[string]func(){
		"short scores":   func() { Accumulate(make([]int32, 512), docs, make([]int32, 2, 3), 0) },
		"short evidence": func() { AccumulateFloat(make([]float32, 512), docs, make([]float32, 2), 0, make([]uint64, 8)) },
		"short touched":  func() { AccumulateTouched(make([]int32, 1040), docs, make([]int32, 3), 0, make([]uint64, 1)) },
		"short seen":     func() { AccumulateFloat(make([]float32, 65), docs, make([]float32, 3), 0, make([]uint64, 1)) },
	})
}
