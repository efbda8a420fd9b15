package node

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl"
)

// Reparse makes the documents of a collection's pages anew from its captures: those
// that the crawl has at hand and those in object storage.
func (n *Node) Reparse(ctx context.Context, collection string, progress func(api.Reparsed)) (api.Reparsed, error) {
	if n.shared() {
		return n.reparseAll(ctx, collection, progress)
	}
	c, err := n.crawlOf(ctx, collection)
	if err != nil {
		return api.Reparsed{}, err
	}
	return n.reparse(ctx, collection, c, progress)
}

func (n *Node) reparse(ctx context.Context, collection string, c *crawl.Crawler, progress func(api.Reparsed)) (api.Reparsed, error) {
	dir, err := os.MkdirTemp(n.cfg.Data, "reparse-")
	if err != nil {
		return api.Reparsed{}, fmt.Errorf("node: reparse: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := n.fetchCaptures(ctx, collection, dir); err != nil {
		return api.Reparsed{}, err
	}
	st, err := c.Reparse(ctx, []string{dir, c.Captures()}, func(s crawl.ReparseStats) { progress(reparsed(s)) })
	return reparsed(st), err
}

func reparsed(s crawl.ReparseStats) api.Reparsed {
	return api.Reparsed{Captures: s.Captures, Documents: s.Documents, Stale: s.Stale, Unread: s.Unread, Corrupt: s.Corrupt}
}

// Of a crawl that is shared each process makes the documents of its own sites; first
// all of them give their captures to object storage, for a site may have been
// another's when it was fetched.

// An order is to one of the processes that share a crawl.
type order struct {
	ID      string `json:"id"`
	Reparse bool   `json:"reparse"` // else: complete the captures
}

func orderSubject(collection string, generation int, node string) string {
	return fmt.Sprintf("order.%s.%d.%s", collection, generation, hex.EncodeToString([]byte(node)))
}

// What is said while an order is carried out: how far it is, and that it is to end.
func farSubject(id, node string) string {
	return "reparse.far." + id + "." + hex.EncodeToString([]byte(node))
}
func endSubject(id string) string { return "reparse.end." + id }

// farEvery is how often a process says how far it is.
const farEvery = 500 * time.Millisecond

// reparseAll lets all processes of a crawl make their documents anew.
func (n *Node) reparseAll(ctx context.Context, collection string, progress func(api.Reparsed)) (sum api.Reparsed, err error) {
	col, err := n.crawled(collection)
	if err != nil {
		return sum, err
	}
	generation := targetOf(col).generation
	crawlers := n.board.crawlers(collection, generation)
	if len(crawlers) == 0 {
		return sum, fmt.Errorf("%w: no process crawls %s: start one with the role crawler on the same --nats", api.ErrUnavailable, collection)
	}
	id := newID()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer n.announce(endSubject(id), struct{}{}) // for those that another's failure leaves at work
	if _, err := n.orderAll(ctx, col, generation, crawlers, order{ID: id}); err != nil {
		return sum, err
	}
	far := map[string]api.Reparsed{}
	var ear sync.WaitGroup
	ear.Go(func() {
		n.bus.Listen(ctx, "reparse.far."+id+".*", func(subject string, body []byte) { // without it nobody hears how far they are
			var p api.Reparsed
			if json.Unmarshal(body, &p) == nil {
				far[subject] = p
				progress(sumReparsed(far))
			}
		})
	})
	done, err := n.orderAll(ctx, col, generation, crawlers, order{ID: id, Reparse: true})
	cancel()
	ear.Wait()
	return sumReparsed(done), err
}

func sumReparsed(parts map[string]api.Reparsed) (sum api.Reparsed) {
	for _, p := range parts {
		sum.Captures += p.Captures
		sum.Documents += p.Documents
		sum.Stale += p.Stale
		sum.Unread += p.Unread
		sum.Corrupt = max(sum.Corrupt, p.Corrupt) // each of them reads all files
	}
	return sum
}

// orderAll gives an order to processes, and waits for all of them, or for the first failure.
func (n *Node) orderAll(ctx context.Context, col api.Collection, generation int, nodes []string, o order) (map[string]api.Reparsed, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		node string
		part api.Reparsed
		err  error
	}
	answers := make(chan answer)
	for _, name := range nodes {
		go func() {
			a := answer{node: name}
			var reply []byte
			if reply, a.err = n.bus.Ask(ctx, orderSubject(col.Name, generation, name), body); a.err == nil {
				a.err = json.Unmarshal(reply, &a.part)
			}
			answers <- a
		}()
	}
	out := map[string]api.Reparsed{}
	for range nodes {
		a := <-answers
		if out[a.node] = a.part; a.err != nil && err == nil {
			err = fmt.Errorf("%w: process %s: %v", api.ErrUnavailable, a.node, a.err)
			cancel()
		}
	}
	return out, err
}

// obey carries out orders for this process's share, until ctx ends.
func (s *sharing) obey(ctx context.Context) {
	name := s.node.cfg.Name
	err := s.node.bus.Answer(ctx, orderSubject(s.name, s.generation, name), func(ctx context.Context, body []byte) ([]byte, error) {
		var o order
		if err := json.Unmarshal(body, &o); err != nil {
			return nil, err
		}
		if !o.Reparse {
			return []byte("{}"), s.c.Seal()
		}
		ctx, cancel := context.WithCancel(ctx)
		var ear sync.WaitGroup
		defer ear.Wait()
		defer cancel()
		ear.Go(func() { s.node.bus.Listen(ctx, endSubject(o.ID), func(string, []byte) { cancel() }) })
		var last time.Time
		st, err := s.node.reparse(ctx, s.name, s.c, func(p api.Reparsed) {
			if time.Since(last) < farEvery {
				return
			}
			last = time.Now()
			if err := s.node.announce(farSubject(o.ID, name), p); err != nil {
				s.log.Debug("how far a reparse is was not told", "err", err)
			}
		})
		if err != nil {
			return nil, err
		}
		return json.Marshal(st)
	})
	if ctx.Err() == nil && !errors.Is(err, bus.ErrClosed) {
		s.log.Error("orders are not obeyed", "err", err)
	}
}
