package crawl

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// How often a page is tried again, and after how long, by what went wrong
// (specs/crawler.md 4.4). What is not listed is not tried again. Each wait is
// stretched by chance to 0.5 to 1.5 times.
var (
	networkWaits = []time.Duration{time.Minute, 10 * time.Minute, time.Hour}
	brokenWaits  = []time.Duration{10 * time.Second, 10 * time.Minute}
	serverWaits  = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}

	waitsOfClass = map[fetch.Class][]time.Duration{
		fetch.ClassNXDomain:  {time.Hour},
		fetch.ClassDNS:       networkWaits,
		fetch.ClassConnect:   networkWaits,
		fetch.ClassTimeout:   networkWaits,
		fetch.ClassTLS:       networkWaits,
		fetch.ClassProxy:     networkWaits,
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

// missingAgain is how long after a 404 a page that had a document is looked for
// again: only then it is gone.
const missingAgain = 24 * time.Hour

// How long a host is left alone that is in trouble: the first time, the second in a
// row and so on; then doubled, to 7 days. Between two times one page is asked for.
var (
	goneHost    = []time.Duration{24 * time.Hour}
	deafHost    = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour}
	brokenHost  = []time.Duration{10 * time.Minute}
	refusalHost = []time.Duration{24 * time.Hour}
)

// faultOf is what an answer, or none, says against its host.
func faultOf(status int, class fetch.Class) frontier.Fault {
	switch class {
	case fetch.ClassNXDomain:
		return frontier.Fault{Kind: string(class), After: 2, Waits: goneHost}
	case fetch.ClassDNS, fetch.ClassConnect, fetch.ClassTLS, fetch.ClassProxy:
		return frontier.Fault{Kind: string(class), After: 3, Waits: deafHost}
	case fetch.ClassTimeout, fetch.ClassReset, fetch.ClassSlow, fetch.ClassProtocol:
		return frontier.Fault{Kind: string(class), Waits: brokenHost}
	}
	switch {
	case status == http.StatusForbidden:
		return frontier.Fault{Kind: "blocked", Waits: refusalHost}
	case status >= 500 && status != http.StatusServiceUnavailable:
		return frontier.Fault{Kind: httpReason(status), Waits: brokenHost}
	}
	return frontier.Fault{}
}

// again tells when to try a page again that failed tries times before this.
func again(waits []time.Duration, tries int) (time.Time, bool) {
	if tries >= len(waits) {
		return time.Time{}, false
	}
	wait := time.Duration(float64(waits[tries]) * (0.5 + rand.Float64()))
	return time.Now().Add(wait), true
}

func httpReason(status int) string { return fmt.Sprint("http-", status) }
