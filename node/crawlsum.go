package node

import (
	"maps"
	"time"

	"github.com/trawlsearch/trawl/api"
)

// crawlOf is how the crawl of a collection stands, summed over the processes that have
// spoken within silence; if none has, over all that ever did, as stopped. It is idle
// when all of them are, have all ranges, and have read what was sent.
func (b *board) crawlOf(collection string, silence time.Duration) (sum crawlReport, ok bool) {
	b.mu.Lock()
	last := maps.Clone(b.crawls[collection])
	b.mu.Unlock()
	var fresh, gone []crawlReport
	for _, r := range last {
		if r.State != "stopped" && time.Since(r.Reported) < silence {
			fresh = append(fresh, r)
		} else {
			gone = append(gone, r)
		}
	}
	if len(fresh) > 0 {
		return sumOf(fresh), true
	}
	if len(gone) == 0 {
		return sum, false
	}
	sum = sumOf(gone)
	if sum.State == "running" {
		sum.State = "stopped"
	}
	return sum, true
}

// sumOf adds reports of the newest generation among them; there is one at least. Of
// processes that had a crawl one after the other, not sharing it, the last one counts.
func sumOf(reports []crawlReport) crawlReport {
	last := reports[0]
	generation := 0
	for _, r := range reports {
		generation = max(generation, r.Generation)
		if r.Reported.After(last.Reported) {
			last = r
		}
	}
	if !last.Shared {
		return last
	}
	sum := crawlReport{Shared: true, Position: last.Position, CrawlStatus: api.CrawlStatus{
		Number: last.Number, Generation: generation, State: "running", Errors: map[string]int64{},
	}}
	idle, sent := true, uint64(0)
	var ranges uint32
	for _, r := range reports {
		if r.Generation != generation {
			continue
		}
		sum.add(r)
		idle = idle && r.State == "idle"
		sent = max(sent, r.Sent)
		for _, i := range r.Ranges {
			ranges |= 1 << i
		}
	}
	if idle && ranges == 1<<crawlRanges-1 && sum.Position >= sent {
		sum.State = "idle"
	}
	return sum
}

func (s *crawlReport) add(r crawlReport) {
	s.Number, s.Position = min(s.Number, r.Number), min(s.Position, r.Position)
	s.Pages += r.Pages
	s.NotModified += r.NotModified
	s.Queued += r.Queued
	s.InFlight += r.InFlight
	s.Failed += r.Failed
	s.Denied += r.Denied
	s.Outbox += r.Outbox
	s.Bytes += r.Bytes
	s.PagesPerSecond += r.PagesPerSecond
	s.Processes++
	for class, n := range r.Errors {
		s.Errors[class] += n
	}
	s.Skipped += r.Skipped
	s.Redirects += r.Redirects
	s.Gone += r.Gone
	s.Retrying += r.Retrying
	if s.NextDue.IsZero() || !r.NextDue.IsZero() && r.NextDue.Before(s.NextDue) {
		s.NextDue = r.NextDue
	}
	if o := r.Oldest; o != nil && (s.Oldest == nil || o.Since.Before(s.Oldest.Since)) {
		s.Oldest = o
	}
	if r.Reported.After(s.Reported) {
		s.Reported = r.Reported
	}
}

// crawlers are the processes that share the crawl of a generation now.
func (b *board) crawlers(collection string, generation int) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, r := range b.crawls[collection] {
		if r.Generation == generation && r.State != "stopped" && time.Since(r.Reported) < crawlSilence {
			names = append(names, name)
		}
	}
	return names
}

// pagesElsewhere is how many documents of a crawl other processes than a node have.
func (b *board) pagesElsewhere(collection, node string) (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, r := range b.crawls[collection] {
		if name != node && r.State != "stopped" && time.Since(r.Reported) < crawlSilence {
			n += r.Pages
		}
	}
	return n
}
