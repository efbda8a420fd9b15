package bitpack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// naive reads value i bit by bit: the format as the package doc says it.
func naive(src []byte, i, width int) (v uint32) {
	for b := range width {
		bit := i*width + b
		v |= uint32(src[bit/8]>>(bit%8)&1) << b
	}
	return v
}

func values(r *rand.Rand, n, width int) []uint32 {
	v := make([]uint32, n)
	for i := range v {
		v[i] = uint32(r.Uint64() & (1<<width - 1))
	}
	return v
}

func check(t *testing.T, v []uint32, width int) {
	t.Helper()
	exact := Pack(nil, v, width)
	if len(exact) != Size(len(v), width) {
		t.Fatalf("n %d width %d: packed %d bytes, Size says %d", len(v), width, len(exact), Size(len(v), width))
	}
	slack := append(bytes.Clone(exact), bytes.Repeat([]byte{0xff}, Slack)...)
	for _, src := range [][]byte{exact, slack[:len(exact)+1], slack[:len(exact)+7], slack} {
		var plain, delta1 [N]uint32
		const base = 0xfffffff0 // sums wrap
		Unpack(&plain, src, len(v), width)
		UnpackDelta1(&delta1, src, len(v), width, base)
		sum1 := uint32(base)
		for i, want := range v {
			sum1 += want + 1
			if got := naive(src, i, width); got != want {
				t.Fatalf("n %d width %d: bytes hold %d at %d, want %d", len(v), width, got, i, want)
			}
			if plain[i] != want || delta1[i] != sum1 || Get(src, i, width) != want {
				t.Fatalf("n %d width %d slack %d value %d: Unpack %d Get %d want %d; delta1 %d want %d",
					len(v), width, len(src)-len(exact), i, plain[i], Get(src, i, width), want, delta1[i], sum1)
			}
		}
	}
}

func TestRoundTripEveryLengthAndWidth(t *testing.T) {
	eachVersion(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for width := 0; width <= MaxWidth; width++ {
			for n := 0; n <= N; n++ {
				check(t, values(r, n, width), width)
			}
		}
	})
}

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		v    []uint32
		want int
	}{{nil, 0}, {[]uint32{0, 0}, 0}, {[]uint32{1}, 1}, {[]uint32{4, 3}, 3}, {[]uint32{1 << 31}, 32}} {
		if got := Width(c.v); got != c.want {
			t.Errorf("Width(%v) = %d, want %d", c.v, got, c.want)
		}
	}
}

// TestExample is the worked example of the package doc.
func TestExample(t *testing.T) {
	if got := Pack([]byte{9}, []uint32{3, 1, 2}, 2); !bytes.Equal(got, []byte{9, 0x27, 0, 0, 0}) {
		t.Errorf("packed % x", got)
	}
}

func TestShortSourcePanics(t *testing.T) {
	var dst [N]uint32
	for name, f := range map[string]func(){
		"short":        func() { Unpack(&dst, make([]byte, Size(N, 7)-1), N, 7) },
		"short group":  func() { UnpackDelta1(&dst, make([]byte, 13), 1, 7, 0) },
		"129 values":   func() { Unpack(&dst, make([]byte, 1000), N+1, 1) },
		"-1 values":    func() { Unpack(&dst, make([]byte, 1000), -1, 1) },
		"33 bits":      func() { UnpackDelta1(&dst, make([]byte, 1000), 1, MaxWidth+1, 0) },
		"-1 bits":      func() { UnpackDelta1(&dst, make([]byte, 1000), 1, -1, 0) },
		"131 to Pack":  func() { Pack(nil, make([]uint32, N+3), 1) },
		"40 bits each": func() { Pack(nil, make([]uint32, 3), 40) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint8(128), uint8(9), uint64(1))
	f.Add(uint8(17), uint8(31), uint64(2))
	f.Fuzz(func(t *testing.T, n, width uint8, seed uint64) {
		if n > N || width > MaxWidth {
			t.Skip()
		}
		eachVersion(t, func(t *testing.T) {
			check(t, values(rand.New(rand.NewPCG(seed, 0)), int(n), int(width)), int(width))
		})
	})
}

func BenchmarkUnpack(b *testing.B) { bench(b, Unpack) }

func BenchmarkUnpackDelta1(b *testing.B) {
	bench(b, func(dst *[N]uint32, src []byte, n, width int) { UnpackDelta1(dst, src, n, width, 7) })
}

func bench(b *testing.B, fn func(dst *[N]uint32, src []byte, n, width int)) {
	benchEachVersion(b, func(b *testing.B) {
		for _, width := range []int{1, 2, 5, 8, 9, 14, 20, 27, 31} {
			b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
				src := Pack(nil, values(rand.New(rand.NewPCG(1, 2)), N, width), width)
				src = append(src, make([]byte, Slack)...)
				var dst [N]uint32
				for b.Loop() {
					fn(&dst, src, N, width)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/N, "ns/int")
			})
		}
	})
}

func BenchmarkGet(b *testing.B) {
	src := append(Pack(nil, values(rand.New(rand.NewPCG(1, 2)), N, 9), 9), make([]byte, Slack)...)
	i := 0
	for b.Loop() {
		sink += Get(src, i&(N-1), 9)
		i++
	}
}

func BenchmarkPack(b *testing.B) {
	v := values(rand.New(rand.NewPCG(1, 2)), N, 9)
	var dst []byte
	for b.Loop() {
		dst = Pack(dst[:0], v, 9)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/N, "ns/int")
}

var sink uint32
