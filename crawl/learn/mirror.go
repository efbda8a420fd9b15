package learn

const (
	mirrorAfter = 18 // pages that other hosts have at the same path
	mirrorShare = .8 // of all
)

// Alike tells that another host has a page of this one at the same path, and gives the
// first by name of all hosts that are known to be alike: of many mirrors all agree in
// the end on who is no mirror.
func (h *Host) Alike(other string) (least string) {
	if h.Least == "" || other < h.Least {
		h.Least = other
	}
	return h.Least
}

// Shared tells that another host has a page that was thought this one's own.
func (h *Host) Shared() {
	if h.Own > 0 {
		h.Own--
		h.Copies++
	}
}

// MirrorOf is the host that this one, of that origin, is a copy of, or empty. It may
// have a page or another that the other lacks.
func (h *Host) MirrorOf(origin string) string {
	if h.Copies >= mirrorAfter && float64(h.Copies) >= mirrorShare*float64(h.Copies+h.Own) && h.Least < origin {
		return h.Least
	}
	return ""
}
