package frontier

import (
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// Hosts that are gone. When nothing has answered for a host for a week, which at
// least three looks at it found, an hour apart or more, its documents are deleted; when it is back its
// addresses are queued again. A look counts only if another host answered within
// the hour before or after it: else the fault may be ours. Both are done piece by
// piece, by Bury, and go on after a crash, and on another node: the host's record
// says which.

// A Presence is what an outcome says about whether its host is there at all.
type Presence uint8

const (
	Unclear Presence = iota // nothing: the fault may be ours, or a proxy's
	Present                 // something answered, whatever it said; Outcome.Status says so too
	Absent                  // its name does not exist, or nothing answers
)

const (
	goneAfter   = 7 * 24 * time.Hour
	goneLooks   = 3
	witnessed   = time.Hour
	reasonGone  = "host-gone"
	buryDocs    = 256  // documents deleted in one batch,
	buryLooked  = 2048 // of at most so many addresses looked at
	buryBacklog = 64   // entries of the outbox that wait for their taker: no more are added
	buryPause   = time.Second
	maxUnproved = 1024 // looks that wait for a witness
)

// What is being done about a host. The odd ones are errands.
const (
	hostStays   = iota
	hostLeaves  // its documents are being deleted
	hostGone    // they are
	hostReturns // its addresses are being queued
)

// absence is what a host's record keeps of it.
type absence struct {
	since int64  // µs, of the first look in a row that found nothing,
	last  int64  // and of the last
	looks uint32 // how many did
	state uint8  // hostStays to hostReturns
}

func (a absence) errand() bool { return a.state%2 == 1 }

// answers are the last two hosts that answered, and when: whoever is asked about,
// one of them is another.
type answers [2]struct {
	host hostID
	at   int64
}

func (a *answers) note(h hostID, now int64) {
	if a[0].host != h {
		a[1] = a[0]
	}
	a[0].host, a[0].at = h, now
}

func (a *answers) besides(h hostID, now int64) bool {
	for _, x := range a {
		if x.at != 0 && x.host != h && now-x.at <= witnessed.Microseconds() {
			return true
		}
	}
	return false
}

// presence books what an outcome says about whether its host is there.
func (w *write) presence(h *host, o *Outcome) error {
	f, a := w.f, &h.rec.absence
	switch {
	case o.Status != 0 || o.Presence == Present:
		f.answers.note(h.id, w.now)
		delete(f.unproved, h.id)
		a.since, a.last, a.looks = 0, 0, 0
		if a.state == hostLeaves || a.state == hostGone {
			w.turn(h.id, &h.rec, hostReturns)
		}
		return w.prove()
	case o.Presence == Absent && f.answers.besides(h.id, w.now):
		w.look(h.id, &h.rec, w.now)
	case o.Presence == Absent && len(f.unproved) < maxUnproved:
		f.unproved[h.id] = w.now
	}
	return nil
}

// prove counts the looks that waited for a host to answer.
func (w *write) prove() error {
	for id, at := range w.f.unproved {
		rec, err := w.knownHost(id)
		if err != nil {
			return err
		}
		if rec != nil && w.now-at <= witnessed.Microseconds() {
			w.look(id, rec, at)
		}
		delete(w.f.unproved, id)
	}
	return nil
}

// look books that nothing was found at a host.
func (w *write) look(id hostID, rec *hostRecord, at int64) {
	a := &rec.absence
	if a.looks > 0 && at-a.last < witnessed.Microseconds() {
		return // it is the same one
	}
	if a.looks++; a.looks == 1 {
		a.since = at
	}
	a.last = at
	if h := w.f.front.hosts[id]; h != nil {
		h.dirty = true
	}
	long := at-a.since >= goneAfter.Microseconds()
	if long && a.looks >= goneLooks && (a.state == hostStays || a.state == hostReturns) {
		w.turn(id, rec, hostLeaves)
		w.f.opt.Log.Warn("frontier: a host is gone, its documents are deleted", "host", rec.origin, "since", timeOf(a.since))
	}
}

// turn moves a host into a state, and begins or ends its errand.
func (w *write) turn(id hostID, rec *hostRecord, state uint8) {
	f := w.f
	if rec.absence.errand() {
		f.meta.errands--
		delete(f.errands, id)
	}
	if rec.absence.state = state; rec.absence.errand() {
		f.meta.errands++
		f.errands[id] = id.prefix(kindURL, 0)
		f.pokeErrands()
	}
}

func (f *Frontier) pokeErrands() {
	select {
	case f.toBury <- struct{}{}:
	default:
	}
}

// loadErrands finds the errands that were not ended: they are few, and seldom any.
func (f *Frontier) loadErrands() error {
	if f.meta.errands == 0 {
		return nil
	}
	return f.scan(kindHost, nil, func(key, value []byte) (bool, error) {
		rec, err := decodeHost(value)
		if err == nil && rec.absence.errand() {
			id := prefixHost(key)
			f.errands[id] = id.prefix(kindURL, 0)
		}
		return err == nil, err
	})
}

// Bury deletes the documents of hosts that are gone, and queues the addresses of
// those that are back, until ctx ends. It gives deletions the addresses of at most
// 256 documents at a time, and what that answers goes into the outbox in the batch
// that forgets them. deletions must not call the frontier.
func (f *Frontier) Bury(ctx context.Context, deletions func(pages []weburl.URL) []Entry) error {
	for {
		id, wait, err := f.nextErrand()
		if err != nil {
			return err
		}
		if wait == 0 {
			if err := f.update("bury", nil, func(w *write) error { return w.tend(id, deletions) }); err != nil {
				return err
			}
			continue
		}
		var later <-chan time.Time
		if wait > 0 {
			later = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.toBury:
		case <-later:
		}
	}
}

// nextErrand names a host for which something is to be done now, or how long to wait
// before looking again; below zero: until there is an errand.
func (f *Frontier) nextErrand() (id hostID, wait time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return id, 0, f.broken
	}
	if len(f.errands) == 0 {
		return id, -1, nil
	}
	if f.meta.outboxNext-f.outbox.first < buryBacklog {
		for id := range f.errands {
			h := f.front.hosts[id] // an outcome that is on its way may say that it is back
			if f.mine(id.slot) && (h == nil || h.flying == 0) {
				return id, 0, nil
			}
		}
	}
	return id, buryPause, nil
}

// ownErrands counts the errands that are not in others' slots.
func (f *Frontier) ownErrands() (n int) {
	for id := range f.errands {
		if f.mine(id.slot) {
			n++
		}
	}
	return n
}

// tend does one piece of a host's errand.
func (w *write) tend(id hostID, deletions func([]weburl.URL) []Entry) error {
	f := w.f
	rec, err := w.knownHost(id)
	if err != nil {
		return err
	}
	if rec == nil || !rec.absence.errand() { // it went with its slot
		delete(f.errands, id)
		return nil
	}
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: f.errands[id], UpperBound: successor(id.prefix(kindURL, 0))})
	if err != nil {
		return err
	}
	defer it.Close()
	var gone []weburl.URL
	for ok, looked := it.First(), 0; ; ok = it.Next() {
		if !ok {
			w.turn(id, rec, (rec.absence.state+1)%4)
			break
		}
		if looked++; looked > buryLooked || len(gone) >= buryDocs {
			f.errands[id] = append([]byte{}, it.Key()...)
			break
		}
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		u, err := decodeURL(v)
		if err != nil {
			return err
		}
		key := weburl.Key(it.Key()[prefixLen:])
		switch {
		case rec.absence.state == hostLeaves && u.doc:
			gone = append(gone, page(u.url))
			err = w.bury(id, key, u)
		case rec.absence.state == hostReturns && (State(u.state) == Failed || State(u.state) == Gone && u.reason == reasonGone):
			err = w.again(&candidate{item: &Item{Again: true}, key: key, id: id}, u)
		}
		if err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	if h := f.front.hosts[id]; h != nil {
		h.dirty = true
	}
	if len(gone) > 0 {
		w.send(deletions(gone))
	}
	return nil
}

// bury takes an address out of the index. One that is queued stays so; the next
// visit to another is when it would have been.
func (w *write) bury(id hostID, key weburl.Key, r *urlRecord) error {
	if err := w.leaveContent(r.hash, id.ref(key)); err != nil {
		return err
	}
	if r.sketch {
		if err := w.enterBands(id, key, r, nil); err != nil {
			return err
		}
	}
	w.f.meta.count(r, -1)
	r.doc, r.hash, r.etag, r.lastModified = false, [16]byte{}, "", ""
	if State(r.state) != Queued {
		w.batch.Delete(amissKey(id, key), nil)
		r.state, r.reason, r.alias = uint8(Gone), reasonGone, ""
	}
	w.setURL(id, key, r)
	return nil
}
