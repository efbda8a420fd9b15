package kernel

import (
	"math/bits"
	"slices"
	"testing"
)

func TestBitsets(t *testing.T) { eachVersion(t, testBitsets) }

func testBitsets(t *testing.T) {
	r := newRandom()
	for n := range 300 {
		a, b := r.words(n), r.words(n)
		var ones, both int
		and, wantAnd := slices.Clone(a), make([]uint64, n)
		for i := range a {
			ones += bits.OnesCount64(a[i])
			both += bits.OnesCount64(a[i] & b[i])
			wantAnd[i] = a[i] & b[i]
		}
		if got := Count(a); got != ones {
			t.Fatalf("seed %d n %d: Count %d, want %d", r.seed, n, got, ones)
		}
		if got := CountAnd(a, b); got != both {
			t.Fatalf("seed %d n %d: CountAnd %d, want %d", r.seed, n, got, both)
		}
		if got := And(and, b); got != both || !slices.Equal(and, wantAnd) {
			t.Fatalf("seed %d n %d: And %d, want %d, or other bits", r.seed, n, got, both)
		}
	}
	three, four := make([]uint64, 3), make([]uint64, 4)
	mustPanic(t, map[string]func(){
		"CountAnd": func() { CountAnd(three, four) },
		"And":      func() { And(four, three) },
	})
}
