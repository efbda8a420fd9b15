// Package frontier decides which address is fetched next, and when.
//
// It is a durable queue for each host, kept in one pebble store by one process
// (the store's lock enforces that), with a bounded front in memory: at most
// Options.FrontHosts hosts, each with a window of 32 addresses, in a heap by the
// time at which the host may be asked again. Memory does not grow with the
// crawl; disk does, by 150 to 250 bytes an address before compression.
//
// The life of an address: Add or Commit queues it, Next leases it, Release says
// that its host is free again, Commit settles it. A lease lives in memory only:
// what was not committed when the process died is still queued, so nothing is
// lost and at most the leases in flight are fetched a second time.
//
// One Commit is one synced batch: outcomes, newly discovered addresses, the
// outbox of documents, and the position of the WARC file. An outbox entry has a
// sequence number that is never given to other bytes, and is handed out only
// when it is durable, so a retry after an unknown outcome is byte-identical.
//
// Politeness: a host has at most Options.MaxPerHost requests under way, its
// delay passes between two of them, and a pause parks it. All hosts of one
// address have at most Options.MaxPerIP under way, a fourth of the delay apart,
// from the moment at which Located tells the address. A host in trouble
// (Outcome.Fault) is parked and probed. Priorities are four levels (0 first),
// served 17:8:4:3 in each window so that none starves. Due retries go before
// visits that are due, these before fresh addresses.
//
// What is settled has a next visit by how often it changes: change.go. What a
// host, a site or a template may cost: budget.go. Which documents have the same
// text: content.go. How several frontiers share the web: slot.go.
//
// The layout of keys is in key.go, of values where they are encoded, first
// codec.go; Inspect dumps both. Frontiers of version 1 are read as they are.
// Design: Mercator's front and back queues (Heydon and Najork, "Mercator: a
// scalable, extensible web crawler", 1999) and BUbiNG's workbench (Boldi and
// others, 2018), on an LSM store.
package frontier

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/trawlsearch/trawl/weburl"
)

// ErrDrained is what Next answers when no address is queued or in flight.
var ErrDrained = errors.New("frontier: drained")

// ErrClosed is what calls answer after Close.
var ErrClosed = errors.New("frontier: closed")

// Options configure a Frontier. The zero value works.
type Options struct {
	CacheBytes   int64                                      // block cache, and a fifth of it for recent fingerprints; 0: 64 MiB
	DefaultDelay time.Duration                              // between two requests to a host that has no delay of its own; 0: 1 s, negative: none
	MaxPerHost   int                                        // requests under way at one host; 0: 1
	MaxPerIP     int                                        // requests under way at one address (/32, /64 of IPv6), of all its hosts; 0: MaxPerHost, negative: no limit
	FrontHosts   int                                        // hosts held in memory, about 2 KB each; 0: 10,000
	Recrawl      Recrawl                                    // when what is settled is fetched again by itself; zero: never
	Budget       Budget                                     // of hosts, sites and templates; zero: none
	Hours        func(u weburl.URL, at time.Time) time.Time // the first moment from at on at which the host of u may be asked; nil: at any
	Owns         func(slot uint16) bool                     // addresses of other slots go out through Outbound; nil: all are ours
	Now          func() time.Time                           // nil: time.Now
	Log          *slog.Logger                               // nil: discard

	fs vfs.FS // tests: a file system that can lose power
	id string // tests: what is else left to chance
}

func (o *Options) defaults() {
	if o.CacheBytes <= 0 {
		o.CacheBytes = 64 << 20
	}
	switch {
	case o.DefaultDelay == 0:
		o.DefaultDelay = time.Second
	case o.DefaultDelay < 0:
		o.DefaultDelay = 0
	}
	if o.MaxPerHost <= 0 {
		o.MaxPerHost = 1
	}
	if o.MaxPerIP == 0 {
		o.MaxPerIP = o.MaxPerHost
	}
	if o.FrontHosts <= 0 {
		o.FrontHosts = 10_000
	}
	o.Recrawl.defaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// A Frontier may be called by any number of goroutines; Outbox by one at a time.
type Frontier struct {
	db  *pebble.DB
	opt Options

	mu     sync.Mutex // guards all below; held while a batch is built, not while it syncs
	broken error      // the first error of the store; every later call answers it
	wake   chan struct{}

	meta     meta // as of the last applied batch
	seen     *seenCache
	pairs    *seenCache // who links to which site, lately
	inflight map[weburl.Key]*flight

	front frontHosts

	answers  answers
	unproved map[hostID]int64  // looks that found nothing, until another host answers
	errands  map[hostID][]byte // hosts for which Bury has something to do: from which key on
	toBury   chan struct{}     // of one: there may be a new errand

	outbox   spool // documents
	outbound spool // addresses for other nodes

	slots map[uint16]slotState // of the slots about which anything was ever said
	sent  *seenCache           // addresses that went out lately
}

// Open opens or creates the frontier in dir.
func Open(dir string, opt Options) (*Frontier, error) {
	opt.defaults()
	seenBytes := opt.CacheBytes / 5
	cache := pebble.NewCache(opt.CacheBytes - seenBytes)
	defer cache.Unref()
	db, err := pebble.Open(filepath.Clean(dir), storeOptions(opt, cache))
	if err != nil {
		return nil, fmt.Errorf("frontier: open %s: %w", dir, err)
	}
	f := &Frontier{
		db: db, opt: opt,
		wake:     make(chan struct{}),
		seen:     newSeenCache(seenBytes),
		pairs:    newSeenCache(seenBytes / 8),
		inflight: map[weburl.Key]*flight{},
		front:    newFrontHosts(),
		sent:     newSeenCache(seenBytes / 8),
		slots:    map[uint16]slotState{},
		unproved: map[hostID]int64{},
		errands:  map[hostID][]byte{},
		toBury:   make(chan struct{}, 1),
	}
	err = f.load()
	if err == nil {
		err = f.turnRecrawl()
	}
	if err == nil {
		err = f.loadErrands()
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("frontier: open %s: %w", dir, err)
	}
	return f, nil
}

func storeOptions(opt Options, cache *pebble.Cache) *pebble.Options {
	po := &pebble.Options{
		Cache:                 cache,
		FS:                    opt.fs,
		FormatMajorVersion:    pebble.FormatNewest,
		Logger:                storeLogger{opt.Log},
		MemTableSize:          16 << 20,
		L0CompactionThreshold: 4,
		MaxOpenFiles:          512,
	}
	for i := range po.Levels {
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // most links are asked for and are not there
	}
	return po
}

// load reads the one record of totals, or begins it, and the bounds of the outbox.
func (f *Frontier) load() error {
	v, err := f.get(metaKey())
	if err != nil {
		return err
	}
	if v != nil {
		if f.meta, err = decodeMeta(v); err != nil {
			return err
		}
	} else {
		f.meta.id = f.opt.id
		if f.meta.id == "" {
			f.meta.id = rand.Text()
		}
		if err := f.db.Set(metaKey(), f.meta.append(nil), pebble.Sync); err != nil {
			return err
		}
	}
	if err := f.outbox.open(f, kindOutbox, f.meta.outboxNext); err != nil {
		return err
	}
	if err := f.outbound.open(f, kindOutbound, f.meta.outboundNext); err != nil {
		return err
	}
	if err := f.loadSlots(); err != nil {
		return err
	}
	f.disown()
	return nil
}

// get returns a copy of the value of key, nil where there is none.
func (f *Frontier) get(key []byte) ([]byte, error) {
	v, closer, err := f.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(v)), v...)
	return out, closer.Close()
}

// Close writes what is known about the hosts of the front and closes the store.
// Leases that are out are queued again at the next Open.
func (f *Frontier) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(f.broken, ErrClosed) {
		return nil
	}
	var err error
	if f.broken == nil {
		w := f.begin()
		for _, h := range f.front.hosts {
			w.put(hostKey(h.id), h.rec.append(nil))
		}
		if w.batch.Count() > 0 {
			err = f.db.Apply(w.batch, pebble.Sync)
		}
	}
	f.broken = ErrClosed
	f.signal()
	f.outbox.wake()
	f.outbound.wake()
	f.pokeErrands()
	if cerr := f.db.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("frontier: close: %w", err)
	}
	return nil
}

// ID names this frontier and no other: with the sequence number of an outbox entry
// it is a name for those bytes. It was made by chance with the store.
func (f *Frontier) ID() string { return f.meta.id }

// signal wakes every waiting Next. The caller holds mu.
func (f *Frontier) signal() {
	close(f.wake)
	f.wake = make(chan struct{})
}

// fail makes err the answer of every later call: after a store error what is in
// memory may be ahead of the disk, and only Open brings them together again.
func (f *Frontier) fail(verb string, err error) error {
	if errors.Is(err, ErrClosed) {
		return err
	}
	err = fmt.Errorf("frontier: %s: %w", verb, err)
	if f.broken == nil {
		f.broken = err
		f.signal()
	}
	return err
}

func (f *Frontier) now() int64 { return f.opt.Now().UnixMicro() }

// storeLogger hands pebble's words on. Pebble calls Fatalf when its own files
// cannot be written and it could not go on; what is on disk is then a crash,
// which the next Open recovers from.
type storeLogger struct{ log *slog.Logger }

func (l storeLogger) Infof(format string, args ...any) {
	l.log.Debug("frontier store", "says", fmt.Sprintf(format, args...))
}

func (l storeLogger) Errorf(format string, args ...any) {
	l.log.Error("frontier store", "says", fmt.Sprintf(format, args...))
}

func (l storeLogger) Fatalf(format string, args ...any) {
	panic("frontier: store cannot go on: " + fmt.Sprintf(format, args...))
}
