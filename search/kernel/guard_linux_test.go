package kernel

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// A guard is a page of memory between two pages that nobody may touch.
type guard []byte

func newGuard(t *testing.T) guard {
	t.Helper()
	size := syscall.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	for _, outside := range [][]byte{m[:size], m[2*size:]} {
		if err := syscall.Mprotect(outside, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return guard(m[size : 2*size : 2*size])
}

// edge is n values at the end of the page, or at its begin.
func edge[T any](g guard, n int, atEnd bool) []T {
	var v T
	at := 0
	if atEnd {
		at = len(g) - n*int(unsafe.Sizeof(v))
	}
	return unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(g)), at)), n)
}

// TestGuardPage puts everything that a kernel reads and writes at the edge of a
// page: a byte more would be a fault.
func TestGuardPage(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var g [5]guard
	for i := range g {
		g[i] = newGuard(t)
	}
	r := newRandom()
	t.Logf("seed %d", r.seed)
	eachVersion(t, func(t *testing.T) {
		for _, atEnd := range []bool{true, false} {
			for n := range 260 {
				guardPostings(r, g, n, atEnd)
				guardSets(r, g, n, atEnd)
			}
			guardScores(r, g, atEnd)
		}
	})
}

func guardPostings(r random, g [5]guard, n int, atEnd bool) {
	docs, scores := edge[uint32](g[0], n, atEnd), edge[int32](g[1], n, atEnd)
	fill := func(span int) {
		for i := range docs {
			docs[i], scores[i] = r.Uint32N(uint32(span)), r.score()
		}
	}
	fill(1)
	Select(docs, scores, 50, edge[uint32](g[2], n+16, atEnd), edge[int32](g[3], n+16, atEnd))
	Filter(docs, scores, 50)
	NextAtLeast(scores, 0, 1<<30)
	NextAtLeast(scores, n/2, 1<<30)

	span := (n + 1) / 2 * Group % 1024
	if span == 0 {
		return
	}
	fill(span)
	acc, touched := edge[int32](g[2], span, atEnd), edge[uint64](g[3], 1, atEnd)
	clear(touched)
	Accumulate(acc, docs, scores, 0)
	AccumulateTouched(acc, docs, scores, 0, touched)
	ScanTouched(acc, touched, 20, 0, edge[uint32](g[0], span, atEnd), edge[int32](g[1], span, atEnd))
	fill(span)
	Accumulate(acc, docs, scores, 0)
	Scan(acc, 20, 0, edge[uint32](g[0], span, atEnd), edge[int32](g[1], span, atEnd))

	span = (span + 63) &^ 63
	fill(span)
	ev, seen := edge[float32](g[1], n, atEnd), edge[uint64](g[3], span/64, atEnd)
	float := edge[float32](g[2], span, atEnd)
	AccumulateFloat(float, docs, ev, 0, seen)
	ScanFloat(float, seen, 0, edge[uint32](g[0], span, atEnd), edge[float32](g[1], span, atEnd))
}

func guardSets(r random, g [5]guard, n int, atEnd bool) {
	a, b := edge[uint64](g[0], n, atEnd), edge[uint64](g[1], n, atEnd)
	copy(a, r.words(n))
	copy(b, r.words(n))
	Count(a)
	CountAnd(a, b)
	And(a, b)
	if n <= 16 {
		clear(edge[float32](g[2], 64*n, atEnd))
		ScanFloat(edge[float32](g[2], 64*n, atEnd), b, 0, edge[uint32](g[3], 64*n, atEnd), edge[float32](g[4], 64*n, atEnd))
	}
	bytes := edge[byte](g[0], n, atEnd)
	clear(bytes)
	NextByteAtLeast(bytes, 0, 1)
	NextByteAtLeast(bytes, n/2, 1)
	new(Scorer).ScoreEvidence(edge[int32](g[2], n, atEnd), edge[float32](g[3], n, atEnd))
}

// guardScores has the blocks at the edge in turn, for a page holds no more than
// one array of them at each edge, and as many norms as to have the last read often.
func guardScores(r random, g [5]guard, atEnd bool) {
	s := r.scorer()
	for n := range N + 1 {
		for _, maxDoc := range []int{1, 3, 4, 70, len(g[0])} {
			norms := edge[byte](g[0], maxDoc, atEnd)
			docs, freqs := (*[N]uint32)(edge[uint32](g[1], N, atEnd)), (*[N]uint32)(edge[uint32](g[2], N, atEnd))
			fromDocs, fromFreqs := r.block(n, maxDoc)
			*docs, *freqs = *fromDocs, *fromFreqs
			s.Score((*[N]int32)(edge[int32](g[3], N, atEnd)), docs, freqs, n, norms)
			s.Evidence((*[N]float32)(edge[float32](g[3], N, atEnd)), docs, freqs, n, norms)
		}
	}
}
