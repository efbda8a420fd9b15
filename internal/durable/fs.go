package durable

import (
	"io"
	"os"
)

// An FS is the file system with somebody looking on, who may make operations
// fail: so crash tests know what was done, in which order. The functions of
// this package are methods of the zero FS.
type FS struct {
	// Before is called before each change with what is to be done. Its error is
	// that of the operation, which then is not done. nil: nobody looks on.
	Before func(Op) error
}

// An OpKind says what an Op does.
type OpKind string

const (
	OpCreate  OpKind = "create"  // Path, a new and empty file
	OpWrite   OpKind = "write"   // Data, behind what Path has
	OpSync    OpKind = "sync"    // the content of Path is durable
	OpLink    OpKind = "link"    // the file Path is also called To
	OpRemove  OpKind = "remove"  // Path is not a name any more
	OpMkdir   OpKind = "mkdir"   // Path, a new directory
	OpSyncDir OpKind = "syncdir" // the names in Path are durable
)

// An Op is one change of the file system.
type Op struct {
	Kind     OpKind
	Path, To string
	Data     []byte // not to be kept
}

func (s FS) before(op Op) error {
	if s.Before == nil {
		return nil
	}
	if err := s.Before(op); err != nil {
		return &os.PathError{Op: string(op.Kind), Path: op.Path, Err: err}
	}
	return nil
}

func (s FS) link(path, to string) error {
	if err := s.before(Op{Kind: OpLink, Path: path, To: to}); err != nil {
		return err
	}
	return os.Link(path, to)
}

func (s FS) sync(f *os.File) error {
	if err := s.before(Op{Kind: OpSync, Path: f.Name()}); err != nil {
		return err
	}
	return f.Sync()
}

func (s FS) syncDir(dir string) error {
	if err := s.before(Op{Kind: OpSyncDir, Path: dir}); err != nil {
		return err
	}
	return SyncDir(dir)
}

// writer is f, or f with somebody looking on.
func (s FS) writer(f *os.File) io.Writer {
	if s.Before == nil {
		return f
	}
	return watched{f, s}
}

type watched struct {
	*os.File
	fs FS
}

func (w watched) Write(p []byte) (int, error) {
	if err := w.fs.before(Op{Kind: OpWrite, Path: w.Name(), Data: p}); err != nil {
		return 0, err
	}
	return w.File.Write(p)
}
