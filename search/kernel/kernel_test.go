package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// random is a source of test cases whose seed every failure prints.
type random struct {
	*rand.Rand
	seed uint64
}

func newRandom() random {
	seed := rand.Uint64()
	return random{rand.New(rand.NewPCG(seed, 0)), seed}
}

// window makes n documents of a window of span entries, in rising order and no
// two alike, and their scores, of which some are 0 or negative.
func (r random) window(n, span int) (base uint32, docs []uint32, scores []int32) {
	base = r.Uint32() // a window may wrap around
	for _, at := range r.Perm(span)[:n] {
		docs = append(docs, uint32(at))
		scores = append(scores, r.score())
	}
	slices.Sort(docs)
	for i := range docs {
		docs[i] += base
	}
	return base, docs, scores
}

func (r random) score() int32 {
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return -r.Int32()
	case 2:
		return r.Int32()
	}
	return 1 + r.Int32N(100)
}

func (r random) words(n int) []uint64 {
	w := make([]uint64, n)
	for i := range w {
		switch r.IntN(4) {
		case 0:
			w[i] = r.Uint64()
		case 1:
			w[i] = r.Uint64() & r.Uint64() & r.Uint64()
		case 2:
			w[i] = ^uint64(0)
		}
	}
	return w
}

func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		if r.IntN(3) > 0 {
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// mustPanic names the calls, each of which is a caller's bug.
func mustPanic(t *testing.T, calls map[string]func()) {
	t.Helper()
	for name, f := range calls {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
