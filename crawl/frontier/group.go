package frontier

import (
	"container/heap"
	"net/netip"
)

// Politeness has two places that must be free: the host and, once it is known,
// the address at which it answers, since a thousand names may stand for one
// machine. The hosts of the front are therefore kept in groups, one for each
// address, and the agendas of the front hold those: a host that waits for its
// neighbours costs nothing to look past. A group has its hosts in two lines, since
// seeded ones go first: see stranger.go.
const (
	ipDelayPart = 4                     // requests to an address are at least a fourth of the host's delay apart
	maxIPDelay  = 30 * 1000 * 1000      // µs; a Crawl-delay of hours binds its own host only
	minGroup    = 32                    // hosts of one address that the front holds in any case,
	groupShare  = 16                    // and this part of the front: a host farm does not fill it
	deferLeast  = 60 * 1000 * 1000      // µs that a host waits outside for a place in its group,
	deferMost   = 60 * 60 * 1000 * 1000 // at most
	v4Bits      = 32                    // what counts as one address
	v6Bits      = 64                    // a customer of IPv6 has a /64 at least
)

// group is the hosts of the front that answer at one address.
type group struct {
	prefix    netip.Prefix // not valid: the address of its one host is not known, and nothing limits it
	seeded    line
	strangers line
	size      int   // hosts of the front that belong to it, those of the lines and the others
	away      int   // about how many wait outside of the front
	busy      int   // requests under way there
	ready     int64 // no request before
}

// line is where a host of g waits.
func (g *group) line(h *host) *line {
	if h.stranger {
		return &g.strangers
	}
	return &g.seeded
}

// addressOf is what counts as one address.
func addressOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := v6Bits
	if ip.Is4() {
		bits = v4Bits
	}
	p, _ := ip.Prefix(bits) // not valid where ip is not
	return p
}

// groupOf is the group that a host belongs to by its record.
func (f *Frontier) groupOf(h *host) *group {
	if f.opt.MaxPerIP < 0 || !h.rec.ip.IsValid() {
		return &h.alone
	}
	return f.groupAt(addressOf(h.rec.ip))
}

func (f *Frontier) groupAt(p netip.Prefix) *group {
	g := f.front.groups[p]
	if g == nil {
		g = &group{prefix: p}
		f.front.groups[p] = g
	}
	return g
}

// join makes h a member of g, and a member of no other group.
func (f *Frontier) join(h *host, g *group) {
	if h.group == g {
		return
	}
	f.leave(h)
	h.group = g
	g.size++
}

// leave takes h out of its group. A group that is empty is forgotten once its
// address may be asked again.
func (f *Frontier) leave(h *host) {
	g := h.group
	if g == nil {
		return
	}
	f.retire(h)
	h.group = nil
	g.size--
	f.idle(g)
}

// retire takes h out of its line, and its line to where it belongs then.
func (f *Frontier) retire(h *host) {
	h.group.line(h).hosts.set(h, never, 0)
	f.arrangeGroup(h.group)
}

func (f *Frontier) idle(g *group) {
	if g.prefix.IsValid() && g.size == 0 && g.busy == 0 {
		f.front.cooling = append(f.front.cooling, g)
	}
}

// sweep forgets empty groups whose delay is over, oldest first.
func (f *Frontier) sweep(now int64) {
	c := f.front.cooling
	for len(c) > 0 && c[0].ready <= now {
		if g := c[0]; g.size == 0 && g.busy == 0 && f.front.groups[g.prefix] == g {
			delete(f.front.groups, g.prefix)
		}
		c = c[1:]
	}
	f.front.cooling = c
}

// free tells whether one more request may be made at the address of g.
func (f *Frontier) free(g *group, now int64) bool {
	return !g.prefix.IsValid() || g.busy < f.opt.MaxPerIP && g.ready <= now
}

// arrangeGroup puts the lines of g where they belong after anything about it changed.
func (f *Frontier) arrangeGroup(g *group) {
	f.arrangeLine(&f.front.seeded, g, &g.seeded)
	f.arrangeLine(&f.front.strangers, g, &g.strangers)
}

func (f *Frontier) arrangeLine(q *agenda[*line], g *group, l *line) {
	wake, tick := never, uint64(0)
	if len(l.hosts) > 0 && (!g.prefix.IsValid() || g.busy < f.opt.MaxPerIP) {
		first := l.hosts[0]
		wake, tick = max(g.ready, first.wake), first.tick
	}
	if wake != never || l.sleeper.place > 0 {
		q.set(l, wake, tick)
	}
}

// enter books the request of fl at the address of g, and exit books it out.
func (fl *flight) enter(g *group, now, delay int64) {
	fl.group = nil
	if !g.prefix.IsValid() {
		return
	}
	fl.group = g
	g.busy++
	fl.groupBefore, fl.groupSince = g.ready, now+ipDelay(delay)
	g.ready = max(g.ready, fl.groupSince)
}

func (f *Frontier) exit(fl *flight) {
	g := fl.group
	if g == nil {
		return
	}
	fl.group = nil
	g.busy--
	f.arrangeGroup(g)
	f.idle(g)
}

func ipDelay(delay int64) int64 { return min(delay/ipDelayPart, maxIPDelay) }

// overfull tells whether g has more hosts in the front than its part.
func (f *Frontier) overfull(g *group) bool {
	return g.prefix.IsValid() && g.size > max(minGroup, f.opt.FrontHosts/groupShare)
}

// deferred is when a host comes back for which its group had no place: about when
// those before it have had one turn each.
func (f *Frontier) deferred(g *group, rec *hostRecord, now int64) int64 {
	g.away++
	turn := int64(g.size+g.away) * ipDelay(f.delayOf(rec))
	return now + min(max(turn, deferLeast), deferMost)
}

// Located tells at which address the host of a lease is about to be asked, before
// the request. False: the address is busy with another host, or its delay is not
// over; the lease must be given back with Return, and comes again in its turn.
// The host's address is durable with its next commit; later leases of it wait for
// the address by themselves. After Release it only takes note.
func (f *Frontier) Located(l Lease, ip netip.Addr) bool {
	p := addressOf(ip)
	if !p.IsValid() {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := l.fl
	if fl == nil || f.inflight[fl.key] != fl {
		return false
	}
	h := fl.host
	h.rec.ip = ip.Unmap().WithZone("")
	if f.opt.MaxPerIP < 0 {
		return true
	}
	g := f.groupAt(p)
	granted := true
	if fl.busy && fl.group != g {
		now := f.now()
		f.exit(fl)
		if granted = f.free(g, now); granted {
			fl.enter(g, now, f.delayOf(&h.rec))
		} else {
			f.unask(fl)
		}
		f.signal()
	}
	f.join(h, g)
	f.arrange(h)
	return granted
}

// unask undoes that the request of fl is under way.
func (f *Frontier) unask(fl *flight) {
	fl.busy = false
	h := fl.host
	h.busy--
	if h.rec.ready == fl.since {
		h.rec.ready = fl.before
	}
	if g := fl.group; g != nil && g.ready == fl.groupSince {
		g.ready = fl.groupBefore
	}
	f.front.credit -= fl.credit
	f.exit(fl)
}

// sleeper is what an agenda knows of its members.
type sleeper struct {
	wake  int64  // when it is worth looking at
	tick  uint64 // the earlier of two with the same wake goes first
	place int    // in the agenda, from 1; 0: it is not there
}

func (s *sleeper) bed() *sleeper { return s }

// agenda is a heap of what waits, by wake, then tick.
type agenda[T interface{ bed() *sleeper }] []T

// first is what wakes first, if that is by now; else the zero value.
func (q agenda[T]) first(now int64) (x T) {
	if len(q) > 0 && q[0].bed().wake <= now {
		return q[0]
	}
	return x
}

// set moves x to where it belongs; wake never: out.
func (q *agenda[T]) set(x T, wake int64, tick uint64) {
	s := x.bed()
	s.wake, s.tick = wake, tick
	switch {
	case wake == never && s.place > 0:
		heap.Remove(q, s.place-1)
	case wake == never:
	case s.place > 0:
		heap.Fix(q, s.place-1)
	default:
		heap.Push(q, x)
	}
}

func (q agenda[T]) Len() int { return len(q) }

func (q agenda[T]) Less(i, j int) bool {
	a, b := q[i].bed(), q[j].bed()
	if a.wake != b.wake {
		return a.wake < b.wake
	}
	return a.tick < b.tick
}

func (q agenda[T]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].bed().place, q[j].bed().place = i+1, j+1
}

func (q *agenda[T]) Push(x any) {
	e := x.(T)
	e.bed().place = len(*q) + 1
	*q = append(*q, e)
}

func (q *agenda[T]) Pop() any {
	old := *q
	e := old[len(old)-1]
	var none T
	old[len(old)-1] = none
	*q = old[:len(old)-1]
	e.bed().place = 0
	return e
}
