package frontier

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"

	"github.com/cockroachdb/pebble/v2"

	"github.com/trawlsearch/trawl/weburl"
)

const (
	window    = 32              // addresses of one host held in memory: BUbiNG's order of size, 1 KB
	retryPart = 8               // of a window, at most, for retries that came due
	restUS    = 5 * 1000 * 1000 // a host with nothing due for so long leaves the front
	parkUS    = 60 * 1000 * 1000
	never     = int64(math.MaxInt64)
)

// levelPart is how a window is shared out: about 8:4:2:1, none of them nothing.
var levelPart = [Levels]int{17, 8, 4, 3}

// frontHosts are the hosts in memory, and where the S keys go on. Guarded by
// Frontier.mu.
type frontHosts struct {
	hosts     map[hostID]*host
	groups    map[netip.Prefix]*group
	seeded    agenda[*line]
	strangers agenda[*line]
	turns
	active  int            // hosts that have addresses and are not paused, with those whose pause is over
	pausing agenda[*pause] // hosts that have addresses, by the end of their pause
	cooling []*group       // without hosts, until their delay is over
	tick    uint64
	from    []byte // the first S key that was not yet looked at
	nextS   int64  // its time; never: there is none
}

func newFrontHosts() frontHosts {
	return frontHosts{hosts: map[hostID]*host{}, groups: map[netip.Prefix]*group{}, from: nodeKey(kindSched, 0)}
}

// host is one host of the front.
type host struct {
	id    hostID
	rec   hostRecord // ready and delay live here
	group *group
	alone group // its group while its address is not known

	stranger bool  // no seed names its site
	active   bool  // it is counted as such
	closed   int64 // not before, see closed.go; 0: when it was last looked at it was open
	pause    pause

	busy   int  // requests under way
	flying int  // leases not yet settled: busy, or waiting for their commit
	dirty  bool // the batch that is built writes its record

	window    []waiting
	next      [Levels]uint64 // the first place of each level not yet read into a window
	served    bool           // it has had a window
	more      bool           // the store may hold fresh addresses from next on
	nextRetry int64          // µs at which the earliest known retry or visit comes due; 0: none known

	sleeper
}

// pause is the place of a paused host in the agenda of pauses.
type pause struct {
	host *host
	sleeper
}

// tally keeps the count of active hosts in step with h; gone: it leaves the front.
func (fr *frontHosts) tally(h *host, gone bool) {
	works := !gone && (len(h.window) > 0 || h.more)
	until := never
	if works && h.rec.paused > 0 {
		until = h.rec.paused
	}
	if until != never || h.pause.place > 0 {
		h.pause.host = h
		fr.pausing.set(&h.pause, until, 0)
	}
	fr.setActive(h, works && until == never)
}

func (fr *frontHosts) setActive(h *host, active bool) {
	switch {
	case active && !h.active:
		fr.active++
	case !active && h.active:
		fr.active--
	}
	h.active = active
}

// activeHosts counts hosts that wait for nothing but their delay.
func (fr *frontHosts) activeHosts(now int64) int {
	for p := fr.pausing.first(now); p != nil; p = fr.pausing.first(now) {
		fr.pausing.set(p, never, 0)
		fr.setActive(p.host, true)
	}
	return fr.active
}

// waiting is an address in a window.
type waiting struct {
	key     weburl.Key
	place   place
	revisit bool // settled, and its next visit is due; of its place only due counts
}

func (f *Frontier) delayOf(r *hostRecord) int64 {
	switch {
	case r.delay == 0:
		return f.opt.DefaultDelay.Microseconds()
	case r.delay < 0:
		return 0
	}
	return r.delay
}

// arrange puts h where it belongs after anything about it changed.
func (f *Frontier) arrange(h *host) {
	base := max(h.rec.ready, h.rec.paused, h.closed)
	switch {
	case h.busy >= f.opt.MaxPerHost, h.rec.parks > 0 && h.flying > 0, f.slots[h.id.slot].frozen:
		base = never // the second: its probe decides
	case len(h.window) > 0 || h.more:
	case h.nextRetry > 0:
		base = max(base, h.nextRetry)
	case h.flying > 0:
		base = never // its commit calls arrange again
	}
	f.front.tally(h, false)
	f.front.tick++
	h.group.line(h).hosts.set(h, base, f.front.tick)
	f.arrangeGroup(h.group)
}

// admit brings in hosts whose time has come, while there is room.
func (f *Frontier) admit(now int64) error {
	fr := &f.front
	f.sweep(now)
	if fr.nextS > now || len(fr.hosts) >= f.opt.FrontHosts {
		return nil
	}
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: fr.from, UpperBound: nodeKey(kindSched+1, 0)})
	if err != nil {
		return err
	}
	defer it.Close()
	away := never // when the first host for which there was no place comes again
	for ok := it.First(); ; ok = it.Next() {
		if !ok {
			fr.nextS = away
			return it.Error()
		}
		due, id, valid := decodeSchedKey(it.Key())
		if !valid {
			return fmt.Errorf("%w: S key %x", errCorrupt, it.Key())
		}
		fr.nextS = min(due, away)
		fr.from = append(fr.from[:0], it.Key()...)
		if due > now || len(fr.hosts) >= f.opt.FrontHosts {
			return nil
		}
		fr.from = append(fr.from, 0) // the key after this one
		if fr.hosts[id] != nil || f.slots[id.slot].frozen {
			continue // Thaw begins anew
		}
		rec, err := f.loadHost(id)
		if err != nil {
			return err
		}
		if rec == nil { // an import that was not completed
			if err := f.db.Delete(it.Key(), pebble.NoSync); err != nil {
				return err
			}
			continue
		}
		h := &host{id: id, rec: *rec, more: true}
		if err := f.recognise(h); err != nil {
			return err
		}
		f.join(h, f.groupOf(h))
		if f.overfull(h.group) {
			at := f.deferred(h.group, &h.rec, now)
			if err := f.evict(h, at); err != nil {
				return err
			}
			away = min(away, h.rec.sched)
			continue
		}
		h.group.away = max(0, h.group.away-1)
		fr.hosts[id] = h
		f.arrange(h)
	}
}

func (f *Frontier) loadHost(id hostID) (*hostRecord, error) {
	v, err := f.get(hostKey(id))
	if v == nil || err != nil {
		return nil, err
	}
	return decodeHost(v)
}

// fill reads the next window of h: first retries that came due, then visits that
// did, then fresh addresses of each level by its share, then whatever else there is.
func (f *Frontier) fill(h *host, now int64) error {
	lower := h.id.prefix(kindQueue, 0)
	upper := append(h.id.prefix(kindQueue, 4), 0xFF, 0xFF, 0xFF, 0xFF)
	it, err := f.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer it.Close()
	h.served = true
	h.window = h.window[:0]
	if cap(h.window) == 0 {
		h.window = make([]waiting, 0, window)
	}
	if err := f.fillRetries(h, it, uint32(now/1e6)); err != nil {
		return err
	}
	if f.opt.Recrawl.on {
		room := revisitPart
		if !h.more {
			room = window - len(h.window)
		}
		if err := f.fillRevisits(h, uint32(now/1e6), room); err != nil {
			return err
		}
	}
	for round := range 2 {
		h.more = false
		for level := range h.next {
			room := window - len(h.window)
			if round == 0 {
				room = min(room, levelPart[level])
			}
			if err := f.fillLevel(h, it, uint8(level), room); err != nil {
				return err
			}
		}
		if !h.more {
			break
		}
	}
	return it.Error()
}

func (f *Frontier) fillRetries(h *host, it *pebble.Iterator, nowSec uint32) error {
	h.nextRetry = 0
	for ok := it.SeekGE(queueKey(h.id, place{due: 1})); ok; ok = it.Next() {
		w, err := readWaiting(it)
		if err != nil {
			return err
		}
		if f.inflight[w.key] != nil {
			continue // leased, not yet committed
		}
		if w.place.due > nowSec || len(h.window) >= retryPart {
			h.expect(w.place.due)
			return nil
		}
		h.window = append(h.window, w)
	}
	return nil
}

// fillLevel adds up to room addresses of a level, and sets more where it leaves
// any behind.
func (f *Frontier) fillLevel(h *host, it *pebble.Iterator, level uint8, room int) error {
	ok := it.SeekGE(queueKey(h.id, place{level: level, seq: h.next[level]}))
	for ; ok; ok = it.Next() {
		w, err := readWaiting(it)
		if err != nil {
			return err
		}
		if w.place.due != 0 || w.place.level != level {
			return nil
		}
		if room <= 0 {
			h.more = true
			return nil
		}
		h.next[level] = w.place.seq + 1
		if f.inflight[w.key] != nil {
			continue
		}
		h.window = append(h.window, w)
		room--
	}
	return nil
}

func readWaiting(it *pebble.Iterator) (waiting, error) {
	_, p, ok := decodeQueueKey(it.Key())
	v, err := it.ValueAndErr()
	if err != nil {
		return waiting{}, err
	}
	if !ok || len(v) != 16 {
		return waiting{}, fmt.Errorf("%w: Q key %x", errCorrupt, it.Key())
	}
	return waiting{key: weburl.Key(v), place: p}, nil
}

// rest decides about a host that has nothing to lease now.
func (f *Frontier) rest(h *host, now int64) error {
	switch {
	case h.flying > 0:
	case h.nextRetry == 0:
		return f.evict(h, 0)
	case h.nextRetry-now > restUS || f.crowded(now):
		return f.evict(h, h.nextRetry)
	}
	f.arrange(h)
	return nil
}

// crowded tells whether hosts whose time has come wait for a place in the front.
func (f *Frontier) crowded(now int64) bool {
	return len(f.front.hosts) >= f.opt.FrontHosts && f.front.nextS <= now
}

// evict takes h out of memory and writes when it is to come back; 0: when
// something is queued for it. It needs no sync: the S key that is there is never
// too late, and a batch that is later in the store's log is not kept without it.
func (f *Frontier) evict(h *host, due int64) error {
	if h.flying > 0 {
		panic("frontier: evict a host with leases out")
	}
	f.dismiss(h)
	if due != 0 {
		due = max(due, h.rec.ready, h.rec.paused)
	}
	b := f.db.NewBatch()
	f.reschedule(b, h.id, &h.rec, due)
	b.Set(hostKey(h.id), h.rec.append(nil), nil)
	return f.db.Apply(b, pebble.NoSync)
}

// dismiss forgets a host of the front.
func (f *Frontier) dismiss(h *host) {
	delete(f.front.hosts, h.id)
	f.leave(h)
	f.front.tally(h, true)
}

// reschedule moves the S key of a host that is not in the front, and sees that
// admit comes by it, also where the key stays; due 0 removes it.
func (f *Frontier) reschedule(b *pebble.Batch, id hostID, rec *hostRecord, due int64) {
	if rec.sched != 0 && rec.sched != due {
		b.Delete(schedKey(rec.sched, id), nil)
	}
	rec.sched = due
	if due == 0 {
		return
	}
	key := schedKey(due, id)
	b.Set(key, nil, nil)
	if bytes.Compare(key, f.front.from) < 0 {
		f.front.from = append(f.front.from[:0], key...)
	}
	f.front.nextS = min(f.front.nextS, due)
}
