package frontier

import (
	"net/netip"
	"time"
)

// modelIP is an address of several hosts.
type modelIP struct {
	addr  netip.Addr
	busy  int
	ready time.Time
}

func (m *model) ipOf(name string) *modelIP {
	host := addr(m.t, name).Hostname()
	return &m.ips[int(host[1]-'0')%len(m.ips)]
}

func (m *model) maxPerIP() int {
	if m.opt.MaxPerIP == 0 {
		return m.opt.MaxPerHost
	}
	return m.opt.MaxPerIP
}

func (m *model) ipFree(ip *modelIP) bool { return ip.busy < m.maxPerIP() && !m.now.Before(ip.ready) }

// book enters a request at an address.
func (m *model) book(u *modelURL, ip *modelIP, delay time.Duration) {
	u.ip, u.ipBefore, u.ipSince = ip, ip.ready, m.now.Add(delay/4)
	ip.busy++
	if u.ipSince.After(ip.ready) {
		ip.ready = u.ipSince
	}
}

// locate tells the address of a lease; one that is refused is given back.
func (m *model) locate(i int) {
	l := m.out[i]
	u, ip := m.urls[l.URL.String()], m.ipOf(l.URL.String())
	h := m.host(l.URL.Hostname())
	h.known = true
	want := true
	if u.busy && u.ip == nil && m.opt.MaxPerIP >= 0 {
		if want = m.ipFree(ip); want {
			m.book(u, ip, h.delay)
		} else {
			m.forgo(l)
		}
	}
	if got := m.f.Located(l, ip.addr); got != want {
		m.t.Fatalf("Located(%s) = %t at %s, want %t: %+v", l.URL, got, m.now, want, ip)
	}
	if !want {
		m.dropLease(i)
		if err := m.f.Return(l, 0); err != nil {
			m.t.Fatal(err)
		}
		if m.now.After(h.ready) {
			h.ready, h.by = m.now, m.now
		}
	}
}

// visitNext takes the time of the next visit as it is, and holds it to its bounds.
func (m *model) visitNext(o *Outcome) {
	u := m.urls[o.Lease.URL.String()]
	if u.state == Queued {
		return // or queued again by a link
	}
	st, _ := m.f.Why(o.Lease.URL)
	u.due = st.Due
	rc := m.opt.Recrawl
	rc.defaults()
	least, most := m.now.Add(rc.Min), m.now.Add(rc.Max+time.Second)
	if !o.Due.IsZero() {
		least, most = o.Due, o.Due.Add(time.Second)
	}
	if u.due.Before(least) || u.due.After(most) {
		m.t.Fatalf("%s: next visit of %+v at %s, want %s to %s", o.Lease.URL, u, u.due, least, most)
	}
}
