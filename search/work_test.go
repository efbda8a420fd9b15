package search

import (
	"slices"
	"testing"

	"github.com/trawlsearch/trawl/index/postings"
)

// TestRoom: there is room for documents and their scores, though a search before
// needed room for documents alone.
func TestRoom(t *testing.T) {
	for _, grown := range []int{0, 1, 256, 1 << 13} {
		w := &work{docs: make([]uint32, 0, grown)}
		w.room(postings.BlockLen)
		docs, scores := make([]uint32, postings.BlockLen), make([]int32, postings.BlockLen)
		for i := range docs {
			docs[i], scores[i] = uint32(i), int32(i)
		}
		if got, by := w.selected(docs, scores, 100); !slices.Equal(got, docs[100:]) || !slices.Equal(by, scores[100:]) {
			t.Errorf("room for %d documents before: %v, %v", grown, got, by)
		}
	}
}
