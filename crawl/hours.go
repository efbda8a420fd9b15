package crawl

import (
	"fmt"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// A Window is a time of the day at which hosts may be fetched. A host that windows
// name is left alone outside of them; others may be fetched at any time. (Google's
// Search Appliance had it as the host load schedule, Norconex has it as the schedule
// of its delays.)
type Window struct {
	Sites    []string       // host names, each with all below it; none: every host
	Days     []time.Weekday // on which it begins; none: every day
	From, To time.Duration  // since midnight, by the clock on the wall; To not after From: it ends the day after
	Zone     *time.Location // nil: UTC
}

func (w *Window) check() error {
	for _, d := range []time.Duration{w.From, w.To} {
		if d < 0 || d > 24*time.Hour {
			return fmt.Errorf("crawl: window from %s to %s: want times of a day", w.From, w.To)
		}
	}
	for _, d := range w.Days {
		if d < time.Sunday || d > time.Saturday {
			return fmt.Errorf("crawl: window on day %d of the week", d)
		}
	}
	return nil
}

func (w *Window) names(host string) bool {
	for _, s := range w.Sites {
		if host == s || strings.HasSuffix(host, "."+s) {
			return true
		}
	}
	return len(w.Sites) == 0
}

// opens is the first moment from at on that is in the window.
func (w *Window) opens(at time.Time) time.Time {
	zone := w.Zone
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	for day := -1; ; day++ { // it ends: there is no week without its day
		start, end := clock(y, m, d+day, w.From, zone), clock(y, m, d+day, w.To, zone)
		if w.To <= w.From {
			end = clock(y, m, d+day+1, w.To, zone)
		}
		switch {
		case !w.on(time.Date(y, m, d+day, 12, 0, 0, 0, zone).Weekday()), !at.Before(end):
		case at.Before(start):
			return start
		default:
			return at
		}
	}
}

func clock(y int, m time.Month, d int, t time.Duration, zone *time.Location) time.Time {
	return time.Date(y, m, d, 0, int(t.Minutes()), 0, 0, zone) // minutes are of the clock: they leave summer time out
}

func (w *Window) on(day time.Weekday) bool {
	for _, d := range w.Days {
		if d == day {
			return true
		}
	}
	return len(w.Days) == 0
}

// hours is a list of windows, as the frontier asks for it; nil: none.
func hours(windows []Window) func(u weburl.URL, at time.Time) time.Time {
	if len(windows) == 0 {
		return nil
	}
	return func(u weburl.URL, at time.Time) time.Time {
		first, named := at, false
		for i := range windows {
			if !windows[i].names(u.Hostname()) {
				continue
			}
			if opens := windows[i].opens(at); !named || opens.Before(first) {
				first, named = opens, true
			}
		}
		return first
	}
}

// scheduled tells whether a host may be kept from being fetched now by its hours.
func (c *Crawler) scheduled() bool {
	now := time.Now()
	for i := range c.opt.Schedule {
		if c.opt.Schedule[i].opens(now).After(now) {
			return true
		}
	}
	return false
}
