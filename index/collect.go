package index

import (
	"context"
	"time"
)

// A collector deletes the objects that nobody needs: those of merged segments,
// old manifests, leftovers of writers that crashed or were fenced.
//
// Why it cannot hurt another writer: it deletes only names that were listed
// before this writer was seen to have the newest manifest. Whoever claims later
// starts from what that manifest needs, which is kept, and makes objects of new
// names, which are not on the list. So it does not matter how long a delete is
// held up. Readers of older manifests are given time by the grace, and open the
// newest when they are too late.
type collector struct {
	since map[string]time.Time // when an object was first seen to be needless
	next  time.Time            // when to look again
}

// list returns the objects there are, or nothing if it is not yet time.
func (c *collector) list(ctx context.Context, w *Writer) []string {
	if time.Now().Before(c.next) {
		return nil
	}
	var names []string
	for _, prefix := range []string{manifestPrefix, segmentPrefix, livePrefix} {
		part, err := w.st.List(ctx, prefix)
		if err != nil {
			w.log.Warn("index: collect: list", "prefix", prefix, "err", err)
			return nil
		}
		names = append(names, part...)
	}
	return names
}

// collect deletes those of names that have been needless for the grace. It comes
// after the commit and is no part of it: errors are logged, and names tried again.
func (c *collector) collect(ctx context.Context, w *Writer, names []string) {
	if names == nil {
		return
	}
	now := time.Now()
	c.next = now.Add(w.opt.Grace / 4)
	needed := w.needed()
	since := map[string]time.Time{}
	for _, name := range names {
		if needed[name] {
			continue
		}
		first, seen := c.since[name]
		if !seen {
			first = now
		}
		if now.Sub(first) >= w.opt.Grace {
			err := w.st.Delete(ctx, name)
			if err == nil {
				continue
			}
			w.log.Warn("index: collect: delete", "object", name, "err", err)
		}
		since[name] = first
	}
	c.since = since
}

// needed is the names of all objects that the kept manifests, the writer and what
// it is making need.
func (w *Writer) needed() map[string]bool {
	set := map[string]bool{}
	for _, m := range w.kept {
		set[manifestName(m.Number)] = true
		m.references(set)
	}
	w.state.Lock()
	defer w.state.Unlock()
	for name := range w.making {
		set[name] = true
	}
	for _, g := range w.segments {
		set[g.name] = true
		if g.liveName != "" {
			set[g.liveName] = true
		}
	}
	return set
}
