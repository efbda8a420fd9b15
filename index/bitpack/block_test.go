package bitpack

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCountLess(t *testing.T) { eachVersion(t, testCountLess) }

func testCountLess(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var v [N]uint32
		span := uint64(1) << r.IntN(33)
		n := r.IntN(N + 1)
		for i := range v[:n] {
			v[i] = uint32(r.Uint64N(span)) + uint32(r.IntN(2))<<31
		}
		slices.Sort(v[:n])
		for i := n; i < N; i++ {
			v[i] = math.MaxUint32
		}
		probes := append([]uint32{0, 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32}, v[:]...)
		for _, x := range probes {
			for _, x := range []uint32{x - 1, x, x + 1} {
				want := 0
				for want < N && v[want] < x {
					want++
				}
				if got := CountLess(&v, x); got != want {
					t.Fatalf("seed %d: %d of the values are below %d, want %d: %v", seed, got, x, want, v)
				}
			}
		}
	}
}

func TestSetBits(t *testing.T) { eachVersion(t, testSetBits) }

func testSetBits(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 300 {
		words := 1 + r.IntN(40)
		base := r.Uint32() // may wrap around
		got := make([]uint64, words)
		for i := range got {
			got[i] = r.Uint64() & r.Uint64() & r.Uint64()
		}
		want := slices.Clone(got)
		docs := make([]uint32, n)
		for i := range docs {
			bit := r.IntN(64 * words)
			docs[i] = base + uint32(bit)
			want[bit/64] |= 1 << (bit % 64)
		}
		if SetBits(got, docs, base); !slices.Equal(got, want) {
			t.Fatalf("seed %d n %d: %x, want %x", seed, n, got, want)
		}
	}
}

func TestSetBitsPanicsOutside(t *testing.T) { eachVersion(t, testSetBitsPanicsOutside) }

func testSetBitsPanicsOutside(t *testing.T) {
	for n := 1; n < 70; n++ {
		for _, bad := range []uint32{99, 100 + 128, 1 << 31} {
			docs := slices.Repeat([]uint32{100}, n)
			docs[n/2] = bad
			if !panics(func() { SetBits(make([]uint64, 2), docs, 100) }) {
				t.Errorf("%d documents, one of them %d: no panic", n, bad)
			}
		}
	}
}

func TestOrBits(t *testing.T) { eachVersion(t, testOrBits) }

func testOrBits(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		got := make([]uint64, r.IntN(40))
		for i := range got {
			got[i] = r.Uint64() & r.Uint64()
		}
		src := make([]byte, 8*r.IntN(24))
		for i := range src {
			src[i] = byte(r.Uint32() & r.Uint32())
		}
		shift := uint32(r.IntN(len(got)*64 + 200))
		if r.IntN(3) == 0 {
			shift &^= 63
		}
		down, want, wantDown := slices.Clone(got), slices.Clone(got), slices.Clone(got)
		for i := range 8 * len(src) {
			if src[i/8]>>(i%8)&1 == 0 {
				continue
			}
			if to := i + int(shift); to < 64*len(want) {
				want[to/64] |= 1 << (to % 64)
			}
			if to := i - int(shift); to >= 0 && to < 64*len(want) {
				wantDown[to/64] |= 1 << (to % 64)
			}
		}
		if OrBits(got, src, shift); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d bytes, shift %d: %x, want %x", seed, len(src), shift, got, want)
		}
		if OrBitsFrom(down, src, shift); !slices.Equal(down, wantDown) {
			t.Fatalf("seed %d: %d bytes, skip %d: %x, want %x", seed, len(src), shift, down, wantDown)
		}
	}
	if !panics(func() { OrBits(make([]uint64, 9), make([]byte, 9), 0) }) {
		t.Error("a bitset of 9 bytes is taken")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func BenchmarkCountLess(b *testing.B) { benchEachVersion(b, benchCountLess) }

func benchCountLess(b *testing.B) {
	var v [N]uint32
	for i := range v {
		v[i] = uint32(10 * i)
	}
	x := uint32(1)
	for b.Loop() {
		x = x*1664525 + 1013904223
		sink += uint32(CountLess(&v, x>>21))
	}
}

func BenchmarkSetBits(b *testing.B) { benchEachVersion(b, benchSetBits) }

func benchSetBits(b *testing.B) {
	for _, gap := range []uint32{2, 5, 16, 100} {
		b.Run(fmt.Sprintf("gap=%d", gap), func(b *testing.B) {
			set := make([]uint64, 4+2*gap)
			docs := make([]uint32, N)
			r := rand.New(rand.NewPCG(1, 2))
			d := uint32(1000)
			for i := range docs {
				d += 1 + r.Uint32N(2*gap-2)
				docs[i] = min(d, 1000+64*uint32(len(set))-1)
			}
			for b.Loop() {
				SetBits(set, docs, 1000)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/N, "ns/posting")
		})
	}
}

func BenchmarkOrBits(b *testing.B) { benchEachVersion(b, benchOrBits) }

func benchOrBits(b *testing.B) {
	for _, words := range []int{4, 8, 16, 32} {
		b.Run(fmt.Sprintf("words=%d", words), func(b *testing.B) {
			dst := make([]uint64, 64)
			src := make([]byte, 8*words)
			for i := range words {
				binary.LittleEndian.PutUint64(src[8*i:], rand.Uint64())
			}
			for b.Loop() {
				OrBits(dst, src, 77)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(words), "ns/word")
		})
	}
}
