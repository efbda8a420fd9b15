package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/crawl"
)

// Who wants to know what became of an address asks whoever has its range.

// A question is about one address.
type question struct {
	URL     string `json:"url"`
	Explain bool   `json:"explain"` // ask robots.txt, where its rules are not at hand
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
		r, err = c.Why(q.URL)
	}
	if err != nil {
		return api.Address{}, fmt.Errorf("%w: %v", api.ErrInvalid, err)
	}
	a := api.Address{URL: r.URL.String(), Known: r.Known, Scope: r.Scope, Robots: r.Robots, Budget: r.Refused}
	if r.Known {
		a.State, a.Reason, a.Alias, a.Referrer = r.State.String(), r.Reason, r.Alias.String(), r.Referrer.String()
		a.Depth, a.Status, a.Tries, a.Visits, a.Changes = r.Depth, r.Status.Status, r.Tries, r.Visits, r.Changes
		a.Fetched, a.Due = moment(r.Fetched), moment(r.Due)
	}
	return a, nil
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

// askCrawl puts a question to the process that has the range of its address. While
// the range goes from one to another it is asked again.
func (n *Node) askCrawl(ctx context.Context, collection string, generation int, q question) (a api.Address, err error) {
	slot, err := crawl.SlotOf(q.URL)
	if err != nil {
		return a, fmt.Errorf("%w: %v", api.ErrInvalid, err)
	}
	body, err := json.Marshal(q)
	if err != nil {
		return a, fmt.Errorf("node: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	subject := rangeSubject(collection, generation, int(slot/rangeSlots))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(openPatience); ; {
		reply, err := n.bus.Ask(ctx, subject, body)
		var failed *bus.AnswerError
		switch {
		case err == nil:
			if err := json.Unmarshal(reply, &a); err != nil {
				return a, fmt.Errorf("node: an answer of a crawler is corrupt: %w", err)
			}
			return a, nil
		case errors.As(err, &failed):
			return a, fmt.Errorf("%w: %s", api.ErrInvalid, failed.Text)
		case !errors.Is(err, bus.ErrNobody) || time.Now().After(end):
			return a, fmt.Errorf("%w: no process that crawls %s answers for this site: %v", api.ErrUnavailable, collection, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}
