package frontier

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/trawlsearch/trawl/weburl"
)

// Keys, all numbers big-endian so that byte order is numeric order. A host's
// keys start with the slot of its registrable domain, so that a slot is one range
// of keys and can be handed to another node:
//
//	H: host record      +------+-----+------+------+
//	                    | slot | 'H' | site | host |
//	                    | 2    | 1   | 8    | 8    |
//	U: address          +------+-----+------+------+-------------+
//	                    | slot | 'U' | site | host | key 16      |
//	F: amiss            +------+-----+------+------+-------------+   no value; of Denied, Failed and Outcome.Truncated
//	                    | slot | 'F' | site | host | key 16      |
//	Q: queue            +------+-----+------+------+-----+-------+-------+
//	                    | slot | 'Q' | site | host | due | level | seq   |   value: key 16
//	                    | 2    | 1   | 8    | 8    | 4   | 1     | 6     |
//	R: next visits      +------+-----+------+------+-----+-------+-------+
//	                    | slot | 'R' | site | host | due | key 16        |   no value; of settled addresses
//	T: template         +------+-----+------+------+-----+-------+-------+
//	                    | slot | 'T' | site | host | shape 8     |
//	W: held             +------+-----+------+------+---------+-------+-------+
//	                    | slot | 'W' | site | host | shape 8 | level | seq 6 |   value: key 16
//	L: learned          +------+-----+------+------+---------+-------+-------+
//	                    | slot | 'L' | site | host |
//	K: sketch           +------+-----+------+------+-------------+
//	                    | slot | 'K' | site | host | key 16      |   of a document
//	D: site             +------+-----+------+------+-------------+
//	                    | slot | 'D' | site |
//	                    +------+-----+------+
//
// slot is the top 12 bits of site; site and host are the first 8 bytes of the
// SHA-256 of the registrable domain and of the origin (scheme://host:port). Due
// is in seconds since 1970, rounded up; 0 is a fresh address, due at once.
//
// What belongs to this node and not to a slot stands under slot 0xFFFF:
//
//	S: hosts by time    +--------+-----+--------+------+------+------+
//	                    | 0xFFFF | 'S' | due µs | slot | site | host |   no value; derived from H
//	                    | 2      | 1   | 8      | 2    | 8    | 8    |
//	O: outbox           +--------+-----+--------+
//	                    | 0xFFFF | 'O' | seq 8  |
//	X: outbound         +--------+-----+--------+
//	                    | 0xFFFF | 'X' | seq 8  |
//	E: slot             +--------+-----+--------+
//	                    | 0xFFFF | 'E' | slot 2 |
//	C: by text          +--------+-----+--------+
//	                    | 0xFFFF | 'C' | hash 8 |   the first half of a ContentHash
//	B: by band          +--------+-----+--------+-------+
//	                    | 0xFFFF | 'B' | band 8 | place |
//	                    | 2      | 1   | 8      | 1     |
//	M: totals           +--------+-----+--------+
//	                    | 0xFFFF | 'M' |
//
// A host that has queued addresses has exactly one S key, whose time is not
// later than the moment at which the first of them may be fetched.
const (
	kindAmiss    = 'F'
	kindHost     = 'H'
	kindQueue    = 'Q'
	kindRevisit  = 'R'
	kindShape    = 'T'
	kindHeld     = 'W'
	kindSite     = 'D'
	kindLearned  = 'L'
	kindSketch   = 'K'
	kindContent  = 'C'
	kindBand     = 'B'
	kindOutbound = 'X'
	kindSlot     = 'E'
	kindURL      = 'U'
	kindSched    = 'S'
	kindOutbox   = 'O'
	kindMeta     = 'M'

	slots      = 4096
	nodeSlot   = 0xFFFF
	prefixLen  = 2 + 1 + 8 + 8
	urlLen     = prefixLen + 16
	queueLen   = prefixLen + 4 + 1 + 6
	revisitLen = prefixLen + 4 + 16
	shapeLen   = prefixLen + 8
	heldLen    = shapeLen + 1 + 6
	spoolLen   = 2 + 1 + 8
	siteLen    = 2 + 1 + 8
	contentLen = 2 + 1 + 8
	bandLen    = 2 + 1 + 8 + 1
	schedLen   = 2 + 1 + 8 + 2 + 8 + 8
	maxSeq     = 1<<48 - 1
)

// hostID names a host: the unit of politeness.
type hostID struct {
	slot       uint16
	site, host uint64
}

func hostOf(u weburl.URL) hostID { return makeHostID(u.Site(), u.Origin()) }

func makeHostID(site, origin string) hostID {
	s := hash64(site)
	return hostID{slot: slotOf(s), site: s, host: hash64(origin)}
}

func slotOf(site uint64) uint16 { return uint16(site >> 52) }

func hash64(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

func (h hostID) prefix(kind byte, more int) []byte {
	b := make([]byte, 0, prefixLen+more)
	b = binary.BigEndian.AppendUint16(b, h.slot)
	b = append(b, kind)
	b = binary.BigEndian.AppendUint64(b, h.site)
	return binary.BigEndian.AppendUint64(b, h.host)
}

func hostKey(h hostID) []byte { return h.prefix(kindHost, 0) }

func urlKey(h hostID, k weburl.Key) []byte { return append(h.prefix(kindURL, 16), k[:]...) }

func amissKey(h hostID, k weburl.Key) []byte { return append(h.prefix(kindAmiss, 16), k[:]...) }

// place is where an address stands in its host's queue.
type place struct {
	due   uint32 // seconds since 1970; 0: fresh
	level uint8
	seq   uint64 // 48 bits, never given twice
}

func queueKey(h hostID, p place) []byte {
	b := h.prefix(kindQueue, 11)
	b = binary.BigEndian.AppendUint32(b, p.due)
	b = append(b, p.level, byte(p.seq>>40), byte(p.seq>>32))
	return binary.BigEndian.AppendUint32(b, uint32(p.seq))
}

func revisitKey(h hostID, due uint32, k weburl.Key) []byte {
	return append(binary.BigEndian.AppendUint32(h.prefix(kindRevisit, 20), due), k[:]...)
}

func shapeKey(h hostID, shape uint64) []byte {
	return binary.BigEndian.AppendUint64(h.prefix(kindShape, 8), shape)
}

// shapeEnd is behind the shapes of a host.
var shapeEnd = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}

func heldKey(h hostID, shape uint64, p place) []byte {
	b := binary.BigEndian.AppendUint64(h.prefix(kindHeld, 15), shape)
	b = append(b, p.level, byte(p.seq>>40), byte(p.seq>>32))
	return binary.BigEndian.AppendUint32(b, uint32(p.seq))
}

func learnedKey(h hostID) []byte { return h.prefix(kindLearned, 0) }

func sketchKey(h hostID, k weburl.Key) []byte { return append(h.prefix(kindSketch, 16), k[:]...) }

func contentKey(h uint64) []byte { return binary.BigEndian.AppendUint64(nodeKey(kindContent, 8), h) }

func bandKey(band uint64, place byte) []byte {
	return append(binary.BigEndian.AppendUint64(nodeKey(kindBand, 9), band), place)
}

func bandOf(key []byte) uint64 {
	if len(key) != bandLen {
		return 0
	}
	return binary.BigEndian.Uint64(key[3:])
}

func siteKey(s siteID) []byte {
	return binary.BigEndian.AppendUint64(append(slotKey(s.slot), kindSite), s.site)
}

func decodeQueueKey(b []byte) (hostID, place, bool) {
	if len(b) != queueLen || b[2] != kindQueue {
		return hostID{}, place{}, false
	}
	p := place{due: binary.BigEndian.Uint32(b[19:]), level: b[23]}
	p.seq = uint64(b[24])<<40 | uint64(b[25])<<32 | uint64(binary.BigEndian.Uint32(b[26:]))
	return prefixHost(b), p, true
}

func decodeRevisitKey(b []byte) (due uint32, k weburl.Key, err error) {
	if len(b) != revisitLen || b[2] != kindRevisit {
		return 0, k, fmt.Errorf("%w: R key %x", errCorrupt, b)
	}
	return binary.BigEndian.Uint32(b[prefixLen:]), weburl.Key(b[prefixLen+4:]), nil
}

// slotKey is where the keys of a slot begin.
func slotKey(slot uint16) []byte { return binary.BigEndian.AppendUint16(nil, slot) }

// nextOfKind is where the keys of a kind go on after key, in its slot or the
// next; nil: key is one.
func nextOfKind(key []byte, kind byte) []byte {
	if len(key) >= 3 && key[2] == kind {
		return nil
	}
	slot := binary.BigEndian.Uint16(key)
	if len(key) >= 3 && key[2] > kind {
		slot++
	}
	return append(slotKey(slot), kind)
}

func prefixHost(b []byte) hostID {
	return hostID{
		slot: binary.BigEndian.Uint16(b),
		site: binary.BigEndian.Uint64(b[3:]),
		host: binary.BigEndian.Uint64(b[11:]),
	}
}

func nodeKey(kind byte, more int) []byte {
	return append(make([]byte, 0, 3+more), nodeSlot>>8, nodeSlot&0xFF, kind)
}

func schedKey(due int64, h hostID) []byte {
	b := binary.BigEndian.AppendUint64(nodeKey(kindSched, 26), uint64(due))
	b = binary.BigEndian.AppendUint16(b, h.slot)
	b = binary.BigEndian.AppendUint64(b, h.site)
	return binary.BigEndian.AppendUint64(b, h.host)
}

func decodeSchedKey(b []byte) (due int64, h hostID, ok bool) {
	if len(b) != schedLen || b[2] != kindSched {
		return 0, hostID{}, false
	}
	return int64(binary.BigEndian.Uint64(b[3:])), hostID{
		slot: binary.BigEndian.Uint16(b[11:]),
		site: binary.BigEndian.Uint64(b[13:]),
		host: binary.BigEndian.Uint64(b[21:]),
	}, true
}

func metaKey() []byte { return nodeKey(kindMeta, 0) }
