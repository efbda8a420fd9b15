package frontier

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The value of the M key:
//
//	M  +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   | TRWF | 1 | seq | next | hosts | retrying | n × by state | id  | WARC file | WARC offset | n × (reason, count) |
//	   | 4    | 1 | uv  | uv   | uv    | uv       | uv, uv...    | str | str       | varint      | uv, (str, uv)...    |
//	   +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   | visits | demand | flags | outbound | waiting | errands | round | bytes |   of version 2, from waiting on of 3
//	   | uv     | uv     | uv    | uv       | uv      | uv      | uv    | uv    |
//	   +--------+--------+-------+----------+---------+---------+-------+-------+
//	   seq: the last place given in a queue; next: the next entry of the outbox.
//	   visits: addresses that have an R key; demand: their sum; flags: bit 0 hosts
//	   have S keys for their R keys; outbound: the next X entry;
//	   waiting: of those queued, see Outcome.Waits; retrying: the others with a try;
//	   errands: hosts for which Bury has something to do; bytes: of answers in the round.
const (
	metaMagic       = "TRWF"
	maxReasons      = 128
	otherReason     = "other"
	maxCountOfState = int(numStates)
	flagRecrawls    = 1
)

// meta is the one record of totals.
type meta struct {
	seq          uint64
	outboxNext   uint64
	hosts        uint64
	retrying     uint64
	states       [numStates]uint64
	id           string // of this frontier, by chance, once
	warc         WARCPosition
	reasons      map[string]uint64
	visits       uint64
	demand       uint64
	outboundNext uint64
	recrawls     bool   // hosts have S keys for their R keys
	waiting      uint64 // queued once more without a failure
	round        uint32 // see NextRound
	bytes        uint64 // of answers in it
	errands      uint64 // hosts whose absence is an errand
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
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, m.visits), m.demand)
	flags := uint64(0)
	if m.recrawls {
		flags |= flagRecrawls
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, flags), m.outboundNext)
	for _, v := range [...]uint64{m.waiting, m.errands, uint64(m.round), m.bytes} {
		dst = binary.AppendUvarint(dst, v)
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
	if ver >= 2 {
		m.visits, m.demand = d.uvarint(), d.uvarint()
		flags := d.uvarint()
		m.recrawls = flags&flagRecrawls != 0
		d.bad = d.bad || flags > flagRecrawls
		m.outboundNext = d.uvarint()
	}
	if ver >= 3 {
		m.waiting, m.errands, m.round, m.bytes = d.uvarint(), d.uvarint(), d.uint32(), d.uvarint()
	}
	return m, d.end("totals", ver)
}

// count books one address in or out of a state.
func (m *meta) count(r *urlRecord, step int) {
	m.states[r.state] += uint64(step)
	if State(r.state) == Queued {
		switch {
		case r.waits:
			m.waiting += uint64(step)
		case r.tries > 0:
			m.retrying += uint64(step)
		}
		return
	}
	if r.due != 0 {
		m.visits += uint64(step)
		m.demand += uint64(step) * uint64(r.demand)
	}
	if r.reason == "" || State(r.state) == Done {
		return
	}
	m.countReason(State(r.state).String()+"/"+r.reason, 1, step)
}

// countReason books n addresses in or out of a reason, "state/reason".
func (m *meta) countReason(reason string, n uint64, step int) {
	if m.reasons == nil {
		m.reasons = map[string]uint64{}
	}
	if _, known := m.reasons[reason]; !known && (step < 0 || len(m.reasons) >= maxReasons) {
		state, _, _ := strings.Cut(reason, "/")
		reason = state + "/" + otherReason
	}
	if step < 0 {
		n = min(n, m.reasons[reason]) // some were counted as others when the table was full
	}
	if m.reasons[reason] += uint64(step) * n; m.reasons[reason] == 0 {
		delete(m.reasons, reason)
	}
}
