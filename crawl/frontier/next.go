package frontier

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

// flight is an address that was leased and not yet settled.
type flight struct {
	host *host
	key  weburl.Key
	rec  urlRecord
	busy bool // its request is under way

	revisit bool   // it was settled, and stands under its R key
	dropped bool   // its slot was, and its host with it
	epoch   uint64 // of its slot
	probe   bool   // its host had been parked: the outcome decides whether it is again

	stranger bool // its host was, when it was leased
	credit   int  // what it did to turns.credit

	group *group // where its request is booked; nil: at no address

	before, since           int64 // when its host was ready before the lease, and by it
	groupBefore, groupSince int64 // and its address
}

// Next leases the next address. It waits until one is due on a free host, and
// answers ErrDrained when no address is queued: that includes those in flight,
// whose commit may bring more, and retries of the future, for which it waits. With
// Options.Recrawl it waits for the next visit to what is settled, too.
func (f *Frontier) Next(ctx context.Context) (Lease, error) {
	for {
		f.mu.Lock()
		if f.broken != nil {
			defer f.mu.Unlock()
			return Lease{}, f.broken
		}
		if f.meta.states[Queued] == 0 && (f.meta.visits == 0 || !f.opt.Recrawl.on) {
			f.mu.Unlock()
			return Lease{}, ErrDrained
		}
		now := f.now()
		fl, due, err := f.pick(now)
		if err != nil {
			defer f.mu.Unlock()
			return Lease{}, f.fail("next", err)
		}
		if fl != nil {
			l := fl.lease(time.Duration(f.delayOf(&fl.host.rec)) * time.Microsecond)
			f.mu.Unlock()
			return l, nil
		}
		wake := f.wake
		f.mu.Unlock()
		if err := wait(ctx, wake, now, due); err != nil {
			return Lease{}, err
		}
	}
}

// wait returns when something changed or due has come.
func wait(ctx context.Context, wake <-chan struct{}, now, due int64) error {
	var at <-chan time.Time
	if due != never {
		t := time.NewTimer(time.Duration(min(due-now, int64(time.Hour/time.Microsecond))) * time.Microsecond)
		defer t.Stop()
		at = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-at:
	}
	return nil
}

// pick leases an address that is due, or tells when one will be.
func (f *Frontier) pick(now int64) (*flight, int64, error) {
	for {
		if err := f.admit(now); err != nil {
			return nil, 0, err
		}
		l := f.turn(now)
		if l == nil {
			return nil, f.nextDue(now), nil
		}
		h := l.hosts[0]
		if shut, err := f.shut(h, now); shut || err != nil {
			if err != nil {
				return nil, 0, err
			}
			continue
		}
		if len(h.window) == 0 {
			if f.crowded(now) && h.flying == 0 && h.served && (h.more || h.nextRetry > 0) {
				if err := f.evict(h, now); err != nil { // had its turn: to the end of the line
					return nil, 0, err
				}
				continue
			}
			if err := f.fill(h, now); err != nil {
				return nil, 0, err
			}
			if len(h.window) == 0 {
				if err := f.rest(h, now); err != nil {
					return nil, 0, err
				}
				continue
			}
		}
		next := h.window[0]
		h.window = h.window[1:]
		fl, err := f.take(h, next)
		if err != nil {
			return nil, 0, err
		}
		if fl == nil {
			continue
		}
		fl.probe, fl.epoch = h.rec.parks > 0, f.slots[h.id.slot].epoch
		h.busy++
		h.flying++
		f.inflight[fl.key] = fl
		f.count(fl, now)
		fl.before, fl.since = h.rec.ready, now+f.delayOf(&h.rec)
		h.rec.ready = fl.since
		fl.enter(h.group, now, f.delayOf(&h.rec))
		f.arrange(h)
		return fl, 0, nil
	}
}

// nextDue is when something may be leased, as things stand.
func (f *Frontier) nextDue(now int64) int64 {
	due := never
	if q := f.front.seeded; len(q) > 0 {
		due = q[0].wake
	}
	if q := f.front.strangers; len(q) > 0 {
		due = min(due, max(q[0].wake, f.mayStranger(now)))
	}
	if len(f.front.hosts) < f.opt.FrontHosts {
		due = min(due, f.front.nextS)
	}
	return due
}

// take reads the address of a queue entry. An entry that its address does not
// know (only a fault of the store could leave one) is removed, and nil returned.
func (f *Frontier) take(h *host, w waiting) (*flight, error) {
	rec, err := f.loadURL(h.id, w.key)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		queued := State(rec.state) == Queued
		if w.revisit && !queued && rec.due == w.place.due || !w.revisit && queued && rec.place() == w.place {
			return &flight{host: h, key: w.key, rec: *rec, busy: true, revisit: w.revisit}, nil
		}
	}
	f.opt.Log.Error("frontier: stray queue entry removed", "host", h.rec.origin, "place", w.place)
	if w.revisit {
		return nil, f.db.Delete(revisitKey(h.id, w.place.due, w.key), pebble.NoSync)
	}
	return nil, f.db.Delete(queueKey(h.id, w.place), pebble.NoSync)
}

func (fl *flight) lease(delay time.Duration) Lease {
	r := &fl.rec
	l := Lease{
		URL: page(r.url), Depth: int(r.depth), Hops: r.hops, Mark: r.mark, Priority: r.level, Referrer: page(r.referrer),
		IP:    fl.host.rec.ip,
		Tries: int(r.tries), Visits: int(r.visits), Fetched: timeOf(r.fetched), HasDoc: r.doc, Alias: page(r.alias),
		ETag: r.etag, LastModified: r.lastModified, ContentHash: r.hash,
		HostErrors: int(fl.host.rec.errors), HostParked: int(fl.host.rec.parks), HostErrorsSince: timeOf(fl.host.rec.since),
		MissingSince: timeOf(r.missing), Misses: int(r.misses),
		HostDelay: delay, fl: fl,
	}
	if r.visits%uncondition == uncondition-1 {
		l.Unconditional, l.ETag, l.LastModified = true, "", ""
	}
	return l
}

// Release says that the request of a lease is over, before its Commit: the delay
// of its host runs from now. delay as in Outcome.HostDelay, pause as in
// Outcome.HostPause; both are durable with the next commit of that host.
func (f *Frontier) Release(l Lease, delay time.Duration, pause time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.release(l.fl, f.now(), delay, pause) {
		f.signal()
	}
}

// Forgo says, before the Commit of a lease, that no request was made for it: its
// host is as free as before.
func (f *Frontier) Forgo(l Lease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := l.fl
	if fl == nil || f.inflight[fl.key] != fl || !fl.busy {
		return
	}
	f.unask(fl)
	f.arrange(fl.host)
	f.signal()
}

func (f *Frontier) release(fl *flight, now int64, delay time.Duration, pause time.Time) bool {
	if fl == nil || f.inflight[fl.key] != fl || !fl.busy {
		return false
	}
	fl.busy = false
	h := fl.host
	h.busy--
	h.setManners(delay, pause)
	if f.opt.MaxPerHost == 1 {
		h.rec.ready = now + f.delayOf(&h.rec)
	}
	if fl.group != nil && f.opt.MaxPerIP == 1 {
		fl.group.ready = now + ipDelay(f.delayOf(&h.rec))
	}
	f.exit(fl)
	f.arrange(h)
	return true
}

func (h *host) setManners(delay time.Duration, pause time.Time) {
	switch {
	case delay < 0:
		h.rec.delay = -1
	case delay > 0:
		h.rec.delay = max(1, delay.Microseconds())
	}
	if p := micros(pause); p > h.rec.paused {
		h.rec.paused = p
	}
}

// Return gives a lease back as if it had not been taken: the address is first in
// its host's line again, after delay, or the host's own delay if that is longer.
func (f *Frontier) Return(l Lease, delay time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	fl := l.fl
	if fl != nil && fl.dropped {
		return nil
	}
	if fl == nil || f.inflight[fl.key] != fl {
		return fmt.Errorf("frontier: return %s: not leased", l.URL)
	}
	now := f.now()
	f.release(fl, now, 0, time.Time{})
	f.land(fl)
	h := fl.host
	h.rec.ready = max(h.rec.ready, now+delay.Microseconds())
	h.window = append([]waiting{{fl.key, fl.rec.place(), fl.revisit}}, h.window...)
	f.signal()
	var err error
	switch {
	case h.flying == 0 && f.slots[h.id.slot].frozen:
		err = f.evict(h, now)
	case h.flying == 0 && f.overfull(h.group): // it was not known to belong here when it came in
		err = f.evict(h, f.deferred(h.group, &h.rec, now))
	default:
		f.arrange(h)
	}
	if err != nil {
		return f.fail("return", err)
	}
	return nil
}
