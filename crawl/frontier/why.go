package frontier

import (
	"maps"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// Why tells what is known about an address; false if it was never met: then the
// Status says no more than whether it would be Refused.
func (f *Frontier) Why(u weburl.URL) (Status, bool) {
	u = u.Page()
	if !u.IsWeb() {
		return Status{}, false
	}
	key, id := u.Key(), hostOf(u)
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.inflight[key]; fl != nil {
		st := fl.rec.view()
		st.InFlight = true
		return st, true
	}
	if f.broken != nil {
		return Status{}, false
	}
	rec, err := f.loadURL(id, key)
	if rec == nil && err == nil {
		return Status{URL: u, Refused: f.refuses(u, id)}, false
	}
	if err != nil {
		f.opt.Log.Error("frontier: address cannot be read", "url", u.String(), "err", err)
		return Status{}, false
	}
	st := rec.view()
	if st.State == Queued {
		st.Refused = f.waitsFor(u)
	}
	return st, true
}

// refuses tells which budget a new address would be over, or that it is not kept here.
func (f *Frontier) refuses(u weburl.URL, id hostID) string {
	if !f.mine(id.slot) {
		return "other-node"
	}
	b := &f.opt.Budget
	if !b.binds(u) {
		return ""
	}
	rec, err := f.hostRecord(id)
	if err != nil {
		return ""
	}
	s, err := f.loadSite(id.siteID())
	if err != nil {
		return ""
	}
	return b.refusal(rec, s)
}

func (r *urlRecord) view() Status {
	return Status{
		URL: page(r.url), State: State(r.state), Reason: r.reason, Status: int(r.status), Depth: int(r.depth),
		Hops: r.hops, Mark: r.mark, Priority: r.level, Tries: int(r.tries), Visits: int(r.visits),
		Referrer: page(r.referrer), Alias: page(r.alias), HasDoc: r.doc, Truncated: r.truncated,
		Due: timeOf(int64(r.due) * 1e6), Fetched: timeOf(r.fetched),
		Changes: int(r.changes), Checks: int(r.checks), Changed: timeOf(r.changed),
	}
}

// A Count is the part of Stats that costs nothing to ask for.
type Count struct {
	Queued, Done, Outbox int64
	Outbound             int64 // batches of addresses for other nodes
	InFlight             int
	Bytes                int64 // of answers, since NextRound
	Errands              int   // hosts for which Bury has something to do
}

// Count is as of the last Commit or Add.
func (f *Frontier) Count() Count {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Count{
		Queued: int64(f.meta.states[Queued]), Done: int64(f.meta.states[Done]),
		Outbox: int64(f.meta.outboxNext - f.outbox.first), InFlight: len(f.inflight),
		Outbound: int64(f.meta.outboundNext - f.outbound.first), Errands: f.ownErrands(), Bytes: int64(f.meta.bytes),
	}
}

// Stats are the totals as of the last Commit or Add.
func (f *Frontier) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	n := func(s State) int64 { return int64(f.meta.states[s]) }
	st := Stats{
		Queued: n(Queued), Done: n(Done), Skipped: n(Skipped), Gone: n(Gone), Redirects: n(Redirect),
		Denied: n(Denied), Failed: n(Failed), Held: n(Held), Retrying: int64(f.meta.retrying), Waiting: int64(f.meta.waiting), Reasons: map[string]int64{},
		Visits: int64(f.meta.visits), Hosts: int64(f.meta.hosts), Outbox: int64(f.meta.outboxNext - f.outbox.first),
		InFlight: len(f.inflight), FrontHosts: len(f.front.hosts), ActiveHosts: f.front.activeHosts(now),
	}
	for reason, k := range maps.All(f.meta.reasons) {
		st.Reasons[reason] = int64(k)
	}
	if st.Queued > int64(st.InFlight) || f.opt.Recrawl.on && st.Visits > 0 {
		if due := f.nextDue(now); due != never {
			st.NextDue = time.UnixMicro(max(due, now))
		}
	}
	return st
}
