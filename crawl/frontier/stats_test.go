package frontier

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestActiveHosts holds the count of active hosts to a naive one while hosts are
// paused, parked, unparked, crowded out and come back.
func TestActiveHosts(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		now := time.Unix(1e9, 0)
		f := open(t, vfs.NewMem(), Options{DefaultDelay: time.Second, MaxPerHost: 1 + rng.IntN(2), FrontHosts: 5 + rng.IntN(40), Now: func() time.Time { return now }})
		host := func() string { return fmt.Sprintf("h%d.test", rng.IntN(30)) }
		seen := map[int]int{}
		check := func() {
			st, want := f.Stats(), countActive(f, now)
			if st.ActiveHosts != want {
				t.Fatalf("seed %d, %s: %d hosts are active, want %d", seed, now, st.ActiveHosts, want)
			}
			seen[want]++
		}
		for range 30 {
			mustAdd(t, f, 1, []Item{{URL: addr(t, fmt.Sprintf("http://%s/%d", host(), rng.Uint64()))}})
		}
		for range 40 {
			clockwork(t, f, &now, now.Add(time.Duration(rng.IntN(8000))*time.Millisecond), func(l Lease) Outcome {
				check()
				o := Outcome{Lease: l, State: Done, Status: 200}
				switch rng.IntN(5) {
				case 0:
					o.HostPause = now.Add(time.Duration(rng.IntN(90)) * time.Second)
				case 1:
					o.State, o.Status, o.RetryAt = Retry, 0, now.Add(time.Duration(rng.IntN(90))*time.Second)
					o.Fault = Fault{Kind: "dns", After: 1, Waits: []time.Duration{time.Second, time.Minute}}
				case 2:
					o.Links = pagesOf(t, host(), rng.IntN(60))
				}
				return o
			})
			check()
			if err := f.Unpark(addr(t, "http://"+host())); err != nil {
				t.Fatal(err)
			}
			check()
		}
		if err := f.Freeze(t.Context(), Range{To: Slots}); err != nil {
			t.Fatal(err)
		}
		check()
		if len(seen) < 5 {
			t.Errorf("seed %d: the count was one of %v: that tests nothing", seed, seen)
		}
		f.Close()
	}
}
