package frontier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// model is the frontier written naively: maps, no disk, no front. It checks each
// answer of the real one.
type model struct {
	t       *testing.T
	rng     *rand.Rand
	fs      *vfs.MemFS
	opt     Options
	now     time.Time
	f       *Frontier
	paths   int // addresses a host has
	urls    map[string]*modelURL
	hosts   map[string]*modelHost
	ips     [3]modelIP
	out     []Lease // leases that are out
	outbox  [][]byte
	taken   uint64 // outbox entries below it were taken
	surely  uint64 // and below it durably so: a crash cannot bring them back
	warc    int64
	leased  int
	crashes int
}

type modelURL struct {
	state             State
	due               time.Time
	out               bool
	busy              bool      // out, and its request is under way
	before            modelHost // its host before the lease, and ready after it
	since             time.Time
	ip                *modelIP // where its request is booked
	ipBefore, ipSince time.Time
	doc               bool
	tries             int
	waits             bool
	visits            int
}

type modelHost struct {
	busy  int
	ready time.Time // not before: asserted; forgotten by a crash
	by    time.Time // certainly from then on
	forgo time.Time // when the last lease that was forgone would have made it ready: a commit in between may have stored that
	delay time.Duration
	known bool // the frontier knows its address
	urls  int
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: vfs.NewCrashableMem(), now: time.Unix(1e9, 0),
		urls: map[string]*modelURL{}, hosts: map[string]*modelHost{},
	}
	for i := range m.ips {
		m.ips[i].addr = netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
	}
	m.paths = []int{4, 12, 80}[m.rng.IntN(3)]
	m.opt = Options{
		CacheBytes: 64 << 10, DefaultDelay: time.Duration(m.rng.IntN(3)-1) * time.Second, MaxPerHost: 1 + m.rng.IntN(2), MaxPerIP: m.rng.IntN(4) - 1,
		Recrawl:    []Recrawl{{}, {Min: 5 * time.Second, Max: 200 * time.Second}, {PerDay: 100}}[m.rng.IntN(3)],
		Budget:     Budget{PerHost: []int{0, 0, m.paths * 2 / 3}[m.rng.IntN(3)]},
		FrontHosts: []int{2, 1000}[m.rng.IntN(2)], Now: func() time.Time { return m.now },
	}
	m.reopen()
	return m
}

func (m *model) reopen() {
	opt := m.opt
	opt.fs = m.fs
	f, err := Open("frontier", opt)
	if err != nil {
		m.t.Fatal(err)
	}
	m.f = f
	m.out = nil
	for _, u := range m.urls {
		u.out, u.busy, u.ip = false, false, nil
	}
	for i := range m.ips {
		m.ips[i].busy, m.ips[i].ready = 0, time.Time{}
	}
	stored, err := f.Hosts(0, 100)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, h := range m.hosts {
		h.busy, h.known = 0, false
	}
	for _, st := range stored {
		h := m.host(addr(m.t, st.Origin).Hostname())
		h.known = st.IP != ""
		if h.known && st.IP != m.ipOf(st.Origin).addr.String() {
			m.t.Fatalf("%s is said to be at %s", st.Origin, st.IP)
		}
	}
}

func (m *model) crash() {
	m.crashes++
	m.fs = m.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: m.rng.IntN(3) * 50, RNG: m.rng})
	m.f.Close()
	m.taken = m.surely
	for _, h := range m.hosts {
		h.ready = time.Time{}
		if h.forgo.After(h.by) {
			h.by = h.forgo
		}
	}
	m.reopen()
	first := m.f.outbox.first
	if first < m.surely || first > uint64(len(m.outbox)) {
		m.t.Fatalf("after a crash the outbox begins at %d; %d were durably taken of %d", first, m.surely, len(m.outbox))
	}
	m.taken = first
}

func (m *model) host(name string) *modelHost {
	h := m.hosts[name]
	if h == nil {
		h = &modelHost{delay: max(0, m.opt.DefaultDelay)}
		if m.opt.DefaultDelay == 0 {
			h.delay = time.Second
		}
		m.hosts[name] = h
	}
	return h
}

func (m *model) randomItems(n int) []Item {
	var out []Item
	for range n {
		u := fmt.Sprintf("http://h%d.test/%d", m.rng.IntN(8), m.rng.IntN(m.paths))
		out = append(out, Item{URL: addr(m.t, u), Depth: 1, Priority: uint8(m.rng.IntN(5)), Again: m.rng.IntN(20) == 0})
	}
	return out
}

// discover is what Add and Commit do with items.
func (m *model) discover(in []Item) (added int) {
	for _, it := range in {
		u := m.urls[it.URL.String()]
		switch {
		case u == nil:
			h := m.host(it.URL.Hostname())
			if b := m.opt.Budget.PerHost; b > 0 && h.urls >= b {
				break
			}
			h.urls++
			m.urls[it.URL.String()] = &modelURL{state: Queued}
			added++
		case it.Again && u.state != Queued:
			if u.out {
				break // it is being fetched again
			}
			u.state, u.due, u.tries = Queued, time.Time{}, 0
			added++
		}
	}
	return added
}

func (m *model) eligible(name string, u *modelURL, ready func(*modelHost) time.Time) bool {
	h := m.host(addr(m.t, name).Hostname())
	if h.known && m.opt.MaxPerIP >= 0 && !m.ipFree(m.ipOf(name)) {
		return false
	}
	if u.state != Queued && (m.opt.Recrawl == Recrawl{} || u.due.IsZero()) {
		return false
	}
	return !u.out && !m.now.Before(u.due) && h.busy < m.opt.MaxPerHost && !m.now.Before(ready(h))
}

func (m *model) next() {
	ctx, cancel := context.WithCancel(m.t.Context())
	cancel() // pick, but do not wait
	l, err := m.f.Next(ctx)
	switch {
	case err == nil:
		u := m.urls[l.URL.String()]
		if u == nil || !m.eligible(l.URL.String(), u, func(h *modelHost) time.Time { return h.ready }) {
			m.t.Fatalf("leased %s at %s: %+v, host %+v", l.URL, m.now, u, m.hosts[l.URL.Hostname()])
		}
		if l.Tries != u.tries || l.Visits != u.visits || l.HasDoc != u.doc {
			m.t.Fatalf("lease %+v of %+v", l, u)
		}
		u.out, u.busy = true, true
		h := m.host(l.URL.Hostname())
		u.before, u.since = *h, m.now.Add(h.delay)
		h.busy++
		h.ready = u.since
		h.by = h.ready
		if h.known && m.opt.MaxPerIP >= 0 {
			m.book(u, m.ipOf(l.URL.String()), h.delay)
		}
		m.out = append(m.out, l)
		m.leased++
	case errors.Is(err, ErrDrained):
		for name, u := range m.urls {
			if u.state == Queued || m.opt.Recrawl != (Recrawl{}) && !u.due.IsZero() {
				m.t.Fatalf("drained, but %s is %+v", name, u)
			}
		}
	case errors.Is(err, context.Canceled):
		if m.opt.FrontHosts < 8 {
			return // hosts may wait for a place in the front
		}
		for name, u := range m.urls {
			if m.eligible(name, u, func(h *modelHost) time.Time { return h.by }) {
				m.t.Fatalf("nothing leased at %s, but %s is due: %+v, host %+v", m.now, name, u, m.hosts[addr(m.t, name).Hostname()])
			}
		}
	default:
		m.t.Fatal(err)
	}
}

func (m *model) release(l Lease) {
	u := m.urls[l.URL.String()]
	if !u.busy {
		return
	}
	u.busy = false
	h := m.host(l.URL.Hostname())
	h.busy--
	if m.opt.MaxPerHost == 1 {
		h.ready = m.now.Add(h.delay)
		h.by = h.ready
	}
	if u.ip != nil {
		u.ip.busy--
		if m.maxPerIP() == 1 {
			u.ip.ready = m.now.Add(h.delay / 4)
		}
		u.ip = nil
	}
}

func (m *model) forgo(l Lease) {
	u := m.urls[l.URL.String()]
	if !u.busy {
		return
	}
	u.busy = false
	h := m.host(l.URL.Hostname())
	h.busy--
	if h.ready.Equal(u.since) {
		h.ready, h.by, h.forgo = u.before.ready, u.before.by, u.since
	}
	if u.ip != nil {
		if u.ip.ready.Equal(u.ipSince) {
			u.ip.ready = u.ipBefore
		}
		u.ip.busy--
		u.ip = nil
	}
}

func (m *model) dropLease(i int) Lease {
	l := m.out[i]
	m.out[i] = m.out[len(m.out)-1]
	m.out = m.out[:len(m.out)-1]
	m.urls[l.URL.String()].out = false
	return l
}

func (m *model) giveBack() {
	if len(m.out) == 0 {
		return
	}
	l := m.dropLease(m.rng.IntN(len(m.out)))
	m.release(l)
	delay := time.Duration(m.rng.IntN(3)) * time.Second
	if err := m.f.Return(l, delay); err != nil {
		m.t.Fatal(err)
	}
	h := m.host(l.URL.Hostname())
	if at := m.now.Add(delay); at.After(h.ready) {
		h.ready, h.by = at, at
	}
}

func (m *model) commit() {
	var b Batch
	for len(m.out) > 0 && m.rng.IntN(4) > 0 {
		l := m.dropLease(m.rng.IntN(len(m.out)))
		m.release(l)
		o := Outcome{Lease: l, State: State(2 + m.rng.IntN(int(numStates)-3)), Links: m.randomItems(m.rng.IntN(6)), Reason: "some"}
		if m.rng.IntN(4) == 0 {
			o.State = Retry
		}
		o.Status = m.rng.IntN(2) * 200
		o.ContentHash[0] = byte(m.rng.IntN(2))
		if m.rng.IntN(8) == 0 {
			o.Due = m.now.Add(time.Duration(m.rng.IntN(200)) * time.Second)
		}
		u := m.urls[l.URL.String()]
		switch o.State {
		case Retry, Postponed:
			o.RetryAt = m.now.Add(time.Duration(m.rng.IntN(200)) * time.Second)
			u.state = Queued
			if u.waits = o.State == Retry && m.rng.IntN(2) == 0; o.State == Retry {
				u.tries++
			}
			o.Waits = u.waits
			u.due = o.RetryAt.Add(time.Second - time.Microsecond).Truncate(time.Second) // queues count in seconds
		case NotModified:
			u.state = Skipped
			if u.doc {
				u.state = Done
			}
		default:
			u.state = o.State
			if o.State != Denied && o.State != Failed {
				u.doc = o.State == Done
			}
		}
		if u.state != Queued {
			u.due, u.tries, u.waits = time.Time{}, 0, false
			u.visits++
		}
		b.Outcomes = append(b.Outcomes, o)
	}
	for _, o := range b.Outcomes {
		m.discover(o.Links)
	}
	for range m.rng.IntN(3) {
		doc := fmt.Appendf(nil, "%d %d", len(m.outbox), m.rng.Uint64())
		m.outbox = append(m.outbox, doc)
		b.Outbox = append(b.Outbox, Entry{Part: 1, Data: [][]byte{doc}})
	}
	m.warc++
	b.WARC = WARCPosition{"w", m.warc}
	if err := m.f.Commit(&b); err != nil {
		m.t.Fatal(err)
	}
	m.surely = m.taken
	for i := range b.Outcomes {
		m.visitNext(&b.Outcomes[i])
	}
}

func (m *model) takeOutbox() {
	stop := errors.New("stop")
	n := m.rng.IntN(4)
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	if left := uint64(len(m.outbox)) - m.taken; left == 0 || uint64(n) > left {
		return
	}
	err := m.f.Outbox(ctx, func(seq uint64, e Entry) error {
		if seq != m.taken || len(e.Data) != 1 || !bytes.Equal(e.Data[0], m.outbox[seq]) {
			m.t.Fatalf("outbox entry %d: %q, want %d: %q", seq, e.Data, m.taken, m.outbox[m.taken])
		}
		if n == 0 {
			return stop
		}
		n--
		m.taken++
		if n == 0 && m.taken == uint64(len(m.outbox)) {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, stop) && !errors.Is(err, context.Canceled) {
		m.t.Fatal(err)
	}
}

func (m *model) recrawl() {
	host := fmt.Sprintf("h%d.test", m.rng.IntN(8))
	if m.rng.IntN(3) == 0 {
		host = ""
	}
	want := 0
	for name, u := range m.urls {
		if u.state != Queued && !u.out && (host == "" || addr(m.t, name).Hostname() == host) {
			u.state, u.due, u.tries = Queued, time.Time{}, 0
			want++
		}
	}
	got, err := m.f.Recrawl(m.t.Context(), host)
	if err != nil || got != want {
		m.t.Fatalf("Recrawl(%q) = %d, %v; want %d", host, got, err, want)
	}
}

// countActive is Stats.ActiveHosts, counted one by one.
func countActive(f *Frontier, now time.Time) (n int) {
	for _, h := range f.front.hosts {
		if (len(h.window) > 0 || h.more) && h.rec.paused <= now.UnixMicro() {
			n++
		}
	}
	return n
}

func (m *model) checkStats() {
	st := m.f.Stats()
	var want [numStates]int64
	retrying, waiting, visits := int64(0), int64(0), int64(0)
	for _, u := range m.urls {
		want[u.state]++
		if u.state != Queued && !u.due.IsZero() {
			visits++
		}
		switch {
		case u.waits:
			waiting++
		case u.state == Queued && u.tries > 0:
			retrying++
		}
	}
	got := [numStates]int64{Queued: st.Queued, Done: st.Done, Skipped: st.Skipped, Gone: st.Gone, Redirect: st.Redirects, Denied: st.Denied, Failed: st.Failed}
	if st.Visits != visits {
		m.t.Fatalf("%d have a next visit, want %d", st.Visits, visits)
	}
	if got != want || st.Retrying != retrying || st.Waiting != waiting || st.InFlight != len(m.out) || st.Outbox != int64(uint64(len(m.outbox))-m.taken) {
		m.t.Fatalf("stats %+v\nwant %v, retrying %d, waiting %d, in flight %d", st, want, retrying, waiting, len(m.out))
	}
	if active := countActive(m.f, m.now); st.ActiveHosts != active {
		m.t.Fatalf("%d hosts are active, want %d", st.ActiveHosts, active)
	}
	if _, off := m.f.WARCPosition(); off != m.warc {
		m.t.Fatalf("WARC position %d, want %d", off, m.warc)
	}
	for name, u := range m.urls {
		if s, ok := m.f.Why(addr(m.t, name)); !ok || s.State != u.state || s.InFlight != u.out || s.Tries != u.tries {
			m.t.Fatalf("Why(%s) = %+v %v, want %+v", name, s, ok, u)
		}
	}
}
