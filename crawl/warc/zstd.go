package warc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A .warc.zst is a row of zstd frames (RFC 8878), a record in each, perhaps
// after a skippable frame that holds the dictionary of all others ("WARC file
// format, Zstandard", IIPC).
const (
	dictionaryFrame = 0x184d2a5d
	// maxDictionary bounds the dictionary. zstd itself makes 110 KiB of them.
	maxDictionary = 8 << 20
	// maxWindow bounds what a decoder keeps: level 19 asks for 8 MiB.
	maxWindow = 32 << 20
	zstdBlock = 128 << 10
)

// isZstd says whether p begins a frame, of data or to be skipped.
func isZstd(p []byte) bool {
	return len(p) >= 4 && (bytes.Equal(p[:4], zstdMagic) || isSkippable(p))
}

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

func isSkippable(p []byte) bool {
	return p[0]&0xf0 == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18
}

// zstdFrames reads the frames of a file one by one.
type zstdFrames struct {
	dec  *zstd.Decoder
	dict []byte
	cur  frame
	err  error // of cur: the decoder may give data behind an error
}

// open begins the frame at the current place of br and says whether it holds
// data.
func (z *zstdFrames) open(br *bufio.Reader) (data bool, err error) {
	p, _ := br.Peek(18)
	var h zstd.Header
	if err := h.Decode(p); err != nil {
		return false, cut(err)
	}
	if h.Skippable {
		id := binary.LittleEndian.Uint32(p)
		br.Discard(h.HeaderSize)
		if id == dictionaryFrame && z.dict == nil {
			return false, z.readDictionary(br, int64(h.SkippableSize))
		}
		_, err := io.CopyN(io.Discard, br, int64(h.SkippableSize))
		return false, cut(err)
	}
	z.err = nil
	z.cur = frame{br: br, left: h.HeaderSize, checksum: h.HasCheckSum}
	if z.dec == nil {
		if z.dec, err = newZstd(z.dict); err != nil {
			return false, err
		}
	}
	return true, z.dec.Reset(&z.cur)
}

// readDictionary reads the content of a dictionary frame, which may itself be
// compressed.
func (z *zstdFrames) readDictionary(br *bufio.Reader, n int64) error {
	if n > maxDictionary {
		return fmt.Errorf("a dictionary of %d bytes", n)
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(br, raw); err != nil {
		return cut(err)
	}
	if bytes.HasPrefix(raw, zstdMagic) {
		dec, err := newZstd(nil)
		if err != nil {
			return err
		}
		defer dec.Close()
		if err := dec.Reset(bytes.NewReader(raw)); err != nil {
			return err
		}
		if raw, err = io.ReadAll(io.LimitReader(dec, maxDictionary+1)); err != nil || len(raw) > maxDictionary {
			return errors.Join(errors.New("bad dictionary"), err)
		}
	}
	z.dict, z.dec = raw, nil
	return nil
}

func newZstd(dict []byte) (*zstd.Decoder, error) {
	opts := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow)}
	switch {
	case bytes.HasPrefix(dict, []byte{0x37, 0xa4, 0x30, 0xec}):
		opts = append(opts, zstd.WithDecoderDicts(dict))
	case dict != nil:
		opts = append(opts, zstd.WithDecoderDictRaw(0, dict))
	}
	return zstd.NewReader(nil, opts...)
}

// Read gives the decoded content of the current frame.
func (z *zstdFrames) Read(p []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	n, err := z.dec.Read(p)
	if err == io.EOF {
		// The decoder need not have taken the frame's very last bytes.
		if _, derr := io.Copy(io.Discard, &z.cur); derr != nil {
			err = derr
		}
	}
	z.err = err
	return n, err
}

// A frame is the bytes of one frame, and not one more: the decoder alone would
// run on into the next.
type frame struct {
	br       *bufio.Reader
	left     int // bytes up to the next block header
	checksum bool
	last     bool // left goes up to the end
}

func (f *frame) Read(p []byte) (int, error) {
	if f.left == 0 && !f.last {
		if err := f.block(); err != nil {
			return 0, err
		}
	}
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.br.Read(p[:min(len(p), f.left)])
	f.left -= n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// block looks at the header of the next block (RFC 8878, 3.1.1.2).
func (f *frame) block() error {
	p, err := f.br.Peek(3)
	if len(p) < 3 {
		return cut(err)
	}
	head := int(p[0]) | int(p[1])<<8 | int(p[2])<<16
	kind, size := head>>1&3, head>>3
	switch {
	case kind == 1: // one byte, repeated
		size = 1
	case kind == 3 || size > zstdBlock:
		return errors.New("bad block of zstd")
	}
	f.left, f.last = 3+size, head&1 == 1
	if f.last && f.checksum {
		f.left += 4
	}
	return nil
}
