package frontier

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// The value of the M key:
//
//	M  +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   | TRWF | 1 | seq | next | hosts | retrying | n × by state | id  | WARC file | WARC offset | n × (reason, count) |
//	   | 4    | 1 | uv  | uv   | uv    | uv       | uv, uv...    | str | str       | varint      | uv, (str, uv)...    |
//	   +------+---+-----+------+-------+----------+--------------+-----+-----------+-------------+---------------------+
//	   seq: the last place given in a queue; next: the next entry of the outbox.
const (
	metaMagic       = "TRWF"
	maxReasons      = 128
	otherReason     = "other"
	maxCountOfState = int(numStates)
)

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
