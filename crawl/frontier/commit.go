package frontier

import (
	"fmt"
	"math"
	"time"
)

// Commit makes a batch durable: what became of its leases, the addresses found,
// the documents for the outbox, the place in the captures; all or nothing. On an
// error the frontier answers that error to every later call: close it and open it
// again, and what this batch would have settled is queued. An outcome whose slot
// went to another epoch meanwhile is left out, and marked as Fenced.
func (f *Frontier) Commit(b *Batch) error {
	cands := make([][]candidate, len(b.Outcomes))
	for i := range b.Outcomes {
		cands[i] = prepare(b.Outcomes[i].Links)
	}
	return f.update("commit", func() error { return f.check(b) }, func(w *write) error {
		for i := range b.Outcomes {
			if b.Outcomes[i].Fenced {
				w.refuse(b.Outcomes[i].Lease.fl)
				continue
			}
			if err := w.settle(&b.Outcomes[i]); err != nil {
				return err
			}
		}
		if err := w.enter(); err != nil {
			return err
		}
		for i := range cands {
			o := &b.Outcomes[i]
			if o.Fenced {
				continue
			}
			w.from, w.own, w.ownNew = o.Lease.URL.Host(), 0, 0
			if err := w.discover(cands[i]); err != nil {
				return err
			}
			w.watch(o.Lease.fl.host, o)
		}
		for i := range b.Hosts {
			w.learned(&b.Hosts[i])
		}
		w.send(b.Outbox)
		if b.WARC != (WARCPosition{}) {
			f.meta.warc = b.WARC
		}
		return nil
	})
}

// check refuses, before anything is written, what only a caller's bug can bring.
func (f *Frontier) check(b *Batch) error {
	met := map[*flight]bool{}
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		if o.State <= Queued || o.State >= Held {
			return fmt.Errorf("frontier: commit %s: state %d", o.Lease.URL, o.State)
		}
		if len(o.Bands) > MaxBands || len(o.Sketch) > MaxSketchBytes {
			return fmt.Errorf("frontier: commit %s: %d bands and a sketch of %d bytes", o.Lease.URL, len(o.Bands), len(o.Sketch))
		}
		fl := o.Lease.fl
		if fl != nil && !met[fl] && f.fenced(fl) {
			o.Fenced, met[fl] = true, true
			continue
		}
		if fl == nil || met[fl] || f.inflight[fl.key] != fl {
			return fmt.Errorf("frontier: commit %s: not leased", o.Lease.URL)
		}
		met[fl] = true
	}
	for i := range b.Hosts {
		if err := b.Hosts[i].check(); err != nil {
			return err
		}
	}
	for i := range b.Outbox {
		if err := b.Outbox[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// settle writes one outcome.
func (w *write) settle(o *Outcome) error {
	f := w.f
	fl := o.Lease.fl
	h := fl.host
	if !f.release(fl, w.now, o.HostDelay, o.HostPause) {
		h.setManners(o.HostDelay, o.HostPause)
	}
	f.land(fl)
	w.front[h.id] = h

	rec := fl.rec
	if !fl.revisit {
		w.batch.Delete(queueKey(h.id, rec.place()), nil)
	}
	f.meta.count(&rec, -1)
	w.unschedule(h.id, fl.key, &rec)
	rec.status = uint32(min(max(0, o.Status), math.MaxInt16))
	rec.reason = cut(o.Reason, maxReasonBytes)
	rec.miss(o, w.now)
	if !o.HostPause.IsZero() {
		h.rec.reason = rec.reason
	}
	h.health(o, fl, w.now)
	f.spend(&h.rec, o.Bytes)
	if err := w.presence(h, o); err != nil {
		return err
	}
	if o.State == Retry || o.State == Postponed {
		rec.alias = cut(o.Alias.String(), MaxURLBytes)
		if rec.waits = o.State == Retry && o.Waits; o.State == Retry {
			rec.tries++
		}
		if err := w.enqueue(h.id, fl.key, &rec, "", max(1, micros(o.RetryAt))); err != nil {
			return err
		}
	} else {
		v := rec.settle(o, w.now)
		if err := w.content(h.id, fl.key, &fl.rec, &rec, o); err != nil {
			return err
		}
		if err := w.schedule(h, fl.key, &rec, o, v); err != nil {
			return err
		}
		if o.State != Failed {
			h.rec.pages++
		}
	}
	w.setURL(h.id, fl.key, &rec)
	h.dirty = true
	return nil
}

// settle moves the record into the state of a fetch that is over, and tells what
// it says about change.
func (r *urlRecord) settle(o *Outcome, now int64) (v visit) {
	r.due, r.seq, r.tries, r.waits = 0, 0, 0, false
	r.visits++
	r.state = uint8(o.State)
	if o.State == Denied || o.State == Failed {
		r.fails++
		if o.Deleted {
			r.doc, r.alias = false, ""
		}
		return v // the document stands, and so do its validators
	}
	r.fails = 0
	if r.fetched != 0 && o.Status != 0 && (o.State == Done || o.State == NotModified || o.State == Skipped) {
		v = visit{
			interval: time.Duration(now-r.fetched) * time.Microsecond, checked: true,
			changed: o.State != NotModified && o.ContentHash != r.hash,
		}
		r.note(v.interval, v.changed, pageMean)
		if v.changed {
			r.changed = now
		}
	}
	r.fetched = now
	if o.State == NotModified {
		r.state = uint8(Skipped)
		if r.doc {
			r.state = uint8(Done)
		}
		if o.ETag == "" && o.LastModified == "" {
			return v // a 304 need not repeat them
		}
	} else {
		r.doc, r.truncated = o.State == Done, o.Truncated
		r.hash = o.ContentHash
		r.alias = cut(o.Alias.String(), MaxURLBytes)
	}
	r.etag, r.lastModified = "", ""
	if len(o.ETag) <= maxValidatorBytes {
		r.etag = o.ETag
	}
	if len(o.LastModified) <= maxValidatorBytes {
		r.lastModified = o.LastModified
	}
	return v
}

// miss counts how often in a row the page was not there. No answer, or none of
// the page itself, says nothing about it.
func (r *urlRecord) miss(o *Outcome, now int64) {
	switch {
	case o.Missing:
		if r.misses++; r.missing == 0 {
			r.missing = now
		}
	case o.State != Retry && o.State != Postponed && o.State != Failed && o.State != Denied:
		r.missing, r.misses = 0, 0
	}
}

// park takes hosts out of the front that are paused for a minute or more, or
// have nothing to do for 5 s: they would wait in the places of others.
func (f *Frontier) park(w *write) error {
	for _, h := range w.front {
		if h.flying > 0 {
			continue
		}
		at := int64(0)
		switch {
		case f.slots[h.id.slot].frozen:
			at = h.due(w.now)
		case h.rec.paused >= w.now+parkUS:
			at = h.rec.paused
		case len(h.window) == 0 && !h.more && h.nextRetry > w.now+restUS:
			at = h.nextRetry
		default:
			continue
		}
		if err := f.evict(h, at); err != nil {
			return err
		}
	}
	return nil
}

// WARCPosition is up to where captures were committed; the zero value before the
// first.
func (f *Frontier) WARCPosition() (file string, offset int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.meta.warc.File, f.meta.warc.Offset
}
