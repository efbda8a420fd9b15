package node

import (
	"context"
	"io"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/document"
)

// importer makes documents of captures in a stream of WARC. They are pushed: no crawl
// fetches them again, and no full crawl loses them. One import is held at a time, for
// the memory of what it reads; others wait for their turn.
func importer(g *gateway) func(context.Context, string, io.Reader) (api.Captured, error) {
	turn := make(chan struct{}, 1)
	return func(ctx context.Context, collection string, r io.Reader) (api.Captured, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return api.Captured{}, ctx.Err()
		}
		st, err := crawl.Import(ctx, r, crawl.ImportOptions{
			Product: robotsToken, Read: ReadOptions(g.node.cfg),
			Emit: func(ctx context.Context, docs []*document.Document) error { return g.Append(ctx, collection, docs) },
		})
		out := api.Captured{Accepted: st.Documents, Captures: st.Captures, Skipped: st.Skipped, Corrupt: st.Corrupt}
		for _, d := range st.Damage {
			out.Damage = append(out.Damage, api.Damage{Offset: d.Offset, Error: d.Err.Error()})
		}
		return out, err
	}
}
