package frontier

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/trawlsearch/trawl/weburl"
)

// The value of a D key, of a registrable domain. Kept while a Budget is set:
//
//	D  +---+-------+-----------+-------+-------+---------+--------------+
//	   | 2 | flags | addresses | hosts | bytes | refused | links        |
//	   | 1 | 1     | uv        | uv    | uv    | uv      | 0/64 × 1     |
//	   +---+-------+-----------+-------+-------+---------+--------------+
//	   flags: bit 0 seeds name it; bit 1 links follow: the registers of a
//	   HyperLogLog of who links here.

// site is what is stored of a registrable domain.
type site struct {
	seeded    bool
	addresses uint32 // queued or held, ever
	hosts     uint32
	bytes     uint64 // of bodies, as Outcome.Bytes told
	refused   uint32 // links that were over a budget
	links     sketch
}

const (
	flagSeeded = 1
	flagLinks  = 2
)

func (s *site) append(dst []byte) []byte {
	var flags byte
	if s.seeded {
		flags |= flagSeeded
	}
	if s.links != (sketch{}) {
		flags |= flagLinks
	}
	dst = append(dst, recordVersion, flags)
	for _, v := range [...]uint64{uint64(s.addresses), uint64(s.hosts), s.bytes, uint64(s.refused)} {
		dst = binary.AppendUvarint(dst, v)
	}
	if flags&flagLinks != 0 {
		dst = append(dst, s.links[:]...)
	}
	return dst
}

func decodeSite(b []byte) (*site, error) {
	d := decoder{b: b}
	ver, flags := d.byte(), d.byte()
	s := &site{seeded: flags&flagSeeded != 0, addresses: d.uint32(), hosts: d.uint32(), bytes: d.uvarint(), refused: d.uint32()}
	if flags&flagLinks != 0 {
		copy(s.links[:], d.bytes(uint64(len(s.links))))
	}
	if flags > flagSeeded|flagLinks {
		d.bad = true
	}
	return s, d.end("site", ver)
}

// sketch counts distinct things within 13 % (HyperLogLog; Flajolet and others, 2007).
type sketch [64]byte

// add tells whether x changed anything.
func (s *sketch) add(x uint64) bool {
	x *= 0x9E3779B97F4A7C15 // what comes in are hashes; their upper bits may be alike
	x ^= x >> 32
	i := x % uint64(len(s))
	rank := byte(bits.TrailingZeros64(x>>6|1<<58) + 1)
	if s[i] >= rank {
		return false
	}
	s[i] = rank
	return true
}

func (s *sketch) estimate() float64 {
	sum, zero := 0.0, 0
	for _, r := range s {
		sum += 1 / float64(uint64(1)<<min(r, 63))
		if r == 0 {
			zero++
		}
	}
	m := float64(len(s))
	e := 0.709 * m * m / sum
	if e <= 2.5*m && zero > 0 {
		e = m * math.Log(m/float64(zero))
	}
	return e
}

type siteID struct {
	slot uint16
	site uint64
}

func (h hostID) siteID() siteID { return siteID{h.slot, h.site} }

// site returns the record of a registrable domain, as this batch has it. It is
// written with the batch.
func (w *write) site(id hostID) (*site, error) {
	if s := w.sites[id.siteID()]; s != nil {
		return s, nil
	}
	s, err := w.f.loadSite(id.siteID())
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &site{}
	}
	w.sites[id.siteID()] = s
	return s, nil
}

func (f *Frontier) loadSite(id siteID) (*site, error) {
	v, err := f.get(siteKey(id))
	if v == nil || err != nil {
		return nil, err
	}
	return decodeSite(v)
}

// linked books that somebody links to the site of a candidate: an address, if
// that of the linking host is known, so that a farm of domains on one machine
// counts once, or else a registrable domain.
func (w *write) linked(c *candidate, id hostID) error {
	from := c.item.Referrer
	if from != w.referrer {
		w.referrer, w.referrerID = from, hostOf(from)
		w.party = w.referrerID.site
		if h := w.f.front.hosts[w.referrerID]; h != nil && h.rec.ip.IsValid() {
			b := addressOf(h.rec.ip).Addr().As16()
			w.party = binary.BigEndian.Uint64(b[:8]) ^ binary.BigEndian.Uint64(b[8:])*0x9E3779B97F4A7C15
		}
	}
	if w.referrerID.site == id.site {
		return nil
	}
	var pair weburl.Key
	binary.BigEndian.PutUint64(pair[:], w.party)
	binary.BigEndian.PutUint64(pair[8:], id.site)
	binary.LittleEndian.PutUint64(pair[:], binary.LittleEndian.Uint64(pair[:])^id.site) // the first 8 bytes choose the set
	if w.f.pairs.has(pair) {
		return nil
	}
	w.f.pairs.add(pair)
	s, err := w.site(id)
	if err == nil {
		s.links.add(w.party)
	}
	return err
}

// A SiteStatus is what is known about a registrable domain.
type SiteStatus struct {
	Addresses int   // queued or held, ever
	Hosts     int   // of them
	Bytes     int64 // of bodies
	Refused   int64 // links that were over a budget
	Links     int   // others that link to it, about
	Budget    int   // addresses that it may have; 0: no limit
}

// Site tells what is known about the registrable domain of an address; false if
// it was never met, or no Budget is set.
func (f *Frontier) Site(u weburl.URL) (SiteStatus, bool) {
	if !u.IsWeb() {
		return SiteStatus{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return SiteStatus{}, false
	}
	s, err := f.loadSite(hostOf(u).siteID())
	if s == nil || err != nil {
		return SiteStatus{}, false
	}
	st := SiteStatus{
		Addresses: int(s.addresses), Hosts: int(s.hosts), Bytes: int64(s.bytes), Refused: int64(s.refused),
		Links: int(math.Round(s.links.estimate())),
	}
	if b := &f.opt.Budget; !s.seeded && b.SiteStep > 0 && b.binds(u) {
		st.Budget = b.ofSite(s)
	}
	return st, true
}
