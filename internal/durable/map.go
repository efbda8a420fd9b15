package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// A Mapping is a whole file, mapped read-only. It keeps no file descriptor.
//
// Any number of goroutines may read it; Close must come after the last of them,
// for memory that is unmapped faults. The file may be deleted while mapped, but
// must not be truncated: reading beyond its end then is SIGBUS.
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
