package frontier

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/trawlsearch/trawl/weburl"
)

// Values. Each starts with a version byte; a uvarint and a varint (zigzag) are
// Go's; a string is a uvarint length and its bytes; times are µs since 1970.
//
//	U  +---+-------+-------+------+-------+------+--------+-------+--------+--------+---------+
//	   | 1 | state | flags | mark | level | hops | depth  | tries | status | visits | fetched |
//	   | 1 | 1     | 1     | 1    | 1     | 1    | uv     | uv    | uv     | uv     | varint  |
//	   +---+--+----+-------+------+----+--+------++-------+------+--+---------+-------+-+
//	   | due  | seq | URL | referrer | reason | ETag | Last-Modified | alias | hash |
//	   | uv   | uv  | str | str      | str    | str  | str           | str   | 0/16 |
//	   +------+-----+-----+----------+--------+------+---------------+-------+------+
//	   flags: bit 0 the index holds a document; bit 1 a hash follows. due and
//	   seq are those of its Q key while it is queued, 0 otherwise.
//
//	H  +---+--------+-------+-------+--------+-------+-------+--------+--------+
//	   | 1 | origin | delay | ready | paused | sched | pages | errors | reason |
//	   | 1 | str    | var   | var   | var    | var   | uv    | uv     | str    |
//	   +---+--------+-------+-------+--------+-------+-------+--------+--------+
//	   delay in µs, 0 the default, negative none; sched the time of its S key,
//	   0 none; errors failures in a row; reason of the pause.
//
//	O  +---+------+-------+--------------------+
//	   | 1 | part | count | count × (len, ...) |
//	   | 1 | uv   | uv    | str                |
//	   +---+------+-------+--------------------+
//
//	M  +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   | TRWF | 1 | seq | next | hosts | retrying | n × by state | id  | WARC file | WARC offset | n × (reason, count) |
//	   | 4    | 1 | uv  | uv   | uv    | uv       | uv, uv...    | str | str       | varint      | uv, (str, uv)...    |
//	   +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   seq: the last place given in a queue; next: the next entry of the outbox.
const recordVersion = 1

// errCorrupt marks a value that is not whole.
var errCorrupt = errors.New("frontier: corrupt record")

const (
	maxStringBytes  = 4096 // of a decoded string: the longest that is encoded is MaxURLBytes
	maxEntryDocs    = 1000
	maxEntryBytes   = 128 << 20
	maxReasons      = 128
	flagDoc         = 1
	flagHash        = 2
	metaMagic       = "TRWF"
	otherReason     = "other"
	maxCountOfState = int(numStates)
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
	dst = append(dst, recordVersion, r.state, flags, r.mark, r.level, r.hops)
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
	return dst
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
	if r.state == 0 || r.state >= uint8(numStates) || r.level >= Levels || r.seq > maxSeq || flags > flagDoc|flagHash {
		d.bad = true
	}
	return r, d.end("address", ver)
}

// hostRecord is what is stored of a host.
type hostRecord struct {
	origin        string
	delay         int64 // µs; 0: the default, negative: none
	ready, paused int64
	sched         int64 // time of its S key; 0: it has none
	pages, errors uint32
	reason        string
}

func (r *hostRecord) append(dst []byte) []byte {
	dst = appendString(append(dst, recordVersion), r.origin)
	for _, v := range [...]int64{r.delay, r.ready, r.paused, r.sched} {
		dst = binary.AppendVarint(dst, v)
	}
	dst = binary.AppendUvarint(dst, uint64(r.pages))
	dst = binary.AppendUvarint(dst, uint64(r.errors))
	return appendString(dst, r.reason)
}

func decodeHost(b []byte) (*hostRecord, error) {
	d := decoder{b: b}
	ver := d.byte()
	r := &hostRecord{origin: d.string(maxStringBytes)}
	for _, p := range [...]*int64{&r.delay, &r.ready, &r.paused, &r.sched} {
		*p = d.varint()
	}
	r.pages, r.errors, r.reason = d.uint32(), d.uint32(), d.string(maxStringBytes)
	return r, d.end("host", ver)
}

func (e *Entry) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = binary.AppendUvarint(dst, uint64(e.Part))
	dst = binary.AppendUvarint(dst, uint64(len(e.Data)))
	for _, doc := range e.Data {
		dst = append(binary.AppendUvarint(dst, uint64(len(doc))), doc...)
	}
	return dst
}

// decodeEntry returns slices of b.
func decodeEntry(b []byte) (Entry, error) {
	d := decoder{b: b}
	ver := d.byte()
	e := Entry{Part: d.uint32()}
	n := d.uvarint()
	if n > maxEntryDocs {
		d.bad = true
	}
	for ; n > 0 && !d.bad; n-- {
		e.Data = append(e.Data, d.bytes(d.uvarint()))
	}
	return e, d.end("outbox entry", ver)
}

// meta is the one record of totals.
type meta struct {
	seq        uint64
	outboxNext uint64
	hosts      uint64
	retrying   uint64
	states     [numStates]uint64
	id         string // of this frontier, by chance, once
	warc       WARCPosition
	reasons    map[string]uint64
}

func (m *meta) append(dst []byte) []byte {
	dst = append(append(dst, metaMagic...), recordVersion)
	for _, v := range [...]uint64{m.seq, m.outboxNext, m.hosts, m.retrying, uint64(len(m.states))} {
		dst = binary.AppendUvarint(dst, v)
	}
	for _, v := range m.states {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = appendString(dst, m.id)
	dst = binary.AppendVarint(appendString(dst, m.warc.File), m.warc.Offset)
	dst = binary.AppendUvarint(dst, uint64(len(m.reasons)))
	for _, reason := range slices.Sorted(maps.Keys(m.reasons)) {
		dst = binary.AppendUvarint(appendString(dst, reason), m.reasons[reason])
	}
	return dst
}

func decodeMeta(b []byte) (meta, error) {
	var m meta
	if len(b) < len(metaMagic) || string(b[:len(metaMagic)]) != metaMagic {
		return m, fmt.Errorf("%w: totals have no header", errCorrupt)
	}
	d := decoder{b: b[len(metaMagic):]}
	ver := d.byte()
	m.seq, m.outboxNext, m.hosts, m.retrying = d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	n := d.uvarint()
	if n > uint64(maxCountOfState) {
		d.bad = true
	}
	for i := 0; i < int(n) && !d.bad; i++ {
		m.states[i] = d.uvarint()
	}
	m.id = d.string(maxStringBytes)
	m.warc.File = d.string(maxStringBytes)
	m.warc.Offset = d.varint()
	n = d.uvarint()
	if n > maxReasons+uint64(numStates) {
		d.bad = true
	}
	for ; n > 0 && !d.bad; n-- {
		if m.reasons == nil {
			m.reasons = map[string]uint64{}
		}
		m.reasons[d.string(maxStringBytes)] = d.uvarint()
	}
	return m, d.end("totals", ver)
}

// count books one address in or out of a state.
func (m *meta) count(r *urlRecord, step int) {
	m.states[r.state] += uint64(step)
	if State(r.state) == Queued {
		if r.tries > 0 {
			m.retrying += uint64(step)
		}
		return
	}
	if r.reason == "" || State(r.state) == Done {
		return
	}
	if m.reasons == nil {
		m.reasons = map[string]uint64{}
	}
	reason := State(r.state).String() + "/" + r.reason
	if _, known := m.reasons[reason]; !known && (step < 0 || len(m.reasons) >= maxReasons) {
		reason = State(r.state).String() + "/" + otherReason
	}
	if step < 0 && m.reasons[reason] == 0 {
		return // it was counted as another when the table was full
	}
	m.reasons[reason] += uint64(step)
	if m.reasons[reason] == 0 {
		delete(m.reasons, reason)
	}
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

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// decoder is the one gate through which stored lengths pass. After a fault it
// answers zeros, and end tells.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) uint32() uint32 {
	v := d.uvarint()
	if v > 1<<32-1 {
		d.bad = true
		return 0
	}
	return uint32(v)
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) string(limit uint64) string {
	n := d.uvarint()
	if n > limit {
		d.bad, d.b = true, nil
		return ""
	}
	return string(d.bytes(n))
}

func (d *decoder) end(what string, version byte) error {
	switch {
	case version != recordVersion && version != 0:
		return fmt.Errorf("frontier: %s of version %d, this build reads %d: upgrade Trawl", what, version, recordVersion)
	case d.bad || len(d.b) != 0 || version == 0:
		return fmt.Errorf("%w: %s", errCorrupt, what)
	}
	return nil
}
