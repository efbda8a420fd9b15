package kernel

// Group is the number of entries of an accumulator that one bit of its touched
// bitset stands for.
const Group = 16

// Accumulate adds scores[i] to the entry of docs[i]. Scores may be more than
// documents.
func Accumulate(acc []int32, docs []uint32, scores []int32, base uint32) {
	checkLen(len(scores), len(docs))
	scores = scores[:len(docs)]
	for i, d := range docs {
		d -= base
		if uint64(d) >= uint64(len(acc)) {
			panic(outside)
		}
		acc[d] += scores[i]
	}
}

// AccumulateTouched is Accumulate, and marks the groups of entries that it adds
// to. It serves windows with few postings, in which ScanTouched skips most; with
// more than one posting in a group, Accumulate and Scan are the faster pair.
func AccumulateTouched(acc []int32, docs []uint32, scores []int32, base uint32, touched []uint64) {
	checkLen(len(scores), len(docs))
	checkLen(64*Group*len(touched), len(acc))
	accumulateTouched(acc, docs, scores[:len(docs)], base, touched)
}

// AccumulateFloat adds ev[i] to the entry of docs[i] and sets the bit of its entry
// in seen. Each entry gets its addends in the order of the calls and, within a
// call, of docs.
func AccumulateFloat(acc []float32, docs []uint32, ev []float32, base uint32, seen []uint64) {
	checkLen(len(ev), len(docs))
	checkLen(64*len(seen), len(acc))
	accumulateFloat(acc, docs, ev[:len(docs)], base, seen)
}

const outside = "kernel: document outside of the window"

func accumulateTouchedPlain(acc []int32, docs []uint32, scores []int32, base uint32, touched []uint64) {
	scores = scores[:len(docs)]
	for i, d := range docs {
		d -= base
		if uint64(d) >= uint64(len(acc)) {
			panic(outside)
		}
		acc[d] += scores[i]
		touched[d/(64*Group)] |= 1 << (d / Group & 63)
	}
}

func accumulateFloatPlain(acc []float32, docs []uint32, ev []float32, base uint32, seen []uint64) {
	ev = ev[:len(docs)]
	for i, d := range docs {
		d -= base
		if uint64(d) >= uint64(len(acc)) {
			panic(outside)
		}
		acc[d] += ev[i]
		seen[d>>6] |= 1 << (d & 63)
	}
}
