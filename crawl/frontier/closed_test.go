package frontier

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// TestHours: a host is asked in its hours only, others all the time, and what the
// host asked for itself (Retry-After) holds beyond the opening.
func TestHours(t *testing.T) {
	now := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	opt := Options{DefaultDelay: time.Minute, Now: func() time.Time { return now }, fs: vfs.NewMem()}
	opt.Hours = func(u weburl.URL, at time.Time) time.Time { // open from 22 to 24 o'clock
		if at = at.UTC(); u.Hostname() == "free.test" || at.Hour() >= 22 {
			return at
		}
		return time.Date(at.Year(), at.Month(), at.Day(), 22, 0, 0, 0, time.UTC)
	}
	f := open(t, opt.fs, opt)
	mustAdd(t, f, 200, pagesOf(t, "night.test", 200))
	mustAdd(t, f, 1000, pagesOf(t, "free.test", 1000))
	hits := map[string]int{}
	retryAfter := time.Date(2026, 3, 3, 22, 30, 0, 0, time.UTC)
	clockwork(t, f, &now, now.Add(13*time.Hour), func(l Lease) Outcome {
		o := Outcome{Lease: l, State: Done, Status: 200}
		if hits[l.URL.Hostname()]++; l.URL.Hostname() == "night.test" {
			if now.UTC().Hour() < 22 {
				t.Fatalf("%s at %s", l.URL, now)
			}
			o.HostPause = retryAfter
			if hits["night.test"] < 50 {
				o.HostPause = time.Time{}
			}
		}
		return o
	})
	st, _ := f.Host(addr(t, "http://night.test/"))
	if why, _ := f.Why(addr(t, "http://night.test/199")); why.Refused != closedHours || st.Paused.IsZero() || hits["night.test"] != 50 || hits["free.test"] < 770 {
		t.Errorf("%v, host %+v, why %+v", hits, st, why)
	}
	f.Close()
	f = open(t, opt.fs, opt)
	first := time.Time{}
	clockwork(t, f, &now, time.Date(2026, 3, 3, 23, 0, 0, 0, time.UTC), func(l Lease) Outcome {
		if l.URL.Hostname() == "night.test" && first.IsZero() {
			first = now
		}
		return Outcome{Lease: l, State: Done, Status: 200}
	})
	if first.Before(retryAfter) || first.After(retryAfter.Add(time.Minute)) {
		t.Errorf("it was asked again at %s, want %s", first, retryAfter)
	}
}

// TestBytesPerHost: a host that cost its bytes is left alone, through a restart,
// until the next round or a greater budget; others are not.
func TestBytesPerHost(t *testing.T) {
	now := time.Unix(1e9, 0)
	opt := Options{DefaultDelay: time.Second, Now: func() time.Time { return now }, Budget: Budget{BytesPerHost: 1000}, fs: vfs.NewMem()}
	f := open(t, opt.fs, opt)
	mustAdd(t, f, 60, pagesOf(t, "large.test", 60))
	mustAdd(t, f, 60, pagesOf(t, "small.test", 60))
	crawl := func(span time.Duration) (large, small int) {
		clockwork(t, f, &now, now.Add(span), func(l Lease) Outcome {
			o := Outcome{Lease: l, State: Done, Status: 200, Bytes: 100}
			if small++; l.URL.Hostname() == "large.test" {
				small--
				large++
			} else {
				o.Bytes = 1
			}
			return o
		})
		return large, small
	}
	if large, small := crawl(3 * time.Hour); large != 10 || small != 60 || f.Count().Bytes != 1060 {
		t.Errorf("%d and %d pages, %d bytes", large, small, f.Count().Bytes)
	}
	if why, _ := f.Why(addr(t, "http://large.test/59")); why.Refused != closedBytes {
		t.Errorf("why %+v", why)
	}
	f.Close()
	f = open(t, opt.fs, opt)
	if large, _ := crawl(3 * time.Hour); large != 0 {
		t.Errorf("%d pages after a restart", large)
	}
	if err := f.NextRound(); err != nil {
		t.Fatal(err)
	}
	if large, _ := crawl(2 * time.Hour); large != 10 || f.Count().Bytes != 1000 {
		t.Errorf("%d pages in the second round, %d bytes", large, f.Count().Bytes)
	}
	f.Close()
	opt.Budget.BytesPerHost = 1500
	f = open(t, opt.fs, opt)
	if large, _ := crawl(2 * time.Hour); large != 5 {
		t.Errorf("%d pages more with half as many bytes more", large)
	}
}
