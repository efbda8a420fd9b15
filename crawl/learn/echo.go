package learn

// How many copies of a host's own pages are looked through for what they link to:
// apache2-doc, in eleven languages that are half English, has 2.3 for each page of its
// own. A session in each address has no end of them.
const (
	echoesFree = 20
	echoesEach = 4 // for each page of its own
)

// Patient tells whether what only copies link to is worth a request.
func (h *Host) Patient() bool { return h.Echoes < echoesFree+echoesEach*h.Own }
