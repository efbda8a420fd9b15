package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/store"
)

// How often the board is looked at for crawls that changed their state, and
// how often one that runs is written down.
const (
	historyLook  = time.Second
	historyWrite = 10 * time.Second
)

// recorded is the last word of a crawl that went to the database.
type recorded struct {
	number int64
	state  string
	at     time.Time
}

// record writes down how crawls stand, from the board to the database, until
// ctx ends, and a last time then: a crawl that is done stays done.
func (g *gateway) record(ctx context.Context) error {
	last := map[string]recorded{}
	failing := false
	look := time.NewTicker(historyLook)
	defer look.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-look.C:
		}
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), mirrorPatience)
		err := g.recordAll(own, last)
		g.node.catalog.keep(own)
		cancel()
		if err != nil && !failing {
			g.log.Error("crawl history not written; it is tried again", "err", err)
		}
		failing = err != nil
	}
	return nil
}

func (g *gateway) recordAll(ctx context.Context, last map[string]recorded) error {
	var errs []error
	for _, col := range g.node.catalog.Collections() {
		st, ok := g.crawlStatus(col.Name)
		if !ok || st.Number == 0 {
			continue
		}
		old := last[col.Name]
		same := old.number == st.Number && old.state == st.State
		if same && (st.State != "running" || time.Since(old.at) < historyWrite) {
			continue
		}
		if err := g.recordOne(ctx, col, st); err != nil {
			errs = append(errs, err)
			continue
		}
		last[col.Name] = recorded{st.Number, st.State, time.Now()}
	}
	return errors.Join(errs...)
}

func crawlID(collection string, number int64) string { return fmt.Sprintf("%s/%d", collection, number) }

func (g *gateway) recordOne(ctx context.Context, col api.Collection, st api.CrawlStatus) error {
	row, err := g.node.db.Crawl(ctx, crawlID(col.Name, st.Number))
	switch {
	case errors.Is(err, store.ErrNotFound):
		row = store.Crawl{ID: crawlID(col.Name, st.Number), Collection: col.Name, Started: st.Reported}
	case err != nil:
		return err
	}
	if col.Source != nil {
		row.Seeds = col.Source.Seeds
	}
	row.State, row.Pages, row.Failed = st.State, st.Pages, st.Failed
	switch {
	case st.State == "running":
		row.Finished = time.Time{}
	case st.State == "idle" && row.Finished.IsZero():
		row.Finished = st.Reported
	}
	return g.node.db.PutCrawl(ctx, row)
}

// Crawls lists what was recorded, the newest first.
func (g *gateway) Crawls(ctx context.Context, collection string, limit int) ([]api.Crawl, error) {
	if _, err := g.node.catalog.Collection(collection); err != nil {
		return nil, err
	}
	rows, err := g.node.db.Crawls(ctx, collection)
	if err != nil {
		return nil, fmt.Errorf("%w: the database does not answer: %v", api.ErrUnavailable, err)
	}
	var out []api.Crawl
	for _, row := range rows[:min(limit, len(rows))] {
		c := api.Crawl{State: row.State, Seeds: row.Seeds, Started: row.Started, Pages: row.Pages, Failed: row.Failed}
		if _, err := fmt.Sscanf(strings.TrimPrefix(row.ID, collection+"/"), "%d", &c.Number); err != nil {
			continue // not a row of ours
		}
		if !row.Finished.IsZero() {
			c.Finished = &row.Finished
		}
		out = append(out, c)
	}
	return out, nil
}
