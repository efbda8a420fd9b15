package crawl

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// Limits of an address, against traps (specs/crawler.md 4.7).
const (
	maxSegments  = 20
	maxParams    = 12
	maxRepeats   = 3 // of one path segment; a cycle of some repeats each of them
	maxYearAhead = 2 // of a calendar
)

// trap knows addresses that no author writes: what pages without end are made of.
func trap(u weburl.URL) string {
	query, path := u.Query(), u.Path()
	if query != "" && strings.Count(query, "&")+1 > maxParams {
		return "too-many-parameters"
	}
	n := strings.Count(path, "/")
	switch {
	case n > maxSegments:
		return "too-many-segments"
	case n > maxRepeats && repeats(path):
		return "repeating-segments"
	case query != "" && farDay(query, time.Now()):
		return "calendar"
	}
	return ""
}

// repeats tells whether one segment comes often in a path.
func repeats(path string) bool {
	var memory [maxSegments + 1]string
	segments := memory[:0]
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "" || len(segments) == cap(segments) {
			continue
		}
		segments = append(segments, seg)
		if n := count(segments, seg); n > maxRepeats {
			return true
		}
	}
	return false
}

func count(list []string, s string) int {
	n := 0
	for _, other := range list {
		if other == s {
			n++
		}
	}
	return n
}

// dateNames are names of parameters that calendars have; a year is asked for beside
// another of them.
var dateNames = []string{"y", "yr", "year", "m", "mon", "month", "d", "day", "date", "w", "week"}

// farDay tells whether a query asks a calendar for a day that no author has written
// about yet. Days of the past may be an archive: budgets bound those.
func farDay(query string, now time.Time) bool {
	dates, ahead := 0, false
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if !slices.Contains(dateNames, strings.ToLower(name)) {
			continue
		}
		dates++
		if len(value) < 4 {
			continue
		}
		if len(value) > 4 {
			dates++ // 2031-05, 20310501
		}
		year, err := strconv.Atoi(value[:4])
		ahead = ahead || err == nil && year > now.Year()+maxYearAhead
	}
	return ahead && dates > 1
}
