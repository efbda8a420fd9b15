package frontier

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestContinuousRecrawl: settled pages come again by themselves, those that
// change sooner, for months, through a restart; and what is off stays off.
func TestContinuousRecrawl(t *testing.T) {
	now := time.Unix(1e9, 0)
	opt := Options{DefaultDelay: -1, Now: func() time.Time { return now }}
	fs := vfs.NewMem()
	f := open(t, fs, opt)
	var in []Item
	for i := range 20 {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://h%d.test/p", i))})
	}
	mustAdd(t, f, 20, in)
	visits := map[string]int{}
	step := func(days int) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for end := now.Add(time.Duration(days) * 24 * time.Hour); now.Before(end); {
			l, err := f.Next(ctx)
			if errors.Is(err, ErrDrained) {
				return
			}
			if err != nil {
				now = now.Add(10 * time.Minute)
				continue
			}
			host := l.URL.Hostname()
			visits[host]++
			o := Outcome{Lease: l, State: NotModified, Status: 200}
			if l.Visits == 0 || host == "h7.test" {
				o.State, o.ContentHash = Done, [16]byte{byte(l.Visits), 1}
			}
			mustCommit(t, f, o)
		}
	}
	step(10)
	if len(visits) != 20 || visits["h3.test"] != 1 {
		t.Fatalf("without Recrawl: %v", visits)
	}
	if st := f.Stats(); st.Visits != 20 || !st.NextDue.IsZero() {
		t.Errorf("stats %+v", st)
	}
	f.Close()

	opt.Recrawl = Recrawl{Max: 30 * 24 * time.Hour}
	f = open(t, fs, opt)
	step(60)
	f.Close()
	f = open(t, fs, opt)
	step(60)
	t.Logf("120 days: %d visits to a page that changes, %d to one that does not", visits["h7.test"], visits["h3.test"])
	if visits["h7.test"] < 120 || visits["h3.test"] < 6 || visits["h3.test"] > 20 {
		t.Errorf("120 days: %v", visits)
	}
	st, _ := f.Why(addr(t, "http://h7.test/p"))
	if st.Changes < 30 || st.Changes != st.Checks || st.Due.Sub(now) > 24*time.Hour || now.Sub(st.Changed) > 24*time.Hour {
		t.Errorf("Why = %+v", st)
	}
	if got := f.Stats(); got.NextDue.IsZero() || got.FrontHosts > 1 {
		t.Errorf("stats %+v", got)
	}
	f.Close()

	opt.Recrawl = Recrawl{}
	f = open(t, fs, opt)
	before := visits["h7.test"]
	step(10)
	if visits["h7.test"] != before {
		t.Errorf("visited though Recrawl is off")
	}
	f.Close()
	opt.Recrawl = Recrawl{Max: 30 * 24 * time.Hour}
	f = open(t, fs, opt)
	if step(10); visits["h7.test"] < before+5 {
		t.Errorf("%d visits after it was turned on again, %d before", visits["h7.test"], before)
	}
}

// TestRecrawlBudget: with a budget for all, visits come to it, and the store is
// not read for it: what is due lies under its host, in order.
func TestRecrawlBudget(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, Recrawl: Recrawl{PerDay: 50}, Now: func() time.Time { return now }})
	var in []Item
	for i := range 300 {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://h%d.test/%d", i%10, i))})
	}
	mustAdd(t, f, 300, in)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start, n := now, 0
	for now.Sub(start) < 100*24*time.Hour {
		l, err := f.Next(ctx)
		if err != nil {
			now = now.Add(time.Hour)
			continue
		}
		if now.Sub(start) > 60*24*time.Hour {
			n++
		}
		o := Outcome{Lease: l, State: Done, Status: 200, ContentHash: l.ContentHash}
		if changed := int(now.Sub(start)/(24*time.Hour)) / (1 + int(l.URL.Path()[1]-'0')*3); int(l.ContentHash[0]) != changed {
			o.ContentHash[0] = byte(changed)
		}
		mustCommit(t, f, o)
	}
	perDay := float64(n) / 40
	t.Logf("%.0f visits a day", perDay)
	if perDay < 40 || perDay > 60 {
		t.Errorf("%.0f visits a day, want about 50", perDay)
	}
}

// TestUnconditional is row C02: of ten visits one sends no validators.
func TestUnconditional(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
	mustAdd(t, f, 1, items(t, "http://a.test/"))
	at := -1
	for i := range 25 {
		l := mustNext(t, f)
		if l.Unconditional != (l.ETag == "" && i > 0) {
			t.Errorf("visit %d: %+v", i, l)
		}
		if l.Unconditional {
			if i-at > 10 {
				t.Errorf("visits %d to %d were all conditional", at+1, i-1)
			}
			at = i
		}
		mustCommit(t, f, Outcome{Lease: l, State: Done, Status: 200, ETag: `"lie"`})
		if _, err := f.Recrawl(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if at < 10 {
		t.Error("no unconditional visit")
	}
}

// TestMissing is row C04, by the rule that the caller goes by: gone at once with
// 410; with 404 after a second look 24 h later; there again, and all is forgotten.
func TestMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
		paths := map[string][]int{"/410": {200, 410}, "/once": {200, 404, 200, 404, 404}, "/always": {200, 404, 404}, "/5xx": {200, 503, 404, 503, 404}}
		for path := range paths {
			mustAdd(t, f, 1, items(t, "http://a.test"+path))
		}
		asked := map[string][]time.Time{}
		gone := map[string]int{}
		for {
			l, err := f.Next(t.Context())
			if errors.Is(err, ErrDrained) {
				break
			}
			path := l.URL.Path()
			status := paths[path][len(asked[path])]
			asked[path] = append(asked[path], time.Now())
			o := Outcome{Lease: l, State: Done, Status: status}
			switch {
			case status == 503:
				o.State, o.RetryAt = Postponed, time.Now().Add(time.Hour)
			case status == 404 && (l.Misses == 0 || time.Since(l.MissingSince) < 24*time.Hour):
				o.State, o.RetryAt, o.Missing = Postponed, time.Now().Add(24*time.Hour), true
			case status >= 400:
				o.State = Gone
				gone[path] = len(asked[path])
			}
			mustCommit(t, f, o)
			if o.State == Done && len(asked[path]) < len(paths[path]) {
				if _, err := f.Add([]Item{{URL: l.URL, Again: true}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for path, want := range map[string]int{"/410": 2, "/once": 5, "/always": 3, "/5xx": 5} {
			if gone[path] != want {
				t.Errorf("%s: gone after %d visits, want %d", path, gone[path], want)
			}
		}
		if a := asked["/always"]; a[2].Sub(a[1]) < 24*time.Hour {
			t.Errorf("the second look came after %s", a[2].Sub(a[1]))
		}
		f.Close()
	})
}

// TestRevisitsLeaveRoom: hosts whose pages are always due for a visit do not keep
// the places of the front for ever.
func TestRevisitsLeaveRoom(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{
		DefaultDelay: -1, FrontHosts: 2, Now: func() time.Time { return now }, Recrawl: Recrawl{Min: time.Second, Max: time.Second},
	})
	for _, host := range []string{"a", "b"} {
		mustAdd(t, f, 2, items(t, "http://"+host+".test/1", "http://"+host+".test/2"))
	}
	for i := range 200 {
		l := mustNext(t, f)
		if l.URL.Hostname() == "c.test" {
			t.Logf("c.test was leased after %d visits of the others", i-20)
			return
		}
		if i == 20 {
			mustAdd(t, f, 1, items(t, "http://c.test/"))
		}
		mustCommit(t, f, Outcome{Lease: l, State: Done})
		now = now.Add(time.Second)
	}
	t.Error("a host without a place was never leased")
}
