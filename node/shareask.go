package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// Who wants to know what became of an address asks whoever has its range; who wants a
// list of addresses asks all of them.

// A question is about one address, or with States about the addresses of a range.
type question struct {
	URL       string           `json:"url,omitempty"`
	Explain   bool             `json:"explain,omitempty"` // ask robots.txt, where its rules are not at hand
	States    []frontier.State `json:"states,omitempty"`
	Truncated bool             `json:"truncated,omitempty"` // only what was read in part
	Limit     int              `json:"limit,omitempty"`
}

func (q *question) filter() frontier.Filter {
	return frontier.Filter{States: q.States, Truncated: q.Truncated}
}

func rangeSubject(collection string, generation, i int) string {
	return fmt.Sprintf("crawl.%s.%d.%d", collection, generation, i)
}

// answer answers for a range until it is silenced.
func (s *sharing) answer(i int) {
	ctx, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	s.parts[i].answers = cancel
	s.mu.Unlock()
	s.answering.Go(func() {
		err := s.node.bus.Answer(ctx, rangeSubject(s.name, s.generation, i), func(ctx context.Context, body []byte) ([]byte, error) {
			var q question
			if err := json.Unmarshal(body, &q); err != nil {
				return nil, err
			}
			if q.States != nil {
				return replyList(ctx, s.c, i, q)
			}
			a, err := look(ctx, s.c, q)
			if err != nil {
				return nil, err
			}
			return json.Marshal(a)
		})
		if ctx.Err() == nil && !errors.Is(err, bus.ErrClosed) {
			s.log.Error("questions about a range are not answered", "range", i, "err", err)
		}
	})
}

// look asks a crawler about an address.
func look(ctx context.Context, c *crawl.Crawler, q question) (api.Address, error) {
	var r crawl.Reason
	var err error
	if q.Explain {
		r, err = c.Explain(ctx, q.URL)
	} else {
		r, err = c.Why(ctx, q.URL)
	}
	if err != nil {
		return api.Address{}, fmt.Errorf("%w: %v", api.ErrInvalid, err)
	}
	a := api.Address{URL: r.URL.String()}
	if r.Known {
		a = addressOf(&r.Status)
	}
	a.Known, a.Scope, a.Robots, a.Budget = r.Known, r.Scope, r.Robots, r.Refused
	for _, u := range r.PerhapsOn {
		a.PerhapsOn = append(a.PerhapsOn, u.String())
	}
	return a, nil
}

func addressOf(st *frontier.Status) api.Address {
	return api.Address{
		URL: st.URL.String(), Known: true, State: st.State.String(), Reason: st.Reason, Truncated: st.Truncated, Alias: st.Alias.String(), Referrer: st.Referrer.String(),
		Depth: st.Depth, Status: st.Status, Tries: st.Tries, Visits: st.Visits, Changes: st.Changes,
		Fetched: moment(st.Fetched), Due: moment(st.Due),
	}
}

// maxListReply bounds a list in one message of the broker, which takes 1 MiB.
const maxListReply = 512 << 10

// listOf lists at most q.Limit addresses of a range.
func listOf(ctx context.Context, c *crawl.Crawler, r frontier.Range, q question) (list api.Addresses, err error) {
	found, err := c.List(ctx, r, q.filter(), q.Limit+1)
	if err != nil {
		return list, err
	}
	if list.More = len(found) > q.Limit; list.More {
		found = found[:q.Limit]
	}
	for i := range found {
		list.Addresses = append(list.Addresses, addressOf(&found[i]))
	}
	return list, nil
}

// replyList is listOf, as far as it fits into a message.
func replyList(ctx context.Context, c *crawl.Crawler, i int, q question) ([]byte, error) {
	list, err := listOf(ctx, c, rangeAt(i), q)
	if err != nil {
		return nil, err
	}
	bytes := 0
	for j, a := range list.Addresses {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		if bytes += len(text) + 1; bytes > maxListReply {
			list.Addresses, list.More = list.Addresses[:j], true
			break
		}
	}
	return json.Marshal(list)
}

// List lists addresses of the crawl of a collection.
func (n *Node) List(ctx context.Context, collection string, which api.Listing) (list api.Addresses, err error) {
	q := question{Limit: which.Limit, Truncated: which.Truncated}
	for _, name := range which.States {
		s, ok := frontier.StateOf(strings.TrimSpace(name))
		if !ok {
			return list, fmt.Errorf("%w: state %q: want queued, held, done, skipped, gone, redirect, denied or failed", api.ErrInvalid, name)
		}
		q.States = append(q.States, s)
	}
	if n.shared() {
		return n.listShared(ctx, collection, q)
	}
	c, err := n.crawlOf(ctx, collection)
	if err != nil {
		return list, err
	}
	return listOf(ctx, c, frontier.Range{To: frontier.Slots}, q)
}

// listShared asks one range after the other, until there are enough.
func (n *Node) listShared(ctx context.Context, collection string, q question) (list api.Addresses, err error) {
	col, err := n.crawled(collection)
	if err != nil {
		return list, err
	}
	limit := q.Limit
	for i := range crawlRanges {
		if q.Limit = limit - len(list.Addresses); q.Limit == 0 && list.More {
			break
		}
		var part api.Addresses
		if err := n.askRange(ctx, col.Name, targetOf(col).generation, i, q, &part); err != nil {
			return list, err
		}
		list.Addresses, list.More = append(list.Addresses, part.Addresses...), list.More || part.More
	}
	return list, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// askPatience is how long an answer may take: robots.txt may have to be fetched for it.
const askPatience = 30 * time.Second

// askCrawl puts a question to the process that has the range of its address.
func (n *Node) askCrawl(ctx context.Context, collection string, generation int, q question) (a api.Address, err error) {
	slot, err := crawl.SlotOf(q.URL)
	if err != nil {
		return a, fmt.Errorf("%w: %v", api.ErrInvalid, err)
	}
	err = n.askRange(ctx, collection, generation, int(slot/rangeSlots), q, &a)
	return a, err
}

// askRange puts a question to the process that has a range. While the range goes
// from one to another it is asked again.
func (n *Node) askRange(ctx context.Context, collection string, generation, i int, q question, to any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	subject := rangeSubject(collection, generation, i)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(openPatience); ; {
		reply, err := n.bus.Ask(ctx, subject, body)
		var failed *bus.AnswerError
		switch {
		case err == nil:
			if err := json.Unmarshal(reply, to); err != nil {
				return fmt.Errorf("node: an answer of a crawler is corrupt: %w", err)
			}
			return nil
		case errors.As(err, &failed):
			return fmt.Errorf("%w: %s", api.ErrInvalid, failed.Text)
		case !errors.Is(err, bus.ErrNobody) || time.Now().After(end):
			return fmt.Errorf("%w: no process that crawls %s answers for range %d of its sites: %v", api.ErrUnavailable, collection, i, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
