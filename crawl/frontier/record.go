package frontier

import (
	"encoding/binary"

	"github.com/trawlsearch/trawl/weburl"
)

// The value of a U key: see codec.go for the parts.
//
//	U  +---+-------+-------+------+-------+------+--------+-------+--------+--------+---------+
//	   | 1 | state | flags | mark | level | hops | depth  | tries | status | visits | fetched |
//	   | 1 | 1     | 1     | 1    | 1     | 1    | uv     | uv    | uv     | uv     | varint  |
//	   +---+--+----+-------+------+----+--+------++-------+------+--+---------+-------+-+
//	   | due  | seq | URL | referrer | reason | ETag | Last-Modified | alias | hash |
//	   | uv   | uv  | str | str      | str    | str  | str           | str   | 0/16 |
//	   +------+-----+-----+----------+--------+------+---------------+-------+------+
//	   | checks | changes | mean | changed | demand | missing | misses | fails |
//	   | uv     | uv      | uv   | varint  | uv     | varint  | uv     | uv    |
//	   +--------+---------+------+---------+--------+---------+--------+-------+
//	   flags: bit 0 the index holds a document; bit 1 a hash follows; bit 2
//	   it has a K key; bit 3 it waits for another address (of version 3); bit 4 it
//	   was read in part (of version 4). due and seq are those of its Q key while it
//	   is queued, otherwise due that of its R key, 0 none. What follows the hash is
//	   of version 2; where all of it is 0, and no later flag is set, the record is
//	   written as version 1: that is most of a frontier.
//
//	   checks visits that could tell a change, changes that did, mean seconds
//	   between them, changed when the last one was found, demand see change.go;
//	   missing and misses since when and how often in a row it was not there;
//	   fails how often in a row it was settled as Denied or Failed.
const (
	maxStringBytes = 4096 // of a decoded string: the longest that is encoded is MaxURLBytes
	flagDoc        = 1
	flagHash       = 2
	flagSketch     = 4
	flagWaits      = 8
	flagTruncated  = 16
)

// urlRecord is what is stored of an address.
type urlRecord struct {
	state, mark, level, hops     uint8
	doc                          bool
	depth, tries, status, visits uint32
	fetched                      int64
	due                          uint32
	seq                          uint64
	url, referrer, reason        string
	etag, lastModified, alias    string
	hash                         [16]byte
	urlLife
}

// urlLife is what is known of an address once it was visited more than once.
type urlLife struct {
	history
	changed       int64
	demand        uint32
	missing       int64
	misses, fails uint32
	sketch        bool // it has a K key
	waits         bool // queued once more, and nothing failed: Outcome.Waits
	truncated     bool
}

func (r *urlRecord) place() place { return place{due: r.due, level: r.level, seq: r.seq} }

func (r *urlRecord) append(dst []byte) []byte {
	var flags byte
	if r.doc {
		flags |= flagDoc
	}
	if r.hash != [16]byte{} {
		flags |= flagHash
	}
	if r.sketch {
		flags |= flagSketch
	}
	if r.waits {
		flags |= flagWaits
	}
	if r.truncated {
		flags |= flagTruncated
	}
	version := byte(recordVersion)
	if r.urlLife == (urlLife{}) {
		version = firstVersion
	}
	dst = append(dst, version, r.state, flags, r.mark, r.level, r.hops)
	for _, v := range [...]uint32{r.depth, r.tries, r.status, r.visits} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	dst = binary.AppendVarint(dst, r.fetched)
	dst = binary.AppendUvarint(dst, uint64(r.due))
	dst = binary.AppendUvarint(dst, r.seq)
	for _, s := range [...]string{r.url, r.referrer, r.reason, r.etag, r.lastModified, r.alias} {
		dst = appendString(dst, s)
	}
	if flags&flagHash != 0 {
		dst = append(dst, r.hash[:]...)
	}
	if version == firstVersion {
		return dst
	}
	dst = r.history.append(dst)
	dst = binary.AppendVarint(dst, r.changed)
	dst = binary.AppendUvarint(dst, uint64(r.demand))
	dst = binary.AppendVarint(dst, r.missing)
	dst = binary.AppendUvarint(dst, uint64(r.misses))
	return binary.AppendUvarint(dst, uint64(r.fails))
}

func decodeURL(b []byte) (*urlRecord, error) {
	d := decoder{b: b}
	r := &urlRecord{}
	ver := d.byte()
	flags := byte(0)
	r.state, flags, r.mark, r.level, r.hops = d.byte(), d.byte(), d.byte(), d.byte(), d.byte()
	r.doc = flags&flagDoc != 0
	for _, p := range [...]*uint32{&r.depth, &r.tries, &r.status, &r.visits} {
		*p = d.uint32()
	}
	r.fetched = d.varint()
	r.due = d.uint32()
	r.seq = d.uvarint()
	for _, p := range [...]*string{&r.url, &r.referrer, &r.reason, &r.etag, &r.lastModified, &r.alias} {
		*p = d.string(maxStringBytes)
	}
	if flags&flagHash != 0 {
		copy(r.hash[:], d.bytes(16))
	}
	if ver >= 2 {
		r.history = d.history()
		r.changed, r.demand, r.missing, r.misses, r.fails = d.varint(), d.uint32(), d.varint(), d.uint32(), d.uint32()
		r.sketch, r.waits, r.truncated = flags&flagSketch != 0, flags&flagWaits != 0, flags&flagTruncated != 0
	}
	if r.state == 0 || r.state >= uint8(numStates) || r.level >= Levels || r.seq > maxSeq || flags >= 2*flagTruncated ||
		ver < 2 && flags&flagSketch != 0 || ver < 3 && flags&flagWaits != 0 || ver < 4 && flags&flagTruncated != 0 {
		d.bad = true
	}
	return r, d.end("address", ver)
}

// page parses a stored address; what was stored was an address once.
func page(s string) weburl.URL {
	if s == "" {
		return weburl.URL{}
	}
	u, err := weburl.Parse(s)
	if err != nil {
		return weburl.URL{}
	}
	return u
}
