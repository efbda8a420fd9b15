package frontier

import (
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// A visit is what a fetch told about change.
type visit struct {
	interval         time.Duration // since the last
	checked, changed bool
}

const revisitPart = 8 // of a window, at most, for visits that are due while fresh addresses wait

// schedule says when a settled address is visited next. The caller counts it
// after that.
func (w *write) schedule(h *host, key weburl.Key, r *urlRecord, o *Outcome, v visit) error {
	f := w.f
	t, err := w.template(h.id, &h.rec, shapeOf(o.Lease.URL))
	if err != nil {
		return err
	}
	if err := w.learn(h, t, r, o); err != nil {
		return err
	}
	r.demand = 0
	var wait time.Duration
	rc := f.opt.Recrawl
	switch State(r.state) {
	case Done, Skipped:
		if v.checked {
			t.note(v.interval, v.changed, manyMean)
			h.rec.note(v.interval, v.changed, manyMean)
		}
		weight := levelWeight[r.level]
		if State(r.state) == Skipped {
			weight /= 4 // visited for its links only: half as often
		}
		r.demand = demand(r.rate(w.prior(t, &h.rec)), weight)
		wait = rc.interval(r.demand, rc.price(f.meta.demand+uint64(r.demand)))
	case Denied, Failed:
		wait = min(max(failedWait<<min(r.fails-1, 10), rc.Min), rc.Max)
	default:
		wait = rc.Max
	}
	due := w.now + wait.Microseconds()
	if !o.Due.IsZero() {
		due = max(w.now, micros(o.Due))
	}
	r.due = ceilSeconds(due)
	w.put(revisitKey(h.id, r.due, key), nil)
	if rc.on {
		h.expect(r.due)
	}
	return nil
}

// learn books for its budgets what a settled address brought.
func (w *write) learn(h *host, t *template, r *urlRecord, o *Outcome) error {
	b := &w.f.opt.Budget
	if r.visits == 1 {
		t.learn(o.Novel, b.PerTemplate)
	}
	if !b.on() {
		return nil
	}
	if o.Bytes > 0 {
		s, err := w.site(h.id)
		if err != nil {
			return err
		}
		s.bytes += uint64(o.Bytes)
	}
	return w.release(h.id, t)
}

// prior is the rate at which pages like this one change.
func (w *write) prior(t *template, rec *hostRecord) float64 {
	for _, h := range []history{t.history, rec.history} {
		if h.checks >= knownEnough {
			return max(h.rate(defaultRate), 1/defaultMax.Seconds())
		}
	}
	return defaultRate
}

// unschedule takes a settled address out of the visits to come. The caller
// counts it out before.
func (w *write) unschedule(id hostID, key weburl.Key, r *urlRecord) {
	if State(r.state) != Queued && r.due != 0 {
		w.batch.Delete(revisitKey(id, r.due, key), nil)
		r.due, r.demand = 0, 0
		if h := w.f.front.hosts[id]; h != nil {
			h.window = slices.DeleteFunc(h.window, func(x waiting) bool { return x.key == key })
		}
	}
}

// expect makes sure that h is looked at when something comes due.
func (h *host) expect(due uint32) {
	if at := int64(due) * 1e6; h.nextRetry == 0 || at < h.nextRetry {
		h.nextRetry = at
	}
}

// fillRevisits adds addresses whose next visit is due.
func (f *Frontier) fillRevisits(h *host, nowSec uint32, room int) error {
	lower := h.id.prefix(kindRevisit, 0)
	upper := append(h.id.prefix(kindRevisit, 4), 0xFF, 0xFF, 0xFF, 0xFF)
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		due, key, err := decodeRevisitKey(it.Key())
		if err != nil {
			return err
		}
		if f.inflight[key] != nil {
			continue
		}
		if due > nowSec || room <= 0 {
			h.expect(due)
			return nil
		}
		h.window = append(h.window, waiting{key: key, place: place{due: due}, revisit: true})
		room--
	}
	return it.Error()
}

// turnRecrawl brings the S keys in line with whether visits are made.
func (f *Frontier) turnRecrawl() error {
	if f.meta.recrawls == f.opt.Recrawl.on {
		return nil
	}
	if f.opt.Recrawl.on {
		if err := f.expectRevisits(); err != nil {
			return err
		}
	}
	f.meta.recrawls = f.opt.Recrawl.on
	return f.db.Set(metaKey(), f.meta.append(nil), pebble.Sync)
}

// expectRevisits gives an S key to each host that has an R key: while Recrawl was
// off nobody saw to that. One seek a host.
func (f *Frontier) expectRevisits() error {
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: []byte{0, 0}, UpperBound: slotKey(slots)})
	if err != nil {
		return err
	}
	defer it.Close()
	b := f.db.NewBatch()
	for ok := it.SeekGE([]byte{0, 0, kindRevisit}); ok; {
		if next := nextOfKind(it.Key(), kindRevisit); next != nil {
			ok = it.SeekGE(next)
			continue
		}
		due, _, err := decodeRevisitKey(it.Key())
		if err != nil {
			return err
		}
		id := prefixHost(it.Key())
		rec, err := f.loadHost(id)
		if err != nil {
			return err
		}
		if rec != nil {
			want := max(int64(due)*1e6, rec.ready, rec.paused)
			if rec.sched == 0 || want < rec.sched {
				f.reschedule(b, id, rec, want)
				b.Set(hostKey(id), rec.append(nil), nil)
			}
		}
		if b.Len() > 1<<20 {
			if err := f.db.Apply(b, pebble.NoSync); err != nil {
				return err
			}
			b = f.db.NewBatch()
		}
		ok = it.SeekGE(append(id.prefix(kindRevisit, 4), 0xFF, 0xFF, 0xFF, 0xFF))
	}
	if err := it.Error(); err != nil {
		return err
	}
	return f.db.Apply(b, pebble.NoSync)
}

func ceilSeconds(us int64) uint32 { return uint32((us + 1e6 - 1) / 1e6) }
