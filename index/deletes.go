package index

import "slices"

// without returns the segment without the documents of some keys: itself, if it
// has none of them.
func (g *Segment) without(keys []Key) *Segment {
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
	if live == nil {
		return g
	}
	return &Segment{body: g.body, live: live, deleted: deleted}
}
