package crawl

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
)

// How often a page is tried again, and after how long, by what went wrong
// (specs/crawler.md 4.4). What is not listed is not tried again. Each wait is
// stretched by chance to 0.5 to 1.5 times.
var (
	networkWaits = []time.Duration{time.Minute, 10 * time.Minute, time.Hour}
	brokenWaits  = []time.Duration{10 * time.Second, 10 * time.Minute}
	serverWaits  = []time.Duration{30 * time.Second, 2 * time.Minute, 8 * time.Minute}

	waitsOfClass = map[fetch.Class][]time.Duration{
		fetch.ClassNXDomain:  {time.Hour},
		fetch.ClassDNS:       networkWaits,
		fetch.ClassConnect:   networkWaits,
		fetch.ClassTimeout:   networkWaits,
		fetch.ClassTLS:       networkWaits,
		fetch.ClassReset:     brokenWaits,
		fetch.ClassTruncated: brokenWaits,
		fetch.ClassDecode:    brokenWaits,
		fetch.ClassSlow:      brokenWaits,
	}
	waitsOfStatus = map[int][]time.Duration{
		403: {24 * time.Hour},
		408: serverWaits, 425: serverWaits, 500: serverWaits, 502: serverWaits, 504: serverWaits,
	}
)

// again tells when to try a page again that failed tries times before this.
func again(waits []time.Duration, tries int) (time.Time, bool) {
	if tries >= len(waits) {
		return time.Time{}, false
	}
	wait := time.Duration(float64(waits[tries]) * (0.5 + rand.Float64()))
	return time.Now().Add(wait), true
}

func httpReason(status int) string { return fmt.Sprint("http-", status) }
