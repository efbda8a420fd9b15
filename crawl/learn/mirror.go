package learn

import "hash/maphash"

const (
	mirrorAfter = 20  // pages that another host has at the same path
	mirrorShare = .95 // of all
)

// Copy tells that a page has the text of one of another host, at the same path or
// not; other is empty if no other host is known to have it.
func (h *Host) Copy(other string, samePath bool) {
	if other == "" || !samePath {
		h.Own++
		return
	}
	if _, known := h.Mirrors[other]; !known && len(h.Mirrors) >= maxMirrors {
		h.Own++
		return
	}
	if h.Mirrors == nil {
		h.Mirrors = map[string]int{}
	}
	h.Mirrors[other]++
}

// MirrorOf is the host that this one is a copy of, or empty.
func (h *Host) MirrorOf() string {
	all := h.Own
	for _, n := range h.Mirrors {
		all += n
	}
	for other, n := range h.Mirrors {
		if n >= mirrorAfter && float64(n) >= mirrorShare*float64(all) {
			return other
		}
	}
	return ""
}

// A tarpit holds crawlers by slow pages without end, each full of links that were
// never seen before. It is not kept: who crawls again looks again.
type tar struct {
	pages, fresh int
	seen         map[uint32]bool // links, by hash
}

const (
	tarPages = 40   // slow pages before a verdict
	tarSlow  = 2000 // ms
	tarLinks = 100  // of a page
	tarFresh = .9   // of its links were never seen
	tarShare = .9   // of the host's pages are so
	tarSeen  = tarFresh * tarLinks * tarPages
)

// Links tells how long a page took, in milliseconds, and where it leads on the host.
func (h *Host) Links(took int64, paths []string) {
	t := &h.tar
	if len(t.seen) >= tarSeen {
		return // it was judged
	}
	t.pages++
	if took < tarSlow || len(paths) < tarLinks {
		return
	}
	if t.seen == nil {
		t.seen = map[uint32]bool{}
	}
	fresh := 0
	for _, p := range paths[:tarLinks] {
		k := uint32(maphash.String(seed, p))
		if !t.seen[k] {
			t.seen[k] = true
			fresh++
		}
	}
	if float64(fresh) >= tarFresh*tarLinks {
		t.fresh++
	}
}

// Tarpit tells whether the host is one.
func (h *Host) Tarpit() bool {
	t := &h.tar
	return t.fresh >= tarPages*9/10 && float64(t.fresh) >= tarShare*float64(t.pages)
}
