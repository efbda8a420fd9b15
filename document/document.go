// Package document is the event that the two halves of Trawl share: what the
// crawl half writes to the log and the search half indexes.
//
// A document names itself by its ID (for a page, the address in its crawl
// identity) and by the Key derived from it. The last document of a key in the
// log is the truth of that key; a deletion is a document too.
//
// # Wire format, version 1
//
// Integers are unsigned varints unless a size is given; strings are a varint
// length and UTF-8 bytes.
//
//	+------+---------+-------+---------+----------+----+-----+------+--------+--------+-----+
//	| TRWD | version | flags | key     | version  | ID | URL | lang | fields | groups | crc |
//	| 4    | 1       | 1     | 16      | 8 (LE)   | .. | ..  | ..   | n, ... | n, ... | 4   |
//	+------+---------+-------+---------+----------+----+-----+------+--------+--------+-----+
//
// Flag bit 0 marks a deletion. A field is two strings, name and text. The last
// four bytes are the CRC-32C (Castagnoli), little-endian, of all before them.
package document

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unicode/utf8"
)

// MaxBytes bounds an encoded document: below the 1 MiB of a log message, with
// room for the headers of the log.
const MaxBytes = 900 << 10

// maxFields and maxGroups bound what a decoder will believe.
const (
	maxFields = 1024
	maxGroups = 4096
)

// ErrCorrupt marks bytes that are not a whole document.
var ErrCorrupt = errors.New("document: corrupt")

// A Key names a document everywhere: in the log, the index, hits.
type Key [16]byte

// KeyOf derives the key from an ID: the first 16 bytes of its SHA-256.
func KeyOf(id string) Key {
	sum := sha256.Sum256([]byte(id))
	return Key(sum[:16])
}

// String is the key in hexadecimal.
func (k Key) String() string { return fmt.Sprintf("%x", k[:]) }

// A Field is a named text of a document. The web schema's names are title,
// headings, body, anchors, description and fetched (µs since 1970, in digits).
type Field struct{ Name, Text string }

// A Document is one event of the log.
type Document struct {
	Key     Key
	ID      string // what its source calls it; a page's address
	URL     string // where a reader finds it; may be empty
	Version int64  // µs since 1970: orders two events of one key
	Deleted bool   // the key is gone; Fields are empty
	Lang    string // BCP 47, or empty for the collection's
	Fields  []Field
	Groups  []string // who may see it; empty means everybody
}

// Text returns the texts of the named field, parted by line feeds.
func (d *Document) Text(name string) string {
	var out string
	for _, f := range d.Fields {
		switch {
		case f.Name != name:
		case out == "":
			out = f.Text
		default:
			out += "\n" + f.Text
		}
	}
	return out
}

// Fit cuts the longest texts, at a character's edge, until the encoded document
// is within MaxBytes, and tells whether it cut anything.
func (d *Document) Fit() (cut bool) {
	for {
		over := d.size() - MaxBytes
		if over <= 0 {
			return cut
		}
		longest := -1
		for i := range d.Fields {
			if longest < 0 || len(d.Fields[i].Text) > len(d.Fields[longest].Text) {
				longest = i
			}
		}
		if longest < 0 || d.Fields[longest].Text == "" {
			return cut // nothing left to cut: an ID of 900 KB is refused upstream
		}
		text := d.Fields[longest].Text
		keep := max(0, len(text)-over)
		for keep > 0 && !utf8.RuneStart(text[keep]) {
			keep--
		}
		d.Fields[longest].Text = text[:keep]
		cut = true
	}
}

// size bounds the encoded length from above: ten bytes for each varint.
func (d *Document) size() int {
	n := headerBytes + 4 + 5*10 + len(d.ID) + len(d.URL) + len(d.Lang)
	for _, f := range d.Fields {
		n += 20 + len(f.Name) + len(f.Text)
	}
	for _, g := range d.Groups {
		n += 10 + len(g)
	}
	return n
}

var (
	magic      = [4]byte{'T', 'R', 'W', 'D'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

const (
	version     = 1
	headerBytes = 4 + 1 + 1 + 16 + 8
	flagDeleted = 1
)

// Append encodes d behind dst. It does not check MaxBytes: who makes a document
// cuts its texts first, by Fit.
func (d *Document) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic[:]...)
	var flags byte
	if d.Deleted {
		flags |= flagDeleted
	}
	dst = append(dst, version, flags)
	dst = append(dst, d.Key[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(d.Version))
	dst = appendString(dst, d.ID)
	dst = appendString(dst, d.URL)
	dst = appendString(dst, d.Lang)
	dst = binary.AppendUvarint(dst, uint64(len(d.Fields)))
	for _, f := range d.Fields {
		dst = appendString(appendString(dst, f.Name), f.Text)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.Groups)))
	for _, g := range d.Groups {
		dst = appendString(dst, g)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Decode reads one whole document. The strings are copies of b.
func Decode(b []byte) (*Document, error) {
	if len(b) < headerBytes+4 || [4]byte(b[:4]) != magic {
		return nil, fmt.Errorf("%w: no document header", ErrCorrupt)
	}
	if b[4] != version {
		return nil, fmt.Errorf("document: version %d, this build reads %d: upgrade Trawl", b[4], version)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: checksum differs", ErrCorrupt)
	}
	d := &Document{Deleted: b[5]&flagDeleted != 0, Key: Key(b[6:22]), Version: int64(binary.LittleEndian.Uint64(b[22:30]))}
	r := reader{b: body[headerBytes:]}
	d.ID, d.URL, d.Lang = r.string(), r.string(), r.string()
	for n := r.count(maxFields); n > 0; n-- {
		d.Fields = append(d.Fields, Field{Name: r.string(), Text: r.string()})
	}
	for n := r.count(maxGroups); n > 0; n-- {
		d.Groups = append(d.Groups, r.string())
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: fields do not add up", ErrCorrupt)
	}
	return d, nil
}

// reader is the one gate through which encoded lengths pass.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) count(limit uint64) uint64 {
	n := r.uvarint()
	if n > limit {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
