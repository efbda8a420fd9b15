package warc

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// ReaderOptions bound what a Reader keeps. The zero value works.
type ReaderOptions struct {
	MaxBlockBytes  int64 // kept of a block, the rest is skipped; zero: 64 MiB
	MaxHeaderBytes int   // of one record; zero: 64 KiB
}

const (
	defaultBlockBytes  = 64 << 20
	defaultHeaderBytes = 64 << 10
	// maxRecordBytes bounds what is skipped of a record: above it a length is
	// held to be damage, lest a small file of zeros keep us busy for hours.
	maxRecordBytes = 4 << 30
	// maxGapBytes bounds the line ends between two records, and maxScanBytes
	// the search for the next record in one gzip stream.
	maxGapBytes  = 64 << 10
	maxScanBytes = 256 << 20
)

// magicARC begins a file of the format before WARC.
const magicARC = "filedesc:"

// A CorruptError says that the bytes at Offset are not a whole record.
type CorruptError struct {
	Offset int64 // in the file: of the gzip member, or of the record where it is plain
	Err    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("warc: corrupt record at offset %d: %v", e.Offset, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// A Reader reads the records of one file in order. One goroutine may call it.
type Reader struct {
	opt ReaderOptions
	src *counted      // the file, as it is
	in  *bufio.Reader // what records are read from: dec, or src.br
	dec *bufio.Reader // the current member, decoded
	gz  *gzip.Reader
	zst zstdFrames

	probe *zstd.Decoder // for resync

	member bool  // in a gzip member, or a zstd frame
	within bool  // in a header or block, which may go on in the next member
	start  int64 // of the current member, or of the current plain record
	shared bool  // the current member holds more, or less, than one record
	reread int64 // bytes that resync went back, in all
	err    error // the end, or the error of the file itself: all that Next gives from then on
}

// NewReader reads from r, which need not be buffered.
func NewReader(r io.Reader, opt ReaderOptions) *Reader {
	if opt.MaxBlockBytes <= 0 {
		opt.MaxBlockBytes = defaultBlockBytes
	}
	if opt.MaxHeaderBytes <= 0 {
		opt.MaxHeaderBytes = defaultHeaderBytes
	}
	src := &counted{r: r}
	src.br = bufio.NewReaderSize(src, 64<<10)
	return &Reader{opt: opt, src: src}
}

// Next gives the next record, which is the caller's to keep. At the end its
// error is io.EOF. After a *CorruptError the next call goes on with the next
// record that can be found. Any other error is the file's own, and final.
func (r *Reader) Next() (*Record, error) {
	if r.err != nil {
		return nil, r.err
	}
	rec, err := r.next()
	switch {
	case err == nil:
		return rec, nil
	case r.src.err != nil:
		r.err = fmt.Errorf("warc: read at offset %d: %w", r.src.offset(), r.src.err)
		return nil, r.err
	case err == errEnd:
		r.err = io.EOF
		return nil, r.err
	}
	at := r.start
	r.resync()
	return nil, &CorruptError{Offset: at, Err: err}
}

var (
	errEnd = errors.New("end of file")
	errCut = errors.New("the record is cut short")
)

// next reads one record, or the reason why there is none.
func (r *Reader) next() (*Record, error) {
	if err := r.seek(); err != nil {
		return nil, err
	}
	rec := &Record{Offset: r.start}
	r.within = true
	n, err := r.header(rec)
	if err == nil {
		err = r.block(rec, n)
	}
	r.within = false
	if err != nil {
		return nil, err
	}
	return rec, r.trailer(rec)
}

// seek moves to the first byte of a record.
func (r *Reader) seek() error {
	for {
		if r.member {
			switch end, err := skipLineEnds(r.in); {
			case err != nil:
				return err
			case !end:
				return nil
			}
			r.member = false
		}
		r.start = r.src.offset()
		end, err := skipLineEnds(r.src.br)
		if err != nil {
			return err
		}
		if end {
			return errEnd
		}
		r.start = r.src.offset()
		p, _ := r.src.br.Peek(4)
		switch {
		case isZstd(p):
			err = r.openFrame()
		case isGzip(p):
			err = r.open()
		default:
			r.in, r.shared = r.src.br, false
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func isGzip(p []byte) bool { return len(p) >= 2 && p[0] == 0x1f && p[1] == 0x8b }

// openFrame begins the zstd frame at the current place, if it holds data.
func (r *Reader) openFrame() error {
	data, err := r.zst.open(r.src.br)
	if err == nil && data {
		r.enter(&r.zst)
	}
	return err
}

// enter makes a decoder the place where records are read.
func (r *Reader) enter(decoded io.Reader) {
	if r.dec == nil {
		r.dec = bufio.NewReaderSize(nil, 32<<10)
	}
	r.dec.Reset(decoded)
	r.in, r.member, r.shared = r.dec, true, false
}

// open begins the gzip member at the current place.
func (r *Reader) open() error {
	if r.gz == nil {
		gz, err := gzip.NewReader(r.src.br)
		if err != nil {
			return cut(err)
		}
		r.gz = gz
	} else if err := r.gz.Reset(r.src.br); err != nil {
		return cut(err)
	}
	r.gz.Multistream(false)
	r.enter((*members)(r))
	return nil
}

// members is the decoded content of the current gzip member. Some writers
// begin a member in the midst of a record: there, and only if the next member
// does not itself begin with a record, it goes on.
type members Reader

func (m *members) Read(p []byte) (int, error) {
	n, err := m.gz.Read(p)
	if n > 0 && err == io.EOF {
		err = nil // it comes again, when it is known what it means
	}
	if err != io.EOF || !m.within {
		return n, err
	}
	next, _ := m.src.br.Peek(4 << 10)
	if !isGzip(next) || beginsRecord(next) {
		return n, err
	}
	if err := m.gz.Reset(m.src.br); err != nil {
		return 0, err
	}
	m.gz.Multistream(false)
	m.shared = true
	return 0, nil
}

// header reads the version line and the fields, and gives the block's length.
func (r *Reader) header(rec *Record) (int64, error) {
	left := r.opt.MaxHeaderBytes
	line, err := r.line(&left)
	if err != nil {
		return 0, err
	}
	if !strings.HasPrefix(line, "WARC/") {
		if strings.HasPrefix(line, magicARC) {
			return 0, errors.New("this is an ARC file, not WARC")
		}
		return 0, fmt.Errorf("no WARC version line but %.40q", line)
	}
	rec.Version = line
	length := int64(-1)
	var name, value string
	done := func() error {
		if strings.EqualFold(name, "Content-Length") {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 || n > maxRecordBytes {
				return fmt.Errorf("bad Content-Length %.40q", value)
			}
			length = n
		} else if name != "" {
			rec.set(name, value)
		}
		name = ""
		return nil
	}
	for {
		line, err := r.line(&left)
		if err != nil {
			return 0, err
		}
		if line != "" && (line[0] == ' ' || line[0] == '\t') && name != "" {
			value += " " + strings.TrimSpace(line)
			continue
		}
		if err := done(); err != nil {
			return 0, err
		}
		if line == "" {
			break
		}
		// A line without a colon is passed over.
		if n, v, ok := strings.Cut(line, ":"); ok {
			name, value = strings.TrimSpace(n), strings.TrimSpace(v)
		}
	}
	if length < 0 {
		return 0, errors.New("no Content-Length")
	}
	return length, nil
}

// line reads a line without its end, CR LF or LF, and counts it off left.
func (r *Reader) line(left *int) (string, error) {
	var b []byte
	for {
		p, err := r.in.ReadSlice('\n')
		*left -= len(p)
		if *left < 0 {
			return "", fmt.Errorf("header longer than %d bytes", r.opt.MaxHeaderBytes)
		}
		b = append(b, p...)
		switch {
		case err == bufio.ErrBufferFull:
		case err != nil:
			return "", cut(err)
		default:
			return string(bytes.TrimRight(b, "\r\n")), nil
		}
	}
}

// block reads n bytes, keeps as many as it may and skips the rest.
func (r *Reader) block(rec *Record, n int64) error {
	keep := min(n, r.opt.MaxBlockBytes)
	var b bytes.Buffer
	b.Grow(int(min(keep, 1<<20))) // the length is a claim: memory follows the bytes
	if _, err := io.CopyN(&b, r.in, keep); err != nil {
		return cut(err)
	}
	if _, err := io.CopyN(io.Discard, r.in, n-keep); err != nil {
		return cut(err)
	}
	rec.Block, rec.Cut = b.Bytes(), keep < n
	return nil
}

// trailer reads the line ends behind a block, and at the end of a gzip member
// its checksum, which says whether the record was whole.
func (r *Reader) trailer(rec *Record) error {
	end, err := skipLineEnds(r.in)
	if err != nil {
		return err
	}
	switch {
	case !r.member:
		rec.Length = r.src.offset() - r.start
	case end:
		r.member = false
		if !r.shared {
			rec.Length = r.src.offset() - r.start
		}
	default:
		r.shared = true
	}
	return nil
}

// skipLineEnds passes over CR and LF and says whether the input ends there.
func skipLineEnds(br *bufio.Reader) (end bool, err error) {
	for range maxGapBytes {
		c, err := br.ReadByte()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, cut(err)
		}
		if c != '\r' && c != '\n' {
			return false, br.UnreadByte()
		}
	}
	return false, fmt.Errorf("more than %d line ends between records", maxGapBytes)
}

// cut gives the end of the input its meaning inside a record.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}

// Read gives the one record that ref names in the folder dir.
func Read(dir string, ref Ref) (*Record, error) {
	path := filepath.Join(dir, filepath.Base(ref.File))
	return archive{path: path, disk: path, n: -1}.read(ref)
}

func (a archive) read(ref Ref) (*Record, error) {
	f, err := a.open()
	if err != nil {
		return nil, fmt.Errorf("warc: read %s: %w", ref.File, err)
	}
	defer f.Close()
	r := NewReader(io.NewSectionReader(f, ref.Offset, ref.Length), ReaderOptions{})
	if err := r.prime(f); err != nil {
		return nil, fmt.Errorf("warc: read %s: %w", ref.File, err)
	}
	rec, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("warc: read %s at %d: %w", ref.File, ref.Offset, err)
	}
	rec.Offset += ref.Offset
	return rec, nil
}

// prime reads the dictionary with which a file begins, if it does.
func (r *Reader) prime(f io.Reader) error {
	br := bufio.NewReaderSize(f, 4<<10)
	if p, _ := br.Peek(4); len(p) < 4 || binary.LittleEndian.Uint32(p) != dictionaryFrame {
		return nil
	}
	_, err := r.zst.open(br)
	return err
}
