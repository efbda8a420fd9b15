package learn

const (
	mirrorAfter = 18 // pages that other hosts have at the same path
	mirrorShare = .8 // of all
)

// Copy tells that a page has the text of one of another host at the same path. least
// is the first by name of the hosts that the other one is known to be alike, which
// may be itself: of many mirrors all agree in the end on who is no mirror.
func (h *Host) Copy(least string) {
	h.Copies++
	if h.Least == "" || least < h.Least {
		h.Least = least
	}
}

// Original tells of a page whose text no other host is known to have there.
func (h *Host) Original() { h.Own++ }

// MirrorOf is the host that this one, of that origin, is a copy of, or empty.
func (h *Host) MirrorOf(origin string) string {
	if h.Copies >= mirrorAfter && float64(h.Copies) >= mirrorShare*float64(h.Copies+h.Own) && h.Least < origin {
		return h.Least
	}
	return ""
}
