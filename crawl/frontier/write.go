package frontier

import (
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// write is one batch while it is built, under Frontier.mu. What it does to memory
// it does at once; if the store then refuses, the frontier is broken for good.
type write struct {
	f         *Frontier
	now       int64
	batch     *pebble.Batch
	hosts     map[hostID]*hostRecord    // touched, not in the front
	front     map[hostID]*host          // touched, in the front
	urls      map[weburl.Key]*urlRecord // written by this batch
	templates map[templateID]*template
	sites     map[siteID]*site
	contents  map[uint64]ref // C keys as this batch leaves them; zero: deleted
	entering  []entering
	outbound  map[uint16][]*Item // by slot
	added     int

	ids         map[string]hostID // of origins: Site asks the public suffix list, once a batch
	referrer    weburl.URL        // of the last link from elsewhere, worked out
	referrerID  hostID
	party       uint64
	from        string // host of the page whose links are booked; of them to itself
	own, ownNew int
}

func (f *Frontier) begin() *write {
	return &write{
		f: f, now: f.now(), batch: f.db.NewBatch(),
		hosts: map[hostID]*hostRecord{}, front: map[hostID]*host{}, urls: map[weburl.Key]*urlRecord{},
		templates: map[templateID]*template{}, sites: map[siteID]*site{}, ids: map[string]hostID{}, contents: map[uint64]ref{},
	}
}

func (w *write) put(key, value []byte) { w.batch.Set(key, value, nil) }

// host returns the record of a host, in memory, stored or new.
func (w *write) host(id hostID, origin string) (*hostRecord, error) {
	rec, err := w.knownHost(id)
	if rec == nil && err == nil {
		rec = &hostRecord{origin: origin}
		w.f.meta.hosts++
		w.hosts[id] = rec
	}
	return rec, err
}

// knownHost is host, but nil for one that was never met.
func (w *write) knownHost(id hostID) (*hostRecord, error) {
	if h := w.f.front.hosts[id]; h != nil {
		w.front[id] = h
		return &h.rec, nil
	}
	if rec := w.hosts[id]; rec != nil {
		return rec, nil
	}
	rec, err := w.f.loadHost(id)
	if rec != nil {
		w.hosts[id] = rec
	}
	return rec, err
}

// setURL writes r and counts it.
func (w *write) setURL(id hostID, key weburl.Key, r *urlRecord) {
	w.put(urlKey(id, key), r.append(nil))
	w.urls[key] = r
	w.f.meta.count(r, +1)
	if r.truncated || State(r.state) == Denied || State(r.state) == Failed {
		w.put(amissKey(id, key), nil)
	}
}

// enqueue gives r a place in the queue of its host and makes sure that the host
// is looked at in time. due in µs, 0 at once.
func (w *write) enqueue(id hostID, key weburl.Key, r *urlRecord, origin string, due int64) error {
	f := w.f
	rec, err := w.host(id, origin)
	if err != nil {
		return err
	}
	f.meta.seq++
	r.state, r.seq, r.due, r.demand = uint8(Queued), f.meta.seq, ceilSeconds(due), 0
	w.put(queueKey(id, r.place()), key[:])
	h := f.front.hosts[id]
	switch {
	case h == nil:
		want := max(w.now, int64(r.due)*1e6, rec.ready, rec.paused)
		if rec.sched == 0 || want < rec.sched {
			f.reschedule(w.batch, id, rec, want)
		}
	case r.due == 0:
		h.more = true
	default:
		h.expect(r.due)
	}
	return nil
}

// update builds a batch under the lock, applies it, and waits for the disk
// without the lock: leases go on while the disk works. A later batch is never
// durable without an earlier one, so what others read before the sync is safe;
// only the outbox waits for it. An error of check changes nothing.
func (f *Frontier) update(verb string, check func() error, build func(*write) error) error {
	batch, next, err := f.build(verb, check, build)
	if err != nil {
		return err
	}
	if err = batch.SyncWait(); err == nil {
		err = batch.Close()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		return f.fail(verb, err)
	}
	f.outbox.synced(next.outbox)
	f.outbound.synced(next.outbound)
	return nil
}

// nexts are the sequence numbers that the spools give next.
type nexts struct{ outbox, outbound uint64 }

func (f *Frontier) build(verb string, check func() error, build func(*write) error) (*pebble.Batch, nexts, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, nexts{}, f.broken
	}
	if check != nil {
		if err := check(); err != nil {
			return nil, nexts{}, err
		}
	}
	w := f.begin()
	err := build(w)
	if err == nil {
		w.sendOut()
		err = w.apply()
	}
	if err == nil {
		err = f.park(w)
	}
	if err != nil {
		return nil, nexts{}, f.fail(verb, err)
	}
	return w.batch, nexts{f.meta.outboxNext, f.meta.outboundNext}, nil
}

func (w *write) apply() error {
	f := w.f
	w.putTemplates()
	for id, s := range w.sites {
		w.put(siteKey(id), s.append(nil))
	}
	for id, rec := range w.hosts {
		w.put(hostKey(id), rec.append(nil))
	}
	for id, h := range w.front {
		if h.dirty || f.opt.Budget.on() { // what is lost in a crash otherwise is a few counts of links
			w.put(hostKey(id), h.rec.append(nil))
			h.dirty = false
		}
	}
	w.put(metaKey(), f.meta.append(nil))
	if err := f.db.ApplyNoSyncWait(w.batch, pebble.Sync); err != nil {
		return err
	}
	for _, h := range w.front {
		f.arrange(h)
	}
	f.signal()
	return nil
}

// micros is t in µs since 1970; 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}

func cut(s string, limit int) string {
	if len(s) > limit {
		return s[:limit]
	}
	return s
}
