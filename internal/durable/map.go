package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// A Mapping is a whole file, mapped read-only. It keeps no file descriptor.
//
// Any number of goroutines may read it; Close must come after the last of them,
// for memory that is unmapped faults. The file may be deleted while mapped, but
// must not be truncated: reading beyond its end then is SIGBUS.
//
// Reading a byte that is not in memory is a page fault, which holds up not only
// the goroutine but the scheduler's P under it: cold faults of 8 goroutines made
// others 182 ms late, system calls 2 ms (specs/index.md, 11.3). Who must not do
// that calls Load before.
type Mapping struct {
	data   []byte
	closed bool
}

// Map maps the file path, of any size that the address space holds. A
// directory is refused, an empty file is an empty mapping.
func Map(path string) (*Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("durable: map: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("durable: map: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("durable: map %s: not a file: %w", path, fs.ErrInvalid)
	}
	size := info.Size()
	if size == 0 {
		return &Mapping{}, nil
	}
	if size > math.MaxInt {
		return nil, fmt.Errorf("durable: map %s: %d bytes are more than this machine addresses", path, size)
	}
	data, err := mmap(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("durable: map %s: %w", path, err)
	}
	return &Mapping{data: data}, nil
}

// Bytes returns the file. It must not be written to, and lives until Close.
func (m *Mapping) Bytes() []byte { return m.data }

// Size returns the length of the file in bytes.
func (m *Mapping) Size() int64 { return int64(len(m.data)) }

// ReadAt is io.ReaderAt. It copies, so what it returned outlives Close.
func (m *Mapping) ReadAt(p []byte, off int64) (int, error) {
	if m.closed {
		return 0, fmt.Errorf("durable: read: %w", fs.ErrClosed)
	}
	if off < 0 {
		return 0, errors.New("durable: read: negative offset")
	}
	if off >= int64(len(m.data)) {
		return 0, io.EOF
	}
	n := copy(p, m.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Load brings a stretch of the file into memory, in a system call where there is
// one for it. An error says that the file cannot be read there: its disk fails, or
// it was truncated. The system may take the memory back at any time.
func (m *Mapping) Load(off, n int64) error {
	b, err := m.stretch(off, n)
	if err != nil || len(b) == 0 {
		return err
	}
	if err := load(b); err != nil {
		return fmt.Errorf("durable: load %d bytes at %d: %w", n, off, err)
	}
	return nil
}

// Resident sets pages[i] to whether page i of the stretch, counted from the one
// that holds its first byte, is in memory: bit 0. It returns how many pages there
// are, at most len(pages). Where the system does not tell, all are.
func (m *Mapping) Resident(off, n int64, pages []byte) (int, error) {
	b, err := m.stretch(off, n)
	if err != nil || len(b) == 0 {
		return 0, err
	}
	pages = pages[:min(len(pages), (len(b)+PageBytes-1)/PageBytes)]
	if err := resident(b[:min(len(b), len(pages)*PageBytes)], pages); err != nil {
		return 0, fmt.Errorf("durable: ask for %d bytes at %d: %w", n, off, err)
	}
	return len(pages), nil
}

// PageBytes is the size of a page of memory.
var PageBytes = os.Getpagesize()

// stretch is the pages that hold n bytes from off on.
func (m *Mapping) stretch(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > int64(len(m.data)) || n > int64(len(m.data))-off {
		return nil, fmt.Errorf("durable: %d bytes at %d of %d: %w", n, off, len(m.data), fs.ErrInvalid)
	}
	if n == 0 {
		return nil, nil
	}
	from := off &^ int64(PageBytes-1)
	return m.data[from : off+n], nil
}

// touch reads a byte of each page, and turns the fault of one that cannot be read
// into an error.
func touch(b []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = io.ErrUnexpectedEOF
		}
	}()
	var sum byte
	for i := 0; i < len(b); i += PageBytes {
		sum ^= b[i]
	}
	runtime.KeepAlive(sum)
	return nil
}

// Close unmaps the file. Closing twice is closing once.
func (m *Mapping) Close() error {
	if m.closed {
		return nil
	}
	data := m.data
	m.data, m.closed = nil, true
	if len(data) == 0 {
		return nil
	}
	if err := munmap(data); err != nil {
		return fmt.Errorf("durable: unmap: %w", err)
	}
	return nil
}
