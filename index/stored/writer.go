package stored

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A Writer writes documents as one stream. It holds one block, and 16 bytes for
// each block before. One goroutine.
type Writer struct {
	w       io.Writer
	enc     *zstd.Encoder
	err     error
	docs    uint64
	written uint64

	first, offsets, sizes []byte // columns

	// The current block.
	n          int // its documents
	body       []byte
	compressed []byte
}

// NewWriter writes to w, from its current place on.
func NewWriter(w io.Writer) *Writer {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		err = fmt.Errorf("stored: zstd: %w", err)
	}
	return &Writer{w: w, enc: enc, err: err}
}

// Add adds the next document: its values, none if it has none. It does not keep
// them. After an error the Writer is of no use any more.
func (w *Writer) Add(values []Value) error {
	size := 0
	for _, v := range values {
		if v.Field < 0 || v.Field > MaxField {
			w.fail("field %d", v.Field)
		}
		size += len(v.Bytes) + 2*binary.MaxVarintLen32
	}
	if size += binary.MaxVarintLen32; size > MaxDocBytes {
		w.fail("document %d has %d bytes, at most %d", w.docs, size, MaxDocBytes)
	}
	if w.err != nil {
		return w.err
	}
	if size > aloneBytes {
		w.flush()
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(values)))
	for _, v := range values {
		w.body = binary.AppendUvarint(w.body, uint64(v.Field))
		w.body = binary.AppendUvarint(w.body, uint64(len(v.Bytes)))
		w.body = append(w.body, v.Bytes...)
	}
	if w.n == 0 {
		w.first = binary.LittleEndian.AppendUint32(w.first, uint32(w.docs))
	}
	w.n++
	w.docs++
	if len(w.body) >= blockBytes || w.n == maxBlockDocs {
		w.flush()
	}
	return w.err
}

func (w *Writer) flush() {
	if w.n == 0 || w.err != nil {
		return
	}
	w.compressed = w.enc.EncodeAll(w.body, w.compressed[:0])
	w.offsets = binary.LittleEndian.AppendUint64(w.offsets, w.written)
	w.sizes = binary.LittleEndian.AppendUint32(w.sizes, uint32(len(w.body)))
	w.send(w.compressed)
	w.written += uint64(len(w.compressed))
	w.n, w.body = 0, w.body[:0]
}

// Finish writes what is left. It does not close the stream.
func (w *Writer) Finish() error {
	w.flush()
	trailer := binary.LittleEndian.AppendUint64(nil, w.docs)
	trailer = binary.LittleEndian.AppendUint64(trailer, w.written)
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(w.sizes)/4))
	trailer = append(trailer, magic[:]...)
	for _, part := range [][]byte{w.first, w.offsets, w.sizes, trailer} {
		w.send(part)
	}
	return w.err
}

func (w *Writer) send(p []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.w.Write(p); err != nil {
		w.err = fmt.Errorf("stored: write: %w", err)
	}
}

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("stored: add: "+format, args...)
	}
}
