package warc

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/internal/durable"
)

// Options are the settings of a Writer. The zero value works.
type Options struct {
	MaxFileBytes int64  // a file is closed before it would exceed this; zero: 1 GiB
	Software     string // for warcinfo; zero: "Trawl"
	Operator     string // for warcinfo; zero: left out
	Level        int    // of gzip, 1 to 9; zero: 1 (16 MB of PostgreSQL documentation: 94 MB/s to 30%; 6 gives 52 MB/s to 26%)

	// TruncateTo is the position that the caller last committed. What was
	// written behind it is cut, files begun after it are deleted, and the
	// writer goes on in the same file. Nil, or an empty File: nothing is cut
	// but a torn last record, and the writer begins a new file.
	TruncateTo *Position

	// Sealed is called once or more (again after a crash or an error) for each
	// file that will not change any more, in order, from OpenWriter, Sync and
	// Close: at the second Sync after the file's last record, when the caller
	// has committed a position behind it. The file's index stands beside it
	// then (IndexName). Sealed may move or remove both.
	// Sync and Close return its error as a *SealError when their own work is
	// done.
	Sealed func(path string) error

	// Dedup is the number of payloads that Append remembers: a response whose
	// payload was written before, under whatever address, is written as a
	// revisit of that record, header only (ProfileIdentical). 65,536 take some
	// 15 MB. Zero: each response is written whole.
	Dedup int

	Now func() time.Time // zero: time.Now
}

const (
	defaultFileBytes = 1 << 30
	suffix           = ".warc.gz"
	// markSuffix names the file that says that Sealed was called for the file
	// beside it (empty), and that it returned nil (not empty).
	markSuffix = ".sealed"
)

// A Writer appends records to WARC files. Any goroutine may call it. One
// folder has one writer: the caller sees to that (Trawl: by the lock of the
// frontier's database).
type Writer struct {
	dir string
	opt Options

	mu   sync.Mutex // guards what follows
	f    *os.File   // nil: the next Append begins a file
	name string     // of f; when f is nil, of the last file, whose end is at
	at   int64      // bytes written to f
	// base is the length of the warcinfo record: a file that holds no more
	// than that is not closed for fullness.
	base   int64
	last   string   // greatest name ever seen here: new names sort behind it
	full   []string // complete since the last Sync
	ready  []string // complete before the last Sync: to be sealed at the next
	broken error    // a write could not be undone; all calls give it
	closed bool

	// lines are the index of f, and indexes those of the files in full and
	// ready. They are in memory and unnamed files only: after a crash an index
	// is made from its file.
	lines   *sorter
	indexes map[string]*sorter
	seen    *payloads // nil: no dedup

	zw   *gzip.Writer
	line []byte
	raw  []byte
	buf  bytes.Buffer
}

// OpenWriter opens, or makes, the folder dir.
func OpenWriter(dir string, opt Options) (*Writer, error) {
	if opt.MaxFileBytes <= 0 {
		opt.MaxFileBytes = defaultFileBytes
	}
	if opt.Software == "" {
		opt.Software = "Trawl"
	}
	if opt.Level == 0 {
		opt.Level = gzip.BestSpeed
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	zw, err := gzip.NewWriterLevel(nil, opt.Level)
	if err != nil {
		return nil, fmt.Errorf("warc: open %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("warc: open %s: %w", dir, err)
	}
	w := &Writer{dir: dir, opt: opt, zw: zw, indexes: map[string]*sorter{}}
	if opt.Dedup > 0 {
		w.seen = newPayloads(opt.Dedup)
	}
	if err := w.recover(); err != nil {
		w.Close()
		return nil, fmt.Errorf("warc: open %s: %w", dir, err)
	}
	return w, nil
}

// Append writes one record, and says where it stands. It is durable after
// Sync. When Append fails nothing of the record is in the file.
func (w *Writer) Append(rec Record) (Ref, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return Ref{}, err
	}
	rec.complete(w.opt.Now())
	key, repeats := w.seen.revisit(&rec)
	member, err := w.encode(&rec)
	if err != nil {
		return Ref{}, fmt.Errorf("warc: encode %s: %w", rec.TargetURI, err)
	}
	if w.f != nil && w.at > w.base && w.at+int64(len(member)) > w.opt.MaxFileBytes {
		if err := w.finish(); err != nil {
			return Ref{}, err
		}
	}
	if w.f == nil {
		member = bytes.Clone(member) // begin encodes a record too
		if err := w.begin(); err != nil {
			return Ref{}, err
		}
	}
	ref := Ref{File: w.name, Offset: w.at, Length: int64(len(member))}
	if err := w.write(member); err != nil {
		return Ref{}, err
	}
	if !repeats {
		w.seen.add(key, &rec)
	}
	w.index(&rec, ref)
	return ref, nil
}

// index notes where a record stands.
func (w *Writer) index(rec *Record, ref Ref) {
	if w.lines == nil {
		return // begun by an earlier writer
	}
	c, ok := rec.capture(ref)
	if !ok {
		return
	}
	w.line = c.appendTo(w.line[:0])
	if err := w.lines.add(w.line); err != nil {
		w.lines.close() // no room: the index is made from the file, or fails there
		w.lines = nil
	}
}

// usable gives the reason why nothing can be written any more.
func (w *Writer) usable() error {
	if w.closed {
		return fmt.Errorf("warc: %s: %w", w.dir, os.ErrClosed)
	}
	return w.broken
}

// encode makes the gzip member of a record. It is valid until the next call.
func (w *Writer) encode(rec *Record) ([]byte, error) {
	w.raw = rec.appendTo(w.raw[:0])
	w.buf.Reset()
	w.zw.Reset(&w.buf)
	if _, err := w.zw.Write(w.raw); err != nil {
		return nil, err
	}
	if err := w.zw.Close(); err != nil {
		return nil, err
	}
	if cap(w.raw) > 4<<20 {
		w.raw = nil // one huge page must not stay in memory for ever
	}
	return w.buf.Bytes(), nil
}

// write appends a member, or cuts the file back to where it was.
func (w *Writer) write(member []byte) error {
	n, err := w.f.WriteAt(member, w.at)
	if err == nil {
		w.at += int64(len(member))
		return nil
	}
	err = fmt.Errorf("warc: write %s: %w", w.name, err)
	if n > 0 {
		if terr := w.f.Truncate(w.at); terr != nil {
			w.broken = errors.Join(err, terr)
		}
	}
	return err
}

// begin creates the next file and writes its warcinfo.
func (w *Writer) begin() error {
	name := w.nextName()
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("warc: begin file: %w", err)
	}
	if err := durable.SyncDir(w.dir); err != nil {
		f.Close()
		return fmt.Errorf("warc: begin file %s: %w", name, err)
	}
	w.f, w.name, w.last, w.at, w.base = f, name, name, 0, 0
	w.lines = &sorter{dir: w.dir}
	info := w.info(name)
	info.complete(w.opt.Now())
	member, err := w.encode(info)
	if err != nil {
		return fmt.Errorf("warc: begin file %s: %w", name, err)
	}
	if err := w.write(member); err != nil {
		return err
	}
	w.base = w.at
	return nil
}

// info is the first record of a file.
func (w *Writer) info(name string) *Record {
	var b bytes.Buffer
	fmt.Fprintf(&b, "software: %s\r\n", oneLine(w.opt.Software))
	b.WriteString("format: WARC File Format 1.1\r\n")
	b.WriteString("conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n")
	if w.opt.Operator != "" {
		fmt.Fprintf(&b, "operator: %s\r\n", oneLine(w.opt.Operator))
	}
	return &Record{Type: TypeWarcinfo, Header: [][2]string{{"WARC-Filename", name}}, Block: b.Bytes()}
}

// finish makes the current file complete and durable.
func (w *Writer) finish() error {
	if err := w.f.Sync(); err != nil {
		w.broken = fmt.Errorf("warc: sync %s: %w", w.name, err)
		return w.broken
	}
	err := w.f.Close()
	w.f = nil
	w.full = append(w.full, w.name)
	if w.lines != nil {
		w.indexes[w.name], w.lines = w.lines, nil
	}
	if err != nil {
		return fmt.Errorf("warc: close %s: %w", w.name, err)
	}
	return nil
}

// Rotate makes the current file complete: the next record begins a new one.
func (w *Writer) Rotate() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil || w.f == nil {
		return err
	}
	return w.finish()
}

// Sync makes all that was appended durable, then seals. After a failed fsync
// nobody knows what the disk holds, so the writer then refuses all further
// work; OpenWriter with the committed position starts afresh. A *SealError is
// no such failure: what was appended is durable.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if w.f != nil {
		if err := w.f.Sync(); err != nil {
			w.broken = fmt.Errorf("warc: sync %s: %w", w.name, err)
			return w.broken
		}
	}
	err := w.sealReady()
	w.ready = append(w.ready, w.full...)
	w.full = w.full[:0]
	return err
}

// Position is the end of what was appended: what to commit after Sync.
func (w *Writer) Position() Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.name == "" {
		return Position{}
	}
	return Position{File: w.name, Offset: w.at}
}

// Close makes what was appended durable and seals the files that are complete.
// The caller has committed its last position before. The current file is not
// complete: a later writer goes on in it.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	var errs []error
	if w.f != nil {
		errs = append(errs, w.f.Sync(), w.f.Close())
		w.f = nil
	}
	if w.broken == nil {
		w.ready = append(w.ready, w.full...)
		w.full = nil
		errs = append(errs, w.sealReady())
	}
	w.freeIndexes()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("warc: close %s: %w", w.dir, err)
	}
	return nil
}
