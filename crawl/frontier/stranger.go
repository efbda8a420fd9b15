package frontier

// Who goes first where there is more to fetch than one may. A crawl of the open web
// was given seeds, and soon knows far more hosts that no seed names: a farm of
// domains alone has a thousand that are always ready. So while hosts of seeded
// sites have addresses and wait for nothing but their delay, the others, strangers,
// get one of Budget.Strangers leases. (To let a seed vouch for what it links to
// would let a farm in by the one link that it needs.)
//
// Seeded hosts that are few cannot keep a crawl busy, so strangers may fill up the
// leases of all hosts to ten a second in any case; and where no seeded host is to
// be had within a second, there is no limit.
const (
	strangerWatch = 1000 * 1000      // µs within which a seeded host must be ready to hold strangers back
	strangerPace  = 100 * 1000       // µs between two leases, of whatever host, up to which strangers may fill up
	strangerLead  = 10 * 1000 * 1000 // µs by which leases may be ahead of that pace: more is forgotten
)

// line is the hosts of a group that go into the same agenda of the front.
type line struct {
	hosts agenda[*host]
	sleeper
}

// turns decides between seeded hosts and strangers. Guarded by Frontier.mu.
type turns struct {
	out    int   // leases of seeded hosts that are not settled: they may bring more
	credit int   // leases of seeded hosts since a stranger had his turn, at most one turn's worth
	pace   int64 // µs at which there would have been as many leases at strangerPace
}

// turn is the line whose first host is leased next; nil: none is to be leased now.
func (f *Frontier) turn(now int64) *line {
	seeded, strangers := f.front.seeded.first(now), f.front.strangers.first(now)
	switch {
	case strangers == nil, seeded != nil && f.front.credit < f.opt.Budget.Strangers-1:
		return seeded
	case seeded != nil, f.mayStranger(now) <= now:
		return strangers
	}
	return nil
}

// mayStranger is when a stranger may be leased, if no seeded host is leased before.
func (f *Frontier) mayStranger(now int64) int64 {
	fr := &f.front
	if fr.credit >= f.opt.Budget.Strangers-1 || fr.out == 0 && fr.seeded.first(now+strangerWatch) == nil {
		return now
	}
	return fr.pace
}

// count books a lease.
func (f *Frontier) count(fl *flight, now int64) {
	part, fr := f.opt.Budget.Strangers, &f.front
	if part <= 0 {
		return
	}
	fr.pace = min(max(fr.pace, now)+strangerPace, now+strangerLead)
	was := fr.credit
	if fl.stranger = fl.host.stranger; fl.stranger {
		fr.credit = max(0, was-(part-1))
	} else {
		fr.credit = min(was+1, part-1)
		fr.out++
	}
	fl.credit = fr.credit - was
}

// land ends a lease.
func (f *Frontier) land(fl *flight) {
	delete(f.inflight, fl.key)
	fl.host.flying--
	if f.opt.Budget.Strangers > 0 && !fl.stranger {
		f.front.out--
	}
}

// recognise finds out whether a host that comes into the front is a stranger.
func (f *Frontier) recognise(h *host) error {
	b := &f.opt.Budget
	if b.Strangers <= 0 || !b.binds(page(h.rec.origin)) {
		return nil
	}
	s, err := f.loadSite(h.id.siteID())
	h.stranger = s == nil || !s.seeded
	return err
}

// seed books that a seed names the site of a host. Its hosts that are in the front
// are strangers no more.
func (w *write) seed(id hostID) error {
	if !w.f.opt.Budget.on() {
		return nil
	}
	s, err := w.site(id)
	if err != nil || s.seeded {
		return err
	}
	s.seeded = true
	if s.hosts == 0 {
		return nil
	}
	for other, h := range w.f.front.hosts {
		if other.siteID() == id.siteID() && h.stranger {
			w.f.retire(h)
			h.stranger = false
			w.f.arrange(h)
		}
	}
	return nil
}
