package frontier

import (
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// A Fault says that an outcome was the trouble of the host and not of the page.
// So many in a row park the host: nothing of it is leased for a while, then one
// address alone, as a probe. An answer without a fault (Outcome.Status is set)
// ends it; another fault parks the host again, for longer. What is a fault, and
// how long the waits are, is the caller's to say.
type Fault struct {
	Kind  string          // the reason that is shown: "nxdomain", "http-500"; empty: no fault
	After int             // faults in a row that park the host; 0: 10, 1: at once
	Waits []time.Duration // of the first parking in a row, the second and so on; then the last one doubled, to 7 days; empty: 10 min
}

const (
	faultsToPark = 10
	firstParking = 10 * time.Minute
	longestPark  = 7 * 24 * time.Hour
)

// wait is how long a host is parked that was parked n times in a row before.
func (f Fault) wait(n int) time.Duration {
	waits := f.Waits
	if len(waits) == 0 {
		waits = []time.Duration{firstParking}
	}
	if n < len(waits) {
		return waits[n]
	}
	last := waits[len(waits)-1]
	return max(last, min(last<<min(n-len(waits)+1, 20), longestPark))
}

// health books what an outcome says of its host.
func (h *host) health(o *Outcome, fl *flight, now int64) {
	r := &h.rec
	fault := o.Fault
	switch {
	case fault.Kind != "":
		if r.errors++; r.errors == 1 {
			r.since = now
		}
		if r.parks > 0 && !fl.probe {
			return // it was leased before the host was parked
		}
		if r.parks > 0 || int(r.errors) >= fault.after() {
			r.paused = max(r.paused, now+fault.wait(int(r.parks)).Microseconds())
			r.reason = cut(fault.Kind, maxReasonBytes)
			r.parks++
		}
	case o.Status != 0 && (r.parks == 0 || fl.probe):
		r.errors, r.parks, r.since = 0, 0, 0
	}
}

func (f Fault) after() int {
	if f.After <= 0 {
		return faultsToPark
	}
	return f.After
}

// Unpark ends the pause of a host, whatever its reason: its next address is
// leased as soon as its delay allows.
func (f *Frontier) Unpark(u weburl.URL) error {
	if !u.IsWeb() {
		return fmt.Errorf("frontier: unpark %s: not http or https", u)
	}
	id := hostOf(u)
	return f.update("unpark", nil, func(w *write) error {
		h := f.front.hosts[id]
		if f.slots[id.slot].frozen {
			return nil
		}
		if h != nil {
			h.rec.unpark()
			w.front[id] = h
			h.dirty = true
			return nil
		}
		rec, err := f.loadHost(id)
		if rec == nil || err != nil {
			return err
		}
		rec.unpark()
		if rec.sched > w.now {
			f.reschedule(w.batch, id, rec, max(w.now, rec.ready))
		}
		w.hosts[id] = rec
		return nil
	})
}

func (r *hostRecord) unpark() { r.paused, r.parks, r.errors, r.since, r.reason = 0, 0, 0, 0, "" }

// A HostStatus is what is known about a host.
type HostStatus struct {
	Origin  string
	IP      string // as Located told it last; empty: not known
	Delay   time.Duration
	Paused  time.Time // no request before; zero: not paused
	Reason  string    // of the last pause
	Pages   int       // settled fetches
	Errors  int       // faults in a row
	Since   time.Time // of the first of them
	Absent  time.Time // since when nothing answers, so far as it was looked at; zero: it does, or nobody knows
	Gone    bool      // its documents were deleted for that, or are being
	Parked  int       // how often in a row it was parked; not 0: it is, or is being probed
	Known   int       // addresses queued or held, ever
	Refused int       // links that were over a budget
	Changes int       // visits to its pages that found a change,
	Checks  int       // of so many that could tell
}

func (f *Frontier) hostStatus(rec *hostRecord, now int64) HostStatus {
	st := HostStatus{
		Origin: rec.origin, Delay: time.Duration(f.delayOf(rec)) * time.Microsecond,
		Reason: rec.reason, Pages: int(rec.pages), Errors: int(rec.errors), Since: timeOf(rec.since),
		Parked: int(rec.parks), Known: int(rec.known), Refused: int(rec.refused), Changes: int(rec.changes), Checks: int(rec.checks),
	}
	st.Absent, st.Gone = timeOf(rec.absence.since), rec.absence.state == hostLeaves || rec.absence.state == hostGone
	if rec.ip.IsValid() {
		st.IP = rec.ip.String()
	}
	if rec.paused > now {
		st.Paused = time.UnixMicro(rec.paused)
	}
	if until, why := f.closed(rec, now); until > max(now, rec.paused) {
		st.Paused, st.Reason = time.UnixMicro(until), why
	}
	return st
}

// Host tells what is known about the host of an address; false if it was never
// met. A host of the front is as in memory.
func (f *Frontier) Host(u weburl.URL) (HostStatus, bool) {
	if !u.IsWeb() {
		return HostStatus{}, false
	}
	id := hostOf(u)
	f.mu.Lock()
	defer f.mu.Unlock()
	rec, err := f.hostRecord(id)
	if rec == nil || err != nil {
		return HostStatus{}, false
	}
	return f.hostStatus(rec, f.now()), true
}

// hostRecord is the record of a host, in memory or stored; nil: there is none.
func (f *Frontier) hostRecord(id hostID) (*hostRecord, error) {
	if h := f.front.hosts[id]; h != nil {
		return &h.rec, nil
	}
	if f.broken != nil {
		return nil, f.broken
	}
	return f.loadHost(id)
}

// Hosts lists up to limit hosts in the order of the store, after skipping skip.
// Those in the front are as in memory.
func (f *Frontier) Hosts(skip, limit int) ([]HostStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	now := f.now()
	var out []HostStatus
	err := f.scan(kindHost, nil, func(key, value []byte) (bool, error) {
		if skip > 0 {
			skip--
			return true, nil
		}
		if len(out) >= limit || len(key) != prefixLen {
			return false, nil
		}
		rec, err := decodeHost(value)
		if err != nil {
			return false, err
		}
		if h := f.front.hosts[prefixHost(key)]; h != nil {
			rec = &h.rec
		}
		out = append(out, f.hostStatus(rec, now))
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("frontier: list hosts: %w", err)
	}
	return out, nil
}
