package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/trawlsearch/trawl/internal/durable"
)

// An Object is open until Close. Its bytes never change.
type Object struct {
	size  int64
	bytes []byte      // nil if ranged or empty
	at    io.ReaderAt // where ReadAt reads; nil: bytes

	mapping *durable.Mapping // whose bytes they are; nil: they are on the heap

	once  sync.Once
	close func() error // may be nil
	err   error

	mu     sync.RWMutex
	closed bool
}

// Size returns the object's length in bytes.
func (o *Object) Size() int64 { return o.size }

// Bytes returns the whole object, not to be written to, until Close. After
// OpenRanged of a remote object it is nil.
func (o *Object) Bytes() []byte { return o.bytes }

// Load brings n of its Bytes, from off on, into memory, in a system call: who reads
// them before may wait in a page fault, with others behind. See durable.Mapping.
func (o *Object) Load(off, n int64) error {
	if o.mapping == nil {
		return nil
	}
	return o.mapping.Load(off, n)
}

// Resident tells which pages of its Bytes are in memory, as durable.Mapping does.
func (o *Object) Resident(off, n int64, pages []byte) (int, error) {
	if o.mapping != nil {
		return o.mapping.Resident(off, n, pages)
	}
	pages = pages[:min(int64(len(pages)), (n+int64(durable.PageBytes)-1)/int64(durable.PageBytes))]
	for i := range pages {
		pages[i] = 1
	}
	return len(pages), nil
}

// ReadAt is io.ReaderAt. The bytes it returns are copies.
func (o *Object) ReadAt(p []byte, off int64) (int, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.closed {
		return 0, fmt.Errorf("blob: read: %w", fs.ErrClosed)
	}
	if off < 0 {
		return 0, errors.New("blob: read: negative offset")
	}
	if off >= o.size {
		return 0, io.EOF
	}
	if o.at == nil {
		n := copy(p, o.bytes[off:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	short := int64(len(p)) > o.size-off
	if short {
		p = p[:o.size-off]
	}
	n, err := o.at.ReadAt(p, off)
	if n == len(p) {
		err = nil
		if short {
			err = io.EOF
		}
	}
	return n, err
}

// Close gives the object back. Its Bytes must not be touched any more; ReadAt
// fails. Closing twice is closing once.
func (o *Object) Close() error {
	o.once.Do(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.closed, o.bytes = true, nil
		if o.close != nil {
			o.err = o.close()
		}
	})
	return o.err
}
