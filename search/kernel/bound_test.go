package kernel

import (
	"math"
	"math/big"
	"slices"
	"testing"
)

func TestAddScaled(t *testing.T) { eachVersion(t, testAddScaled) }

func testAddScaled(t *testing.T) {
	r := newRandom()
	for n := range 300 {
		for _, factor := range []uint32{0, 1, 255, 256, 1 << 23, 1<<24 + 1, r.Uint32N(MaxFactor), MaxFactor} {
			v := r.bytes(n)
			got := make([]int32, n+3)
			for i := range got {
				got[i] = -r.Int32() // the sum stays within an int32
			}
			want := slices.Clone(got)
			for i, b := range v {
				if b > 0 {
					bound := new(big.Int).Mul(big.NewInt(int64(b)), big.NewInt(int64(factor)))
					want[i] += int32(bound.Rsh(bound, 8).Int64() + 1)
				}
			}
			if AddScaled(got, v, factor); !slices.Equal(got, want) {
				t.Fatalf("seed %d n %d factor %d: %v, want %v", r.seed, n, factor, got, want)
			}
		}
	}
	mustPanic(t, map[string]func(){
		"short":  func() { AddScaled(make([]int32, 3), make([]byte, 4), 1) },
		"factor": func() { AddScaled(nil, nil, MaxFactor+1) },
	})
}

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
		most := byte(0)
		for _, b := range bytes {
			most = max(most, b)
		}
		if got := MaxBytes(bytes); got != most {
			t.Fatalf("seed %d n %d: greatest byte %d, want %d", r.seed, n, got, most)
		}
	}
	mustPanic(t, map[string]func(){
		"from -1":      func() { NextAtLeast(make([]int32, 9), -1, 0) },
		"byte from -1": func() { NextByteAtLeast(make([]byte, 9), -1, 0) },
	})
}
