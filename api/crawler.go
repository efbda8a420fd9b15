package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Address is what a crawl knows of one address.
type Address struct {
	URL       string     `json:"url"` // in normal form
	Known     bool       `json:"known"`
	State     string     `json:"state,omitempty"`     // queued, held, done, skipped, gone, redirect, denied or failed
	Reason    string     `json:"reason,omitempty"`    // of the state
	Truncated bool       `json:"truncated,omitempty"` // a limit cut off some of its text or links
	Scope     string     `json:"scope,omitempty"`     // why the scope refuses it
	Robots    string     `json:"robots,omitempty"`    // the line of robots.txt that forbids it
	Budget    string     `json:"budget,omitempty"`    // which budget refuses it
	Alias     string     `json:"alias,omitempty"`     // the address that stands for it
	Referrer  string     `json:"referrer,omitempty"`
	Depth     int        `json:"depth"`
	Status    int        `json:"status,omitempty"` // of HTTP, the last
	Tries     int        `json:"tries,omitempty"`  // since the last visit that was settled
	Visits    int        `json:"visits,omitempty"`
	Changes   int        `json:"changes,omitempty"`
	Fetched   *time.Time `json:"fetched,omitempty"`
	Due       *time.Time `json:"due,omitempty"`        // the next visit
	PerhapsOn []string   `json:"perhaps_on,omitempty"` // of what was never met: truncated pages of its site, which may have a link to it
}

// Addresses are addresses of a crawl that are in some states.
type Addresses struct {
	Addresses []Address `json:"addresses"` // host by host
	More      bool      `json:"more"`      // there are others
}

// A Listing tells which addresses are listed.
type Listing struct {
	States    []string // none: what was met, and cannot be found
	Truncated bool     // only what was read in part; of no States: done or skipped
	Limit     int
}

// MaxAddresses bounds what one question lists.
const MaxAddresses = 10_000

// States that are asked for where the question names none: what was met, and cannot be
// found; with truncated what was read.
const (
	missingStates = "failed,denied,gone"
	readStates    = "done,skipped"
)

// Reparsed tells how far a reparse is.
type Reparsed struct {
	Captures  int64  `json:"captures"`  // that were read
	Documents int64  `json:"documents"` // that were made anew
	Stale     int64  `json:"stale"`     // captures of pages that the crawl has newer or not at all
	Unread    int64  `json:"unread"`    // captures of which nothing could be made
	Corrupt   int64  `json:"corrupt"`   // damaged places in the archives
	Done      bool   `json:"done"`
	Error     string `json:"error,omitempty"`
}

func (s *server) address(w http.ResponseWriter, r *http.Request) error {
	u := r.FormValue("url")
	if u == "" {
		return problem(http.StatusBadRequest, "no_url", "give the address as url=")
	}
	a, err := s.opt.Address(r.Context(), r.PathValue("collection"), u)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, a)
	return nil
}

// addresses lists what is in some states. It may cost a reading of all addresses.
func (s *server) addresses(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 100, 1, MaxAddresses)
	if err != nil {
		return err
	}
	which := Listing{Limit: limit}
	switch r.FormValue("truncated") {
	case "true":
		which.Truncated = true
	case "", "false":
	default:
		return problem(http.StatusBadRequest, "bad_parameter", "truncated is true or false")
	}
	states := r.FormValue("state")
	switch {
	case states == "" && which.Truncated:
		states = readStates
	case states == "":
		states = missingStates
	}
	which.States = strings.Split(states, ",")
	a, err := s.opt.List(r.Context(), r.PathValue("collection"), which)
	if err != nil {
		return err
	}
	if a.Addresses == nil {
		a.Addresses = []Address{}
	}
	reply(w, http.StatusOK, a)
	return nil
}

// reparse answers with a line of JSON for each second of work; the last is done.
func (s *server) reparse(w http.ResponseWriter, r *http.Request) error {
	var last time.Time
	begun := false
	line := func(p Reparsed) {
		if !begun {
			w.Header().Set("Content-Type", "application/x-ndjson")
			begun = true
		}
		_ = json.NewEncoder(w).Encode(p) // a client that is gone ends the context
		_ = http.NewResponseController(w).Flush()
	}
	st, err := s.opt.Reparse(r.Context(), r.PathValue("collection"), func(p Reparsed) {
		if time.Since(last) >= time.Second {
			last = time.Now()
			line(p)
		}
	})
	if err != nil && !begun {
		return err
	}
	st.Done = err == nil
	if err != nil {
		st.Error = err.Error()
	}
	line(st)
	return nil
}

// Address asks what a crawl knows of an address.
func (c *Client) Address(ctx context.Context, collection, address string) (*Address, error) {
	var out Address
	return &out, c.do(ctx, http.MethodGet, collectionPath(collection)+"/url?url="+url.QueryEscape(address), nil, &out)
}

// List asks for addresses of a crawl.
func (c *Client) List(ctx context.Context, collection string, which Listing) (*Addresses, error) {
	var out Addresses
	q := url.Values{"state": {strings.Join(which.States, ",")}, "limit": {strconv.Itoa(which.Limit)}}
	if which.Truncated {
		q.Set("truncated", "true")
	}
	return &out, c.do(ctx, http.MethodGet, collectionPath(collection)+"/urls?"+q.Encode(), nil, &out)
}

// Reparse makes the documents of a collection's pages anew from their captures, and
// calls fn about once a second.
func (c *Client) Reparse(ctx context.Context, collection string, fn func(Reparsed)) (*Reparsed, error) {
	resp, err := c.send(ctx, http.MethodPost, collectionPath(collection)+"/reparse", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out Reparsed
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
		if err := json.Unmarshal(sc.Bytes(), &out); err != nil {
			return nil, fmt.Errorf("api: reparse: %w", err)
		}
		fn(out)
	}
	switch {
	case out.Error != "":
		return &out, fmt.Errorf("api: reparse: %s", out.Error)
	case !out.Done:
		return &out, fmt.Errorf("api: reparse: the server broke off; it may be begun again")
	}
	return &out, nil
}
