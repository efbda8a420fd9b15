// Package durable writes files that survive a power cut, exactly once each, and maps them.
//
// A file is created whole or not at all: its bytes go to a temporary file in
// the same directory, which is synced, linked to its name, and whose directory
// is synced. link(2) refuses a name that is taken, on one machine and over NFS
// alike, so of any number of processes that create one name exactly one wins.
// rename(2) cannot do this: it replaces (gocloud 0.47's file driver checks and
// then renames; 1-2 of 40 races there had no or two winners).
//
// Files so written are never changed, which is why they may be mapped. A mapping
// brings its pages in by a system call (Load): see Mapping.
//
// Price: two fsyncs a file, about 1 ms on an SSD; ask for large files, not many.
// The file system must have hard links (ext4, XFS, btrfs, ZFS, APFS, NTFS and
// NFS do; FAT does not).
package durable

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// TempSuffix ends the name of every file that is not yet, or never
	// became, an object. Who lists a directory skips such names (IsTemp).
	TempSuffix = ".tmp"

	// SweepAge is the age at which a temporary file is held to be a crash's
	// leftover. A writer touches its file with every write, so an hour
	// without one is not a slow writer.
	SweepAge = time.Hour

	// writeBufferBytes gathers the small writes of callers. Larger writes
	// pass it by.
	writeBufferBytes = 64 << 10
)

// WriteNew creates the file path with what write writes, durable on return.
// The directory must exist (MkdirAll).
//
// If path exists it returns an error that is fs.ErrExist, which is as durable
// as success: the file that was found will be there after a power cut. If
// write fails, its error is returned and nothing is left behind. Any goroutine
// of any process may call it.
func WriteNew(path string, write func(io.Writer) error) (err error) {
	return FS{}.WriteNew(path, write)
}

// WriteNew is the function of that name.
func (s FS) WriteNew(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	if _, err := os.Lstat(path); err == nil {
		return s.exists(path) // spares the writing; link decides all the same
	}
	f, err := s.createTemp(dir)
	if err != nil {
		return fmt.Errorf("durable: create %s: %w", path, err)
	}
	defer func() {
		// The temporary name goes in every case, also when write panics.
		// That it is gone need not be durable: Sweep takes what a crash left.
		f.Close()
		s.Unlink(f.Name())
	}()
	if err := s.fill(f, write); err != nil {
		return fmt.Errorf("durable: write %s: %w", path, err)
	}
	if err := s.link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return s.exists(path)
		}
		if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("durable: create %s: the file system has no hard links: %w", path, err)
		}
		return fmt.Errorf("durable: create %s: %w", path, err)
	}
	return s.syncDir(dir)
}

// Replace puts a file with what write writes in the place of path, if there is one:
// the old bytes or the new, at every moment, and the new when it has returned. One
// caller at a time. Files that are replaced are not for mapping.
func Replace(path string, write func(io.Writer) error) error {
	s := FS{}
	f, err := s.createTemp(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("durable: replace %s: %w", path, err)
	}
	defer func() {
		f.Close()
		s.Unlink(f.Name())
	}()
	if err := s.fill(f, write); err != nil {
		return fmt.Errorf("durable: write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("durable: replace %s: %w", path, err)
	}
	return s.syncDir(filepath.Dir(path))
}

// fill writes and syncs the file, and closes it so that errors of a network
// file system show before the file gets its name.
func (s FS) fill(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(s.writer(f), writeBufferBytes)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := s.sync(f); err != nil {
		return err
	}
	return f.Close()
}

// exists says that path is taken, once that is durable: its creator may still
// stand before the sync of the directory.
func (s FS) exists(path string) error {
	if err := s.syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return &fs.PathError{Op: "durable: create", Path: path, Err: fs.ErrExist}
}

// createTemp opens a new temporary file. os.CreateTemp is not used because it
// gives mode 0600, and readers may be other users; here the umask decides.
func (s FS) createTemp(dir string) (*os.File, error) {
	var r [8]byte
	rand.Read(r[:]) // never fails, says its doc
	name := filepath.Join(dir, hex.EncodeToString(r[:])+TempSuffix)
	if err := s.before(Op{Kind: OpCreate, Path: name}); err != nil {
		return nil, err
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// IsTemp reports whether name is of a file that WriteNew has not finished.
func IsTemp(name string) bool { return strings.HasSuffix(name, TempSuffix) }

// Remove deletes a file, durably: it does not come back after a power cut.
// A file that is not there is fs.ErrNotExist.
func Remove(path string) error { return FS{}.Remove(path) }

// Remove is the function of that name.
func (s FS) Remove(path string) error {
	if err := s.Unlink(path); err != nil {
		return err
	}
	return s.syncDir(filepath.Dir(path))
}

// Unlink is Remove for a file that may come back after a power cut: it spares a
// sync, 1 ms.
func (s FS) Unlink(path string) error {
	err := s.before(Op{Kind: OpRemove, Path: path})
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	return nil
}

// MkdirAll creates dir and its parents, durably. It is cheap when dir exists, which
// is then taken for durable: see Tree.
func MkdirAll(dir string) error { return FS{}.MkdirAll(dir) }

// MkdirAll is the function of that name.
func (s FS) MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := s.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := s.mkdir(dir); err != nil {
		return err
	}
	return s.syncDir(filepath.Dir(dir))
}

// Sweep removes the temporary files under root that have not been written to
// for SweepAge, and says how many. Call it at start; it may run beside writers.
// A root that does not exist has none.
func Sweep(root string) (removed int, err error) {
	return sweep(root, time.Now().Add(-SweepAge))
}

func sweep(root string, before time.Time) (removed int, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // gone since it was listed
			}
			return err
		}
		if !d.Type().IsRegular() || !IsTemp(d.Name()) {
			return nil
		}
		info, err := d.Info()
		if err != nil || info.ModTime().After(before) {
			return nil
		}
		if os.Remove(path) == nil {
			removed++
		}
		return nil
	})
	if err != nil {
		return removed, fmt.Errorf("durable: sweep %s: %w", root, err)
	}
	return removed, nil
}
