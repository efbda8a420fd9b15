package stored

import (
	"cmp"
	"fmt"
	"io"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// maxDumpBlocks and maxDumpDocs bound a dump.
const (
	maxDumpBlocks = 4
	maxDumpDocs   = 8
)

// Dump writes the annotated bytes of a Writer's output: each block compressed,
// and then what is in it. What is damaged is shown as far as it can be, and said
// in the error.
func Dump(w io.Writer, data []byte) error {
	s, err := Open(data, nil, nil)
	if err != nil {
		return err
	}
	d := corrupt.NewDump(w, data, 0)
	d.Note("stored: %d documents in %d blocks", s.docs, s.blocks)
	for i := range min(s.blocks, maxDumpBlocks) {
		first, _ := s.span(i)
		if at, err := s.find(uint32(first)); err != nil || at != i {
			return cmp.Or(err, corrupt.Errorf("stored: document %d is the first of blocks %d and %d", first, i, at))
		}
		start, end := s.bounds(i)
		from, to := s.span(i)
		d.Bytes(int(end-start), "block %d: documents %d to %d, zstd of %d bytes", i, from, to-1, s.rawSize(i))
		if err := s.dumpBlock(w, i, from, to); err != nil {
			d.Note("damaged: %v", err)
			return err
		}
	}
	d.Bytes(len(s.data)-d.Off(), "more blocks")
	d.Bytes(len(s.first), "first document of each block")
	d.Bytes(len(s.offsets), "offset of each block")
	d.Bytes(len(s.sizes), "size of each block, decompressed")
	d.Bytes(8, "documents: %d", s.docs)
	d.Bytes(8, "bytes of the blocks: %d", len(s.data))
	d.Bytes(4, "blocks: %d", s.blocks)
	d.Bytes(4, "magic")
	return d.Err()
}

func (s *Store) dumpBlock(w io.Writer, block int, from, to uint64) error {
	raw, err := s.decompress(block)
	if err != nil {
		return err
	}
	d := corrupt.NewDump(w, raw[4*(to-from):], 0)
	d.Note("in block %d", block)
	for doc := from; doc < min(to, from+maxDumpDocs); doc++ {
		values, err := s.Get(uint32(doc), nil)
		if err != nil {
			return err
		}
		d.Bytes(uvarintLen(len(values)), "document %d: %d values", doc, len(values))
		for _, v := range values {
			text := v.Bytes[:min(len(v.Bytes), 40)]
			size := uvarintLen(v.Field) + uvarintLen(len(v.Bytes)) + len(v.Bytes)
			d.Bytes(size, "field %d, %s", v.Field, fmt.Sprintf("%q", text))
		}
	}
	d.Bytes(d.Len(), "more documents")
	return d.Err()
}

func uvarintLen(v int) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
