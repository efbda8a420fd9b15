package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// perUnit reports the time of a posting, an entry, a word or a byte.
func perUnit(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+unit)
}

func benchRandom() random { return random{rand.New(rand.NewPCG(1, 2)), 1} }

const benchWindow = 2048

// benchBlock is a block of postings, their scores and evidence, that fall into one
// window.
func benchBlock(n int) (docs []uint32, scores []int32, ev []float32) {
	r := benchRandom()
	for _, at := range r.Perm(benchWindow)[:n] {
		docs = append(docs, uint32(at))
		scores = append(scores, 1+r.Int32N(1000))
		ev = append(ev, r.Float32())
	}
	slices.Sort(docs)
	return docs, scores, ev
}

func BenchmarkScore(b *testing.B) { benchEachVersion(b, benchScore) }

func benchScore(b *testing.B) {
	r := benchRandom()
	s, norms := r.scorer(), r.bytes(1<<20)
	docs, freqs := new([N]uint32), new([N]uint32)
	for i := range docs {
		docs[i], freqs[i] = 500000+uint32(30*i)+r.Uint32N(30), 1+r.Uint32N(4)
	}
	var out [N]int32
	var ev [N]float32
	b.Run("Score", func(b *testing.B) {
		for b.Loop() {
			s.Score(&out, docs, freqs, N, norms)
		}
		perUnit(b, N, "posting")
	})
	b.Run("Evidence", func(b *testing.B) {
		for b.Loop() {
			s.Evidence(&ev, docs, freqs, N, norms)
		}
		perUnit(b, N, "posting")
	})
	b.Run("ScoreEvidence", func(b *testing.B) {
		for b.Loop() {
			s.ScoreEvidence(out[:], ev[:])
		}
		perUnit(b, N, "posting")
	})
}

func BenchmarkAccumulate(b *testing.B) { benchEachVersion(b, benchAccumulate) }

func benchAccumulate(b *testing.B) {
	docs, scores, ev := benchBlock(N)
	acc, float := make([]int32, benchWindow), make([]float32, benchWindow)
	bits := make([]uint64, benchWindow/64)
	b.Run("Accumulate", func(b *testing.B) {
		for b.Loop() {
			Accumulate(acc, docs, scores, 0)
		}
		perUnit(b, N, "posting")
	})
	b.Run("AccumulateTouched", func(b *testing.B) {
		for b.Loop() {
			AccumulateTouched(acc, docs, scores, 0, bits)
		}
		perUnit(b, N, "posting")
	})
	b.Run("AccumulateFloat", func(b *testing.B) {
		for b.Loop() {
			AccumulateFloat(float, docs, ev, 0, bits)
		}
		perUnit(b, N, "posting")
	})
}

func BenchmarkScan(b *testing.B) { benchEachVersion(b, benchScan) }

// benchScan fills the window anew for each scan, which is part of the time.
func benchScan(b *testing.B) {
	out, by, evOut := make([]uint32, benchWindow+16), make([]int32, benchWindow+16), make([]float32, benchWindow)
	acc, float := make([]int32, benchWindow), make([]float32, benchWindow)
	bits := make([]uint64, benchWindow/64)
	for _, n := range []int{20, 128, 300, 600} {
		docs, scores, ev := benchBlock(n)
		b.Run(fmt.Sprintf("Scan/postings=%d", n), func(b *testing.B) {
			for b.Loop() {
				for i, d := range docs {
					acc[d] = scores[i]
				}
				Scan(acc, 900, 0, out, by)
			}
			perUnit(b, 1, "window")
		})
		b.Run(fmt.Sprintf("ScanTouched/postings=%d", n), func(b *testing.B) {
			for b.Loop() {
				for i, d := range docs {
					acc[d] = scores[i]
					bits[d>>10] |= 1 << (d >> 4 & 63)
				}
				ScanTouched(acc, bits[:2], 900, 0, out, by)
			}
			perUnit(b, 1, "window")
		})
		b.Run(fmt.Sprintf("ScanFloat/postings=%d", n), func(b *testing.B) {
			for b.Loop() {
				for i, d := range docs {
					float[d] = ev[i]
					bits[d>>6] |= 1 << (d & 63)
				}
				ScanFloat(float, bits, 0, out, evOut)
			}
			perUnit(b, 1, "window")
		})
	}
}

func BenchmarkFilter(b *testing.B) { benchEachVersion(b, benchFilter) }

func benchFilter(b *testing.B) {
	const n = 512
	docs, scores, _ := benchBlock(n)
	out, by := make([]uint32, n+16), make([]int32, n+16)
	for _, least := range []int32{500, 900} {
		b.Run(fmt.Sprintf("Select/least=%d", least), func(b *testing.B) {
			for b.Loop() {
				Select(docs, scores, least, out, by)
			}
			perUnit(b, n, "posting")
		})
	}
	b.Run("Filter", func(b *testing.B) { // keeps all: the same work, and can be repeated
		for b.Loop() {
			Filter(docs, scores, 0)
		}
		perUnit(b, n, "posting")
	})
}

func BenchmarkBitset(b *testing.B) { benchEachVersion(b, benchBitset) }

func benchBitset(b *testing.B) {
	for _, n := range []int{32, 512} {
		r := benchRandom()
		x, y := r.words(n), r.words(n)
		b.Run(fmt.Sprintf("Count/words=%d", n), func(b *testing.B) {
			for b.Loop() {
				Count(x)
			}
			perUnit(b, n, "word")
		})
		b.Run(fmt.Sprintf("CountAnd/words=%d", n), func(b *testing.B) {
			for b.Loop() {
				CountAnd(x, y)
			}
			perUnit(b, n, "word")
		})
		b.Run(fmt.Sprintf("And/words=%d", n), func(b *testing.B) {
			for b.Loop() {
				And(x, y)
			}
			perUnit(b, n, "word")
		})
	}
}

func BenchmarkBound(b *testing.B) { benchEachVersion(b, benchBound) }

func benchBound(b *testing.B) {
	const n = 300 // windows of 600,000 documents
	dst, v := make([]int32, n), make([]byte, n)
	dst[n-1] = 9
	b.Run("NextAtLeast", func(b *testing.B) {
		for b.Loop() {
			NextAtLeast(dst, 0, 9)
		}
		perUnit(b, n, "window")
	})
	b.Run("NextAtLeast/near", func(b *testing.B) {
		for b.Loop() {
			NextAtLeast(dst, n-5, 9)
		}
	})
	v[n-1] = 9
	b.Run("NextByteAtLeast", func(b *testing.B) {
		for b.Loop() {
			NextByteAtLeast(v, 0, 9)
		}
		perUnit(b, n, "byte")
	})
}
