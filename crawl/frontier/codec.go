package frontier

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Values. Each starts with a version byte; a uvarint (uv) and a varint (var,
// zigzag) are Go's; a string is a uvarint length and its bytes; times are µs
// since 1970. Versions 2 and 3 add fields at the end: what was written before is
// read as if they were zero, and version 4 a flag of addresses; all is written as
// version 4 when it next changes.
const (
	recordVersion = 4
	firstVersion  = 1
)

// errCorrupt marks a value that is not whole.
var errCorrupt = errors.New("frontier: corrupt record")

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

// uint64 is eight bytes, the first of them the highest.
func (d *decoder) uint64() uint64 {
	b := d.bytes(8)
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
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
	case version > recordVersion:
		return fmt.Errorf("frontier: %s of version %d, this build reads %d to %d: upgrade Trawl", what, version, firstVersion, recordVersion)
	case d.bad || len(d.b) != 0 || version < firstVersion:
		return fmt.Errorf("%w: %s", errCorrupt, what)
	}
	return nil
}
