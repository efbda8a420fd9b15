package node

import (
	"context"
	"fmt"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/shard"
)

// Diff compares the candidate of a collection with the live generation or, where
// there is none, that with the one before. It reads all texts of both, so that
// one runs at a time.
func (g *gateway) Diff(ctx context.Context, name string, limit int) (api.Diff, error) {
	col, err := g.node.catalog.Collection(name)
	if err != nil {
		return api.Diff{}, err
	}
	out, err := sides(col)
	if err != nil {
		return out, err
	}
	select {
	case g.diffing <- struct{}{}:
		defer func() { <-g.diffing }()
	default:
		return out, fmt.Errorf("%w: another comparison is under way", api.ErrUnavailable)
	}
	report, err := g.node.readReport(ctx, name, out.To)
	if err != nil {
		return out, err
	}
	d := differ{Diff: &out, limit: limit, unknown: "unknown", known: map[string]api.LostPage{}}
	if report != nil {
		out.Verdict = &report.Verdict
		for _, page := range report.Lost {
			d.known[page.URL] = page
		}
	} else if out.State == "building" {
		d.unknown = "not-yet"
	}
	both, err := g.node.openBoth(ctx, col, out.From, out.To)
	if err != nil {
		return out, err
	}
	defer both.close()
	for i := range both.from {
		n, err := shard.Compare(ctx, both.from[i], both.to[i], true, d.page)
		if err != nil {
			return out, err
		}
		out.FromPages += n.Old
		out.ToPages += n.New
		out.Added += n.Kinds[shard.Added]
		out.Changed += n.Kinds[shard.Changed]
		out.Same += n.Kinds[shard.Same]
	}
	return out, nil
}

// sides says which two generations of a collection are worth comparing.
func sides(col api.Collection) (api.Diff, error) {
	g := col.Standing()
	out := api.Diff{
		Collection: col.Name, From: g.Live.Number, Reasons: map[string]uint64{},
		LostPages: []api.LostPage{}, AddedPages: []string{}, ChangedPages: []string{},
	}
	switch {
	case g.Building():
		out.To, out.State = g.Candidate.Number, "building"
	case g.Candidate != nil:
		out.To, out.State = g.Candidate.Number, "held"
	case len(g.Previous) > 0:
		out.From, out.To, out.State = g.Previous[0].Number, g.Live.Number, "live"
	default:
		return out, fmt.Errorf("%w: %s has one generation, and nothing to compare it with: `trawl crawl --full` builds another", api.ErrConflict, col.Name)
	}
	return out, nil
}

// A differ gathers what is told of a comparison.
type differ struct {
	*api.Diff
	limit   int
	known   map[string]api.LostPage // why pages were lost
	unknown string                  // the reason of others
}

func (d *differ) page(kind shard.Kind, address string) error {
	switch kind {
	case shard.Lost:
		d.lost(address)
	case shard.Added:
		if len(d.AddedPages) < d.limit {
			d.AddedPages = append(d.AddedPages, address)
		}
	case shard.Changed:
		if len(d.ChangedPages) < d.limit {
			d.ChangedPages = append(d.ChangedPages, address)
		}
	}
	return nil
}

func (d *differ) lost(address string) {
	page, ok := d.known[address]
	if !ok {
		page = api.LostPage{URL: address, Reason: d.unknown}
	}
	if page.Instead != "" {
		d.Moved++
		return
	}
	d.Lost++
	d.Reasons[page.Reason]++
	if len(d.LostPages) < d.limit {
		d.LostPages = append(d.LostPages, page)
	}
}
