package segfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// Inspect writes the annotated bytes of an object. The content of each section
// is shown by content, or as it is where content is nil or returns false. What
// is damaged is shown as far as it can be, and said in the error.
func Inspect(w io.Writer, data []byte, content func(w io.Writer, s Section, data []byte) (bool, error)) error {
	d := corrupt.NewDump(w, data, 0)
	inspectHeader(d, data)
	if d.Err() != nil {
		return d.Err()
	}
	h, err := readHeader(data)
	if err != nil {
		return err
	}
	f, err := Open(data, h.Kind, Options{})
	if err != nil {
		return err
	}
	damage := f.Verify()
	if damage != nil {
		d.Note("damaged: %v", damage)
	}
	for _, s := range f.sections {
		d.Note("section %s.%d: %d bytes at %d", s.Name, s.Field, s.Size, s.Off)
		shown := false
		if content != nil {
			body, _ := f.Section(s.Name, s.Field)
			if shown, err = content(w, s, body); err != nil {
				fmt.Fprintf(w, "# damaged: %v\n", err)
				damage = err
			}
		}
		if shown {
			d.Skip(int(s.Size))
		} else if s.Size > 0 {
			d.Bytes(int(s.Size), "content")
		}
		d.Bytes(int((s.Off+s.Size+2*Align-1)/Align*Align-s.Off-s.Size), "zero")
	}
	f.inspectTables(d)
	if damage != nil {
		return damage
	}
	return d.Err()
}

func inspectHeader(d *corrupt.Dump, data []byte) {
	if len(data) < headerBytes {
		d.Bytes(len(data), "too short for a header")
		return
	}
	r := corrupt.NewReader(data[4:headerBytes])
	d.Bytes(4, "magic %q", data[:4])
	kind := Kind(r.U16())
	d.Bytes(2, "kind: %v", kind)
	d.Bytes(2, "version %d.%d", r.U8(), r.U8())
	d.Bytes(16, "UUID %x", r.Bytes(16))
	d.Bytes(8, "features: %#x", r.U64())
	d.Bytes(8, "created %s", time.Unix(0, int64(r.U64())).UTC().Format(time.RFC3339Nano))
	state := "wrong"
	if r.U32() == crc32.Checksum(data[:headerSummed], castagnoli) {
		state = "right"
	}
	d.Bytes(4, "CRC of the header: %s", state)
	d.Bytes(headerBytes-headerSummed-4, "zero")
}

func (f *File) inspectTables(d *corrupt.Dump) {
	d.Note("table of contents: %d sections", len(f.sections))
	for _, s := range f.sections {
		d.Bytes(nameBytes, "name %q", s.Name)
		d.Bytes(2, "field: %d", s.Field)
		d.Bytes(6, "zero")
		d.Bytes(8, "offset: %d", s.Off)
		d.Bytes(8, "size: %d", s.Size)
	}
	d.Note("checksums: one for each %d bytes", Chunk)
	for i := 0; i < len(f.sums); i += sumBytes {
		d.Bytes(sumBytes, "chunk %d: %08x", i/sumBytes, binary.LittleEndian.Uint32(f.sums[i:]))
	}
	d.Note("footer")
	d.Bytes(8, "payload: %d", f.payload)
	d.Bytes(4, "sections: %d", len(f.sections))
	d.Bytes(4, "chunks: %d", len(f.sums)/sumBytes)
	d.Bytes(4, "CRC of the table of contents")
	d.Bytes(4, "CRC of the checksums")
	d.Bytes(footerSummed-24, "zero")
	d.Bytes(4, "CRC of the footer: digest %08x", f.digest)
	d.Bytes(4, "magic")
}
