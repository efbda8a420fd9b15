package frontier

import (
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// Hosts that may not be asked now, through no fault of theirs: it is not their hour,
// or what they may cost is used up. They leave the front until it is, at most for an
// hour: whoever changes the settings sees them followed then.
const (
	closedLook   = time.Hour
	closedHours  = "schedule"
	closedBytes  = "host-bytes"
	closedBudget = "crawl-bytes"
)

// closed tells until when a host is closed, and why; 0: it is open.
func (f *Frontier) closed(rec *hostRecord, now int64) (until int64, why string) {
	if most := f.opt.Budget.BytesPerHost; most > 0 && f.spentBy(rec) >= most {
		return now + closedLook.Microseconds(), closedBytes
	}
	if f.opt.Hours == nil {
		return 0, ""
	}
	if opens := micros(f.opt.Hours(page(rec.origin), timeOf(now))); opens > now {
		return min(opens, now+closedLook.Microseconds()), closedHours
	}
	return 0, ""
}

// shut takes a host that is closed out of the way, and tells whether it is.
func (f *Frontier) shut(h *host, now int64) (bool, error) {
	if f.opt.Hours == nil && f.opt.Budget.BytesPerHost <= 0 {
		return false, nil
	}
	if h.closed, _ = f.closed(&h.rec, now); h.closed == 0 {
		return false, nil
	}
	if h.flying == 0 {
		return true, f.evict(h, h.closed)
	}
	f.arrange(h)
	return true, nil
}

// spentBy is how many bytes a host cost in this round.
func (f *Frontier) spentBy(rec *hostRecord) int64 {
	if rec.round != f.meta.round {
		return 0
	}
	return int64(rec.bytes)
}

// spend books what an answer cost.
func (f *Frontier) spend(rec *hostRecord, n int64) {
	if rec.round != f.meta.round {
		rec.round, rec.bytes = f.meta.round, 0
	}
	rec.bytes += uint64(max(0, n))
	f.meta.bytes += uint64(max(0, n))
}

// NextRound begins to count bytes anew, of all and of each host.
func (f *Frontier) NextRound() error {
	return f.update("round", nil, func(w *write) error {
		f.meta.round++
		f.meta.bytes = 0
		return nil
	})
}

// waitsFor tells why an address that is queued is not fetched now, if that is a
// setting.
func (f *Frontier) waitsFor(u weburl.URL) string {
	if most := f.opt.Budget.Bytes; most > 0 && int64(f.meta.bytes) >= most {
		return closedBudget
	}
	rec, err := f.hostRecord(hostOf(u))
	if rec == nil || err != nil {
		return ""
	}
	_, why := f.closed(rec, f.now())
	return why
}
