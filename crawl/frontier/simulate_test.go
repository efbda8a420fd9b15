package frontier

import (
	"fmt"
	"testing"
	"time"
)

func (m *model) step() {
	switch m.rng.IntN(44) {
	case 0:
		if err := m.f.Close(); err != nil {
			m.t.Fatal(err)
		}
		m.surely = m.taken
		m.reopen()
	case 1:
		m.crash()
	case 2:
		m.recrawl()
	case 3:
		m.checkStats()
	case 4, 5, 6:
		in := m.randomItems(m.rng.IntN(20))
		want := m.discover(in)
		if got, err := m.f.Add(in); err != nil || got != want {
			m.t.Fatalf("Add = %d, %v; want %d", got, err, want)
		}
		m.surely = m.taken
	case 7, 8, 9:
		m.giveBack()
	case 10, 11, 12, 13, 14, 15:
		m.commit()
	case 16:
		m.takeOutbox()
	case 25, 26, 27, 28:
		if len(m.out) > 0 {
			m.locate(m.rng.IntN(len(m.out)))
		}
	case 17, 18:
		if len(m.out) > 0 {
			l := m.out[m.rng.IntN(len(m.out))]
			if m.rng.IntN(2) == 0 {
				m.forgo(l)
				m.f.Forgo(l)
				break
			}
			m.release(l)
			m.f.Release(l, 0, time.Time{})
		}
	case 19, 20, 21, 22, 23, 24:
		m.now = m.now.Add(time.Duration(m.rng.IntN(5000)) * time.Millisecond)
	default:
		m.next()
	}
}

// settle commits one lease as done.
func (m *model) settle(l Lease) {
	m.release(l)
	u := m.urls[l.URL.String()]
	u.out, u.state, u.doc, u.due, u.tries, u.waits = false, Done, true, time.Time{}, 0, false
	u.visits++
	o := Outcome{Lease: l, State: Done}
	if err := m.f.Commit(&Batch{Outcomes: []Outcome{o}}); err != nil {
		m.t.Fatal(err)
	}
	m.visitNext(&o)
}

// drain leases and settles all that is queued: each exactly once.
func (m *model) drain() {
	for i := 0; ; i++ {
		m.next()
		done := true
		for _, u := range m.urls {
			done = done && u.state != Queued
		}
		if done {
			return
		}
		for _, l := range m.out {
			m.settle(l)
		}
		m.out = nil
		m.now = m.now.Add(2 * time.Second)
		if i > 20_000 {
			m.t.Fatal("does not drain")
		}
	}
}

// TestModel: over random operations, with closing and losing power in between,
// nothing queued is lost, nothing settled is handed out again, nothing is handed
// out before its time or twice at once, and no outbox entry changes.
func TestModel(t *testing.T) {
	seeds, steps := uint64(100), 600
	if testing.Short() {
		seeds = 5
	}
	leased, crashes := 0, 0
	for seed := range seeds {
		m := newModel(t, seed)
		ok := t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			m.t = t
			for range steps {
				m.step()
			}
			m.checkStats()
			m.drain()
			m.checkStats()
		})
		m.f.Close()
		if !ok {
			t.Fatalf("seed %d", seed)
		}
		leased += m.leased
		crashes += m.crashes
	}
	t.Logf("%d leases, %d crashes", leased, crashes)
}
