package speed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/search"
)

// Of asks a Searcher of this process, both trips: what an API does, without its
// HTTP and JSON.
func Of(s search.Searcher) Ask {
	return func(ctx context.Context, q string, offset, limit int) (a Answer, err error) {
		req := &search.Request{Query: q, Offset: offset, Limit: limit}
		start := time.Now()
		res, err := s.Search(ctx, req)
		if err != nil {
			return a, fmt.Errorf("speed: %w", err)
		}
		found := time.Now()
		if err := s.Fetch(ctx, req, res.Hits); err != nil {
			return a, fmt.Errorf("speed: %w", err)
		}
		a = Answer{
			Find: found.Sub(start), Show: time.Since(found), Total: res.Total, Docs: res.Docs,
			Partial: res.Shards.Failed > 0, Dropped: len(res.Dropped) > 0,
		}
		a.Texts = func() (texts []string) {
			for _, h := range res.Hits {
				texts = append(texts, h.Title, spans(h.Snippet))
			}
			return texts
		}
		return a, nil
	}
}

func spans(list []search.Span) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(s.Text)
	}
	return b.String()
}
