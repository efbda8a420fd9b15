package search

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
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

// broken is a source that does not keep its word.
type broken struct{}

func (broken) Acquire() (*index.Snapshot, error) { return nil, nil }

// TestPanicIsAnError: what goes wrong in one search is that one's error, and is logged
// with its place.
func TestPanicIsAnError(t *testing.T) {
	var log bytes.Buffer
	s := Fan([]Searcher{Local(broken{}, nil, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})})
	if _, err := s.Search(t.Context(), &Request{Query: "x"}); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("Search: %v", err)
	}
	if err := s.Fetch(t.Context(), &Request{Query: "x"}, []Hit{{Part: 0}}); err == nil {
		t.Error("Fetch answers")
	}
	if _, err := s.Stats(t.Context(), &Request{Query: "x"}); err == nil {
		t.Error("Stats answers")
	}
	if n := strings.Count(log.String(), "(*local).begin"); n != 3 || !strings.Contains(log.String(), "please report it") {
		t.Errorf("logged: %s", log.String())
	}
}
