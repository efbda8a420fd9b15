package frontier

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// openWeb opens a frontier with hosts of seeds, and strangers that the first of them
// links to, with so many pages each.
func openWeb(t *testing.T, now *time.Time, seeded, strangers, pages int) (*Frontier, Options) {
	opt := Options{DefaultDelay: time.Second, Budget: WebBudget(), Now: func() time.Time { return *now }, fs: vfs.NewMem()}
	f := open(t, opt.fs, opt)
	from := addr(t, "http://seeded0.test/0")
	for i := range seeded {
		mustAdd(t, f, pages, pagesOf(t, fmt.Sprintf("seeded%d.test", i), pages))
	}
	for i := range strangers {
		in := pagesOf(t, fmt.Sprintf("stranger%d.test", i), pages)
		for j := range in {
			in[j].Referrer, in[j].Depth = from, 1
		}
		mustAdd(t, f, pages, in)
	}
	return f, opt
}

func isStranger(l Lease) bool { return strings.HasPrefix(l.URL.Hostname(), "stranger") }

// turnsOf leases for a while, and counts.
func turnsOf(t *testing.T, f *Frontier, now *time.Time, span time.Duration) (seeded, strangers int) {
	clockwork(t, f, now, now.Add(span), func(l Lease) Outcome {
		if isStranger(l) {
			strangers++
		} else {
			seeded++
		}
		return Outcome{Lease: l, State: Done, Status: 200}
	})
	return seeded, strangers
}

// TestStrangers: strangers have their part while seeded hosts wait for no more than
// their delay, also after a restart and on another node, and all when those have
// nothing or are paused.
func TestStrangers(t *testing.T) {
	now := time.Unix(1e9, 0)
	const span = 20 * time.Second
	f, opt := openWeb(t, &now, 30, 300, 60)
	check := func(f *Frontier) {
		t.Helper()
		seeded, strangers := turnsOf(t, f, &now, span)
		if part := opt.Budget.Strangers; seeded < 30*19 || strangers*part > (seeded+strangers)+part || strangers*part < (seeded+strangers)-2*part {
			t.Errorf("%d leases of seeded hosts in %s, %d of strangers; want 30 a second, and one of %d", seeded, span, strangers, part)
		}
	}
	check(f)
	f.Close()
	f = open(t, opt.fs, opt)
	check(f)

	opt.fs = vfs.NewMem()
	other := open(t, opt.fs, opt)
	all := Range{To: Slots}
	var b bytes.Buffer
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.Freeze(t.Context(), all))
	_, err := f.Export(all, &b)
	must(err)
	must(other.Import(all, &b))
	must(other.Thaw(all))
	check(other)

	// Servers say that they are busy: nobody waits for them.
	clockwork(t, other, &now, now.Add(3*time.Second), func(l Lease) Outcome {
		o := Outcome{Lease: l, State: Done, Status: 200}
		if !isStranger(l) {
			o.State, o.HostPause, o.RetryAt = Postponed, now.Add(time.Minute), now.Add(time.Minute)
		}
		return o
	})
	if seeded, strangers := turnsOf(t, other, &now, span); seeded != 0 || strangers < 19*300 {
		t.Errorf("while seeded hosts are paused there were %d leases of theirs and %d of strangers, want 300 a second", seeded, strangers)
	}
}

// TestFewSeeded: one seeded host does not hold up all others.
func TestFewSeeded(t *testing.T) {
	now := time.Unix(1e9, 0)
	f, _ := openWeb(t, &now, 1, 100, 100)
	seeded, strangers := turnsOf(t, f, &now, time.Minute)
	if seeded < 58 || strangers < 9*58 || strangers > 9*60+10 {
		t.Errorf("%d leases of the seeded host in a minute, want 60; %d of strangers, want nine times as many", seeded, strangers)
	}
}

// TestSeedOfAStranger: a host that was met as a stranger is none from the moment on
// that a seed names its site, though its address is known.
func TestSeedOfAStranger(t *testing.T) {
	now := time.Unix(1e9, 0)
	f, _ := openWeb(t, &now, 30, 100, 60)
	turnsOf(t, f, &now, 5*time.Second)
	mustAdd(t, f, 0, items(t, "http://stranger7.test/0"))
	hits := 0
	clockwork(t, f, &now, now.Add(10*time.Second), func(l Lease) Outcome {
		if l.URL.Hostname() == "stranger7.test" {
			hits++
		}
		return Outcome{Lease: l, State: Done, Status: 200}
	})
	if hits < 9 {
		t.Errorf("the host had %d leases in ten seconds, want ten", hits)
	}
}
