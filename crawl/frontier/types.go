package frontier

import (
	"net/netip"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// State is what became of an address.
type State uint8

const (
	Queued      State = iota + 1 // waits for its fetch; also while in flight
	Done                         // has a document
	NotModified                  // outcome only: as it was (stored as Done or Skipped)
	Skipped                      // fetched, and rightly no document: noindex, a type we do not read, a sitemap
	Gone                         // 404 or 410
	Redirect                     // stands for Alias
	Denied                       // robots or scope forbid it
	Failed                       // given up until the next recrawl
	Retry                        // outcome only: queued again for RetryAt, a try counted
	Postponed                    // outcome only: queued again for RetryAt, no try counted: the host was the trouble
	Held                         // waits for the budget of its template
	numStates
)

var stateNames = [numStates]string{"none", "queued", "done", "not-modified", "skipped", "gone", "redirect", "denied", "failed", "retry", "postponed", "held"}

func (s State) String() string {
	if s >= numStates {
		return "invalid"
	}
	return stateNames[s]
}

// Limits of what is stored. An address beyond MaxURLBytes is not queued; an ETag
// or Last-Modified beyond maxValidatorBytes is forgotten (it costs a full fetch).
const (
	MaxURLBytes       = 2048
	Levels            = 4 // priorities 0 (first) to 3; greater ones count as 3
	maxValidatorBytes = 512
	maxReasonBytes    = 256
)

// An Item is an address to queue.
type Item struct {
	URL      weburl.URL // its Page() is what is queued
	Depth    int        // links from the seed
	Hops     uint8      // redirects that led here
	Priority uint8      // 0 is served first, 3 last
	Mark     uint8      // the caller's bits: added to those of a known address, given back in its leases
	Again    bool       // queue it though it is known
	Unheld   bool       // queue it though the budget of its template is used up: others wait for its answer
	Referrer weburl.URL // where it was found; may be zero
	LastMod  time.Time  // not used yet: a hint of a sitemap
}

// seeds tells whether the item is a seed: nothing led to it.
func (it *Item) seeds() bool { return it.Depth <= 0 && it.Referrer.IsZero() }

// A Lease is an address that was handed out. It must end in Commit or Return.
type Lease struct {
	URL                weburl.URL
	Depth              int
	Hops, Mark         uint8
	Priority           uint8
	Referrer           weburl.URL
	Tries              int           // fetches that ended in Retry since the last settled one
	Visits             int           // fetches that were settled
	Fetched            time.Time     // of the last that was neither Denied nor Failed; zero before
	HasDoc             bool          // the index holds a document for it
	Alias              weburl.URL    // as of the last Outcome
	ETag, LastModified string        // of the last fetch
	ContentHash        [16]byte      // of the last fetch
	Unconditional      bool          // no validators are to be sent, and none are given: one visit in ten looks whether they lie
	MissingSince       time.Time     // of Outcome.Missing in a row, the first; zero: it was there
	Misses             int           // how many
	HostDelay          time.Duration // what is kept between two requests now
	HostErrors         int           // faults of the host in a row,
	HostErrorsSince    time.Time     // the first of them,
	HostParked         int           // and how often they parked it; not 0: this lease is the probe
	IP                 netip.Addr    // of the host, as Located told it last; not valid: not known

	fl *flight
}

// An Outcome settles a lease.
type Outcome struct {
	Lease              Lease
	State              State
	Status             int    // HTTP status; 0: none
	Reason             string // one of a small vocabulary: it is counted in Stats
	Deleted            bool   // a deletion of its document is in the outbox (implied by Skipped, Gone and Redirect)
	ETag, LastModified string
	ContentHash        [16]byte
	Alias              weburl.URL // Redirect: the target. Skipped, Retry: the address that stands for it
	Links              []Item
	Truncated          bool      // a limit cut off some of what was read: there may be more links, or text. NotModified: it is as it was
	RetryAt            time.Time // Retry, Postponed
	Due                time.Time // of the others: the next visit; zero: by its change rate
	Waits              bool      // Retry: nothing failed, it waits for what another address proves to be
	Missing            bool      // the answer was that there is no such page; counted until another answer comes

	HostDelay time.Duration // from now on; 0: as it is, negative: none
	HostPause time.Time     // no request before; zero: as it is
	Fault     Fault         // the host was the trouble; zero: it was not
	Presence  Presence      // whether the host is there at all, see gone.go

	Fenced bool // set by Commit: it was refused, see Frontier.Fence

	// Done: what SameContent and Similar find it by, beside its ContentHash.
	Bands  []uint64 // at most MaxBands; none: it is not found by Similar
	Sketch []byte   // at most MaxSketchBytes, given back in a Candidate

	// For budgets: see Budget.
	Novel bool          // it has a document, and none of the index has about the same text
	Bytes int64         // of the answer
	Took  time.Duration // the fetch
}

// A Batch is what one Commit makes durable together.
type Batch struct {
	Outcomes []Outcome
	Outbox   []Entry
	Hosts    []HostDelta
	WARC     WARCPosition // up to where captures are committed; zero: as it is
}

// WARCPosition is a place in the captures.
type WARCPosition struct {
	File   string
	Offset int64
}

// An Entry is an indivisible batch of documents for one shard.
type Entry struct {
	Part uint32
	Data [][]byte
}

// A Status is what is known about an address.
type Status struct {
	URL       weburl.URL
	State     State
	InFlight  bool
	Reason    string
	Refused   string // why it would not be queued, if it is not known: the budget it is over; of what is queued: the setting that it waits for
	Status    int
	Depth     int
	Hops      uint8
	Mark      uint8
	Priority  uint8
	Tries     int
	Visits    int
	Referrer  weburl.URL
	Alias     weburl.URL
	HasDoc    bool
	Truncated bool      // see Outcome
	Due       time.Time // queued: not before; zero: at once. Settled: the next visit, if Options.Recrawl is on
	Changes   int       // visits that found a change,
	Checks    int       // of so many that could tell
	Changed   time.Time // when the last was found
	Fetched   time.Time
}

// Stats are totals of the crawl, and what is in memory.
type Stats struct {
	Queued, Done, Skipped, Gone, Redirects, Denied, Failed int64
	Held                                                   int64            // wait for the budget of their template
	Retrying                                               int64            // of Queued: failed, and wait for another try
	Waiting                                                int64            // of Queued: see Outcome.Waits
	Reasons                                                map[string]int64 // "failed/timeout", of what is Skipped, Gone, Denied or Failed; at most 128, then "failed/other"
	Visits                                                 int64            // settled addresses that have a next visit
	Hosts                                                  int64            // ever seen
	Outbox                                                 int64            // entries not yet taken
	InFlight                                               int              // leased or not yet committed
	FrontHosts                                             int              // in memory
	ActiveHosts                                            int              // of them: wait for nothing but their delay
	NextDue                                                time.Time        // when the next lease can be had; zero: never as things stand
}
