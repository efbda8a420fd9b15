package frontier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestPriority: levels are served in order within a window, and the last is not
// starved by a first that never ends.
func TestPriority(t *testing.T) {
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1})
	var in []Item
	for level := range 4 {
		for i := range 200 {
			in = append(in, Item{URL: addr(t, fmt.Sprintf("http://a.test/%d/%d", level, i)), Priority: uint8(level)})
		}
	}
	mustAdd(t, f, len(in), in)
	var got [Levels]int
	for range 64 {
		l := mustNext(t, f)
		got[l.Priority]++
		mustCommit(t, f, Outcome{Lease: l, State: Done})
	}
	if got != [Levels]int{34, 16, 8, 6} {
		t.Errorf("64 leases by level: %v", got)
	}
}

// TestFairness: a host with many addresses does not hold up small ones, neither
// in the heap nor when there are more hosts than the front holds.
func TestFairness(t *testing.T) {
	for _, front := range []int{100, 3} {
		f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, FrontHosts: front})
		var in []Item
		for i := range 2000 {
			in = append(in, Item{URL: addr(t, fmt.Sprintf("http://big.test/%d", i))})
		}
		for h := range 20 {
			for i := range 2 {
				in = append(in, Item{URL: addr(t, fmt.Sprintf("http://h%d.test/%d", h, i))})
			}
		}
		mustAdd(t, f, len(in), in)
		small := 0
		n := 0
		for ; small < 40; n++ {
			l := mustNext(t, f)
			if l.URL.Hostname() != "big.test" {
				small++
			}
			mustCommit(t, f, Outcome{Lease: l, State: Done})
		}
		t.Logf("front of %d: 40 pages of small hosts within %d leases", front, n)
		if limit := 40 + 40 + 21*window; n > limit {
			t.Errorf("front of %d: %d leases for 40 pages of small hosts, want <= %d", front, n, limit)
		}
		if got := f.Stats().FrontHosts; got > front {
			t.Errorf("front holds %d hosts, want <= %d", got, front)
		}
		f.Close()
	}
}

// TestRetryInFlight: a retry that is under way still stands in the queue, and is
// not found there a second time.
func TestRetryInFlight(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{DefaultDelay: -1, MaxPerHost: 3, Now: func() time.Time { return now }})
	mustAdd(t, f, 1, items(t, "http://a.test/a"))
	mustCommit(t, f, Outcome{Lease: mustNext(t, f), State: Retry, RetryAt: now.Add(time.Second)})
	now = now.Add(2 * time.Second)
	if l := mustNext(t, f); l.Tries != 1 {
		t.Fatalf("lease %+v", l)
	}
	mustAdd(t, f, 1, items(t, "http://a.test/b"))
	if l := mustNext(t, f); l.URL.Path() != "/b" {
		t.Fatalf("leased %s", l.URL)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("leased %s, %v", l.URL, err)
	}
}

// TestPoliteness runs 40 workers over 10 hosts in fake time.
func TestPoliteness(t *testing.T) {
	for _, perHost := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			f := open(t, vfs.NewMem(), Options{DefaultDelay: 2 * time.Second, MaxPerHost: perHost})
			var in []Item
			for i := range 200 {
				in = append(in, Item{URL: addr(t, fmt.Sprintf("http://h%d.test/%d", i%10, i))})
			}
			mustAdd(t, f, 200, in)
			var mu sync.Mutex
			busy, starts, ends := map[string]int{}, map[string]time.Time{}, map[string]time.Time{}
			pauseEnd := time.Time{}
			var wg sync.WaitGroup
			for worker := range 40 {
				wg.Go(func() {
					for n := 0; ; n++ {
						l, err := f.Next(t.Context())
						if errors.Is(err, ErrDrained) {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						h := l.URL.Hostname()
						mu.Lock()
						busy[h]++
						gap := time.Since(starts[h])
						if perHost == 1 {
							gap = time.Since(ends[h])
						}
						if busy[h] > perHost || gap < 2*time.Second {
							t.Errorf("%s: %d at once, %s after the last", h, busy[h], gap)
						}
						if h == "h3.test" && time.Now().Before(pauseEnd) {
							t.Errorf("%s: asked while paused", h)
						}
						starts[h] = time.Now()
						mu.Unlock()
						time.Sleep(time.Duration(100+(worker*37+n*53)%900) * time.Millisecond)
						mu.Lock()
						busy[h]--
						ends[h] = time.Now()
						var pause time.Time
						if h == "h3.test" && pauseEnd.IsZero() {
							pauseEnd = time.Now().Add(5 * time.Minute)
							pause = pauseEnd
						}
						mu.Unlock()
						f.Release(l, 0, pause)
						time.Sleep(30 * time.Millisecond) // as if the commit waited for its group
						mustCommit(t, f, Outcome{Lease: l, State: Done, HostPause: pause})
					}
				})
			}
			wg.Wait()
			if st := f.Stats(); st.Done != 200 {
				t.Errorf("done %d of 200", st.Done)
			}
			f.Close()
		})
	}
}
