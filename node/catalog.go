package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/bus"
	"github.com/trawlsearch/trawl/store"
)

// A catalog is what this process knows of the collections. The registry is the
// live copy that all processes share and watch; a process with a database (the
// gateway) mirrors it there, and gives back what a lost registry forgot.
// Any goroutine may call it.
type catalog struct {
	reg *bus.Registry
	db  *store.Store // nil without the gateway role
	log *slog.Logger

	mirroring sync.Mutex // one row is written at a time, always with what is newest

	mu      sync.Mutex
	known   map[string]api.Collection
	unkept  map[string]bool // what the database did not take yet
	changed chan struct{}   // closed and replaced at each change
}

const collectionKey = "collection."

func newCatalog(reg *bus.Registry, db *store.Store, log *slog.Logger) *catalog {
	return &catalog{reg: reg, db: db, log: log, known: map[string]api.Collection{}, unkept: map[string]bool{}, changed: make(chan struct{})}
}

// restore reads the registry once, so that a process that has just started
// knows what it had, and puts back what only the database remembers.
func (c *catalog) restore(ctx context.Context) error {
	entries, err := c.reg.List(ctx)
	if err != nil {
		return fmt.Errorf("node: catalog: %w", err)
	}
	for _, e := range entries {
		c.apply(ctx, e.Key, e.Value)
	}
	if c.db == nil {
		return nil
	}
	rows, err := c.db.Collections(ctx)
	if err != nil {
		return fmt.Errorf("node: catalog: %w", err)
	}
	for _, row := range rows {
		if _, err := c.Collection(row.Name); err == nil {
			continue
		}
		if _, err := c.reg.Create(ctx, collectionKey+row.Name, row.Settings); err != nil && !errors.Is(err, bus.ErrConflict) {
			return fmt.Errorf("node: catalog: restore %s: %w", row.Name, err)
		}
		c.apply(ctx, collectionKey+row.Name, row.Settings)
		c.log.Info("collection restored to the registry from the database", "collection", row.Name)
	}
	return nil
}

// run follows the registry until ctx ends.
func (c *catalog) run(ctx context.Context) error {
	return c.reg.Watch(ctx, func(key string, value []byte, _ uint64) { c.apply(ctx, key, value) })
}

// apply takes one entry of the registry; nil means it is gone.
func (c *catalog) apply(ctx context.Context, key string, value []byte) {
	name, ok := strings.CutPrefix(key, collectionKey)
	if !ok {
		return
	}
	if value == nil {
		return // nobody deletes collections yet: a registry that forgets is restored
	}
	var col api.Collection
	if err := json.Unmarshal(value, &col); err != nil || col.Name != name {
		c.log.Error("the registry holds something that is not a collection", "key", key, "err", err)
		return
	}
	if !c.set(col) || c.db == nil {
		return
	}
	if err := c.mirror(ctx, name); err != nil {
		c.mu.Lock()
		c.unkept[name] = true
		c.mu.Unlock()
		c.log.Error("collection not kept in the database; it is tried again", "collection", name, "err", err)
	}
}

// keep tries again what the database did not take.
func (c *catalog) keep(ctx context.Context) {
	c.mu.Lock()
	unkept := c.unkept
	c.unkept = map[string]bool{}
	c.mu.Unlock()
	for name := range unkept {
		if c.mirror(ctx, name) == nil {
			continue
		}
		c.mu.Lock()
		c.unkept[name] = true // it was told already
		c.mu.Unlock()
	}
}

// mirrorPatience bounds one write to the database. It is not the asker's time:
// who hangs up has changed the collection all the same.
const mirrorPatience = 10 * time.Second

// mirror writes what is known of a collection now: calls may overtake each
// other, rows may not.
func (c *catalog) mirror(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mirrorPatience)
	defer cancel()
	c.mirroring.Lock()
	defer c.mirroring.Unlock()
	col, err := c.Collection(name)
	if err != nil {
		return err
	}
	value, err := json.Marshal(col)
	if err != nil {
		return err
	}
	row, err := c.db.Collection(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if bytes.Equal(row.Settings, value) {
		return nil
	}
	row.Name, row.Settings = name, value
	_, err = c.db.PutCollection(ctx, row)
	return err
}

// set keeps col unless it is known as new or newer; it tells whether it did.
func (c *catalog) set(col api.Collection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, had := c.known[col.Name]; had && old.Version >= col.Version {
		return false
	}
	c.known[col.Name] = col
	close(c.changed)
	c.changed = make(chan struct{})
	return true
}

// watch returns all collections and a channel that is closed when they change.
func (c *catalog) watch() (map[string]api.Collection, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.known), c.changed
}

// Collections lists all, by name.
func (c *catalog) Collections() []api.Collection {
	known, _ := c.watch()
	out := make([]api.Collection, 0, len(known))
	for _, name := range slices.Sorted(maps.Keys(known)) {
		out = append(out, known[name])
	}
	return out
}

// Collection returns one.
func (c *catalog) Collection(name string) (api.Collection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	col, ok := c.known[name]
	if !ok {
		return api.Collection{}, fmt.Errorf("%w: %q", api.ErrNotFound, name)
	}
	return col, nil
}

// newest returns one as the registry has it now.
func (c *catalog) newest(ctx context.Context, name string) (api.Collection, error) {
	value, _, err := c.reg.Get(ctx, collectionKey+name)
	if errors.Is(err, bus.ErrNotFound) {
		return api.Collection{}, fmt.Errorf("%w: %q", api.ErrNotFound, name)
	}
	if err != nil {
		return api.Collection{}, fmt.Errorf("%w: the registry does not answer: %v", api.ErrUnavailable, err)
	}
	var col api.Collection
	if err := json.Unmarshal(value, &col); err != nil {
		return api.Collection{}, fmt.Errorf("node: registry: %s: %w", name, err)
	}
	return col, nil
}

// live is the number of a collection's live generation, 1 if it is not known.
func (c *catalog) live(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	col := c.known[name]
	return col.Live()
}

// Change creates or alters a collection by compare and set. When fn changes
// nothing, nothing is written.
func (c *catalog) Change(ctx context.Context, name string, fn func(*api.Collection) error) (api.Collection, error) {
	const tries = 20
	key := collectionKey + name
	for range tries {
		col := api.Collection{Name: name, Shards: 1}
		value, rev, err := c.reg.Get(ctx, key)
		switch {
		case errors.Is(err, bus.ErrNotFound):
			rev = 0
			if old, err := c.Collection(name); err == nil {
				col = old // the registry was lost, and we remember
			}
		case err != nil:
			return api.Collection{}, fmt.Errorf("%w: the registry does not answer: %v", api.ErrUnavailable, err)
		default:
			if err := json.Unmarshal(value, &col); err != nil {
				return api.Collection{}, fmt.Errorf("node: registry: %s: %w", key, err)
			}
		}
		if err := fn(&col); err != nil {
			return api.Collection{}, err
		}
		if same, err := json.Marshal(col); err == nil && rev > 0 && string(same) == string(value) {
			return col, nil
		}
		col.Version++
		body, err := json.Marshal(col)
		if err != nil {
			return api.Collection{}, fmt.Errorf("node: %w", err)
		}
		if rev == 0 {
			_, err = c.reg.Create(ctx, key, body)
		} else {
			_, err = c.reg.Update(ctx, key, body, rev)
		}
		switch {
		case errors.Is(err, bus.ErrConflict):
			continue // another process was faster: look again
		case err != nil:
			return api.Collection{}, fmt.Errorf("%w: the registry took no change: %v", api.ErrUnavailable, err)
		}
		c.apply(ctx, key, body)
		return col, nil
	}
	return api.Collection{}, fmt.Errorf("%w: %s is being changed by others; try again", api.ErrConflict, name)
}

// shards counts the shards of all collections that take many documents: those
// of candidates too, but not of generations that are kept for roll-back.
func (c *catalog) shards() int {
	known, _ := c.watch()
	n := 0
	for _, col := range known {
		n += col.Shards
		if g := col.Generations; g != nil && g.Candidate != nil {
			n += col.Shards
		}
	}
	return n
}

// sources counts the collections that are crawled.
func (c *catalog) sources() int {
	known, _ := c.watch()
	n := 0
	for _, col := range known {
		if hasSource(col) {
			n++
		}
	}
	return n
}
