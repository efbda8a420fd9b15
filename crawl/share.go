package crawl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

// Several crawlers share one crawl by slots, into which registrable domains fall:
// each fetches what falls into its own, and sends on what it finds for others. How
// a range of slots goes from one to another is told in frontier/slot.go. What they
// do not share: texts are compared, and hosts of one address spared, among the
// pages of one crawler.

// maxSendBytes bounds one message of Share.Send.
const maxSendBytes = 768 << 10

// A Share is the part of a crawl that a Crawler has.
type Share struct {
	// Owns tells whether a slot is ours now. Before it comes to be, the slot's
	// range is taken; before it ceases to be, it is frozen or given up.
	Owns func(slot uint16) bool

	// Held tells whether our lease of a slot still holds: what was fetched of one that
	// is over goes back to the queue, for another may be fetching it.
	Held func(slot uint16) bool

	// Send takes addresses for slots of others, until it answers nil, as Emit
	// takes documents. Crawler.Receive is to get them where the slot is owned.
	Send func(ctx context.Context, id string, items []byte) error

	// Elsewhere is how many documents of this crawl others have, for Options.MaxPages.
	Elsewhere func() int64
}

// SlotOf is the slot of an address, as Add would take it.
func SlotOf(address string) (uint16, error) {
	u, err := parseSeed(address)
	if err != nil {
		return 0, err
	}
	return frontier.SlotOf(u), nil
}

// owns tells whether this crawler has a slot.
func (c *Crawler) owns(slot uint16) bool {
	return c.opt.Share.Owns == nil || c.opt.Share.Owns(slot)
}

// ours are the items of slots that this crawler has.
func (c *Crawler) ours(items []frontier.Item) []frontier.Item {
	return slices.DeleteFunc(items, func(it frontier.Item) bool { return !c.owns(frontier.SlotOf(it.URL)) })
}

// mine tells whether this crawler has the slot of an address.
func (c *Crawler) mine(address string) bool {
	u, err := weburl.Parse(address)
	return err != nil || c.owns(frontier.SlotOf(u))
}

// Seal completes the file of captures that is written now, so that Options.Seal gets
// all that was captured.
func (c *Crawler) Seal() error {
	if c.warc == nil {
		return nil
	}
	if err := errors.Join(c.warc.Rotate(), c.warc.Sync()); err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	return nil
}

// Take begins with a range of slots in an epoch: what they hold is crawled from now
// on, and the outcomes of leases from older epochs are refused. Owns names them.
func (c *Crawler) Take(r frontier.Range, epoch uint64) error {
	if err := c.front.Fence(r, epoch); err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	if err := c.front.Thaw(r); err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	c.wake()
	return nil
}

// Freeze ends with a range, and waits until its pages under way are committed.
func (c *Crawler) Freeze(ctx context.Context, r frontier.Range) error { return c.front.Freeze(ctx, r) }

// Import brings in what Export wrote of a range, in place of what is there.
func (c *Crawler) Import(r frontier.Range, in io.Reader) error {
	if err := c.front.Drop(r); err != nil {
		return err
	}
	return c.front.Import(r, in)
}

// Drop forgets a range that is frozen.
func (c *Crawler) Drop(r frontier.Range) error { return c.front.Drop(r) }

// Export writes a range. The copy is one to go on from as soon as Left tells that
// what went out before it has arrived.
func (c *Crawler) Export(r frontier.Range, out io.Writer) (frontier.Mark, error) {
	return c.front.Export(r, out)
}

// Changes grows with all that changes what Export writes, but for Receive.
func (c *Crawler) Changes() int64 { return c.changes.Load() }

// Left tells whether documents and addresses that were to go out at a mark have gone.
func (c *Crawler) Left(m frontier.Mark) bool {
	return c.front.Left(m)
}

// Receive takes what Share.Send of another crawler took.
func (c *Crawler) Receive(items []byte) error {
	slot, list, err := frontier.DecodeItems(items)
	if err != nil {
		return fmt.Errorf("crawl: %w", err)
	}
	if !c.owns(slot) {
		return nil
	}
	_, err = c.front.Add(list)
	c.wake()
	return err
}

// Seed makes those seeds and sitemaps known that fall into a range, which is new
// here; what is known already stays as it is.
func (c *Crawler) Seed(r frontier.Range, seeds, sitemaps []string) error {
	_, items, _ := parseSeeds(seeds, frontier.Item{Mark: markSeed}) // Add tells of what is no address
	_, more, _ := parseSeeds(sitemaps, frontier.Item{Mark: markSitemap})
	items = slices.DeleteFunc(append(items, more...), func(it frontier.Item) bool { return !r.Has(frontier.SlotOf(it.URL)) })
	_, err := c.front.Add(items)
	c.changed()
	return err
}

// RecrawlRange is Recrawl of what falls into a range.
func (c *Crawler) RecrawlRange(ctx context.Context, r frontier.Range) error {
	_, err := c.front.RecrawlSlots(ctx, r)
	c.changed()
	return err
}

// sendOut hands on what was found for others.
func (c *Crawler) sendOut(ctx context.Context) error {
	if c.opt.Share.Send == nil {
		return nil
	}
	err := c.front.Outbound(ctx, func(seq uint64, slot uint16, items []frontier.Item) error {
		for i, part := range parted(slot, items) {
			id := fmt.Sprintf("%s-x%d-%d", c.front.ID(), seq, i)
			if err := c.deliver(ctx, id, func() error { return c.opt.Share.Send(ctx, id, part) }); err != nil {
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// parted encodes items in parts of at most maxSendBytes.
func parted(slot uint16, items []frontier.Item) [][]byte {
	b := frontier.EncodeItems(slot, items)
	if len(b) <= maxSendBytes || len(items) < 2 {
		return [][]byte{b}
	}
	half := len(items) / 2
	return append(parted(slot, items[:half]), parted(slot, items[half:])...)
}

// stillOurs leaves out of a group the pages of slots whose lease is over, and takes
// from it the documents of those whose outcome Commit will refuse.
func (c *Crawler) stillOurs(group []*result) []*result {
	if c.opt.Share.Held == nil {
		return group
	}
	out := group[:0:0]
	for _, r := range group {
		if !c.opt.Share.Held(frontier.SlotOf(r.lease.URL)) {
			r.goBack(c, 0)
			continue
		}
		if c.front.Fenced(r.lease) {
			r.doc = nil
		}
		out = append(out, r)
	}
	return out
}
