package crawltest

import (
	"encoding/json"
	"time"
)

// A Counter is what the log says of one path of one host.
type Counter struct {
	Requests    int           `json:"requests"`
	LeastGap    time.Duration `json:"least_gap_ns"` // from one request to the next; 0: there was one
	GreatestGap time.Duration `json:"greatest_gap_ns"`
	Bytes       int64         `json:"bytes"` // that were written before the client had enough
	Statuses    map[int]int   `json:"statuses"`
}

// Counters are the counters by host and path ("a.test/x"), of a host with all
// its paths by host alone.
func (w *Web) Counters() map[string]*Counter {
	out := map[string]*Counter{}
	last := map[string]time.Time{}
	for _, r := range w.Requests() {
		for _, key := range []string{r.Host, r.Host + r.Path()} {
			c := out[key]
			if c == nil {
				c = &Counter{Statuses: map[int]int{}}
				out[key] = c
			} else {
				gap := r.Start.Sub(last[key])
				if c.Requests == 1 || gap < c.LeastGap {
					c.LeastGap = gap
				}
				c.GreatestGap = max(c.GreatestGap, gap)
			}
			last[key] = r.Start
			c.Requests++
			c.Bytes += r.Bytes
			c.Statuses[r.Status]++
		}
	}
	return out
}

// CountersJSON is Counters as a JSON object.
func (w *Web) CountersJSON() []byte {
	b, err := json.MarshalIndent(w.Counters(), "", " ")
	if err != nil {
		w.tb.Errorf("crawltest: counters: %v", err) // numbers and strings always can be
	}
	return b
}

// Total is how many requests there were.
func (w *Web) Total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}
