package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/shard"
	"github.com/trawlsearch/trawl/weburl"
)

// The publish guard. A full crawl that is idle, and all of whose documents are
// committed, is compared with the live generation, page by page. What came of it
// is one write of the collection: searches move to the new generation, or it is
// held beside the live one. Whatever is killed before that write changes nothing,
// and is done again; all that follows it (the mirror in the database, the pointer
// in object storage, the deletion of what is too old) follows from it, and is
// done by whoever looks next: see janitor.go.

// What a page that failed is waited for, should its loss keep the candidate from
// being published, and how often that is looked at: the crawler tries for eleven
// minutes what a server says is its own trouble, and longer what it cannot reach.
const (
	retryPatience = 30 * time.Minute
	retryLook     = time.Minute
)

// waiting is what a candidate that is idle still waits for.
type waiting struct {
	ends          map[partition]uint64 // places in the logs behind its last document, for the indexer to commit
	since, looked time.Time            // of pages that are tried again
}

// judge publishes a candidate or holds it, once it is done and indexed.
func (r *reporter) judge(ctx context.Context, col api.Collection, to target) error {
	if r.totals().Number < to.number || time.Since(r.verdict.looked) < retryLook {
		return nil
	}
	if done, err := r.indexed(ctx, col, to); err != nil || !done {
		return err
	}
	report, err := r.examine(ctx, col, to)
	if err != nil {
		return err
	}
	v := &report.Verdict
	if col.Guard.Judge(v); len(v.Reasons) > 0 && r.mayImprove(col) {
		return nil
	}
	if err := r.node.keepReport(ctx, col.Name, to.generation, report); err != nil {
		return err
	}
	next, err := r.node.catalog.Change(ctx, col.Name, func(c *api.Collection) error {
		c.Guard.Judge(v)
		return c.Judged(to.generation, *v)
	})
	if errors.Is(err, api.ErrConflict) {
		return nil // it was discarded meanwhile
	}
	if err != nil {
		return err
	}
	if next.Live() == to.generation {
		r.log.Info("a full crawl is published", "collection", col.Name, "generation", to.generation, "pages", v.Pages, "lost", v.Lost, "moved", v.Moved, "added", v.Added)
		return nil
	}
	r.log.Warn("THE FULL CRAWL IS HELD; searches are answered as before. `trawl crawl diff` shows what is lost; `trawl crawl publish` publishes it "+
		"nonetheless, `trawl crawl discard` drops it", "collection", col.Name, "generation", to.generation, "why", strings.Join(v.Reasons, "; "))
	return nil
}

// indexed tells whether all documents of the candidate are committed. Those of
// an idle crawl are in the log: what is pushed behind them is not waited for.
func (r *reporter) indexed(ctx context.Context, col api.Collection, to target) (bool, error) {
	if r.verdict.ends == nil {
		r.verdict.ends = map[partition]uint64{}
	}
	for _, p := range partitions(col, to.generation) {
		docs, err := r.node.docLog(ctx, p.log())
		if err != nil {
			return false, err
		}
		st, err := docs.Stats(ctx)
		if err != nil {
			return false, err
		}
		end, ok := r.verdict.ends[p]
		if !ok || end > st.Last { // or the log was lost, and made anew
			end = st.Last
			r.verdict.ends[p] = end
		}
		note, ok := r.node.board.lastCommit(p)
		if !ok || !note.Created.Equal(st.Created) || note.Committed < note.Base+end {
			return false, nil
		}
	}
	return true, nil
}

// mayImprove tells whether pages are still to be tried again, and soon enough to
// be waited for.
func (r *reporter) mayImprove(col api.Collection) bool {
	st, now := r.totals(), time.Now()
	if st.Queued == 0 || col.Source.MaxPages > 0 && st.Pages >= col.Source.MaxPages {
		return false
	}
	if r.verdict.since.IsZero() {
		r.verdict.since = now
		r.log.Info("a full crawl waits for pages that failed and are tried again, for without them it would be held", "collection", col.Name,
			"generation", r.generation, "pages", st.Queued, "at most", retryPatience)
	}
	r.verdict.looked = now
	end := r.verdict.since.Add(retryPatience)
	return now.Before(end) && !st.NextDue.After(end)
}

// A guardReport is what the guard found, with the addresses that were lost.
type guardReport struct {
	Generation int               `json:"generation"`
	Live       int               `json:"live"`
	Verdict    api.Verdict       `json:"verdict"`
	Reasons    map[string]uint64 `json:"reasons"` // of those lost
	Lost       []api.LostPage    `json:"lost"`    // at most api.MaxDiffPages, moved ones too
}

// examine compares the candidate with the live generation.
func (r *reporter) examine(ctx context.Context, col api.Collection, to target) (*guardReport, error) {
	st := r.totals()
	out := &guardReport{Generation: to.generation, Live: col.Live(), Reasons: map[string]uint64{}}
	v := &out.Verdict
	v.At = time.Now().UTC()
	v.Errors = st.Failed + st.Retrying
	v.Fetches = st.Pages + st.Skipped + st.Redirects + st.Gone + v.Errors
	both, err := r.node.openBoth(ctx, col, out.Live, to.generation)
	if err != nil {
		return nil, err
	}
	defer both.close()
	for i := range both.from {
		d, err := shard.Compare(ctx, both.from[i], both.to[i], false, func(kind shard.Kind, address string) error {
			if kind != shard.Lost {
				return nil
			}
			page, err := r.because(ctx, address, both)
			if err != nil {
				return err
			}
			if page.Instead != "" {
				v.Moved++
			} else {
				v.Lost++
				out.Reasons[page.Reason]++
			}
			if len(out.Lost) < api.MaxDiffPages {
				out.Lost = append(out.Lost, page)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		v.LivePages += d.Old
		v.Pages += d.New
		v.Added += d.Kinds[shard.Added]
	}
	return out, nil
}

// maxLeads bounds the redirects and canonical addresses that are followed from a
// page that was lost, as the crawler bounds redirects.
const maxLeads = 10

// because tells why the candidate has no page of an address, and to which of its
// pages the address leads.
func (r *reporter) because(ctx context.Context, address string, both *pair) (api.LostPage, error) {
	page := api.LostPage{URL: address}
	at := address
	for range maxLeads {
		why, err := r.address(ctx, at)
		if errors.Is(err, api.ErrInvalid) {
			page.Reason = "no-address"
			return page, nil
		}
		if err != nil {
			return page, err
		}
		if page.Reason == "" {
			page.Reason = reasonOf(why)
		}
		if why.Alias == "" || why.State != frontier.Redirect.String() && why.State != frontier.Skipped.String() {
			return page, nil
		}
		at = why.Alias
		if u, err := weburl.Parse(at); err == nil && both.has(u) {
			page.Instead = at
			return page, nil
		}
	}
	return page, nil
}

// address asks what became of an address, here or in the process that has it.
func (r *reporter) address(ctx context.Context, address string) (api.Address, error) {
	q := question{URL: address}
	if r.share != nil {
		return r.node.askCrawl(ctx, r.name, r.generation, q)
	}
	return look(ctx, r.c, q)
}

// reasonOf says in a word or two what became of an address.
func reasonOf(why api.Address) string {
	switch {
	case !why.Known && why.Scope != "":
		return "denied/" + why.Scope
	case !why.Known:
		return "unlinked" // no page that was crawled leads there
	case why.Reason == "":
		return why.State
	}
	return why.State + "/" + why.Reason
}

// A pair is two generations of a collection, as they were committed.
type pair struct{ from, to []*shard.Replica }

func (n *Node) openBoth(ctx context.Context, col api.Collection, from, to int) (*pair, error) {
	both := &pair{}
	open := func(generation int) (out []*shard.Replica, err error) {
		for _, p := range partitions(col, generation) {
			r, err := shard.Follow(ctx, shard.Options{Bucket: n.blobs.Sub(p.prefix()), Model: n.model, ResidentBytes: 1})
			if err != nil {
				return out, fmt.Errorf("node: generation %d of %s: %w", generation, col.Name, err)
			}
			out = append(out, r)
		}
		return out, nil
	}
	var err1, err2 error
	both.from, err1 = open(from)
	both.to, err2 = open(to)
	if err := errors.Join(err1, err2); err != nil {
		both.close()
		return nil, err
	}
	return both, nil
}

// has tells whether the second of the two has a page.
func (b *pair) has(u weburl.URL) bool {
	key := document.Key(u.Key())
	return b.to[shardOf(key, len(b.to))].Has(key)
}

func (b *pair) close() {
	for _, r := range append(b.from, b.to...) {
		r.Close()
	}
}

// Reports stand in object storage, where any process finds them:
//
//	guard/COLLECTION/GENERATION/NNN.json
//
// The last one counts; NNN grows where the write of the verdict failed.
func reportPrefix(collection string, generation int) string {
	return fmt.Sprintf("guard/%s/%d/", collection, generation)
}

func (n *Node) keepReport(ctx context.Context, collection string, generation int, report *guardReport) error {
	prefix := reportPrefix(collection, generation)
	names, err := n.blobs.List(ctx, prefix)
	if err != nil {
		return fmt.Errorf("node: guard: %w", err)
	}
	err = n.blobs.Create(ctx, fmt.Sprintf("%s%03d.json", prefix, len(names)), func(w io.Writer) error { return json.NewEncoder(w).Encode(report) })
	if err != nil {
		return fmt.Errorf("node: guard: %w", err)
	}
	return nil
}

// readReport returns the last report of a generation, or nil.
func (n *Node) readReport(ctx context.Context, collection string, generation int) (*guardReport, error) {
	names, err := n.blobs.List(ctx, reportPrefix(collection, generation))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	obj, err := n.blobs.Open(ctx, names[len(names)-1])
	if err != nil {
		return nil, fmt.Errorf("node: guard: %w", err)
	}
	defer obj.Close()
	var out guardReport
	if err := json.Unmarshal(obj.Bytes(), &out); err != nil {
		return nil, fmt.Errorf("node: %s is corrupt: %w", names[len(names)-1], err)
	}
	return &out, nil
}
