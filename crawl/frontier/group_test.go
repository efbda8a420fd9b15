package frontier

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestOneAddressManyHosts is row P05 of the hostile web: 40 workers, 20 names of
// one machine and one of another. What is under way at an address never exceeds
// its limit, not even before any address is known; the delay of the address is
// kept; the lone host is not held up.
func TestOneAddressManyHosts(t *testing.T) {
	for _, limit := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			fs := vfs.NewMem()
			opt := Options{DefaultDelay: 2 * time.Second, MaxPerHost: limit}
			f := open(t, fs, opt)
			var in []Item
			for i := range 200 {
				in = append(in, Item{URL: addr(t, fmt.Sprintf("http://v%d.test/%d", i%20, i))})
			}
			for i := range 10 {
				in = append(in, Item{URL: addr(t, fmt.Sprintf("http://alone.test/%d", i))})
			}
			mustAdd(t, f, 210, in)
			shared, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
			start := time.Now()
			busy, most, refused := 0, 0, 0
			var aloneDone, last time.Time
			var mu sync.Mutex
			work := func(l Lease) {
				ip := shared
				if l.URL.Hostname() == "alone.test" {
					ip = other
				}
				if !f.Located(l, ip) {
					mu.Lock()
					refused++
					mu.Unlock()
					if err := f.Return(l, 0); err != nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				if ip == shared {
					if gap := time.Since(last); limit == 1 && gap < 500*time.Millisecond {
						t.Errorf("%s after the last request", gap)
					}
					busy++
					most = max(most, busy)
				}
				mu.Unlock()
				if limit > 1 {
					time.Sleep(1800 * time.Millisecond)
				}
				time.Sleep(300 * time.Millisecond)
				mu.Lock()
				if ip == shared {
					busy--
					last = time.Now()
				} else {
					aloneDone = time.Now()
				}
				mu.Unlock()
				f.Release(l, 0, time.Time{})
				mustCommit(t, f, Outcome{Lease: l, State: Done})
			}
			var wg sync.WaitGroup
			for range 40 {
				wg.Go(func() {
					for {
						l, err := f.Next(t.Context())
						if errors.Is(err, ErrDrained) {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						work(l)
					}
				})
			}
			wg.Wait()
			if most != limit {
				t.Errorf("%d requests at one address at once, want %d", most, limit)
			}
			if d := aloneDone.Sub(start); d > 35*time.Second {
				t.Errorf("the host of another address took %s for 10 pages", d)
			}
			took := time.Since(start)
			t.Logf("limit %d: 200 pages of 20 hosts in %s, %d leases refused", limit, took, refused)
			if limit == 1 && (took < 200*800*time.Millisecond-time.Second || took > 200*900*time.Millisecond) {
				t.Errorf("took %s, want about 160 s: 300 ms and a fourth of the delay for each page", took)
			}
			if refused > 45 {
				t.Errorf("%d leases were refused: hosts whose address is known wait for it", refused)
			}
			f.Close()

			f = open(t, fs, opt) // the addresses are kept
			mustAdd(t, f, 2, items(t, "http://v1.test/x", "http://v2.test/x"))
			if l := mustNext(t, f); l.IP != shared {
				t.Errorf("address after reopening: %s", l.IP)
			}
			if limit > 1 {
				time.Sleep(time.Second)
				mustNext(t, f)
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if l, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("leased %s while its address was busy: %v", l.URL, err)
			}
			f.Close()
		})
	}
}

// TestHostFarm: thousands of names of one machine do not fill the front, so that
// others keep their turn, and all of them are served in the end.
func TestHostFarm(t *testing.T) {
	now := time.Unix(1e9, 0)
	f := open(t, vfs.NewMem(), Options{DefaultDelay: time.Second, FrontHosts: 100, Now: func() time.Time { return now }})
	var in []Item
	const farm, good = 1000, 40
	for i := range farm {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://f%d.test/", i))})
	}
	for i := range good * 10 {
		in = append(in, Item{URL: addr(t, fmt.Sprintf("http://good%d.test/%d", i%good, i))})
	}
	mustAdd(t, f, len(in), in)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := now
	goodDone, farmDone := 0, 0
	for farmDone < farm {
		l, err := f.Next(ctx)
		if errors.Is(err, context.Canceled) {
			now = now.Add(50 * time.Millisecond)
			if now.Sub(start) > 6*time.Hour {
				t.Fatalf("%d of the farm, %d others after %s", farmDone, goodDone, now.Sub(start))
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ip := netip.MustParseAddr("192.0.2.9")
		if l.URL.Hostname()[0] == 'g' {
			ip = netip.AddrFrom4([4]byte{198, 51, 100, l.URL.Hostname()[4]})
			if len(l.URL.Hostname()) > 10 {
				ip = netip.AddrFrom4([4]byte{198, 51, l.URL.Hostname()[4], l.URL.Hostname()[5]})
			}
		}
		if !f.Located(l, ip) {
			if err := f.Return(l, 0); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if l.URL.Hostname()[0] == 'g' {
			if goodDone++; goodDone == good*10 && now.Sub(start) > 2*time.Minute {
				t.Errorf("the others were done after %s", now.Sub(start))
			}
		} else {
			farmDone++
		}
		mustCommit(t, f, Outcome{Lease: l, State: Done})
	}
	if goodDone != good*10 {
		t.Errorf("%d of %d pages of others", goodDone, good*10)
	}
	t.Logf("farm of %d done after %s; %d groups left", farm, now.Sub(start), len(f.front.groups))
	if n := len(f.front.groups); n > 50 {
		t.Errorf("%d groups are kept", n)
	}
}
