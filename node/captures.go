package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl"
)

// crawled is a collection that has a source.
func (n *Node) crawled(collection string) (api.Collection, error) {
	col, err := n.catalog.Collection(collection)
	if err == nil && !hasSource(col) {
		err = fmt.Errorf("%w: %s is not crawled: it has no source", api.ErrInvalid, collection)
	}
	return col, err
}

// crawlOf is the crawl that this process runs of a collection, once it is open.
func (n *Node) crawlOf(ctx context.Context, collection string) (*crawl.Crawler, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(openPatience); ; {
		if _, err := n.crawled(collection); err != nil {
			return nil, err
		}
		if n.crawler == nil {
			return nil, fmt.Errorf("%w: this process does not crawl: ask one that has the role crawler", api.ErrUnavailable)
		}
		n.crawler.mu.Lock()
		c := n.crawler.open[collection]
		n.crawler.mu.Unlock()
		if c != nil {
			return c, nil
		}
		select {
		case <-tick.C:
			if time.Now().Before(end) {
				continue
			}
		case <-ctx.Done():
		}
		return nil, fmt.Errorf("%w: the crawl of %s is not open in this process; another may have it", api.ErrUnavailable, collection)
	}
}

// Address tells what became of an address in the crawl of a collection.
func (n *Node) Address(ctx context.Context, collection, address string) (api.Address, error) {
	q := question{URL: address, Explain: true}
	if n.shared() {
		col, err := n.crawled(collection)
		if err != nil {
			return api.Address{}, err
		}
		return n.askCrawl(ctx, collection, targetOf(col).generation, q)
	}
	c, err := n.crawlOf(ctx, collection)
	if err != nil {
		return api.Address{}, err
	}
	return look(ctx, c, q)
}

// fetchCaptures copies the captures of a collection from object storage to a folder,
// for the time of a reparse.
func (n *Node) fetchCaptures(ctx context.Context, collection, dir string) error {
	names, err := n.blobs.List(ctx, "warc/"+collection+"/")
	if err != nil {
		return fmt.Errorf("node: captures: %w", err)
	}
	for _, name := range names {
		if err := n.fetchCapture(ctx, name, filepath.Join(dir, path.Base(name))); err != nil {
			return fmt.Errorf("node: capture %s: %w", name, err)
		}
	}
	return nil
}

func (n *Node) fetchCapture(ctx context.Context, name, to string) error {
	obj, err := n.blobs.Open(ctx, name)
	if err != nil {
		return err
	}
	defer obj.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = f.Write(obj.Bytes())
	return errors.Join(err, f.Close())
}
