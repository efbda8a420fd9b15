// Package learn is what a crawl learns of one host: which parts of its addresses
// change nothing, how it answers for pages that are not there, and whose mirror it is.
// It asks for nothing itself: who crawls tells what came.
//
// # Addresses
//
// An axis is a way in which two addresses may differ and yet be one page: a
// parameter, the order of parameters, a trailing slash, the name of an index file,
// the case of the path. Pages that differ along one axis only and have the same
// text speak for it, others against. After 5 for it, of 3 pages at least, and none
// against, addresses are folded along that axis.
//
// # Pages that are not there
//
// Some hosts answer 200 for everything ("soft 404": Bar-Yossef and others, "Sic
// transit gloria telae", 2004). A page that reads like an error, or like another page
// of the host, makes its folder suspect; two addresses that cannot exist are then
// asked for, and what comes is how the host says that nothing is there.
//
// # Copies
//
// What a copy of another page of the host links to is the other's links, a trap, or a
// part of the site that is told twice and goes on elsewhere. Only what comes of it can
// tell: a host gets as many copies looked through as it has pages of its own to show.
//
// # Limits
//
//	axes 64, samples 128, folders 16, signatures 8 a host: 15 KB in memory,
//	12 KB encoded
//
// A Host is not safe for concurrent use.
package learn

import (
	"encoding/json"

	"github.com/trawlsearch/trawl/crawl/neardup"
)

const (
	maxAxes       = 64
	maxSamples    = 128
	maxFolders    = 16
	maxSignatures = 8
	maxEncoded    = 16 << 10
)

// A Host is what is known of one. The zero Host knows nothing.
type Host struct {
	state
	samples []sample // a ring
	next    int
}

// state is what is kept.
type state struct {
	Version int                `json:"v"`
	Axes    map[string]axis    `json:"axes,omitempty"`
	Folders map[string]Probing `json:"folders,omitempty"`
	Soft    []signature        `json:"soft,omitempty"`
	Copies  int                `json:"copies,omitempty"` // pages that other hosts have at the same path,
	Least   string             `json:"least,omitempty"`  // the first of them by name
	Own     int                `json:"own,omitempty"`    // pages that no other has
	Echoes  int                `json:"echoes,omitempty"` // pages that are copies of others of this host
}

const version = 1

// Decode makes a Host of what Encode wrote; of anything else one that knows nothing.
func Decode(b []byte) *Host {
	h := new(Host)
	if json.Unmarshal(b, &h.state) != nil || h.Version != version {
		h.state = state{}
	}
	return h
}

// Encode is what is worth keeping of a Host: nil if it is nothing.
func (h *Host) Encode() []byte {
	if len(h.Axes)+len(h.Folders)+len(h.Soft)+h.Copies+h.Own+h.Echoes == 0 {
		return nil
	}
	h.Version = version
	b, err := json.Marshal(h.state)
	if err == nil && len(b) > maxEncoded { // without what is soon forgotten anyway
		for dir, f := range h.Folders {
			f.Passed = nil
			h.Folders[dir] = f
		}
		b, err = json.Marshal(h.state)
	}
	if err != nil || len(b) > maxEncoded {
		return nil
	}
	return b
}

// A Page is one that was fetched, as far as it teaches something.
type Page struct {
	Title, Heading string
	Text           [16]byte // hash of the main text
	Words          int
	Sketch         *neardup.Sketch // nil: too short
}
