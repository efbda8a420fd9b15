package kernel

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"testing"
)

// FuzzVersions holds all versions of the kernels to the plain one, on numbers of
// any bits: frequencies, evidence that is not a number, scores that overflow.
func FuzzVersions(f *testing.F) {
	f.Add([]byte("any bytes, of which the numbers are made; the more of them the better"), int32(1<<20), uint32(77))
	f.Add(slices.Repeat([]byte{0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0xc0, 0x7f}, 60), int32(math.MinInt32), uint32(math.MaxUint32))
	f.Fuzz(func(t *testing.T, data []byte, least int32, base uint32) {
		if len(data) > 1<<14 {
			t.Skip()
		}
		all := versions()
		var want []any
		for i := range all {
			v := all[len(all)-1-i] // the plain one first
			done := v.use()
			got := everything(data, least, base)
			done()
			if i == 0 {
				want = got
			}
			for k := range got {
				if !reflect.DeepEqual(got[k], want[k]) {
					t.Fatalf("%s: result %d is %v, the plain one %v", v.name, k, got[k], want[k])
				}
			}
		}
	})
}

// everything runs each kernel on the data and returns what they give, floats as
// their bits.
func everything(data []byte, least int32, base uint32) (results []any) {
	give := func(v ...any) { results = append(results, v...) }
	var words []uint64
	var ints []int32
	var numbers []uint32
	var floats []float32
	for b := range slices.Chunk(data[:len(data)&^7], 8) {
		words = append(words, binary.LittleEndian.Uint64(b))
		for _, x := range []uint32{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])} {
			ints, numbers, floats = append(ints, int32(x)), append(numbers, x), append(floats, math.Float32frombits(x))
		}
	}
	n := len(ints)
	bitsOf := func(f []float32) (b []uint32) {
		for _, x := range f {
			if x != x {
				x = float32(math.NaN()) // which of them is not said
			}
			b = append(b, math.Float32bits(x))
		}
		return b
	}
	docs, out, ev := make([]uint32, n+1024+16), make([]int32, n+1024+16), make([]float32, 64*len(words))

	k := Select(numbers, ints, least, docs, out)
	give(k, slices.Clone(docs[:k]), slices.Clone(out[:k]))
	keptDocs, keptScores := slices.Clone(numbers), slices.Clone(ints)
	k = Filter(keptDocs, keptScores, least)
	give(k, keptDocs[:k], keptScores[:k])
	k, nonzero := Scan(slices.Clone(ints[:n&^15]), least, base, docs, out)
	give(k, nonzero, slices.Clone(docs[:k]), slices.Clone(out[:k]))

	give(Count(words))
	other := slices.Clone(words)
	slices.Reverse(other)
	and := slices.Clone(words)
	give(CountAnd(words, other), And(and, other), and)
	acc := make([]float32, 64*len(words))
	for i := range acc {
		if words[i/64]>>(i%64)&1 != 0 {
			acc[i] = floats[i%n]
		}
	}
	seenDocs := make([]uint32, len(acc))
	k = ScanFloat(acc, slices.Clone(words), base, seenDocs, ev)
	give(k, seenDocs[:k], bitsOf(ev[:k]), bitsOf(acc))

	give(NextByteAtLeast(data, int(base%97), byte(least)), NextAtLeast(ints, int(base%97), least))

	s := &Scorer{ByNorm: new([256]float32), K1: math.Float32frombits(base), Weight: math.Float32frombits(uint32(least))}
	if n > 0 {
		for i := range s.ByNorm {
			s.ByNorm[i] = floats[i%n]
		}
	}
	scores := make([]int32, n)
	s.ScoreEvidence(scores, floats)
	give(scores)
	if len(data) > 0 {
		var blockDocs, freqs [N]uint32
		for i := range N {
			blockDocs[i] = (base + uint32(i)*uint32(least)) % uint32(len(data))
			if n > 0 {
				freqs[i] = numbers[i%n]
			}
		}
		var block [N]int32
		var evidence [N]float32
		m := int(base % (N + 1))
		s.Score(&block, &blockDocs, &freqs, m, data)
		s.Evidence(&evidence, &blockDocs, &freqs, m, data)
		give(block[:m], bitsOf(evidence[:m]))
	}
	return results
}
