package api

import (
	"fmt"
	"slices"
	"time"
)

// A Generation is one complete build of a collection's index. The first is
// number 1, and a number is never given twice.
type Generation struct {
	Number    int       `json:"number"`
	Crawl     int64     `json:"crawl,omitempty"`    // number of the crawl that was last asked for to write it
	Begun     time.Time `json:"begun,omitzero"`     // when its full crawl was asked for; absent: it is the first
	Published time.Time `json:"published,omitzero"` // when searches last began to be answered from it
	From      int       `json:"from,omitempty"`     // the generation whose pushed documents it begins with
	Held      *Verdict  `json:"held,omitempty"`     // a candidate's: why it was not published; absent: it is being built
	Guarded   *Verdict  `json:"guarded,omitempty"`  // what the guard found when it was built; absent: it was not looked at
}

// Generations are the builds that a collection has. They change by one write of
// the collection, so that all processes see one of them live, and never none.
type Generations struct {
	Live      Generation   `json:"live"`                // what searches are answered from
	Candidate *Generation  `json:"candidate,omitempty"` // what a full crawl builds beside it, or what was held
	Previous  []Generation `json:"previous,omitempty"`  // for roll-back, the one that was live last first
	Deleting  []Doomed     `json:"deleting,omitempty"`  // what is being deleted
	Last      int          `json:"last"`                // the highest number that was given
	Events    []Event      `json:"events,omitempty"`    // the last of them; the database has all
}

// A Doomed generation is deleted once no search can be under way in it any more.
type Doomed struct {
	Number int       `json:"number"`
	Since  time.Time `json:"since"`
}

// What happens to generations.
const (
	EventBegun      = "begun"
	EventPublished  = "published"
	EventHeld       = "held"
	EventDiscarded  = "discarded"
	EventRolledBack = "rolled_back"
	EventDeleted    = "deleted"
)

// An Event is something that happened to a generation of a collection.
type Event struct {
	Number     int64     `json:"number"` // counted from 1 in each collection
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // begun, published, held, discarded, rolled_back or deleted
	Generation int       `json:"generation"`
	Crawl      int64     `json:"crawl,omitempty"`
	Detail     string    `json:"detail,omitempty"` // for people
}

// maxEvents bounds the events that travel with a collection in the registry,
// until a gateway has written them to the database.
const maxEvents = 50

// A Guard says which candidates are held back from searches. One without any
// page always is.
type Guard struct {
	MaxLost   *float64 `json:"max_lost,omitempty"`   // share of the live pages that it may lack, 0 to 1; absent: 0.1
	MaxErrors *float64 `json:"max_errors,omitempty"` // share of its fetches that may have failed, 0 to 1; absent: 0.1
}

// The guard's limits where a collection sets none, and how many generations
// stay for roll-back.
const (
	DefaultMaxLost         = 0.1
	DefaultMaxErrors       = 0.1
	DefaultKeepGenerations = 1
	MaxKeepGenerations     = 10
)

// A Verdict is what the guard found of a candidate.
type Verdict struct {
	At        time.Time `json:"at"`
	Pages     uint64    `json:"pages"`             // crawled documents of the candidate
	LivePages uint64    `json:"live_pages"`        // those of the live generation
	Lost      uint64    `json:"lost"`              // of those, neither in the candidate nor leading to a page of it
	Moved     uint64    `json:"moved"`             // of those, leading to another page of the candidate
	Added     uint64    `json:"added"`             // in the candidate alone
	Fetches   int64     `json:"fetches"`           // addresses of the full crawl that were asked for
	Errors    int64     `json:"errors"`            // of those, without an answer in the end; 404 is an answer
	Reasons   []string  `json:"reasons,omitempty"` // why it is held; none: it was published
}

// Judge fills in the reasons to hold a candidate.
func (g *Guard) Judge(v *Verdict) {
	maxLost, maxErrors := DefaultMaxLost, DefaultMaxErrors
	if g != nil && g.MaxLost != nil {
		maxLost = *g.MaxLost
	}
	if g != nil && g.MaxErrors != nil {
		maxErrors = *g.MaxErrors
	}
	v.Reasons = nil
	if v.Pages == 0 {
		v.Reasons = append(v.Reasons, "no page was found at all")
	}
	if lost := share(float64(v.Lost), float64(v.LivePages)); lost > maxLost {
		v.Reasons = append(v.Reasons, fmt.Sprintf("%d of %d pages are lost (%.1f %%, limit %g %%)", v.Lost, v.LivePages, 100*lost, 100*maxLost))
	}
	if failed := share(float64(v.Errors), float64(v.Fetches)); failed > maxErrors {
		v.Reasons = append(v.Reasons, fmt.Sprintf("%d of %d fetches failed (%.1f %%, limit %g %%)", v.Errors, v.Fetches, 100*failed, 100*maxErrors))
	}
}

func share(part, all float64) float64 {
	if all == 0 {
		return 0
	}
	return part / all
}

func (g *Guard) check() error {
	for name, limit := range map[string]*float64{"max_lost": g.MaxLost, "max_errors": g.MaxErrors} {
		if limit != nil && !(*limit >= 0 && *limit <= 1) { // NaN is neither
			return fmt.Errorf("guard: %s %g: want a share from 0 to 1", name, *limit)
		}
	}
	return nil
}

// orElse fills what g leaves out from old.
func (g Guard) orElse(old *Guard) *Guard {
	if old != nil && g.MaxLost == nil {
		g.MaxLost = old.MaxLost
	}
	if old != nil && g.MaxErrors == nil {
		g.MaxErrors = old.MaxErrors
	}
	return &g
}

// Standing is the generations of c, to be kept or changed: a collection that
// never had a full crawl has the first, and no other.
func (c *Collection) Standing() Generations {
	if c.Generations == nil {
		return Generations{Live: Generation{Number: 1, Crawl: c.Crawl}, Last: 1}
	}
	g := *c.Generations
	g.Previous, g.Deleting, g.Events = slices.Clone(g.Previous), slices.Clone(g.Deleting), slices.Clone(g.Events)
	if g.Candidate != nil {
		own := *g.Candidate
		g.Candidate = &own
	}
	return g
}

// Live is the number of the generation that searches are answered from.
func (c *Collection) Live() int {
	if c.Generations == nil {
		return 1
	}
	return c.Generations.Live.Number
}

// Building tells whether a full crawl is under way: the candidate is not judged yet.
func (g *Generations) Building() bool { return g.Candidate != nil && g.Candidate.Held == nil }

// Kept are the numbers of all generations whose index is kept up to date: the
// live one first.
func (g *Generations) Kept() []int {
	out := []int{g.Live.Number}
	if g.Candidate != nil {
		out = append(out, g.Candidate.Number)
	}
	for _, p := range g.Previous {
		out = append(out, p.Number)
	}
	return out
}

func (g *Generations) record(at time.Time, kind string, of Generation, detail string) {
	e := Event{Number: 1, At: at.UTC(), Kind: kind, Generation: of.Number, Crawl: of.Crawl, Detail: detail}
	if n := len(g.Events); n > 0 {
		e.Number = g.Events[n-1].Number + 1
	}
	g.Events = append(g.Events, e)
	g.Events = g.Events[max(0, len(g.Events)-maxEvents):]
}

// AskCrawl asks for one more crawl into the live generation, and tells its number.
func (c *Collection) AskCrawl() int64 {
	c.Crawl++
	if c.Generations != nil {
		g := c.Standing()
		g.Live.Crawl = c.Crawl
		c.Generations = &g
	}
	return c.Crawl
}

// AskFull asks for a crawl from nothing into a generation of its own, and tells
// the crawl's number. One that is under way goes on; a candidate that is held
// gives way.
func (c *Collection) AskFull(now time.Time) int64 {
	g := c.Standing()
	if g.Building() {
		return g.Candidate.Crawl
	}
	g.discard(now, "another full crawl takes its place")
	c.Crawl++
	g.Last++
	g.Candidate = &Generation{Number: g.Last, Crawl: c.Crawl, Begun: now.UTC(), From: g.Live.Number}
	g.record(now, EventBegun, *g.Candidate, "")
	c.Generations = &g
	return c.Crawl
}

// Judged takes the guard's verdict on the candidate of that number: it is
// published, or held. A candidate that is gone or judged by now is ErrConflict.
func (c *Collection) Judged(number int, v Verdict) error {
	g := c.Standing()
	if !g.Building() || g.Candidate.Number != number {
		return fmt.Errorf("%w: generation %d is no longer being built", ErrConflict, number)
	}
	g.Candidate.Guarded = &v
	if len(v.Reasons) > 0 {
		g.Candidate.Held = &v
		g.record(v.At, EventHeld, *g.Candidate, sentence(v.Reasons))
	} else {
		g.publish(v.At, c.keep(), fmt.Sprintf("%d pages, %d lost, %d moved, %d new", v.Pages, v.Lost, v.Moved, v.Added))
	}
	c.Generations = &g
	return nil
}

// Publish makes a candidate live that was held.
func (c *Collection) Publish(now time.Time) error {
	g := c.Standing()
	switch {
	case g.Candidate == nil:
		return fmt.Errorf("%w: %s has no crawl that is held", ErrConflict, c.Name)
	case g.Building():
		return fmt.Errorf("%w: generation %d of %s is still being built; it is published when it is done, unless the guard holds it", ErrConflict, g.Candidate.Number, c.Name)
	}
	g.publish(now, c.keep(), "though it was held: "+sentence(g.Candidate.Held.Reasons))
	c.Generations = &g
	return nil
}

// publish is the swap: the live generation stays for roll-back, as do those
// before it, up to keep. A crawl that was asked for after the full one is the new
// live generation's to do.
func (g *Generations) publish(now time.Time, keep int, detail string) {
	g.Previous = append([]Generation{g.Live}, g.Previous...)
	asked := g.Live.Crawl
	g.Live, g.Candidate = *g.Candidate, nil
	g.Live.Crawl = max(g.Live.Crawl, asked)
	g.Live.Held, g.Live.Published = nil, now.UTC()
	g.record(now, EventPublished, g.Live, detail)
	for _, old := range g.Previous[min(keep, len(g.Previous)):] {
		g.doom(now, old.Number)
	}
	g.Previous = g.Previous[:min(keep, len(g.Previous))]
}

// Discard drops the candidate, whether it is being built or held.
func (c *Collection) Discard(now time.Time) error {
	g := c.Standing()
	if g.Candidate == nil {
		return fmt.Errorf("%w: %s has no crawl that is held, and no full crawl is under way", ErrConflict, c.Name)
	}
	g.discard(now, "")
	c.Generations = &g
	return nil
}

func (g *Generations) discard(now time.Time, detail string) {
	if g.Candidate == nil {
		return
	}
	g.record(now, EventDiscarded, *g.Candidate, detail)
	g.doom(now, g.Candidate.Number)
	g.Candidate = nil
}

// Rollback makes the generation live that was live before; another Rollback
// undoes it. Its crawl goes on where it stood.
func (c *Collection) Rollback(now time.Time) error {
	g := c.Standing()
	if len(g.Previous) == 0 {
		return fmt.Errorf("%w: %s has no generation before generation %d", ErrConflict, c.Name, g.Live.Number)
	}
	g.Live, g.Previous[0] = g.Previous[0], g.Live
	g.Live.Published = now.UTC()
	g.record(now, EventRolledBack, g.Live, fmt.Sprintf("from generation %d", g.Previous[0].Number))
	c.Generations = &g
	return nil
}

func (g *Generations) doom(now time.Time, number int) {
	g.Deleting = append(g.Deleting, Doomed{number, now.UTC()})
}

// Deleted says that nothing is left of a generation that was being deleted.
func (c *Collection) Deleted(now time.Time, number int) {
	g := c.Standing()
	before := len(g.Deleting)
	g.Deleting = slices.DeleteFunc(g.Deleting, func(d Doomed) bool { return d.Number == number })
	if len(g.Deleting) == before {
		return
	}
	g.record(now, EventDeleted, Generation{Number: number}, "")
	c.Generations = &g
}

func (c *Collection) keep() int {
	if c.KeepGenerations == nil {
		return DefaultKeepGenerations
	}
	return *c.KeepGenerations
}

func sentence(reasons []string) string {
	out := ""
	for i, r := range reasons {
		if i > 0 {
			out += "; "
		}
		out += r
	}
	return out
}

// A CrawlRequest asks for a crawl: a source, whose settings replace those of the
// collection where they are given, and what is to become of it.
type CrawlRequest struct {
	Source
	Full            bool   `json:"full,omitempty"`             // from nothing, into a generation of its own
	Guard           *Guard `json:"guard,omitempty"`            // kept with the collection, limit by limit
	KeepGenerations *int   `json:"keep_generations,omitempty"` // likewise
}

// CrawlAccepted answers a CrawlRequest.
type CrawlAccepted struct {
	Collection string `json:"collection"`
	Crawl      int64  `json:"crawl"`      // its number
	Generation int    `json:"generation"` // what it writes to
}

// A Diff compares two generations of a collection by the addresses of their
// crawled pages; pushed documents are in both. With a candidate it goes from the
// live generation to that; without, from the generation before to the live one.
type Diff struct {
	Collection string `json:"collection"`
	From       int    `json:"from"`
	To         int    `json:"to"`
	State      string `json:"state"` // of To: building, held or live

	FromPages uint64 `json:"from_pages"`
	ToPages   uint64 `json:"to_pages"`
	Lost      uint64 `json:"lost"`  // in From alone
	Moved     uint64 `json:"moved"` // likewise, but leading to a page of To
	Added     uint64 `json:"added"` // in To alone
	Changed   uint64 `json:"changed"`
	Same      uint64 `json:"same"`

	Reasons map[string]uint64 `json:"reasons,omitempty"` // why pages were lost, counted
	Verdict *Verdict          `json:"verdict,omitempty"` // what the guard found; absent: it has not looked

	LostPages    []LostPage `json:"lost_pages"`    // some of them, as many as was asked for
	AddedPages   []string   `json:"added_pages"`   // likewise
	ChangedPages []string   `json:"changed_pages"` // likewise
}

// A LostPage is one that the live generation has and a candidate has not.
type LostPage struct {
	URL     string `json:"url"`
	Reason  string `json:"reason"`            // such as gone/http-404, failed/http-500, denied/robots, unlinked
	Instead string `json:"instead,omitempty"` // what it leads to, if that is a page of the candidate
}

// MaxDiffPages bounds the addresses of each kind that a Diff lists.
const MaxDiffPages = 10_000
