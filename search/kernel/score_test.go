package kernel

import (
	"math"
	"testing"
)

// naiveScore is the arithmetic of package rank, whose functions round each
// operation as these variables do.
func naiveScore(s *Scorer, freq uint32, norm byte) (float32, int32) {
	var e float32 = s.ByNorm[norm] * float32(freq)
	var sum float32 = s.K1 + e
	var part float32 = e / sum
	var weighed float32 = s.Weight * part
	if !(e > 0) {
		return e, 0
	}
	return e, max(int32(weighed), 1)
}

func (r random) scorer() *Scorer {
	s := &Scorer{ByNorm: new([256]float32), K1: 0.5 + 2*r.Float32(), Weight: r.Float32() * float32(int(1)<<r.IntN(31))}
	for i := range s.ByNorm {
		s.ByNorm[i] = r.Float32() * 4
		switch r.IntN(20) {
		case 0:
			s.ByNorm[i] = 0
		case 1:
			s.ByNorm[i] = float32(math.Inf(1)) // and NaN as score, which is 0
		}
	}
	return s
}

// block makes n postings among docs documents; behind them stands what a decoder
// may have left.
func (r random) block(n, maxDoc int) (docs, freqs *[N]uint32) {
	docs, freqs = new([N]uint32), new([N]uint32)
	for i := range docs {
		docs[i], freqs[i] = r.Uint32(), r.Uint32()
		if i < n {
			docs[i] = r.Uint32N(uint32(maxDoc))
			freqs[i] = 1 + r.Uint32N(1<<r.IntN(32))
			if r.IntN(4) > 0 {
				freqs[i] = r.Uint32N(6)
			}
		}
	}
	return docs, freqs
}

func TestScore(t *testing.T) { eachVersion(t, testScore) }

func testScore(t *testing.T) {
	r := newRandom()
	for n := range N + 1 {
		for _, maxDoc := range []int{1, 2, 3, 4, 5, 100, 5000} {
			s, norms := r.scorer(), r.bytes(maxDoc)
			docs, freqs := r.block(n, maxDoc)
			var scores [N]int32
			var evidence [N]float32
			s.Score(&scores, docs, freqs, n, norms)
			s.Evidence(&evidence, docs, freqs, n, norms)
			second := make([]int32, n)
			s.ScoreEvidence(second, evidence[:n])
			for i := range n {
				e, want := naiveScore(s, freqs[i], norms[docs[i]])
				if math.Float32bits(evidence[i]) != math.Float32bits(e) || scores[i] != want || second[i] != want {
					t.Fatalf("seed %d n %d maxDoc %d: posting %d has evidence %v and score %d, %d; want %v and %d",
						r.seed, n, maxDoc, i, evidence[i], scores[i], second[i], e, want)
				}
			}
		}
	}
}

func TestScorePanicsOutside(t *testing.T) { eachVersion(t, testScorePanicsOutside) }

func testScorePanicsOutside(t *testing.T) {
	r := newRandom()
	s, norms := r.scorer(), make([]byte, 1000, 2000)
	for n := 1; n <= N; n++ {
		for _, bad := range []uint32{1000, 1 << 31, math.MaxUint32} {
			docs, freqs := r.block(n, 1000)
			docs[r.IntN(n)] = bad
			mustPanic(t, map[string]func(){
				"Score":    func() { s.Score(new([N]int32), docs, freqs, n, norms) },
				"Evidence": func() { s.Evidence(new([N]float32), docs, freqs, n, norms) },
			})
		}
	}
	mustPanic(t, map[string]func(){
		"129 postings": func() { s.Score(new([N]int32), new([N]uint32), new([N]uint32), N+1, norms) },
		"-1 postings":  func() { s.Score(new([N]int32), new([N]uint32), new([N]uint32), -1, norms) },
		"short":        func() { s.ScoreEvidence(make([]int32, 3), make([]float32, 4)) },
	})
}
