package warc

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
)

// maxReread bounds what resync reads twice in one file, lest a file made for
// that purpose cost the square of its length.
const maxReread = 64 << 20

// resync moves behind damage to the next place where a record seems to begin,
// or to the end. In a gzip stream of many records it looks there first.
func (r *Reader) resync() {
	if r.member {
		if nextLine(r.in) {
			r.shared = true
			return
		}
		r.member = false
	}
	r.goBack()
	br := r.src.br
	for {
		p, err := br.Peek(4 << 10)
		if len(p) == 0 || err != nil && err != io.EOF {
			return
		}
		i, j := bytes.Index(p, []byte{0x1f, 0x8b, 8}), bytes.Index(p, []byte("\nWARC/"))
		if k := bytes.Index(p, zstdMagic); k >= 0 && (i < 0 || k < i) {
			i = k
		}
		switch {
		case j >= 0 && (i < 0 || j < i):
			br.Discard(j + 1)
			if next, _ := br.Peek(7); isVersion(next) {
				return
			}
		case i < 0:
			// The last bytes may be the first of a mark.
			br.Discard(max(1, len(p)-5))
		case i > 0:
			br.Discard(i)
		case beginsRecord(p) || r.frameBegins(p):
			return
		default:
			br.Discard(1)
		}
	}
}

// goBack returns to the byte after the damaged record's first, where the file
// can seek: damage makes a decoder run on into what follows, which is whole.
func (r *Reader) goBack() {
	s, ok := r.src.r.(io.Seeker)
	back := r.src.n - (r.start + 1) // of the file's own position
	if !ok || back <= 0 || r.reread+back > maxReread {
		return
	}
	if _, err := s.Seek(-back, io.SeekCurrent); err != nil {
		return
	}
	r.reread += back
	r.src.n -= back
	r.src.br.Reset(r.src)
}

// nextLine moves to the next line that begins a record and says whether there
// is one.
func nextLine(br *bufio.Reader) bool {
	for n := 0; n < maxScanBytes; {
		if next, _ := br.Peek(7); isVersion(next) {
			return true
		}
		for {
			p, err := br.ReadSlice('\n')
			n += len(p)
			if err == nil {
				break
			}
			if err != bufio.ErrBufferFull || n > maxScanBytes {
				return false
			}
		}
	}
	return false
}

func isVersion(p []byte) bool {
	return bytes.HasPrefix(p, []byte("WARC/0.")) || bytes.HasPrefix(p, []byte("WARC/1."))
}

// beginsRecord says whether p begins a gzip member whose content begins a
// record.
func beginsRecord(p []byte) bool {
	gz, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return false
	}
	head := make([]byte, 7)
	n, _ := io.ReadFull(gz, head)
	return isVersion(head[:n])
}

// frameBegins says the same of a zstd frame.
func (r *Reader) frameBegins(p []byte) bool {
	if !bytes.HasPrefix(p, zstdMagic) {
		return false
	}
	if r.probe == nil {
		dec, err := newZstd(r.zst.dict)
		if err != nil {
			return false
		}
		r.probe = dec
	}
	if r.probe.Reset(bytes.NewReader(p)) != nil {
		return false
	}
	head := make([]byte, 7)
	n, _ := io.ReadFull(r.probe, head)
	return isVersion(head[:n])
}

// counted counts what was read of a file, and keeps its error.
type counted struct {
	r   io.Reader
	br  *bufio.Reader // over this
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// offset is the place of the next byte that br gives.
func (c *counted) offset() int64 { return c.n - int64(c.br.Buffered()) }
