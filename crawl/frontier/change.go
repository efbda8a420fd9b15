package frontier

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// How often a page changes, and how often it is worth a visit.
//
// Of n visits at a mean interval I, x found a change; a page that changes as a
// Poisson process then does so at about the rate (Cho and Garcia-Molina,
// "Estimating frequency of change", 2003, which corrects what a visit cannot
// see: a second change)
//
//	λ = -ln((n - x + 0.5) / (n + 0.5)) / I
//
// I is a moving mean, since intervals differ by orders of size while a page is
// being learned. What is known of its template, or of its host, counts as one
// visit more unless every visit found a change (then it would only hold the
// estimate down), so that a page is not judged by its first visit alone. The
// interval to the next is
//
//	1/λ × sqrt(λ × price / weight), within Recrawl.Min and Recrawl.Max
//
// which is how a budget of visits buys most freshness: the marginal gain of a
// visit is the same for all pages (Cho and Garcia-Molina, "Effective page refresh
// policies", 2003; the square root is the solution where visits are frequent, and
// TestFreshness holds it to the exact one). The price is one for all pages: it is
// a time, and a page of weight 1 that changes once in it is visited once in it.
const (
	defaultPrice  = 24 * time.Hour
	leastPrice    = time.Hour // a budget that is not used up does not make visits more useful than this
	defaultRate   = 1.0 / (24 * 3600)
	defaultMin    = 5 * time.Minute
	defaultMax    = 90 * 24 * time.Hour
	failedWait    = 24 * time.Hour // until what failed or was denied is looked at again, doubled each time
	uncondition   = 10             // one visit in so many sends no validators: servers lie
	knownEnough   = 8              // visits by which a template or host is a better guess than the default
	forgetHistory = 64             // visits after which all that is known of a page counts half
	maxMean       = 1 << 40        // s: a clock that was set wrong
	demandUnit    = 1e6            // demand is kept as an integer, so that its sum is exact
)

// levelWeight is how much a visit to a page of a level is worth.
var levelWeight = [Levels]float64{2, 1, 0.5, 0.25}

// history is what visits said about changes, of one page or of many.
type history struct {
	checks, changes uint32
	mean            uint64 // s, between visits
}

// How much the newest interval counts in the mean: of one page, whose intervals
// follow its estimate, and of many pages.
const (
	pageMean = 2.0 / 3
	manyMean = 1.0 / 16
)

// note adds a visit after an interval.
func (h *history) note(interval time.Duration, changed bool, newest float64) {
	if h.checks >= forgetHistory {
		h.checks, h.changes = h.checks/2, h.changes/2
	}
	s := min(max(1, interval.Seconds()), maxMean)
	if h.checks > 0 {
		s = s*newest + float64(h.mean)*(1-newest)
	}
	h.mean = uint64(math.Round(s))
	h.checks++
	if changed {
		h.changes++
	}
}

// rate estimates changes a second. prior is what is thought of pages like it.
func (h history) rate(prior float64) float64 {
	if h.checks == 0 || h.mean == 0 {
		return prior
	}
	n, x, mean := float64(h.checks), float64(h.changes), float64(h.mean)
	if h.changes < h.checks {
		n++
		x += 1 - math.Exp(-prior*mean) // as the prior expects the visit to end
	}
	return -math.Log((n-x+0.5)/(n+0.5)) / mean
}

func (h history) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(h.checks))
	dst = binary.AppendUvarint(dst, uint64(h.changes))
	return binary.AppendUvarint(dst, h.mean)
}

// text is for Inspect: empty where there is nothing to say.
func (h history) text() string {
	if h.checks == 0 {
		return ""
	}
	return fmt.Sprintf(" changes %d of %d, %ds apart", h.changes, h.checks, h.mean)
}

func (d *decoder) history() history {
	h := history{checks: d.uint32(), changes: d.uint32(), mean: d.uvarint()}
	if h.changes > h.checks || h.mean > maxMean {
		d.bad = true
	}
	return h
}

// demand is what a page asks of the budget: intervals are inverse to it.
func demand(rate, weight float64) uint32 {
	return uint32(min(max(1, math.Sqrt(rate*weight)*demandUnit), math.MaxUint32))
}

// Recrawl says that settled addresses are fetched again by themselves, each at
// its own interval; the zero value: only when Recrawl or Item.Again asks for it.
// What is due is kept in any case, so it can be turned on and off.
type Recrawl struct {
	Min, Max time.Duration // bounds of an interval; 0: 5 min, 90 days
	PerDay   float64       // visits that the whole frontier may spend on this; 0: as many as a price of a day makes it

	on bool // anything was set
}

func (r *Recrawl) defaults() {
	r.on = r.on || *r != Recrawl{}
	if r.Min <= 0 {
		r.Min = defaultMin
	}
	if r.Max <= 0 {
		r.Max = defaultMax
	}
	r.Max = max(r.Min, r.Max)
}

// price is in seconds. Intervals are sqrt(price)/demand, so the visits of all
// pages together are their demand/sqrt(price): solved for the budget.
func (r Recrawl) price(all uint64) float64 {
	if r.PerDay <= 0 {
		return defaultPrice.Seconds()
	}
	root := float64(all) / demandUnit / (r.PerDay / (24 * 3600))
	return max(leastPrice.Seconds(), root*root)
}

// interval until the next visit to a page of this demand.
func (r Recrawl) interval(demand uint32, price float64) time.Duration {
	s := math.Sqrt(price) / (float64(demand) / demandUnit)
	return min(max(time.Duration(min(s, 1e9)*float64(time.Second)), r.Min), r.Max)
}
