package crawl

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/weburl"
)

// presence is what a failed request says about whether its host is there at all
// (specs/crawler.md 4.4: documents of one that is not are kept for seven days; how that
// is counted: frontier/gone.go). A resolver or a network that does not work says
// nothing, and neither does a proxy of whoever stands behind it.
func (c *Crawler) presence(class fetch.Class, err error) frontier.Presence {
	switch class {
	case fetch.ClassNXDomain:
		return frontier.Absent
	case fetch.ClassConnect, fetch.ClassTimeout:
		if len(c.opt.Fetch.Proxies) == 0 && !errors.Is(err, syscall.ENETUNREACH) {
			return frontier.Absent
		}
	case fetch.ClassTLS, fetch.ClassSlow, fetch.ClassHeaderLimit, fetch.ClassProtocol, fetch.ClassReset:
		return frontier.Present
	}
	return frontier.Unclear
}

// bury deletes the documents of hosts that are gone, as long as ctx lasts.
func (c *Crawler) bury(ctx context.Context) error {
	err := c.front.Bury(ctx, func(pages []weburl.URL) []frontier.Entry {
		if c.opt.Emit == nil {
			return nil
		}
		var group []*result
		for _, u := range pages {
			group = append(group, &result{doc: deletion(u)})
		}
		c.changes.Add(1)
		return c.entries(group)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// deletion takes the document of an address out of the index.
func deletion(u weburl.URL) *document.Document {
	id := u.String()
	return &document.Document{Key: document.KeyOf(id), ID: id, URL: id, Version: time.Now().UnixMicro(), Deleted: true}
}
