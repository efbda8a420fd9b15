package crawl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/weburl"
)

// ImportOptions are the settings of Import. All but Emit may be left at zero.
type ImportOptions struct {
	Product string // the name by which pages forbid to be indexed (robots directives); empty: Trawl
	Read    Reading
	Workers int // captures that are read at the same time; zero: GOMAXPROCS

	// Emit takes documents, in order; it returns when they are durable.
	Emit func(ctx context.Context, docs []*document.Document) error
}

// ImportStats tell what became of the captures in a stream.
type ImportStats struct {
	Captures  int64            // answers of servers that were read
	Documents int64            // that were made of them and given to Emit
	Skipped   map[string]int64 // captures without a document, by reason
	Corrupt   int64            // places where no record could be read
	Damage    []warc.CorruptError
}

// Reasons why a capture has no document, besides http-404 and the like, type
// image/png and the like, and the classes of convert.
const (
	skipOlder      = "older"       // a later capture of the address had come before it
	skipUnchanged  = "unchanged"   // a revisit of what had come before it
	skipNoOriginal = "no-original" // a revisit of what is not in the stream
	skipAddress    = "address"     // not of the web: dns:, metadata: and the like
	skipNotHTTP    = "not-http"    // no whole HTTP header
	skipRobots     = "robots.txt"
	skipNoIndex    = "noindex" // the page forbids to be indexed
	skipRedirect   = "redirect"
	skipOther      = "other" // beyond maxReasons
)

// Bounds of an import.
const (
	importPages    = 64               // captures that are read together
	importBytes    = 16 << 20         // of their bodies; the last may go beyond
	importBlock    = 32 << 20         // of a record; what a body has beyond 20 MiB is cut in any case
	maxDamage      = 100              // places of damage that are named
	maxReasons     = 100              // reasons that are counted by themselves
	importGrace    = 10 * time.Second // for what was read when the end came
	rememberedEach = 1 << 18          // addresses of each half of what is remembered: 32 MB in all
)

// Import makes documents of the captures in a stream of WARC, whoever wrote it, as
// the crawler makes them of pages that it fetches. No site is asked for anything:
// neither scope nor robots.txt holds, for what is there was fetched; what a page
// itself says of being indexed does. Of an address the latest capture with status
// 200 counts: one that comes behind a later one is left out as long as that is
// remembered (262,144 addresses at least).
//
// Where r breaks off, what came before the break counts; the error tells.
func Import(ctx context.Context, r io.Reader, opt ImportOptions) (ImportStats, error) {
	if opt.Product == "" {
		opt.Product = "Trawl"
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	im := &importer{opt: opt, stats: ImportStats{Skipped: map[string]int64{}}, latest: latest{}}
	im.reader = newReader(opt.Product, opt.Read)
	defer im.reader.close()
	damaged := func(_ string, err *warc.CorruptError) {
		if len(im.stats.Damage) < maxDamage {
			im.stats.Damage = append(im.stats.Damage, *err)
		}
	}
	counts, err := warc.WalkStream(ctx, r, warc.WalkOptions{MaxBlockBytes: importBlock, Corrupt: damaged}, func(p *warc.Page) error { return im.take(ctx, p) })
	im.stats.Corrupt = int64(counts.Corrupt)
	im.stats.Captures = int64(counts.Pages + counts.NotHTTP)
	if counts.NotHTTP > 0 {
		im.stats.Skipped[skipNotHTTP] = int64(counts.NotHTTP)
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), importGrace)
	defer cancel()
	if ferr := im.flush(rest); ferr != nil && !errors.Is(err, ferr) {
		err = errors.Join(err, ferr)
	}
	if err != nil {
		return im.stats, fmt.Errorf("crawl: import: %w", err)
	}
	return im.stats, nil
}

// An importer belongs to one goroutine.
type importer struct {
	opt    ImportOptions
	reader *reader
	stats  ImportStats
	latest latest

	batch []imported
	bytes int
}

// imported is a capture on its way to a document.
type imported struct {
	u    weburl.URL
	page *warc.Page
	doc  *document.Document // or
	skip string             // why there is none
}

// take takes one capture.
func (im *importer) take(ctx context.Context, p *warc.Page) error {
	c := imported{page: p}
	var err error
	switch c.u, err = weburl.Parse(p.URL); {
	case err != nil || !c.u.IsWeb():
		c.skip = skipAddress
	case p.Original == nil && p.SameAddress() && im.awaited(tidy(c.u)):
		c.skip = skipUnchanged
	case p.Original == nil:
		c.skip = skipNoOriginal
	case p.Status != http.StatusOK:
		c.skip = httpReason(p.Status)
	case c.u.Path() == "/robots.txt":
		c.skip = skipRobots
	}
	if c.skip != "" {
		im.skip(c.skip)
		return nil
	}
	if c.u = tidy(c.u); p.Date.IsZero() {
		p.Date = time.Now() // the archive does not tell
	}
	im.batch = append(im.batch, c)
	if im.bytes += len(p.Body); len(im.batch) < importPages && im.bytes < importBytes {
		return nil
	}
	return im.flush(ctx)
}

// awaited tells whether an address has a document, or may get one of what waits.
func (im *importer) awaited(u weburl.URL) bool {
	for i := range im.batch {
		if im.batch[i].u == u {
			return true
		}
	}
	_, ok := im.latest.of(document.Key(u.Key()))
	return ok
}

func (im *importer) skip(reason string) {
	if _, known := im.stats.Skipped[reason]; !known && len(im.stats.Skipped) >= maxReasons {
		reason = skipOther
	}
	im.stats.Skipped[reason]++
}

// flush reads what waits and hands its documents over, in order.
func (im *importer) flush(ctx context.Context) error {
	batch := im.batch
	im.batch, im.bytes = nil, 0
	if len(batch) == 0 {
		return nil
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, im.opt.Workers)
	for i := range batch {
		slots <- struct{}{}
		wg.Go(func() {
			im.read(ctx, &batch[i])
			<-slots
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	var docs []*document.Document
	for _, c := range batch {
		if c.skip == "" && !im.latest.put(c.doc.Key, c.doc.Version) {
			c.skip = skipOlder
		}
		if c.skip != "" {
			im.skip(c.skip)
			continue
		}
		docs = append(docs, c.doc)
	}
	if len(docs) == 0 {
		return nil
	}
	if err := im.opt.Emit(ctx, docs); err != nil {
		return err
	}
	im.stats.Documents += int64(len(docs))
	return nil
}

// read makes the document of a capture.
func (im *importer) read(ctx context.Context, c *imported) {
	page, unread := im.reader.read(ctx, c.u, c.page.Header, c.page.Body)
	if c.skip = unindexed(page, unread, c.u); c.skip == "" {
		c.doc = documentOf(c.u, page, c.page.Date)
	}
	c.page = nil // its body is not needed any more
}

// unindexed tells why a page that was read has no document.
func unindexed(p *extract.Page, unread string, u weburl.URL) string {
	switch {
	case p.Body == "" && unread != "":
		return unread
	case p.NoIndex:
		return skipNoIndex
	case !p.Refresh.IsZero() && p.RefreshDelay <= refreshAtOnce && tidy(p.Refresh) != u:
		return skipRedirect
	}
	return ""
}

// latest remembers when the latest capture of an address was made: of the last
// rememberedEach addresses at least, in two halves of which the older is dropped.
type latest struct {
	young, old map[document.Key]int64
}

func (l *latest) of(k document.Key) (at int64, ok bool) {
	if at, ok = l.young[k]; !ok {
		at, ok = l.old[k]
	}
	return at, ok
}

// put tells whether a capture is not older than what is remembered of its address.
func (l *latest) put(k document.Key, at int64) bool {
	if was, ok := l.of(k); ok && at < was {
		return false
	}
	if l.young == nil || len(l.young) >= rememberedEach {
		l.young, l.old = make(map[document.Key]int64), l.young
	}
	l.young[k] = at
	return true
}
