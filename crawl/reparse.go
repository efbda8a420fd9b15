package crawl

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/weburl"
)

// ReparseStats tell how far a Reparse is.
type ReparseStats struct {
	Captures  int64 // that were read
	Documents int64 // that were made of them
	Stale     int64 // older than what the crawl has of the page, or of no page of it
	Unread    int64 // nothing could be made of them, or only with their scripts
	Corrupt   int64 // places of the archives where nothing could be read
}

// Captures is the folder of the crawl's own captures, as far as they were not given to
// Options.Seal.
func (c *Crawler) Captures() string { return filepath.Join(c.opt.Dir, "warc") }

// captureSlack is how much older than its commit a capture may be.
const captureSlack = 2 * time.Minute

// Reparse makes the documents of all pages anew from their captures, in files and
// folders of WARC, without a request: after an upgrade that reads pages better. It
// may be stopped, and begun again; Run must be under way, which hands documents over.
// progress, if it is not nil, is called after each batch.
func (c *Crawler) Reparse(ctx context.Context, paths []string, progress func(ReparseStats)) (ReparseStats, error) {
	var st ReparseStats
	var group []*result
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		for c.front.Count().Outbox >= maxOutbox { // the indexer is slower
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(emitFirst):
			}
		}
		if err := c.front.Commit(&frontier.Batch{Outbox: c.entries(group)}); err != nil {
			return err
		}
		st.Documents += int64(len(group))
		group = group[:0]
		if progress != nil {
			progress(st)
		}
		return nil
	}
	counts, err := warc.Walk(ctx, paths, warc.WalkOptions{}, func(p *warc.Page) error {
		if !c.mine(p.URL) {
			return ctx.Err() // whoever crawls the site does it
		}
		st.Captures++
		r := c.reparse(ctx, p, &st)
		if r == nil {
			return ctx.Err()
		}
		if group = append(group, r); len(group) >= groupPages {
			return flush()
		}
		return nil
	})
	st.Corrupt = int64(counts.Corrupt)
	if err == nil {
		err = flush()
	}
	if err != nil {
		return st, fmt.Errorf("crawl: reparse: %w", err)
	}
	return st, nil
}

// reparse is the document of one capture, if it is the last of a page that has one.
func (c *Crawler) reparse(ctx context.Context, p *warc.Page, st *ReparseStats) *result {
	u, err := weburl.Parse(p.URL)
	if err != nil || p.Status != http.StatusOK || p.Original == nil {
		st.Stale++
		return nil
	}
	u = tidy(u)
	is, known := c.front.Why(u)
	if !known || !is.HasDoc || p.Date.Before(is.Fetched.Add(-captureSlack)) {
		st.Stale++
		return nil
	}
	page, unread := c.reader.read(ctx, u, p.Header, p.Body)
	if page.Body == "" && unread != "" || page.NoIndex || page.NeedsJS {
		st.Unread++
		return nil
	}
	d := documentOf(u, page, p.Date)
	d.Version = time.Now().UnixMicro()
	return &result{doc: d}
}
