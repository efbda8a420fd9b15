package kernel

import (
	"math"
	"slices"
	"testing"
)

func TestFilterAndSelect(t *testing.T) { eachVersion(t, testFilterAndSelect) }

func testFilterAndSelect(t *testing.T) {
	r := newRandom()
	for n := range 400 {
		_, src, scores := r.window(n, n)
		for _, least := range []int32{math.MinInt32, 0, 1, 30, 70, 100, math.MaxInt32} {
			var wantDocs []uint32
			var wantScores []int32
			for i, s := range scores {
				if s >= least {
					wantDocs, wantScores = append(wantDocs, src[i]), append(wantScores, s)
				}
			}
			docs, out := make([]uint32, n+16), make([]int32, n+16)
			k := Select(src, scores, least, docs, out)
			if !slices.Equal(docs[:k], wantDocs) || !slices.Equal(out[:k], wantScores) {
				t.Fatalf("seed %d n %d least %d: selects %v %v, want %v %v", r.seed, n, least, docs[:k], out[:k], wantDocs, wantScores)
			}
			docs, out = append(slices.Clone(src), 7, 8, 9), append(slices.Clone(scores), 7, 8, 9)
			k = Filter(docs[:n], out, least)
			if !slices.Equal(docs[:k], wantDocs) || !slices.Equal(out[:k], wantScores) {
				t.Fatalf("seed %d n %d least %d: keeps %v %v, want %v %v", r.seed, n, least, docs[:k], out[:k], wantDocs, wantScores)
			}
			if !slices.Equal(docs[n:], []uint32{7, 8, 9}) || !slices.Equal(out[n:], []int32{7, 8, 9}) {
				t.Fatalf("seed %d n %d: Filter writes behind the end", r.seed, n)
			}
		}
	}
	docs, scores := make([]uint32, 40), make([]int32, 40)
	mustPanic(t, map[string]func(){
		"short scores": func() { Filter(docs, scores[:39], 0) },
		"no slack":     func() { Select(docs[:20], scores[:20], 0, docs[:35], scores) },
	})
}
