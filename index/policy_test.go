package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPolicyBoundsSegments simulates days of small and large flushes: there are
// never many segments, and no byte is rewritten often.
func TestPolicyBoundsSegments(t *testing.T) {
	for name, flush := range map[string]func(r *rand.Rand) int64{
		"a commit a second": func(*rand.Rand) int64 { return 20 << 10 },
		"full buffers":      func(*rand.Rand) int64 { return 60 << 20 },
		"any size":          func(r *rand.Rand) int64 { return 1 << (10 + r.IntN(17)) },
	} {
		t.Run(name, func(t *testing.T) { simulate(t, flush) })
	}
}

func simulate(t *testing.T, flush func(r *rand.Rand) int64) {
	r := rand.New(rand.NewPCG(30, 31))
	most := limits{bytes: defaultMaxSegmentBytes, docs: maxSegmentDocs}
	var segments []sized
	var written, added int64
	peak, closed := 0, 0
	for range 20_000 {
		size := flush(r)
		added += size
		segments = append(segments, sized{bytes: size, docs: uint32(size>>10) + 1})
		for {
			for i := range segments {
				segments[i].position = i
			}
			chosen := chooseMerge(segments, most)
			if chosen == nil {
				break
			}
			merged := sized{}
			for _, i := range chosen {
				merged.bytes += segments[i].bytes
				merged.docs += segments[i].docs
			}
			if merged.bytes > most.bytes || len(chosen) > maxMergeAtOnce || len(chosen) < 2 {
				t.Fatalf("a merge of %d segments, %d bytes", len(chosen), merged.bytes)
			}
			written += merged.bytes
			for _, i := range slices.Backward(chosen) {
				segments = slices.Delete(segments, i, i+1)
			}
			segments = append(segments, merged)
		}
		closed = 0 // segments too large to be merged any more do not count
		for _, s := range segments {
			if s.bytes > most.bytes/2 {
				closed++
			}
		}
		peak = max(peak, len(segments)-closed)
	}
	t.Logf("%d MB in: at most %d open segments, %d closed; each byte rewritten %.1f times", added>>20, peak, closed, float64(written)/float64(added))
	if peak > 50 {
		t.Errorf("%d open segments", peak)
	}
	if factor := float64(written) / float64(added); factor > 40 {
		t.Errorf("each byte is rewritten %.1f times", factor)
	}
}

func TestPolicyDropsDeletes(t *testing.T) {
	most := limits{bytes: 1 << 30, docs: maxSegmentDocs}
	segments := []sized{
		{bytes: 100 << 20, docs: 100, position: 0},
		{bytes: 900 << 20, docs: 100, deleted: 0.4, position: 1}, // too large to be merged with others
	}
	if got := chooseMerge(segments, most); !slices.Equal(got, []int{1}) {
		t.Errorf("chose %v, want the one with deletes", got)
	}
	segments[1].deleted = 0.3
	if got := chooseMerge(segments, most); got != nil {
		t.Errorf("chose %v, want nothing", got)
	}
}

func TestPolicyRespectsDocs(t *testing.T) {
	var segments []sized
	for i := range 40 {
		segments = append(segments, sized{bytes: 1 << 20, docs: 300, position: i})
	}
	chosen := chooseMerge(segments, limits{bytes: 1 << 30, docs: 1000})
	if len(chosen) != 3 {
		t.Errorf("merging %d segments of 300 documents, the limit is 1000", len(chosen))
	}
}
