package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/weburl"
)

// DefaultCollection takes what names no other.
const DefaultCollection = "web"

// SeedURL reads an address as people type it: without a scheme it is https.
func SeedURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := weburl.Parse(text)
	if err != nil || !u.IsWeb() {
		return "", fmt.Errorf("%q is not a web address such as https://example.org/docs/", text)
	}
	return u.Page().String(), nil
}

// Seed makes src's seeds part of a collection. Settings that src names replace
// the old ones. Seeds that the collection has already begin no new crawl: the
// one that runs goes on.
func (n *Node) Seed(ctx context.Context, collection string, src api.Source) error {
	_, err := n.catalog.Change(ctx, collection, func(c *api.Collection) error {
		var old api.Source
		if c.Source != nil {
			old = *c.Source
		}
		next := src.OrElse(old)
		fresh := len(next.Seeds) > len(old.Seeds)
		c.Source = &next
		if fresh {
			c.AskCrawl()
		}
		return c.Check()
	})
	return err
}
