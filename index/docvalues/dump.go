package docvalues

import (
	"io"

	"github.com/trawlsearch/trawl/index/bitpack"
	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// maxDump bounds the chunks and keys that a dump shows one by one.
const maxDump = 8

// Dump writes the annotated bytes of a column of either kind.
func Dump(w io.Writer, data []byte) error {
	if k, err := OpenKeys(data, nil); err == nil {
		return dumpKeys(w, data, k)
	}
	c, err := Open(data, nil)
	if err != nil {
		return err
	}
	d := corrupt.NewDump(w, data, 0)
	d.Note("column: %d values in %d chunks", c.n, c.Zones())
	for i := range min(c.Zones(), maxDump) {
		docs, width := min(c.n-i*ChunkLen, ChunkLen), int(c.widths[i])
		d.Note("chunk %d: %d values of %d bits", i, docs, width)
		for at := 0; at < docs; at += bitpack.N {
			d.Bytes(blockBytes(min(docs-at, bitpack.N), width), "documents from %d", i*ChunkLen+at)
		}
	}
	d.Bytes(len(c.payload)-d.Off(), "more chunks")
	for _, col := range []struct {
		name string
		data []byte
	}{{"least", c.least}, {"most", c.most}, {"offset", c.offsets}} {
		for i := range min(c.Zones(), maxDump) {
			d.Bytes(8, "%s of chunk %d: %d", col.name, i, int64(long(col.data, i)))
		}
		d.Bytes(8*max(c.Zones()-maxDump, 0), "more")
	}
	d.Bytes(c.Zones(), "widths")
	dumpTrailer(d, c.n)
	return d.Err()
}

func dumpTrailer(d *corrupt.Dump, n int) {
	d.Bytes(8, "documents: %d", n)
	d.Bytes(4, "magic")
	d.Bytes(4, "zero")
}

func dumpKeys(w io.Writer, data []byte, k *Keys) error {
	d := corrupt.NewDump(w, data, 0)
	d.Note("keys: %d", k.n)
	for i := range min(k.n, maxDump) {
		d.Bytes(keyBytes, "key of document %d", i)
	}
	d.Bytes(keyBytes*max(k.n-maxDump, 0), "more keys")
	d.Bytes(len(k.order), "documents in the order of keys")
	dumpTrailer(d, k.n)
	return d.Err()
}
