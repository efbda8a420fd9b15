package index

import (
	"context"
	"io"
)

// A Storage keeps immutable objects by name. Names are parts of letters, digits,
// '.', '-' joined by '/'. All methods may be called by any goroutine. Dir is
// one; blob.Bucket behind a few lines is another; storageTest holds all to this.
type Storage interface {
	// Create makes a new object of what write writes. When it returns nil the
	// object is whole and survives a power cut. If the name is taken it
	// returns an error that is fs.ErrExist, whoever else is creating it: of any
	// number of calls for one name at most one returns nil. After any other
	// error the object may or may not be there.
	Create(ctx context.Context, name string, write func(io.Writer) error) error

	// Open gives an object for reading; fs.ErrNotExist if there is none.
	Open(ctx context.Context, name string) (Object, error)

	// List returns the names that begin with prefix, sorted. It sees what was
	// created before the call.
	List(ctx context.Context, prefix string) ([]string, error)

	// Delete removes an object. One that is open stays readable until closed.
	Delete(ctx context.Context, name string) error
}

// An Object is an open object. Its methods but Close may be called by any
// goroutine; bytes got from it are not touched after Close.
//
// One whose bytes may not be in memory has two methods more, as durable.Mapping and
// blob.Object do: Load(off, n int64) error brings some in, in a system call, and
// Resident(off, n int64, pages []byte) (int, error) tells which pages are there.
type Object interface {
	io.ReaderAt
	Bytes() []byte // all of it, mapped where that is possible; not to be written
	Size() int64
	Close() error
}
