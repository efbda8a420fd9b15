package index

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/trawlsearch/trawl/index/internal/segfile"
)

// # Live object, version 3.0
//
// A segfile of kind Deletes, with the UUID of the segment it speaks of, and one
// section "live", little-endian:
//
//	+------+------+-------------------+
//	| docs | live | bitmap            |
//	| 4    | 4    | 8·ceil(docs/64)   |
//	+------+------+-------------------+
//
// Bit d%8 of byte d/8 is set if document d is live, which live documents are;
// bits from docs on are 0. Three documents of which the second is deleted:
//
//	03 00 00 00  02 00 00 00  05 00 00 00 00 00 00 00

const (
	liveMajor, liveMinor = 1, 0
	liveSection          = "live"
	liveHeaderBytes      = 8
)

// liveBits tells the live documents of a segment from the deleted. It is not
// changed once a snapshot holds it; nil means that all documents are live.
type liveBits []byte

func liveBytes(docs uint32) int { return 8 * int((uint64(docs)+63)/64) }

// allLive returns a bitmap of docs live documents.
func allLive(docs uint32) liveBits {
	b := make(liveBits, liveBytes(docs))
	for i := range docs / 8 {
		b[i] = 0xff
	}
	if docs%8 != 0 {
		b[docs/8] = 1<<(docs%8) - 1
	}
	return b
}

func (b liveBits) has(doc uint32) bool { return b == nil || b[doc>>3]>>(doc&7)&1 != 0 }

func (b liveBits) set(doc uint32) { b[doc>>3] |= 1 << (doc & 7) }

func (b liveBits) clear(doc uint32) { b[doc>>3] &^= 1 << (doc & 7) }

// word returns the bits of documents 64·i to 64·i+63.
func (b liveBits) word(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }

func (b liveBits) words() int { return len(b) / 8 }

// count returns how many documents are live.
func (b liveBits) count() uint32 {
	n := 0
	for i := range b.words() {
		n += bits.OnesCount64(b.word(i))
	}
	return uint32(n)
}

// check tells what is wrong with a bitmap of docs documents, or nil.
func (b liveBits) check(docs uint32) error {
	if len(b) != liveBytes(docs) {
		return fmt.Errorf("bitmap of %d bytes for %d documents", len(b), docs)
	}
	if docs%64 != 0 && b.word(b.words()-1)>>(docs%64) != 0 {
		return fmt.Errorf("bitmap has documents behind the last of %d", docs)
	}
	return nil
}

// writeLive writes a live object.
func writeLive(w io.Writer, segment UUID, docs uint32, b liveBits, created time.Time) error {
	f := segfile.NewWriter(w, segfile.Header{
		Kind: segfile.Deletes, Major: liveMajor, Minor: liveMinor, UUID: segment, Created: created.UnixNano(),
	})
	f.Section(liveSection, 0)
	var head [liveHeaderBytes]byte
	binary.LittleEndian.PutUint32(head[:], docs)
	binary.LittleEndian.PutUint32(head[4:], b.count())
	f.Write(head[:])
	f.Write(b)
	return f.Close()
}

// readLive reads and verifies the live object of a segment of docs documents.
// The bitmap is a copy.
func readLive(data []byte, segment UUID, docs uint32) (liveBits, error) {
	f, err := segfile.Open(data, segfile.Deletes, segfile.Options{})
	if err != nil {
		return nil, err
	}
	if err := f.Verify(); err != nil {
		return nil, err
	}
	if f.Header().UUID != segment {
		return nil, fmt.Errorf("%w: it speaks of segment %x, not %x", ErrCorrupt, f.Header().UUID, segment)
	}
	body, ok := f.Section(liveSection, 0)
	if !ok || len(body) < liveHeaderBytes {
		return nil, fmt.Errorf("%w: section %s of %d bytes", ErrCorrupt, liveSection, len(body))
	}
	b := liveBits(append([]byte(nil), body[liveHeaderBytes:]...))
	if n := binary.LittleEndian.Uint32(body); n != docs {
		return nil, fmt.Errorf("%w: live object of %d documents, segment of %d", ErrCorrupt, n, docs)
	}
	if err := b.check(docs); err != nil {
		return nil, fmt.Errorf("%w: live object: %v", ErrCorrupt, err)
	}
	if n := binary.LittleEndian.Uint32(body[4:]); n != b.count() {
		return nil, fmt.Errorf("%w: live object of %d live documents has %d", ErrCorrupt, n, b.count())
	}
	return b, nil
}
