package frontier

import (
	"cmp"
	"slices"

	"github.com/trawlsearch/trawl/weburl"
)

// candidate is an item with its keys, which are worked out before the lock.
type candidate struct {
	item   *Item
	url    weburl.URL
	key    weburl.Key
	text   string
	origin string
	id     hostID
}

// Add queues the addresses that are not known yet and tells how many there were.
// Those of slots that are not kept here go to Outbound, and do not count. What is not http or https, or longer than MaxURLBytes, is left out. When it
// returns they are durable.
func (f *Frontier) Add(items []Item) (added int, err error) {
	cands := prepare(items)
	err = f.update("add", nil, func(w *write) error {
		defer func() { added = w.added }()
		return w.discover(cands)
	})
	return added, err
}

// prepare does what needs no lock: normal forms and keys.
func prepare(items []Item) []candidate {
	out := make([]candidate, 0, len(items))
	for i := range items {
		u := items[i].URL.Page()
		if !u.IsWeb() {
			continue
		}
		text := u.String()
		if len(text) > MaxURLBytes {
			continue
		}
		out = append(out, candidate{item: &items[i], url: u, key: u.Key(), text: text})
	}
	return out
}

// discover queues what is new among the candidates, host by host in the order of
// the store, so that a block is read once, and within a host in their own order.
func (w *write) discover(cands []candidate) error {
	ask := make([]*candidate, 0, len(cands))
	links := w.f.opt.Budget.SiteStep > 0
	for i := range cands {
		c := &cands[i]
		own := c.url.Host() == w.from
		if own {
			w.own++
		}
		seen := c.item.Mark == 0 && !c.item.Again && !c.item.seeds() && w.f.seen.has(c.key)
		elsewhere := links && !own && !c.item.Referrer.IsZero()
		if seen && !elsewhere {
			continue
		}
		c.origin = c.url.Origin()
		id, ok := w.ids[c.origin]
		if !ok {
			id = hostOf(c.url)
			w.ids[c.origin] = id
		}
		c.id = id
		if !w.f.mine(id.slot) {
			if !seen {
				w.away(c, id.slot)
			}
			continue
		}
		if c.item.seeds() {
			if err := w.seed(id); err != nil {
				return err
			}
		}
		if elsewhere {
			if err := w.linked(c, id); err != nil {
				return err
			}
		}
		if seen {
			continue
		}
		ask = append(ask, c)
	}
	slices.SortStableFunc(ask, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.id.site, b.id.site), cmp.Compare(a.id.host, b.id.host))
	})
	for _, c := range ask {
		if err := w.meet(c); err != nil {
			return err
		}
	}
	return nil
}

// meet queues one candidate if it is new, or to be fetched again.
func (w *write) meet(c *candidate) error {
	f := w.f
	rec := w.urls[c.key]
	fl := f.inflight[c.key]
	if rec == nil && fl != nil {
		rec = &fl.rec
	}
	if rec == nil {
		var err error
		if rec, err = f.loadURL(c.id, c.key); err != nil {
			return err
		}
	}
	if rec != nil {
		if !f.seen.has(c.key) {
			f.seen.add(c.key)
		}
		return w.again(c, rec)
	}
	if c.url.Host() == w.from {
		w.ownNew++
	}
	refused, t, held, err := w.place(c)
	if refused != "" || err != nil {
		return err
	}
	f.seen.add(c.key)
	rec = &urlRecord{
		url: c.text, depth: uint32(max(0, c.item.Depth)), hops: c.item.Hops, mark: c.item.Mark,
		level: min(c.item.Priority+t.demerit(), Levels-1), referrer: cut(c.item.Referrer.String(), MaxURLBytes),
	}
	switch {
	case held:
		w.hold(c, rec, t)
	default:
		if t != nil {
			t.known++
		}
		if err := w.enqueue(c.id, c.key, rec, c.origin, 0); err != nil {
			return err
		}
	}
	host, err := w.host(c.id, c.origin)
	if err != nil {
		return err
	}
	host.known++
	w.setURL(c.id, c.key, rec)
	w.added++
	return nil
}

// loadURL reads the record of an address; nil: there is none.
func (f *Frontier) loadURL(id hostID, key weburl.Key) (*urlRecord, error) {
	v, err := f.get(urlKey(id, key))
	if v == nil || err != nil {
		return nil, err
	}
	return decodeURL(v)
}

// again adds the marks of the candidate to a known address and, if that is asked,
// queues it once more.
func (w *write) again(c *candidate, rec *urlRecord) error {
	requeue := c.item.Again && State(rec.state) != Queued && w.f.inflight[c.key] == nil
	if !requeue && rec.mark|c.item.Mark == rec.mark {
		return nil
	}
	w.f.meta.count(rec, -1)
	rec.mark |= c.item.Mark
	if requeue {
		if State(rec.state) == Held {
			if err := w.unholdOne(c, rec); err != nil {
				return err
			}
		}
		w.unschedule(c.id, c.key, rec)
		w.batch.Delete(amissKey(c.id, c.key), nil)
		rec.tries, rec.waits = 0, false
		if err := w.enqueue(c.id, c.key, rec, c.origin, 0); err != nil {
			return err
		}
		w.added++
	}
	w.setURL(c.id, c.key, rec)
	return nil
}

// unholdOne takes one address out of what is held: somebody asks for it.
func (w *write) unholdOne(c *candidate, rec *urlRecord) error {
	host, err := w.host(c.id, c.origin)
	if err != nil {
		return err
	}
	t, err := w.template(c.id, host, shapeOf(page(rec.url)))
	if err == nil {
		w.unhold(c.id, rec, t)
	}
	return err
}
