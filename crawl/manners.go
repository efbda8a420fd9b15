package crawl

import (
	"net/http"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
)

// How long a host is left alone between two requests:
//
//	delay = max(Crawl-delay, clamp(5 × latency × penalty, Options.Delay, 30 s))
//
// latency is the moving average of its answers (Heritrix's rule: a host is busy
// with us a sixth of the time at most). After three answers within 250 ms in a
// row latency does not count (Common Crawl's rule). 429 and 503 double the
// penalty, twenty good answers take a tenth off it. Options.Delay < 0: none of
// this, no delay at all.
const (
	latencyFactor = 5
	maxDelay      = 30 * time.Second
	fastAnswer    = 250 * time.Millisecond
	fastInARow    = 3
	maxPenalty    = 64.0
	goodInARow    = 20
)

// How long a host is left alone that says it is busy (429, 503) and not for how long:
// doubled each time in a row. Hosts in trouble are the frontier's business: see retry.go.
const (
	busyFirst    = 30 * time.Second
	longestPause = 24 * time.Hour
)

// manners is how one origin bears us. origin.mu guards it.
type manners struct {
	latency time.Duration // moving average
	fast    int           // answers in a row within fastAnswer
	penalty float64       // 1 and more; 0: 1
	good    int           // good answers since the penalty changed
	busy    int           // 429 and 503 in a row
}

// bearing is what follows from an answer for its host.
type bearing struct {
	delay time.Duration // as frontier.Outcome.HostDelay
	pause time.Time     // no request before; zero: none
}

// note takes in one answer, or none, and tells how to treat the host now.
func (o *origin) note(resp *fetch.Response, floor time.Duration, product string) bearing {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	m := &o.manners
	b := bearing{delay: -1}
	status := 0
	if resp != nil {
		status = resp.Status
		m.time(resp.Took)
	}
	m.penalty = max(1, m.penalty)
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		wait := min(busyFirst<<min(m.busy, 12), longestPause)
		if asked, ok := fetch.RetryAfter(resp.Header, now); ok {
			wait = asked
		}
		m.busy++
		m.penalty, m.good = min(maxPenalty, 2*m.penalty), 0
		b.pause = now.Add(max(wait, time.Second))
	case status != 0 && status < 500 && status != http.StatusForbidden:
		m.busy = 0
		if m.good++; m.good >= goodInARow {
			m.penalty, m.good = max(1, m.penalty*0.9), 0
		}
	}
	if floor > 0 {
		asked, _ := o.rules.Delay(product)
		b.delay = max(asked, m.delay(floor))
	}
	return b
}

func (m *manners) time(took time.Duration) {
	if m.latency == 0 {
		m.latency = took
	}
	m.latency += (took - m.latency) / 4
	m.fast++
	if took >= fastAnswer {
		m.fast = 0
	}
}

func (m *manners) delay(floor time.Duration) time.Duration {
	adaptive := latencyFactor * m.latency
	if m.fast >= fastInARow {
		adaptive = floor
	}
	adaptive = max(adaptive, floor)
	return min(time.Duration(float64(adaptive)*m.penalty), max(maxDelay, floor))
}
