package warc

import (
	"encoding/binary"
	"strings"
	"time"
)

// minPayload is the payload below which a revisit, some 300 bytes of WARC
// fields, would save little, and would lose the reader a look-up.
const minPayload = 512

// payloads remembers where a payload was first written. It holds between half
// of its size and all of it, those that were used last: when the younger half
// is full, the older is forgotten.
type payloads struct {
	half       int
	young, old map[payloadKey]origin
}

type payloadKey [2]uint64 // the first 16 bytes of a SHA-256

// An origin is the record that holds a payload.
type origin struct {
	id, uri string
	date    time.Time
}

func newPayloads(size int) *payloads {
	return &payloads{half: max(1, size/2), young: map[payloadKey]origin{}}
}

// revisit turns a response whose payload is known into a revisit, and says so.
// The record is complete. key is that of its payload; zero: not to be kept.
func (p *payloads) revisit(rec *Record) (key payloadKey, known bool) {
	if p == nil || rec.Type != TypeResponse || rec.Truncated != "" || !isHTTP(rec.ContentType) {
		return key, false
	}
	payload, ok := httpPayload(rec.Block)
	value, ours := strings.CutPrefix(rec.PayloadDigest, "sha256:")
	sum, err := base32Plain.DecodeString(value)
	if !ok || !ours || err != nil || len(sum) < 16 || len(payload) < minPayload {
		return key, false
	}
	key = payloadKey{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
	from, known := p.young[key]
	if !known {
		if from, known = p.old[key]; !known {
			return key, false
		}
		p.put(key, from)
	}
	rec.Type, rec.Profile = TypeRevisit, ProfileIdentical
	rec.RefersTo, rec.RefersToURI, rec.RefersToDate = from.id, from.uri, from.date
	rec.Block = rec.Block[:len(rec.Block)-len(payload)]
	rec.BlockDigest = Digest(rec.Block)
	return key, true
}

// add remembers a record that was written.
func (p *payloads) add(key payloadKey, rec *Record) {
	if p != nil && key != (payloadKey{}) {
		p.put(key, origin{id: rec.ID, uri: strings.Clone(rec.TargetURI), date: rec.Date})
	}
}

func (p *payloads) put(key payloadKey, from origin) {
	if len(p.young) >= p.half {
		p.old, p.young = p.young, make(map[payloadKey]origin, p.half)
	}
	p.young[key] = from
}
