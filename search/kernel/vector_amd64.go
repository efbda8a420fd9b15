//go:build amd64 && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// What the machine can do. The kernels for AVX-512 take what Ice Lake, Zen 4 and
// their successors have.
var (
	has512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL &&
		cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VPOPCNTDQ && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	has256 = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT
)

func (s *Scorer) score(out *[N]int32, docs, freqs *[N]uint32, n int, norms []byte) {
	first := unsafe.SliceData(norms)
	switch {
	case n == 0:
		return
	case has512 && score512(out, docs, freqs, n, first, len(norms), s.ByNorm, s.K1, s.Weight):
		return
	case !has512 && has256 && score256(out, docs, freqs, n, first, len(norms), s.ByNorm, s.K1, s.Weight):
		return
	}
	s.scorePlain(out, docs, freqs, n, norms)
}

func (s *Scorer) evidence(out *[N]float32, docs, freqs *[N]uint32, n int, norms []byte) {
	first := unsafe.SliceData(norms)
	switch {
	case n == 0:
		return
	case has512 && evidence512(out, docs, freqs, n, first, len(norms), s.ByNorm):
		return
	case !has512 && has256 && evidence256(out, docs, freqs, n, first, len(norms), s.ByNorm):
		return
	}
	s.evidencePlain(out, docs, freqs, n, norms)
}

func (s *Scorer) scoreEvidence(out []int32, evidence []float32) {
	n := len(evidence)
	switch {
	case n == 0:
		return
	case has512:
		scoreEvidence512(&out[0], &evidence[0], n, s.K1, s.Weight)
		return
	case has256 && n >= 8:
		n &^= 7
		scoreEvidence256(&out[0], &evidence[0], n, s.K1, s.Weight)
		out, evidence = out[n:], evidence[n:]
	}
	s.scoreEvidencePlain(out, evidence)
}

func accumulateTouched(acc []int32, docs []uint32, scores []int32, base uint32, touched []uint64) {
	if len(docs) == 0 || !has256 { // what the kernel takes every machine has: this is for the twin's test
		accumulateTouchedPlain(acc, docs, scores, base, touched)
	} else if !accumulateTouchedAsm(unsafe.SliceData(acc), len(acc), &docs[0], &scores[0], len(docs), base,
		unsafe.SliceData(touched)) {
		panic(outside)
	}
}

func accumulateFloat(acc []float32, docs []uint32, ev []float32, base uint32, seen []uint64) {
	if len(docs) == 0 || !has256 { // as above
		accumulateFloatPlain(acc, docs, ev, base, seen)
	} else if !accumulateFloatAsm(unsafe.SliceData(acc), len(acc), &docs[0], &ev[0], len(docs), base,
		unsafe.SliceData(seen)) {
		panic(outside)
	}
}

func scan(acc []int32, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	switch {
	case len(acc) == 0:
		return 0, 0
	case has512:
		return scan512(&acc[0], len(acc), least, base, &docs[0], &scores[0])
	case has256:
		return scan256(&acc[0], len(acc), least, base, &docs[0], &scores[0])
	}
	return scanPlain(acc, least, base, docs, scores)
}

func scanTouched(acc []int32, touched []uint64, least int32, base uint32, docs []uint32, scores []int32) (candidates, nonzero int) {
	switch {
	case len(acc) == 0 || len(touched) == 0:
		return 0, 0
	case has512:
		return scanTouched512(&acc[0], &touched[0], len(touched), least, base, &docs[0], &scores[0])
	case has256:
		return scanTouched256(&acc[0], &touched[0], len(touched), least, base, &docs[0], &scores[0])
	}
	return scanTouchedPlain(acc, touched, least, base, docs, scores)
}

// The kernel takes 16 bits in a turn, whatever they are, its twin one that is set:
// it is faster from so many of 64 bits on (measured at 20, 128 and 600 of 2,048).
const manyFloats = 10

func scanFloat(acc []float32, seen []uint64, base uint32, docs []uint32, ev []float32) int {
	if has512 && len(seen) > 0 && count(seen) > manyFloats*len(seen) {
		return scanFloat512(&acc[0], &seen[0], len(seen), base, &docs[0], &ev[0])
	}
	return scanFloatPlain(acc, seen, base, docs, ev)
}

func compress(src []uint32, scores []int32, least int32, docs []uint32, out []int32) int {
	n := len(src)
	switch {
	case n == 0:
		return 0
	case has512:
		return compress512(&src[0], &scores[0], n, least, &docs[0], &out[0])
	case has256 && n >= 8:
		n &^= 7
		k := compress256(&src[0], &scores[0], n, least, &docs[0], &out[0])
		return k + compressPlain(src[n:], scores[n:], least, docs[k:], out[k:])
	}
	return compressPlain(src, scores, least, docs, out)
}

// The operations on bitsets give an odd last word to the twin where the kernel
// takes two in a turn.

func count(set []uint64) int {
	n := len(set)
	switch {
	case has512 && n > 0:
		return count512(&set[0], n)
	case has256 && n > 1:
		n &^= 1
		return count256(&set[0], n) + countPlain(set[n:])
	}
	return countPlain(set)
}

func countAnd(a, b []uint64) int {
	n := len(a)
	switch {
	case has512 && n > 0:
		return countAnd512(&a[0], &b[0], n)
	case has256 && n > 1:
		n &^= 1
		return countAnd256(&a[0], &b[0], n) + countAndPlain(a[n:], b[n:])
	}
	return countAndPlain(a, b)
}

func and(dst, a []uint64) int {
	n := len(dst)
	switch {
	case has512 && n > 0:
		return and512(&dst[0], &a[0], n)
	case has256 && n > 1:
		n &^= 1
		return and256(&dst[0], &a[0], n) + andPlain(dst[n:], a[n:])
	}
	return andPlain(dst, a)
}

func nextAtLeast(v []int32, from int, least int32) int {
	switch {
	case from >= len(v):
		return len(v)
	case has512:
		return nextAtLeast512(&v[0], from, len(v), least)
	case has256 && from+8 <= len(v):
		from = nextAtLeast256(&v[0], from, len(v), least)
	}
	return nextAtLeastPlain(v, from, least)
}

func nextByteAtLeast(v []byte, from int, least byte) int {
	if has256 && from+32 <= len(v) {
		from = nextByteAtLeast256(&v[0], from, len(v), uint32(least))
	}
	return nextByteAtLeastPlain(v, from, least)
}
