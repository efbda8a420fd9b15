package index

import (
	"fmt"
	"slices"
)

// without returns the segment without the documents of some keys: itself, if it
// has none of them. An error says that it is not known whether it has.
func (g *Segment) without(keys []Key) (*Segment, error) {
	var live liveBits // the new bitmap, once there is one
	deleted := g.deleted
	for _, k := range keys {
		doc, ok := g.keys.Find(k)
		if !ok || !g.live.has(doc) {
			continue
		}
		if live == nil {
			if live = slices.Clone(g.live); live == nil {
				live = allLive(g.MaxDoc())
			}
		}
		if live.has(doc) { // a key may come twice
			live.clear(doc)
			deleted++
		}
	}
	if err := g.keys.Err(); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if live == nil {
		return g, nil
	}
	return &Segment{body: g.body, live: live, deleted: deleted}, nil
}
