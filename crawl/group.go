package crawl

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/warc"
)

// A group is what one commit makes durable. More pages a group save fsyncs; more
// time or bytes cost latency and memory.
const (
	groupPages = 64
	groupBytes = 8 << 20
	groupTime  = 50 * time.Millisecond

	maxEntryDocs    = 100     // of one outbox entry: a batch of the log
	maxEntryBytes   = 4 << 20 // likewise
	maxWaitingBytes = 32 << 20
)

// commit gathers results into groups and commits them, until the channel is
// closed. It belongs to one goroutine.
func (c *Crawler) commit(results <-chan *result) error {
	for r := range results {
		group := c.gather(r, results)
		err := c.commitGroup(group)
		for _, r := range group {
			c.bodies.give(r.size())
			c.unspent.Add(-r.out.Bytes)
			if r.claimed != nil {
				c.claims.release(r.lease.URL, r.claimed)
			}
		}
		if err != nil {
			return err
		}
		c.wake()
	}
	return nil
}

// gather waits for more results, but not when there are none to come.
func (c *Crawler) gather(first *result, results <-chan *result) []*result {
	group := []*result{first}
	size := first.size()
	timer := time.NewTimer(groupTime)
	defer timer.Stop()
	for len(group) < groupPages && size < groupBytes {
		select {
		case r, ok := <-results:
			if !ok {
				return group
			}
			group = append(group, r)
			size += r.size()
			continue
		default:
		}
		if c.out.Load() == 0 {
			return group
		}
		select {
		case r, ok := <-results:
			if !ok {
				return group
			}
			group = append(group, r)
			size += r.size()
		case <-timer.C:
			return group
		}
	}
	return group
}

// size is the memory that a result holds, about.
func (r *result) size() int64 {
	if r.resp == nil {
		return 1 << 10
	}
	return int64(len(r.resp.Body)) + 1<<10
}

// commitGroup makes captures durable and then, in one step, all the rest.
func (c *Crawler) commitGroup(group []*result) error {
	if group = c.stillOurs(group); len(group) == 0 {
		return nil
	}
	b := &frontier.Batch{}
	for _, r := range group {
		if err := c.capture(r); err != nil {
			return err
		}
		b.Outcomes = append(b.Outcomes, r.out)
		if r.host != nil {
			b.Hosts = append(b.Hosts, *r.host)
		}
	}
	if c.warc != nil {
		p := c.warc.Position()
		if err := c.warc.Sync(); err != nil {
			return fmt.Errorf("crawl: %w", err)
		}
		b.WARC = frontier.WARCPosition{File: p.File, Offset: p.Offset}
	}
	if c.opt.Emit != nil {
		b.Outbox = c.entries(group)
	}
	if err := c.front.Commit(b); err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	c.totals.count(group)
	c.changes.Add(1)
	return nil
}

// capture writes the request and its answer.
func (c *Crawler) capture(r *result) error {
	if c.warc == nil || r.resp == nil {
		return nil
	}
	resp := r.resp
	uri := resp.URL.String()
	rec := warc.Record{
		Type: warc.TypeResponse, ID: warc.NewID(), TargetURI: uri, Date: resp.Started, IP: resp.IP(),
		Block: warc.Response(uri, resp.Status, resp.Proto, resp.Header, resp.Body), Truncated: truncated(resp),
	}
	if resp.NotModified {
		rec.Type, rec.Profile = warc.TypeRevisit, warc.ProfileNotModified
		rec.RefersToURI, rec.RefersToDate = uri, r.lease.Fetched
	}
	if _, err := c.warc.Append(rec); err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	_, err := c.warc.Append(warc.Record{
		Type: warc.TypeRequest, TargetURI: uri, Date: resp.Started, ConcurrentTo: []string{rec.ID},
		Block: warc.Request(uri, resp.Proto, resp.RequestHeader),
	})
	if err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	return nil
}

// entries parts the documents of a group by shard, in order.
func (c *Crawler) entries(group []*result) []frontier.Entry {
	var out []frontier.Entry
	type open struct{ entry, bytes int }
	parts := map[uint32]*open{}
	for _, r := range group {
		if r.doc == nil {
			continue
		}
		part := binary.BigEndian.Uint32(r.doc.Key[:4]) % uint32(c.opt.Shards)
		data := r.doc.Append(nil)
		p := parts[part]
		if p == nil || len(out[p.entry].Data) >= maxEntryDocs || p.bytes+len(data) > maxEntryBytes {
			out = append(out, frontier.Entry{Part: part})
			p = &open{entry: len(out) - 1}
			parts[part] = p
		}
		out[p.entry].Data = append(out[p.entry].Data, data)
		p.bytes += len(data)
	}
	return out
}

// budget is a number of bytes that many may hold together. One may hold more than
// all of it, alone.
type budget struct {
	mu    sync.Mutex
	free  sync.Cond
	limit int64
	held  int64
}

func newBudget(limit int64) *budget {
	b := &budget{limit: limit}
	b.free.L = &b.mu
	return b
}

// take waits until n bytes are free.
func (b *budget) take(n int64) {
	b.mu.Lock()
	for b.held > 0 && b.held+n > b.limit {
		b.free.Wait()
	}
	b.held += n
	b.mu.Unlock()
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	b.held -= n
	b.mu.Unlock()
	b.free.Broadcast()
}

// truncated is the reason why a body is not whole, in the words of WARC 1.1.
func truncated(resp *fetch.Response) string {
	switch {
	case !resp.Truncated:
		return ""
	case resp.Cut == fetch.ClassBodyLimit || resp.Cut == fetch.ClassRatioLimit:
		return "length"
	case resp.Cut == fetch.ClassSlow || resp.Cut == fetch.ClassTimeout:
		return "time"
	case resp.Cut == fetch.ClassReset || resp.Cut == fetch.ClassTruncated:
		return "disconnect"
	}
	return "unspecified"
}
