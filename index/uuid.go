package index

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// A UUID names a segment, or a Writer, once and for ever. It begins with the time
// (RFC 9562, version 7), so that names sort by age.
type UUID [16]byte

func newUUID() UUID {
	var u UUID
	rand.Read(u[:]) // never fails, says its doc
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(u[:6], ms[2:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// time is when the UUID was made, to the millisecond.
func (u UUID) time() time.Time {
	var ms [8]byte
	copy(ms[2:], u[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:])))
}

// String is the UUID in 32 hexadecimal digits.
func (u UUID) String() string { return hex.EncodeToString(u[:]) }

func parseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 2*len(u) {
		return u, fmt.Errorf("uuid %q: want %d digits", s, 2*len(u))
	}
	_, err := hex.Decode(u[:], []byte(s))
	return u, err
}

func segmentName(u UUID) string { return segmentPrefix + u.String() + ".seg" }

// liveName is the n-th live object of a segment.
func liveName(u UUID, n uint64) string { return fmt.Sprintf("%s%s.%d", livePrefix, u, n) }
