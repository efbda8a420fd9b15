package kernel

import (
	"math"
	"testing"
)

func TestNextAtLeast(t *testing.T) { eachVersion(t, testNextAtLeast) }

func testNextAtLeast(t *testing.T) {
	r := newRandom()
	for n := range 300 {
		v, bytes := make([]int32, n), make([]byte, n)
		for i := range v {
			v[i] = r.score()
			bytes[i] = byte(r.Uint32N(4) * r.Uint32N(64))
		}
		for _, least := range []int32{math.MinInt32, 0, 1, 90, 1 << 20, math.MaxInt32} {
			for _, from := range []int{0, r.IntN(n + 1), r.IntN(n + 1), n, n + 1, n + 1000} {
				want := from
				for want < n && v[want] < least {
					want++
				}
				if got := NextAtLeast(v, from, least); got != min(want, n) {
					t.Fatalf("seed %d n %d from %d: %d, want %d", r.seed, n, from, got, want)
				}
				least := byte(least)
				for want = from; want < n && bytes[want] < least; {
					want++
				}
				if got := NextByteAtLeast(bytes, from, least); got != min(want, n) {
					t.Fatalf("seed %d n %d from %d: byte %d, want %d", r.seed, n, from, got, want)
				}
			}
		}
	}
	mustPanic(t, map[string]func(){
		"from -1":      func() { NextAtLeast(make([]int32, 9), -1, 0) },
		"byte from -1": func() { NextByteAtLeast(make([]byte, 9), -1, 0) },
	})
}
