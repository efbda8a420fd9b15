package frontier

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// The value of an H key:
//
//	H  +---+--------+-------+-------+--------+-------+-------+--------+--------+
//	   | 2 | origin | delay | ready | paused | sched | pages | errors | reason |
//	   | 1 | str    | var   | var   | var    | var   | uv    | uv     | str    |
//	   +---+---+----+-------+-------+--------+-------+-------+--------+--------+
//	   | IP  | templates | checks | changes | mean | parks | since |   version 1 ends before the IP
//	   | str | uv        | uv     | uv      | uv   | uv    | var   |
//	   +-----+--+--------+--------+---------+------+-------+-------+
//	   | known  | refused | took | links | fresh |
//	   | uv     | uv      | uv   | uv    | uv    |
//	   +--------+------+--+---+--+---+---+--+----+
//	   | absent | last | looks | state | round | bytes |   of version 3
//	   | var    | var  | uv    | uv    | uv    | uv    |
//	   +--------+------+-------+-------+-------+-------+
//	   delay in µs, 0 the default, negative none; sched the time of its S key,
//	   0 none; errors faults in a row; reason of the pause; IP 0, 4 or
//	   16 bytes; checks, changes and mean of all its pages, as in a U record;
//	   parks how often in a row it was parked; since the first of the errors;
//	   known addresses queued or held, ever; refused links over a budget; took,
//	   links and fresh see pit; absent (since when), last, looks and state see absence.

// hostRecord is what is stored of a host.
type hostRecord struct {
	origin        string
	delay         int64 // µs; 0: the default, negative: none
	ready, paused int64
	sched         int64 // time of its S key; 0: it has none
	pages, errors uint32
	reason        string
	ip            netip.Addr
	templates     uint32 // T keys
	history              // of its pages
	parks         uint32
	since         int64
	known         uint32 // addresses queued or held, ever
	refused       uint32
	pit           pit
	absence       absence
	round         uint32 // in which
	bytes         uint64 // came from it
}

func (r *hostRecord) append(dst []byte) []byte {
	dst = appendString(append(dst, recordVersion), r.origin)
	for _, v := range [...]int64{r.delay, r.ready, r.paused, r.sched} {
		dst = binary.AppendVarint(dst, v)
	}
	dst = binary.AppendUvarint(dst, uint64(r.pages))
	dst = binary.AppendUvarint(dst, uint64(r.errors))
	dst = appendString(dst, r.reason)
	ip := r.ip.AsSlice()
	dst = append(append(dst, byte(len(ip))), ip...)
	dst = binary.AppendUvarint(dst, uint64(r.templates))
	dst = binary.AppendUvarint(r.history.append(dst), uint64(r.parks))
	dst = binary.AppendVarint(dst, r.since)
	for _, v := range [...]uint32{r.known, r.refused, r.pit.took, r.pit.links, r.pit.fresh} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	dst = binary.AppendVarint(binary.AppendVarint(dst, r.absence.since), r.absence.last)
	for _, v := range [...]uint64{uint64(r.absence.looks), uint64(r.absence.state), uint64(r.round), r.bytes} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func decodeHost(b []byte) (*hostRecord, error) {
	d := decoder{b: b}
	ver := d.byte()
	r := &hostRecord{origin: d.string(maxStringBytes)}
	for _, p := range [...]*int64{&r.delay, &r.ready, &r.paused, &r.sched} {
		*p = d.varint()
	}
	r.pages, r.errors, r.reason = d.uint32(), d.uint32(), d.string(maxStringBytes)
	if ver >= 2 {
		r.ip, r.templates, r.history = d.ip(), d.uint32(), d.history()
		r.parks, r.since = d.uint32(), d.varint()
		for _, p := range [...]*uint32{&r.known, &r.refused, &r.pit.took, &r.pit.links, &r.pit.fresh} {
			*p = d.uint32()
		}
	}
	if ver >= 3 {
		r.absence.since, r.absence.last, r.absence.looks = d.varint(), d.varint(), d.uint32()
		state := d.uint32()
		r.absence.state = uint8(state)
		d.bad = d.bad || state > hostReturns
		r.round, r.bytes = d.uint32(), d.uvarint()
	}
	return r, d.end("host", ver)
}

// ip is an address as 0, 4 or 16 bytes.
func (d *decoder) ip() netip.Addr {
	b := d.bytes(uint64(d.byte()))
	if len(b) == 0 {
		return netip.Addr{}
	}
	ip, ok := netip.AddrFromSlice(b)
	if !ok || ip != ip.Unmap() {
		d.bad = true
		return netip.Addr{}
	}
	return ip
}

// more is what version 2 added, as text.
func (r *hostRecord) more() string {
	out := ""
	if r.ip.IsValid() {
		out += " ip " + r.ip.String()
	}
	if r.templates > 0 {
		out += fmt.Sprintf(" templates %d", r.templates)
	}
	if r.known > 0 {
		out += fmt.Sprintf(" known %d refused %d", r.known, r.refused)
	}
	if r.pit != (pit{}) {
		out += fmt.Sprintf(" pages of %d ms with %d/16 links, %d/16 new", r.pit.took, r.pit.links, r.pit.fresh)
	}
	if r.parks > 0 {
		out += fmt.Sprintf(" parked %d times since %s", r.parks, stamp(r.since))
	}
	if r.bytes > 0 {
		out += fmt.Sprintf(" %d bytes in round %d", r.bytes, r.round)
	}
	if a := r.absence; a != (absence{}) {
		out += fmt.Sprintf(" absent since %s, %d looks, state %d", stamp(a.since), a.looks, a.state)
	}
	return out + r.history.text()
}
