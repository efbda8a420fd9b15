package search

import (
	"github.com/trawlsearch/trawl/search/kernel"
)

// work is the memory of one search: what a window needs, and arrays by window. It
// is used again by the next search.
type work struct {
	acc     [window]int32         // scores; zero between windows
	touched [window / 1024]uint64 // groups of 16 of them that are not zero
	sum     [window]float32       // evidence of a group with several legs; zero between groups
	seen    set                   // documents that have some
	members []uint32

	docs   []uint32 // candidates
	scores []int32

	impacts  []byte
	evidence []float32
	bound    []int32 // of all groups together, by window
	dense    []uint64
	other    []uint64
	probed   []probed
}

// slack is how much longer than their contents the kernels want their outputs.
const slack = 16

// room makes room for n candidates. Who needs no scores grows docs alone.
func (w *work) room(n int) {
	n += slack
	if cap(w.docs) < n {
		w.docs = make([]uint32, n)
	}
	if cap(w.scores) < n {
		w.scores = make([]int32, n)
	}
}

// selected is those of some postings whose score is at least least, as candidates.
func (w *work) selected(docs []uint32, scores []int32, least int32) ([]uint32, []int32) {
	out, by := w.docs[:cap(w.docs)], w.scores[:cap(w.scores)]
	n := kernel.Select(docs, scores, least, out, by)
	return out[:n], by[:n]
}

// candidates takes from acc those whose score is at least least, and zeroes it.
func (w *work) candidates(base uint32, least int32, touched bool) ([]uint32, []int32) {
	out, by := w.docs[:cap(w.docs)], w.scores[:cap(w.scores)]
	var n int
	if touched {
		n, _ = kernel.ScanTouched(w.acc[:], w.touched[:], least, base, out, by)
	} else {
		n, _ = kernel.Scan(w.acc[:], least, base, out, by)
	}
	return out[:n], by[:n]
}

// atLeast keeps the candidates whose score is at least least.
func atLeast(docs []uint32, scores []int32, least int32) ([]uint32, []int32) {
	n := kernel.Filter(docs, scores, least)
	return docs[:n], scores[:n]
}
