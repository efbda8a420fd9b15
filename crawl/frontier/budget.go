package frontier

import (
	"math"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// A Budget bounds what one host, one site and one template may cost: the web is
// endless where somebody gains by it. The zero value bounds nothing, and neither
// does a budget bind seeds (Item.Depth 0 without a Referrer) or what Free names. That of
// templates does not hold Item.Unheld either.
//
// What is over the budget of its host or site is not stored: Why tells the reason
// for as long as it holds, and a later link finds the address anew. What is over
// the budget of its template is kept as Held, until its template earns more.
type Budget struct {
	PerHost      int // addresses; 0: no limit
	HostsPerSite int // hosts of one registrable domain; 0: no limit

	// Addresses of one registrable domain: SiteBase + SiteStep × log2(1 + n), n
	// the others that link to it. A site that seeds name has no such limit.
	// SiteStep 0: no limit.
	SiteBase, SiteStep int

	// Addresses of one shape at a host (see shapeOf), at first: doubled when a
	// fifth of the last batch was Outcome.Novel, halved when not. 0: no limit.
	PerTemplate int

	BytesPerHost int64 // of answers, from one NextRound to the next; 0: no limit. It binds what is Free too
	Bytes        int64 // of all hosts: for Why only, whoever leases looks at Count.Bytes; 0: no limit

	// Leases of which one goes to sites that no seed names, while seeded ones have
	// addresses that could be leased: see stranger.go. 0: all are served alike.
	Strangers int

	Free func(u weburl.URL) bool // has no budget: own sites; nil: none
}

// WebBudget is the budget for crawling the open web.
func WebBudget() Budget {
	return Budget{PerHost: 10_000, HostsPerSite: 1000, SiteBase: 10, SiteStep: 1000, PerTemplate: 200, Strangers: 12}
}

func (b *Budget) on() bool {
	return b.PerHost > 0 || b.HostsPerSite > 0 || b.SiteStep > 0 || b.PerTemplate > 0 || b.Strangers > 0
}

func (b *Budget) binds(u weburl.URL) bool { return b.on() && (b.Free == nil || !b.Free(u)) }

// Reasons why an address is not queued, as Why tells them.
const (
	refusedHost     = "host-budget"
	refusedSite     = "site-budget"
	refusedHosts    = "site-hosts"
	refusedTarpit   = "tarpit"
	refusedTemplate = "template-budget"
)

// refusal tells why no further address of a host is queued; empty: it is. rec is
// nil for a host that was never met, s for a site.
func (b *Budget) refusal(rec *hostRecord, s *site) string {
	switch {
	case rec == nil && s != nil && b.HostsPerSite > 0 && int(s.hosts) >= b.HostsPerSite:
		return refusedHosts
	case s != nil && !s.seeded && b.SiteStep > 0 && int(s.addresses) >= b.ofSite(s):
		return refusedSite
	case rec == nil:
		return ""
	case b.PerHost > 0 && int(rec.known) >= b.PerHost:
		return refusedHost
	case rec.pit.tarpit(rec.pages):
		return refusedTarpit
	}
	return ""
}

func (b *Budget) ofSite(s *site) int {
	return b.SiteBase + int(float64(b.SiteStep)*math.Log2(1+s.links.estimate()))
}

// place decides about a new address: a reason not to store it, or whether it is
// held for its template, which is given where it has a budget.
func (w *write) place(c *candidate) (refused string, t *template, held bool, err error) {
	b := &w.f.opt.Budget
	if !b.on() {
		return "", nil, false, nil
	}
	s, err := w.site(c.id)
	if err != nil {
		return "", nil, false, err
	}
	rec, err := w.knownHost(c.id)
	if err != nil {
		return "", nil, false, err
	}
	seed := c.item.seeds()
	if !seed && b.binds(c.url) {
		if refused = b.refusal(rec, s); refused != "" {
			s.refused++
			if rec != nil {
				rec.refused++
			}
			return refused, nil, false, nil
		}
	}
	if rec == nil {
		s.hosts++
		if rec, err = w.host(c.id, c.origin); err != nil {
			return "", nil, false, err
		}
	}
	s.addresses++
	if b.PerTemplate <= 0 || !b.binds(c.url) {
		return "", nil, false, nil
	}
	if t, err = w.template(c.id, rec, shapeOf(c.url)); err != nil {
		return "", nil, false, err
	}
	return "", t, !seed && !c.item.Unheld && int(t.known) >= t.budget(b.PerTemplate), nil
}

// pit is what tells a tarpit: slow pages that are full of links, none of which
// was seen before. All are moving means, of an eighth.
type pit struct {
	took  uint32 // ms a page
	links uint32 // to its own host a page, × 16
	fresh uint32 // and of them not known before, × 16
}

// When a host is taken for a tarpit. The links of a real page are mostly those of
// its neighbours: 95 % and more are known once 30 pages were read.
const (
	pitPages = 30
	pitTook  = 2000
	pitLinks = 50 * 16
	pitWait  = 7 * 24 * time.Hour
)

func (p *pit) note(took time.Duration, links, fresh int) {
	mean := func(m *uint32, v int64) { *m = uint32(max(0, int64(*m)+(v-int64(*m))/8)) }
	if p.took == 0 && p.links == 0 {
		p.took, p.links, p.fresh = uint32(min(took.Milliseconds(), math.MaxInt32)), uint32(links)*16, uint32(fresh)*16
		return
	}
	mean(&p.took, min(took.Milliseconds(), math.MaxInt32))
	mean(&p.links, int64(links)*16)
	mean(&p.fresh, int64(fresh)*16)
}

func (p *pit) tarpit(pages uint32) bool {
	return pages >= pitPages && p.took >= pitTook && p.fresh >= pitLinks && p.fresh >= p.links/10*9
}

// watch books the links of a page for its host, and shuts a tarpit: a page a week.
func (w *write) watch(h *host, o *Outcome) {
	if len(o.Links) == 0 || o.Status == 0 || !w.f.opt.Budget.binds(o.Lease.URL) {
		return
	}
	h.rec.pit.note(o.Took, w.own, w.ownNew)
	if h.rec.pit.tarpit(h.rec.pages) {
		h.rec.paused = max(h.rec.paused, w.now+pitWait.Microseconds())
		h.rec.reason = refusedTarpit
	}
	h.dirty = true
}
