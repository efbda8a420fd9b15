package frontier

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// clockwork leases and settles in fake time, as long as something comes.
func clockwork(t *testing.T, f *Frontier, now *time.Time, until time.Time, settle func(Lease) Outcome) (leases int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for now.Before(until) {
		l, err := f.Next(ctx)
		switch {
		case errors.Is(err, ErrDrained):
			return leases
		case errors.Is(err, context.Canceled):
			*now = now.Add(time.Millisecond)
			if due := f.Stats().NextDue; due.After(*now) {
				*now = due
			}
			if now.After(until) {
				*now = until
			}
			continue
		case err != nil:
			t.Fatal(err)
		}
		leases++
		if o := settle(l); o.State != 0 {
			mustCommit(t, f, o)
		}
	}
	return leases
}

func pagesOf(t *testing.T, host string, n int) (in []Item) {
	for i := range n {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://%s/%d", host, i))})
	}
	return in
}

// TestBreaker is row P07: a host that always answers 500 is asked ten times, then
// one address at a time, after longer and longer waits, through a restart; and
// comes back with the first good answer.
func TestBreaker(t *testing.T) {
	now := time.Unix(1e9, 0)
	fs := vfs.NewMem()
	opt := Options{DefaultDelay: time.Second, MaxPerHost: 4, Now: func() time.Time { return now }}
	f := open(t, fs, opt)
	mustAdd(t, f, 1000, pagesOf(t, "ill.test", 1000))
	mustAdd(t, f, 50, pagesOf(t, "well.test", 50))
	fault := Fault{Kind: "http-500", Waits: []time.Duration{10 * time.Minute, 20 * time.Minute}}
	asked := 0
	bad := func(l Lease) Outcome {
		if l.URL.Hostname() == "well.test" {
			return Outcome{Lease: l, State: Done, Status: 200}
		}
		asked++
		return Outcome{Lease: l, State: Retry, Status: 500, RetryAt: now.Add(time.Minute), Fault: fault, Reason: "http-500"}
	}
	clockwork(t, f, &now, now.Add(time.Hour), bad)
	if asked < 11 || asked > 13 {
		t.Errorf("%d requests in the first hour", asked)
	}
	if st, ok := f.Host(addr(t, "http://ill.test/")); !ok || st.Reason != "http-500" || st.Paused.IsZero() || st.Parked != asked-9 || st.Errors != asked || now.Sub(st.Since) < 59*time.Minute {
		t.Errorf("host %+v", st)
	}
	if st := f.Stats(); st.Done != 50 || st.FrontHosts != 0 {
		t.Errorf("stats %+v", st)
	}
	f.Close()
	f = open(t, fs, opt)
	before := asked
	clockwork(t, f, &now, now.Add(30*24*time.Hour), bad)
	if n := asked - before; n < 7 || n > 11 {
		t.Errorf("%d requests in the month after, want one of 20 min doubled to 7 days each", n)
	}

	if err := f.Unpark(addr(t, "http://ill.test/")); err != nil {
		t.Fatal(err)
	}
	start := now
	probes := 0
	clockwork(t, f, &now, now.Add(time.Hour), func(l Lease) Outcome {
		probes++
		return Outcome{Lease: l, State: Done, Status: 200}
	})
	if st, _ := f.Host(addr(t, "http://ill.test/")); st.Parked != 0 || st.Errors != 0 || !st.Paused.IsZero() || probes != 1000 || now.Sub(start) > 1001*time.Second {
		t.Errorf("%d fetched in %s: %+v", probes, now.Sub(start), st)
	}
}

// TestProbeIsAlone: a host that was parked gets one request, whatever MaxPerHost
// is, until its outcome is known; faults of requests from before do not count.
func TestProbeIsAlone(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, MaxPerHost: 3, Now: func() time.Time { return now }})
	mustAdd(t, f, 10, pagesOf(t, "a.test", 10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	none := func(why string) {
		t.Helper()
		if l, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("leased %s %s: %v", l.URL, why, err)
		}
	}
	nx := Fault{Kind: "nxdomain", After: 1, Waits: []time.Duration{time.Hour, 24 * time.Hour}}
	fail := func(l Lease) Outcome {
		return Outcome{Lease: l, State: Postponed, RetryAt: now, Reason: "nxdomain", Fault: nx}
	}
	a, b, c := mustNext(t, f), mustNext(t, f), mustNext(t, f)
	mustCommit(t, f, fail(a))
	mustCommit(t, f, fail(b), Outcome{Lease: c, State: Done, Status: 200})
	if st, _ := f.Host(a.URL); st.Parked != 1 || st.Paused.Sub(now) != time.Hour {
		t.Errorf("host %+v", st)
	}
	none("of a parked host")
	now = now.Add(time.Hour)
	probe := mustNext(t, f)
	if probe.HostParked != 1 || probe.HostErrors != 2 || now.Sub(probe.HostErrorsSince) != time.Hour {
		t.Errorf("probe %+v", probe)
	}
	none("beside the probe")
	f.Release(probe, 0, time.Time{})
	none("before the outcome of the probe")
	mustCommit(t, f, fail(probe))
	now = now.Add(23 * time.Hour)
	none("of a parked host")
	now = now.Add(time.Hour)
	probe = mustNext(t, f)
	mustCommit(t, f, Outcome{Lease: probe, State: Denied}) // no request: it says nothing
	none2 := mustNext(t, f)
	if none2.HostParked != 2 {
		t.Errorf("second probe %+v", none2)
	}
	mustCommit(t, f, Outcome{Lease: none2, State: Done, Status: 200})
	mustNext(t, f)
	mustNext(t, f)
	mustNext(t, f)
}

func TestFaultWaits(t *testing.T) {
	day := 24 * time.Hour
	f := Fault{Waits: []time.Duration{day}}
	for n, want := range []time.Duration{day, 2 * day, 4 * day, 7 * day, 7 * day} {
		if got := f.wait(n); got != want {
			t.Errorf("parking %d: %s, want %s", n, got, want)
		}
	}
	if got := (Fault{Waits: []time.Duration{30 * day}}).wait(9); got != 30*day {
		t.Errorf("a wait of its own is cut to %s", got)
	}
	if got := (Fault{}).wait(1); got != 20*time.Minute {
		t.Errorf("second default %s", got)
	}
}
