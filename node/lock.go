package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ErrInUse is what Open answers when another process holds the data directory.
var ErrInUse = errors.New("data directory in use")

// An Occupant is what the holder of a data directory writes into its lock.
type Occupant struct {
	PID    int    `json:"pid"`
	Listen string `json:"listen,omitempty"` // where its API answers; empty: it has none
}

// A lock holds a data directory by flock(2): the kernel lets go of it when the
// process dies, however it dies.
type lock struct{ file *os.File }

func lockDir(dir string) (*lock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("node: data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("node: data directory: %w", err)
	}
	if err := flockSoon(f); err != nil {
		f.Close()
		who := "another process"
		if o, ok := ReadOccupant(dir); ok {
			who = fmt.Sprintf("process %d", o.PID)
		}
		return nil, fmt.Errorf("%w: %s is held by %s: stop it, or give --data another directory", ErrInUse, dir, who)
	}
	// What the last holder wrote is no longer true.
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("node: lock: %w", err)
	}
	return &lock{f}, nil
}

// flockSoon tries for a moment: ReadOccupant of another process takes the lock
// too, for microseconds, to see whether it is free.
func flockSoon(f *os.File) error {
	const tries, wait = 20, 5 * time.Millisecond
	var err error
	for range tries {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil || !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

// occupy tells others who holds the directory.
func (l *lock) occupy(o Occupant) error {
	body, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("node: lock: %w", err)
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("node: lock: %w", err)
	}
	if _, err := l.file.WriteAt(body, 0); err != nil {
		return fmt.Errorf("node: lock: %w", err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }

// ReadOccupant tells who holds dir, if anybody does and has started.
func ReadOccupant(dir string) (Occupant, bool) {
	f, err := os.Open(filepath.Join(dir, "LOCK"))
	if err != nil {
		return Occupant{}, false
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return Occupant{}, false // nobody: the lock goes with the file
	}
	var o Occupant
	if err := json.NewDecoder(f).Decode(&o); err != nil {
		return Occupant{}, false
	}
	return o, true
}
