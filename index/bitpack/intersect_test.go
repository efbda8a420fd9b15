package bitpack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rising is up to n values below span that rise.
func rising(r *rand.Rand, n int, span uint32) []uint32 {
	v := make([]uint32, n)
	for i := range v {
		v[i] = r.Uint32N(span)
	}
	slices.Sort(v)
	return slices.Compact(v)
}

func TestIntersect(t *testing.T) { eachVersion(t, testIntersect) }

func testIntersect(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		span := uint32(1) << (1 + r.IntN(31))
		var docs [N]uint32
		for i := range docs {
			docs[i] = math.MaxUint32
		}
		n := copy(docs[:], rising(r, 1+r.IntN(2*N), span))
		cands := rising(r, r.IntN(300), span)
		at := r.IntN(len(cands) + 1)
		var want []uint32
		end := at
		for ; end < len(cands) && cands[end] <= docs[N-1]; end++ {
			if i, ok := slices.BinarySearch(docs[:n], cands[end]); ok {
				want = append(want, uint32(end<<7|i))
			}
		}
		hits := make([]uint32, len(cands)-at+1)
		next, found := Intersect(&docs, cands, at, hits)
		if next != end || !slices.Equal(hits[:found], want) {
			t.Fatalf("seed %d: %v in %v from %d: next %d, %v, want %d, %v", seed, cands, docs[:n], at, next, hits[:found], end, want)
		}
	}
}

func TestIntersectWantsRoom(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Intersect(new([N]uint32), make([]uint32, 5), 0, make([]uint32, 5))
}

func BenchmarkIntersect(b *testing.B) { benchEachVersion(b, benchIntersect) }

func benchIntersect(b *testing.B) {
	for _, n := range []int{2, 8, 30, 100} {
		b.Run(fmt.Sprintf("cands=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			var blocks [64][N]uint32
			var cands [64][]uint32
			for i := range blocks {
				for j := range blocks[i] {
					blocks[i][j] = uint32(j*8 + r.IntN(8))
				}
				cands[i] = rising(r, n, N*8-8)
			}
			hits := make([]uint32, N+1)
			for i := 0; b.Loop(); i++ {
				Intersect(&blocks[i%64], cands[i%64], 0, hits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cand")
		})
	}
}
