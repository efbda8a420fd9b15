// Package api is what programs speak: the native REST interface under /api/v1,
// described by the OpenAPI 3.1 document at /openapi.json, and its Go client.
//
// Bodies are JSON in snake_case; documents come as NDJSON. Errors are RFC 9457
// problem documents with a stable code. Bodies are bounded: one document 4 MiB,
// settings 1 MiB.
package api

import (
	"fmt"
	"regexp"
	"time"
)

// A Collection is what one searches: its settings as the API, the registry and
// SQL hold them.
type Collection struct {
	Name    string  `json:"name"`
	Lang    string  `json:"lang,omitempty"`   // analysis of documents that name no language; empty: en
	Shards  int     `json:"shards,omitempty"` // fixed at creation; zero: 1
	Source  *Source `json:"source,omitempty"` // what is crawled into it
	Crawl   int64   `json:"crawl,omitempty"`  // number of the crawl last asked for
	Version int64   `json:"version,omitempty"`

	Guard           *Guard       `json:"guard,omitempty"`            // which full crawls are held back; absent: its defaults
	KeepGenerations *int         `json:"keep_generations,omitempty"` // for roll-back, 0 to 10; absent: 1
	Generations     *Generations `json:"generations,omitempty"`      // absent: there was no full crawl yet; not to be set
}

// A Duration is written as Go writes it: "1.5s", "-1s", "0s".
type Duration time.Duration

// MarshalText and UnmarshalText make a Duration readable in JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms or 2s", b)
	}
	*d = Duration(v)
	return nil
}

// MaxShards bounds the shards of a collection; each is a log stream.
const MaxShards = 256

var collectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Check tells what is wrong with c in words for who wrote it.
func (c *Collection) Check() error {
	switch {
	case !collectionName.MatchString(c.Name):
		return fmt.Errorf("collection name %q: want 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit", c.Name)
	case c.Shards < 0 || c.Shards > MaxShards:
		return fmt.Errorf("shards %d: want 1 to %d", c.Shards, MaxShards)
	case c.KeepGenerations != nil && (*c.KeepGenerations < 0 || *c.KeepGenerations > MaxKeepGenerations):
		return fmt.Errorf("keep_generations %d: want 0 to %d", *c.KeepGenerations, MaxKeepGenerations)
	}
	if c.Guard != nil {
		if err := c.Guard.check(); err != nil {
			return err
		}
	}
	if c.Source == nil {
		return nil
	}
	return c.Source.check()
}

// A Status tells how a collection's crawl and index stand.
type Status struct {
	Collection string       `json:"collection"`
	Crawl      *CrawlStatus `json:"crawl,omitempty"` // absent: nothing is crawled, or no crawler has reported yet
	Index      IndexStatus  `json:"index"`           // of the live generation

	Generation    int          `json:"generation"`               // the live one
	Candidate     *Generation  `json:"candidate,omitempty"`      // beside it: being built, or held
	CandidateDocs uint64       `json:"candidate_docs,omitempty"` // documents of the candidate so far
	Previous      []Generation `json:"previous,omitempty"`       // for roll-back
}

// A CrawlStatus is the crawler's own report, at most a second old while it lives.
type CrawlStatus struct {
	Number         int64            `json:"number"`     // the crawl that is running or done
	Generation     int              `json:"generation"` // what it writes to
	State          string           `json:"state"`      // running, idle or stopped
	Pages          int64            `json:"pages"`
	NotModified    int64            `json:"not_modified"`
	Queued         int64            `json:"queued"`
	InFlight       int64            `json:"in_flight"`
	Failed         int64            `json:"failed"`
	Denied         int64            `json:"denied"`
	Outbox         int64            `json:"outbox"` // documents found and not yet in the log
	Bytes          int64            `json:"bytes"`
	PagesPerSecond float64          `json:"pages_per_second"`
	Errors         map[string]int64 `json:"errors,omitempty"` // failed addresses by class
	Processes      int              `json:"processes"`        // that share the crawl
	Oldest         *Underway        `json:"oldest,omitempty"` // of the pages in hand, the one begun first
	Reported       time.Time        `json:"reported"`
}

// Underway is a page that a crawler has in hand.
type Underway struct {
	URL   string    `json:"url"`
	Stage string    `json:"stage"` // robots, fetch, read, render or commit
	Since time.Time `json:"since"`
}

// An IndexStatus sums the shards of a collection.
type IndexStatus struct {
	Docs    uint64 `json:"docs"`
	Pending uint64 `json:"pending"` // documents in the log that no search sees yet
	Shards  int    `json:"shards"`
	Serving int    `json:"serving"` // shards with an index to search

	// Trouble tells which shards are not being indexed, and why.
	Trouble []string `json:"trouble,omitempty"`
}

// A Crawl is one run over a collection's source, as the gateway recorded it.
type Crawl struct {
	Number     int64      `json:"number"`
	Generation int        `json:"generation"` // what it wrote to
	State      string     `json:"state"`      // running, idle (done) or stopped, when it was last heard of
	Seeds      []string   `json:"seeds"`
	Started    time.Time  `json:"started"`
	Finished   *time.Time `json:"finished,omitempty"` // absent: not yet
	Pages      int64      `json:"pages"`
	Failed     int64      `json:"failed"`
}

// Done tells whether crawl number n of the live generation has ended and all of
// it can be searched. While a full crawl runs it waits for its turn.
func (s *Status) Done(n int64) bool {
	c := s.Crawl
	return c != nil && c.Generation == s.Generation && c.Number >= n && c.State == "idle" && c.Outbox == 0 && s.Index.Pending == 0
}

// Answer is the body of a search.
type Answer struct {
	Query   string   `json:"query"`
	Total   uint64   `json:"total"`
	TookMS  float64  `json:"took_ms"`
	Hits    []Hit    `json:"hits"`
	Dropped []string `json:"dropped,omitempty"` // words too common to search for
	Cut     []string `json:"cut,omitempty"`     // what exceeded a limit and was looked for in part only
	Facets  []Facet  `json:"facets,omitempty"`  // as they were asked for
	Docs    uint64   `json:"docs"`              // documents searched
	Shards  Shards   `json:"shards"`
}

// Shards tells which parts of a collection answered; a partial answer says so.
type Shards struct {
	Total  int `json:"total"`
	OK     int `json:"ok"`
	Failed int `json:"failed"`
}

// A Hit is one document of an answer.
type Hit struct {
	ID        string  `json:"id"`
	URL       string  `json:"url,omitempty"`
	Title     string  `json:"title"`
	Score     float64 `json:"score"`
	Snippet   string  `json:"snippet"`             // empty where snippets=false was asked
	Highlight string  `json:"highlight,omitempty"` // the snippet as HTML, its words in <mark>
	Explain   any     `json:"explain,omitempty"`
	SortValue *int64  `json:"sort_value,omitempty"` // what sort=FIELD sorts by; absent: the document has none

	Fields map[string]string `json:"fields,omitempty"` // what else is known: of a page such as site_name, author, breadcrumb, price; of a pushed document its further fields. Several values stand on lines of their own

	Section  *Section  `json:"section,omitempty"`  // where on the page the snippet is from; absent: it has no address of its own
	Sections []Section `json:"sections,omitempty"` // of the page, those that answer best, the best first; at most three
}

// A Section is a part of a page that has an address of its own.
type Section struct {
	Title     string `json:"title"` // its heading
	URL       string `json:"url"`
	Level     int    `json:"level"`               // of the heading, 1 to 6; 0: a page of a PDF or the like
	Snippet   string `json:"snippet,omitempty"`   // of Sections only
	Highlight string `json:"highlight,omitempty"` // the snippet as HTML, its words in <mark>
}

// A Facet is the most frequent values of a field among all documents that match.
type Facet struct {
	Field  string       `json:"field"`
	Values []FacetValue `json:"values"`
}

// A FacetValue is a value, and how many documents have it.
type FacetValue struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// Accepted answers a push of documents.
type Accepted struct {
	Accepted int `json:"accepted"`
}
