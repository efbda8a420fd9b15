package frontier

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/trawlsearch/trawl/weburl"
)

const listChunk = 1024 // keys read under one lock: about 2 ms

// StateOf is the state of a name, as String gives it; false: an address in the store
// has no such state.
func StateOf(name string) (State, bool) {
	i := slices.Index(stateNames[:], name)
	s := State(max(0, i))
	return s, s != 0 && s != NotModified && s != Retry && s != Postponed
}

// A Filter tells which addresses are listed.
type Filter struct {
	States    []State // one of these
	Truncated bool    // only what was read in part

	// Skip leaves out what it is true of; nil: nothing. referred: there is a referrer.
	Skip func(s State, mark uint8, referred bool) bool
}

func (f *Filter) passes(r *urlRecord) bool {
	s := State(r.state)
	return (r.truncated || !f.Truncated) && slices.Contains(f.States, s) && (f.Skip == nil || !f.Skip(s, r.mark, r.referrer != ""))
}

// List lists up to limit addresses of a range, in the order of the store: host by
// host. Denied, Failed and truncated ones are found by an index of their own; for
// others all addresses of the range may have to be read, about 1 µs each. Others may
// use the frontier meanwhile.
func (f *Frontier) List(ctx context.Context, r Range, which Filter, limit int) ([]Status, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	l := &listing{f: f, to: slotKey(r.To), which: which, limit: limit, kind: kindAmiss}
	for _, s := range which.States {
		if s != Denied && s != Failed && !which.Truncated {
			l.kind = kindURL
		}
	}
	for from := append(slotKey(r.From), l.kind); from != nil; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if from, err = l.chunk(from); err != nil {
			return nil, fmt.Errorf("frontier: list: %w", err)
		}
	}
	return l.out, nil
}

type listing struct {
	f     *Frontier
	to    []byte // the first key that is not looked at
	kind  byte
	which Filter
	limit int
	out   []Status
}

// chunk reads on from a key, and answers where the next chunk begins; nil at the end.
func (l *listing) chunk(from []byte) (next []byte, err error) {
	f := l.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	looked := 0
	err = f.scan(l.kind, from, func(key, value []byte) (bool, error) {
		if bytes.Compare(key, l.to) >= 0 || len(key) != urlLen || len(l.out) >= l.limit {
			return false, nil
		}
		if looked++; looked > listChunk {
			next = bytes.Clone(key)
			return false, nil
		}
		rec, err := l.record(key, value)
		if rec != nil && l.which.passes(rec) {
			l.out = append(l.out, rec.view())
		}
		return err == nil, err
	})
	return next, err
}

func (l *listing) record(key, value []byte) (*urlRecord, error) {
	if l.kind == kindAmiss {
		return l.f.loadURL(prefixHost(key), weburl.Key(key[prefixLen:]))
	}
	return decodeURL(value)
}
