package bitpack

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestAbove(t *testing.T) { eachVersion(t, testAbove) }

func testAbove(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		var v [N]uint32
		copy(v[:], values(r, N, r.IntN(33)))
		for _, x := range []uint32{0, 1, v[r.IntN(N)], r.Uint32(), 1<<32 - 1} {
			low, high := Above(&v, x)
			for i, y := range v {
				word := [2]uint64{low, high}[i/64]
				if got := word>>(i%64)&1 != 0; got != (y > x) {
					t.Fatalf("seed %d: Above(%d) has %v for value %d, %d", seed, x, got, i, y)
				}
			}
		}
	}
}

func TestWidthOfWholeBlock(t *testing.T) { eachVersion(t, testWidthOfWholeBlock) }

func testWidthOfWholeBlock(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range N {
		for bit := range 32 {
			v := values(r, N, bit)
			v[i] = 1<<bit | uint32(r.Uint64N(1<<bit))
			if got := Width(v); got != bit+1 {
				t.Fatalf("Width with %d at %d = %d", v[i], i, got)
			}
		}
	}
}

func TestSumsAndAdd(t *testing.T) { eachVersion(t, testSumsAndAdd) }

func testSumsAndAdd(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range N + 1 {
		var src, dst [N]uint32
		copy(src[:], values(r, N, 32))
		base, more := r.Uint32(), r.Uint32N(2)
		Sums(&dst, &src, n, base, more)
		added := src
		Add(&added, base)
		same := src
		Sums(&same, &same, n, base, more)
		sum := base
		for i, x := range src {
			if added[i] != x+base {
				t.Fatalf("seed %d: Add of %d to value %d, %d, is %d", seed, base, i, x, added[i])
			}
			if sum += x + more; i < n && (dst[i] != sum || same[i] != sum) {
				t.Fatalf("seed %d, n %d: sum %d is %d, in place %d; want %d", seed, n, i, dst[i], same[i], sum)
			}
		}
	}
}

func TestExpand(t *testing.T) { eachVersion(t, testExpand) }

func testExpand(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range N + 1 {
		for range 20 {
			src := make([]byte, 8*(2+r.IntN(40)))
			if r.IntN(4) == 0 {
				src = src[:8*max(2, (n+63)/64)]
			}
			perm := r.Perm(8 * len(src))[:n]
			var want []uint32
			base := r.Uint32()
			for _, bit := range perm {
				src[bit/8] |= 1 << (bit % 8)
			}
			for bit := range 8 * len(src) {
				if src[bit/8]>>(bit%8)&1 != 0 {
					want = append(want, base+uint32(bit))
				}
			}
			var dst [N + 32]uint32
			for i := range dst {
				dst[i] = 7
			}
			if got := Expand((*[N]uint32)(dst[:]), src, base); got != n {
				t.Fatalf("seed %d: %d bits, want %d", seed, got, n)
			}
			for i, x := range want {
				if dst[i] != x {
					t.Fatalf("seed %d: bit %d of %x from %d on is %d, want %d", seed, i, src, base, dst[i], x)
				}
			}
			for i := N; i < len(dst); i++ {
				if dst[i] != 7 {
					t.Fatalf("seed %d: written behind the end", seed)
				}
			}
		}
	}
	src := make([]byte, 24)
	for i := range N + 1 {
		src[i/8] |= 1 << (i % 8)
	}
	var dst [N]uint32
	if n := Expand(&dst, src, 9); n != N+1 || dst != [N]uint32{} {
		t.Errorf("of 129 bits %d were taken", n)
	}
}

func TestAddTails(t *testing.T) { eachVersion(t, testAddTails) }

func testAddTails(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		var v [N]uint32
		copy(v[:], values(r, N, 32))
		n, shift := r.IntN(8), r.IntN(32)
		at, x := make([]byte, n), make([]byte, n)
		want := v
		for j := range at {
			at[j], x[j] = byte(r.IntN(N+9)), byte(r.Uint32())
			for i := int(at[j]); i < N; i++ {
				want[i] += uint32(x[j]) << shift
			}
		}
		if AddTails(&v, at, x, shift); v != want {
			t.Fatalf("seed %d: AddTails(%d, %d, %d) = %v, want %v", seed, at, x, shift, v, want)
		}
	}
}

func BenchmarkExpand(b *testing.B) {
	benchEachVersion(b, func(b *testing.B) {
		src := make([]byte, 8*10)
		r := rand.New(rand.NewPCG(1, 2))
		for _, bit := range r.Perm(640)[:N] {
			src[bit/8] |= 1 << (bit % 8)
		}
		var dst [N]uint32
		for b.Loop() {
			Expand(&dst, src, 99)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/N, "ns/int")
	})
}

func BenchmarkValues(b *testing.B) {
	var v [N]uint32
	copy(v[:], values(rand.New(rand.NewPCG(1, 2)), N, 9))
	for name, f := range map[string]func(){
		"above": func() { low, _ := Above(&v, 500); sink += uint32(low) },
		"width": func() { sink += uint32(Width(v[:])) },
		"add":   func() { Add(&v, 1) },
		"tails": func() { AddTails(&v, []byte{3, 40, 80, 120}, []byte{1, 2, 3, 4}, 3) },
		"sums":  func() { Sums(&v, &v, N, 0, 0) },
	} {
		b.Run(name, func(b *testing.B) {
			benchEachVersion(b, func(b *testing.B) {
				for b.Loop() {
					f()
				}
			})
		})
	}
}

// TestPackAgainstNaive packs every width behind bytes that are there.
func TestPackAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for width := 0; width <= MaxWidth; width++ {
		for n := 0; n <= N; n++ {
			v := values(r, n, width)
			got := Pack([]byte{1, 2, 3}, v, width)
			if len(got) != 3+Size(n, width) || got[0] != 1 || got[1] != 2 || got[2] != 3 {
				t.Fatalf("width %d, n %d: %d bytes, which begin with %x", width, n, len(got), got[:3])
			}
			whole := append(append([]byte{}, got[3:]...), make([]byte, 8)...)
			for i := range Size(n, width) * 8 / max(width, 1) {
				want := uint32(0)
				if i < n {
					want = v[i]
				}
				at := i * width
				word := binary.LittleEndian.Uint64(whole[at/8:]) >> (at % 8)
				if uint32(word&(1<<width-1)) != want {
					t.Fatalf("width %d, n %d: value %d", width, n, i)
				}
			}
		}
	}
}
