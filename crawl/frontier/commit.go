package frontier

import (
	"fmt"
	"math"
)

// Commit makes a batch durable: what became of its leases, the addresses found,
// the documents for the outbox, the place in the captures; all or nothing. On an
// error the frontier answers that error to every later call: close it and open it
// again, and what this batch would have settled is queued.
func (f *Frontier) Commit(b *Batch) error {
	cands := make([][]candidate, len(b.Outcomes))
	for i := range b.Outcomes {
		cands[i] = prepare(b.Outcomes[i].Links)
	}
	return f.update("commit", func() error { return f.check(b) }, func(w *write) error {
		for i := range b.Outcomes {
			if err := w.settle(&b.Outcomes[i]); err != nil {
				return err
			}
		}
		for i := range cands {
			if err := w.discover(cands[i]); err != nil {
				return err
			}
		}
		for i := range b.Outbox {
			w.put(outboxKey(f.meta.outboxNext), b.Outbox[i].append(nil))
			f.meta.outboxNext++
		}
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
		if o.State <= Queued || o.State >= numStates {
			return fmt.Errorf("frontier: commit %s: state %d", o.Lease.URL, o.State)
		}
		fl := o.Lease.fl
		if fl == nil || met[fl] || f.inflight[fl.key] != fl {
			return fmt.Errorf("frontier: commit %s: not leased", o.Lease.URL)
		}
		met[fl] = true
	}
	for i := range b.Outbox {
		n := 0
		for _, doc := range b.Outbox[i].Data {
			n += len(doc)
		}
		if len(b.Outbox[i].Data) > maxEntryDocs || n > maxEntryBytes {
			return fmt.Errorf("frontier: commit: outbox entry of %d documents, %d bytes", len(b.Outbox[i].Data), n)
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
	delete(f.inflight, fl.key)
	h.flying--
	w.front[h.id] = h

	rec := fl.rec
	w.batch.Delete(queueKey(h.id, rec.place()), nil)
	f.meta.count(&rec, -1)
	rec.status = uint32(min(max(0, o.Status), math.MaxInt16))
	rec.reason = cut(o.Reason, maxReasonBytes)
	if !o.HostPause.IsZero() {
		h.rec.reason = rec.reason
	}
	if o.State == Retry || o.State == Postponed {
		rec.alias = cut(o.Alias.String(), MaxURLBytes)
		if o.State == Retry {
			rec.tries++
			h.rec.errors++
		}
		if err := w.enqueue(h.id, fl.key, &rec, "", max(1, micros(o.RetryAt))); err != nil {
			return err
		}
	} else {
		rec.settle(o, w.now)
		if o.State == Failed {
			h.rec.errors++
		} else {
			h.rec.errors = 0
			h.rec.pages++
		}
	}
	w.setURL(h.id, fl.key, &rec)
	w.put(hostKey(h.id), h.rec.append(nil))
	return nil
}

// settle moves the record into the state of a fetch that is over.
func (r *urlRecord) settle(o *Outcome, now int64) {
	r.due, r.seq, r.tries = 0, 0, 0
	r.visits++
	r.state = uint8(o.State)
	if o.State != Denied && o.State != Failed {
		r.fetched = now
	}
	switch o.State {
	case NotModified:
		r.state = uint8(Skipped)
		if r.doc {
			r.state = uint8(Done)
		}
		if o.ETag == "" && o.LastModified == "" {
			return // a 304 need not repeat them
		}
	case Denied, Failed:
		if o.Deleted {
			r.doc, r.alias = false, ""
		}
		return // the document stands, and so do its validators
	default:
		r.doc = o.State == Done
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
}

// park takes hosts out of the front that are paused for a minute or more.
func (f *Frontier) park(w *write) error {
	for _, h := range w.front {
		if h.flying > 0 || h.rec.paused < w.now+parkUS {
			continue
		}
		if err := f.evict(h, h.rec.paused); err != nil {
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
