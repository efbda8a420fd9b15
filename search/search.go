// Package search answers queries over an index: here (Local), elsewhere (Conn),
// or in parts that together are one (Fan). All three are Searchers.
//
// A question makes two trips: Search finds and ranks, Fetch fills in what is
// shown. Hits carry keys, never document numbers, so that any snapshot can answer
// the second trip. Hits are ordered by score, highest first, then by key, lowest
// first; scores are fixed-point sums (package rank), so the order is the same for
// every split in segments and parts, if all of them count with the same Stats.
//
// # What matches
//
// A word is looked for in all text fields of the schema whose weight in the model
// is not 0; a phrase must stand in one field; a keyword field (lang:)
// matches by its whole value, in lower case, and adds nothing to the score; site:
// matches a host and the hosts below it, at most MaxExpansion in a segment. A word
// that analysis parts, like state-of-the-art, is a phrase where it is required or
// forbidden, and words side by side elsewhere. Stop words are left out where other
// words remain beside them, and Result.Dropped names them.
//
// A prefix and a wildcard stand for the first MaxExpansion words of the index that
// they match, scored as if they were one word. A fuzzy word stands for the nearest
// MaxExpansion; those of one distance score as one word, and half as much as those
// one character nearer. All are held against words as the index keeps them: folded,
// and stemmed. A range matches documents with a number in an Int field, and adds
// nothing to the score.
//
// # Filters, sorting, facets
//
// Request.Filter restricts what is found and leaves scores as they are.
// Request.Sort orders by an Int field instead of the score. Request.Facets count the
// values of fields over all documents that match. All of it is exact, and does not
// depend on segments, parts or their order. Sorting and facets look at each document
// that matches: 1 to 3 ns for a number, 3 for a facet, and what matching costs.
//
// # Sections
//
// Where a schema has the Stored fields "body", "url" and "sections" (package section),
// a hit shows which sections of the document answer the query, see judge. They are
// found among the hits that are shown, when they are; no score depends on them.
//
// # Limits
//
// Offset + Limit of at most MaxDepth. Snippets of SnippetChars
// characters, from the first megabyte of a text; MaxSections sections a hit.
//
// # Errors
//
// What people type is never an error. ErrDepth, ErrBehind, ErrField and ErrFacets are the caller's;
// everything else is storage, damage (index.ErrCorrupt) or a context that ended.
package search

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/query"
)

// Bounds of one request.
const (
	MaxDepth     = 10_000 // Offset + Limit: a heap of so many hits a part
	MaxExpansion = 1024   // words that one prefix, wildcard or fuzzy word stands for
	SnippetChars = 300    // longest snippet, without its ellipses
	MaxSections  = 3      // sections of a hit
)

var (
	// ErrDepth: the request asks for hits farther down than MaxDepth.
	ErrDepth = fmt.Errorf("search: offset and limit must not be negative, nor exceed %d together", MaxDepth)

	// ErrBehind: the index has not come to the request's MinSeq yet.
	ErrBehind = errors.New("search: the index is behind what the request asks for")

	// ErrField: the request names a field that it cannot sort by or count.
	ErrField = errors.New("search: no such field")

	// ErrFacets: the request has too many facets, or of too many values.
	ErrFacets = fmt.Errorf("search: at most %d facets, of %d values each", MaxFacets, MaxFacetValues)

	// ErrUnknown: the server has no Searcher of that name.
	ErrUnknown = errors.New("search: no such part")
)

// callersOwn tells whether the request is at fault: any other part or replica would
// say the same.
func callersOwn(err error) bool {
	return errors.Is(err, ErrDepth) || errors.Is(err, ErrField) || errors.Is(err, ErrFacets)
}

// A Searcher answers requests. Any number of goroutines may use it.
type Searcher interface {
	// Stats counts what scores depend on. Added up over parts (Stats.Add) and
	// given to Search, they make scores equal over all parts.
	Stats(ctx context.Context, req *Request) (*Stats, error)

	// Search finds the best documents. The request is only read, and may be used
	// again.
	Search(ctx context.Context, req *Request) (*Result, error)

	// Fetch fills in ID, URL, Title, Fields, Snippet, TitleSpans and Sections of hits
	// that Search of the same Searcher returned for the same request; of a Brief request
	// the first three. A document that is gone since leaves its hit as it was: its
	// ID stays empty.
	Fetch(ctx context.Context, req *Request, hits []Hit) error
}

// A Request is one question.
type Request struct {
	Query   string         `json:"query"`             // in the language of package query
	Tree    query.Node     `json:"-"`                 // not nil: the parsed query, and Query is not read
	Filter  string         `json:"filter,omitempty"`  // in the same language: what it does not match is not found, and it adds nothing to scores; empty: none
	Offset  int            `json:"offset,omitempty"`  // hits to pass over
	Limit   int            `json:"limit,omitempty"`   // 0: only count
	Lang    string         `json:"lang,omitempty"`    // of the query's words; empty: the index's
	Explain bool           `json:"explain,omitempty"` // take the scores of the hits apart
	Brief   bool           `json:"brief,omitempty"`   // Fetch fills in ID, URL and Title only: a tenth of the work where texts are long
	Sort    Sort           `json:"sort,omitzero"`     // the zero Sort: by score
	Facets  []FacetRequest `json:"facets,omitempty"`  // what to count
	NoTotal bool           `json:"noTotal,omitempty"` // Result.Total may be too low: what cannot come to the top is not counted, which is most of the work where many documents match
	Stats   *Stats         `json:"stats,omitempty"`   // nil: the Searcher's own
	MinSeq  uint64         `json:"minSeq,omitempty"`  // the index must have come so far in the log
}

func (r *Request) check() error {
	if err := checkFacets(r.Facets); err != nil {
		return err
	}
	if r.Offset < 0 || r.Limit < 0 || r.Offset > MaxDepth || r.Limit > MaxDepth-r.Offset {
		return ErrDepth
	}
	return nil
}

// A Hit is one document that was found. Search fills the first group, Fetch the
// second.
type Hit struct {
	Key     index.Key `json:"key"`
	Score   float64   `json:"score"`             // without a unit: to be compared within one Result; 0 where the request sorts by a field or nothing of it is scored
	Part    int       `json:"part,omitempty"`    // which part of a Fan it came from: for Fetch
	Explain *Explain  `json:"explain,omitempty"` // nil: the request did not want it, or sorts by a field
	Number  *int64    `json:"number,omitempty"`  // by which the request sorts; nil: it has none

	ID         string            `json:"id,omitempty"`         // the stored field "id"; without one, the Key in hexadecimal
	URL        string            `json:"url,omitempty"`        // the stored field "url"
	Title      string            `json:"title,omitempty"`      // the stored field "title"
	Fields     map[string]string `json:"fields,omitempty"`     // all stored values; several of one field are parted by line feeds
	Snippet    []Span            `json:"snippet,omitempty"`    // of "body" or "description", SnippetChars at most
	TitleSpans []Span            `json:"titleSpans,omitempty"` // the title, all of it
	Sections   []Section         `json:"sections,omitempty"`   // of the document, those that answer best, the best first; at most MaxSections
	Section    *Section          `json:"section,omitempty"`    // the one that Snippet is from, without a snippet of its own; nil: none that has an address
}

// A Section is a part of a document that has an address of its own.
type Section struct {
	URL     string `json:"url"`   // that of the document with the section's anchor
	Title   []Span `json:"title"` // its heading
	Level   int    `json:"level"` // of the heading, 1 to 6; 0: a page of a PDF or the like
	Snippet []Span `json:"snippet,omitempty"`
}

// A Span is a piece of text; marked if it is a word of the query.
type Span struct {
	Text string `json:"text"`
	Mark bool   `json:"mark,omitempty"`
}

// A Result is the answer to a Request.
type Result struct {
	Hits     []Hit         `json:"hits"`               // from Offset on, at most Limit
	Total    uint64        `json:"total"`              // documents that match, exactly
	AtLeast  bool          `json:"atLeast,omitempty"`  // there may be more than Total: the request wanted NoTotal
	Facets   []Facet       `json:"facets,omitempty"`   // as the request has them
	Shards   Shards        `json:"shards"`             // if one failed, all of this is of the others
	Docs     uint64        `json:"docs"`               // documents searched
	Seq      uint64        `json:"seq"`                // how far in the log the index has come; of a Fan, the part farthest behind
	Took     time.Duration `json:"took"`               // of Search; nanoseconds in JSON
	Terms    []string      `json:"terms,omitempty"`    // words looked for, as the query has them
	Dropped  []string      `json:"dropped,omitempty"`  // stop words not looked for
	Cut      []string      `json:"cut,omitempty"`      // what exceeded a limit and was looked for in part only
	Problems []string      `json:"problems,omitempty"` // what the parts that failed said
}

// Shards counts the parts that were asked. A part that failed or was late has no
// share in the result.
type Shards struct {
	Total  int `json:"total"` // OK and Failed
	OK     int `json:"ok"`
	Failed int `json:"failed"`
}

func (s *Shards) add(o Shards) {
	s.Total += o.Total
	s.OK += o.OK
	s.Failed += o.Failed
}

// A Source gives a Local its snapshot, which it closes. Any number of goroutines
// ask it. Its errors come back from every method of the Local, wrapped.
type Source interface {
	Acquire() (*index.Snapshot, error)
}

// A View is the Source of who has an index in hand: the method Snapshot of an
// index.Writer, with which searches see what it last made visible, or Acquire of an
// index.Snapshot, with which they see that one until it is closed by who opened it.
type View func() *index.Snapshot

// Acquire asks the function; index.ErrClosed if it has none, since its writer is
// closed.
func (v View) Acquire() (*index.Snapshot, error) {
	if s := v(); s != nil {
		return s, nil
	}
	return nil, index.ErrClosed
}
