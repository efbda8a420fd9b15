package node

import (
	"context"
	"encoding/json"
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

// record writes down how crawls stand, from the board to the database, and what
// became of generations, until ctx ends, and a last time then: a crawl that is
// done stays done.
func (g *gateway) record(ctx context.Context) error {
	last := map[string]recorded{}
	tidy := newJanitor(g)
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
		err := errors.Join(g.recordAll(own, last), tidy.all(own))
		g.node.catalog.keep(own)
		cancel()
		if err != nil && !failing {
			g.log.Error("history not written, or what is left of old generations not deleted; it is tried again", "err", err)
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

// crawlSettings is what the database keeps of a crawl as JSON.
type crawlSettings struct {
	Generation int `json:"generation"`
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
	if row.Settings, err = json.Marshal(crawlSettings{st.Generation}); err != nil {
		return fmt.Errorf("node: %w", err)
	}
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
		var settings crawlSettings
		if json.Unmarshal(row.Settings, &settings) == nil { // rows of before have none
			c.Generation = max(1, settings.Generation)
		}
		if !row.Finished.IsZero() {
			c.Finished = &row.Finished
		}
		out = append(out, c)
	}
	return out, nil
}

// Events lists what happened to the generations of a collection, the newest first.
func (g *gateway) Events(ctx context.Context, collection string, limit int) ([]api.Event, error) {
	if _, err := g.node.catalog.Collection(collection); err != nil {
		return nil, err
	}
	rows, err := g.node.db.Events(ctx, collection, limit)
	if err != nil {
		return nil, fmt.Errorf("%w: the database does not answer: %v", api.ErrUnavailable, err)
	}
	var out []api.Event
	for _, row := range rows {
		out = append(out, api.Event{
			Number: row.Number, At: row.At, Kind: row.Kind, Generation: int(row.Generation), Crawl: row.Crawl, Detail: row.Detail,
		})
	}
	return out, nil
}
