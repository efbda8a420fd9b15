package postings

import (
	"math/rand/v2"
	"testing"
)

// numbers are n random ones, most of them of a width, and a few wider; the rest 0.
func numbers(r *rand.Rand, n int) (v [BlockLen]uint32) {
	width, wider, many := r.IntN(33), r.IntN(33), r.IntN(20)
	for i := range v[:n] {
		bits := width
		if r.IntN(BlockLen) < many {
			bits = wider
		}
		v[i] = uint32(r.Uint64N(1 << bits))
	}
	return v
}

// TestPacked packs numbers as their token says, and reads them back in all ways.
func TestPacked(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range 60_000 {
		n := 1 + round%BlockLen
		v := numbers(r, n)
		token, top := chooseToken(&v, n, r.IntN(20))
		if top == 32 {
			continue // TestTop
		}
		work := v
		data := appendPacked([]byte{1}, &work, n, token)[1:]
		if len(data) != packedSize(n, token) {
			t.Fatalf("seed %d: %d bytes, want %d", seed, len(data), packedSize(n, token))
		}
		var got, more [BlockLen]uint32
		unpack(&got, data, n, token, 0)
		unpack(&more, data, n, token, 5)
		width, exceptions := splitToken(token)
		for i, want := range v[:n] {
			if got[i] != want || more[i] != want+5 {
				t.Fatalf("seed %d: token %#x: number %d is %d, %d; want %d", seed, token, i, got[i], more[i], want)
			}
		}
		if exceptions == 0 {
			continue
		}
		p := readPatches(data[len(data)-2*exceptions:], exceptions)
		all := uint32(0)
		for i, want := range v[:n] {
			if p.at(i) != want>>width {
				t.Fatalf("seed %d: token %#x: high bits of number %d are %d, want %d", seed, token, i, p.at(i), want>>width)
			}
			all |= want >> width
		}
		if p.most() != all {
			t.Fatalf("seed %d: most is %d, want %d", seed, p.most(), all)
		}
	}
}

// TestTokenIsBest tries all widths.
func TestTokenIsBest(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		n := 1 + r.IntN(BlockLen)
		v := numbers(r, n)
		best := 1 << 20
		for width := range tokenWidth + 1 {
			exceptions, fits := 0, true
			for _, x := range v[:n] {
				if x>>width != 0 {
					exceptions++
					fits = fits && x>>width < 1<<highBits
				}
			}
			if fits && exceptions <= maxExceptions {
				best = min(best, packedSize(n, tokenOf(width, exceptions)))
			}
		}
		token, top := chooseToken(&v, n, 0)
		if best < 1<<20 && packedSize(n, token) != best {
			t.Fatalf("seed %d: token %#x takes %d bytes, the best %d: %v", seed, token, packedSize(n, token), best, v[:n])
		}
		if best == 1<<20 && top != 32 {
			t.Fatalf("seed %d: no token for %v, top %d", seed, v[:n], top)
		}
	}
}
