package render

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	profilePrefix = "trawl-render-"
	lockName      = "trawl.lock"
	// graceTime is how long processes that were killed may take to be gone.
	graceTime = 5 * time.Second
)

// A profile is the folder of one browser. Its lock is held as long as the
// process lives that made it.
type profile struct {
	dir   string
	lock  *os.File
	group int // process group of the browser; 0: not started
}

func newProfile(temp string) (*profile, error) {
	dir, err := os.MkdirTemp(temp, profilePrefix)
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil && !tryLock(lock) {
		err = os.ErrExist
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &profile{dir: dir, lock: lock}, nil
}

// kill ends all processes of the browser.
func (p *profile) kill() {
	if p.group > 0 {
		killGroup(p.group)
	}
	killUsers(p.dir)
}

// remove takes the folder away. Processes that are just dying may still write
// into it.
func (p *profile) remove() {
	for end := time.Now().Add(graceTime); ; time.Sleep(20 * time.Millisecond) {
		killUsers(p.dir)
		if err := os.RemoveAll(p.dir); err == nil || time.Now().After(end) {
			break
		}
	}
	p.lock.Close()
}

// sweep removes the profiles whose makers are gone, and ends what still runs on
// them.
func sweep(temp string, log *slog.Logger) {
	entries, err := os.ReadDir(temp)
	if err != nil || !sweeps {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), profilePrefix) {
			continue
		}
		dir := filepath.Join(temp, e.Name())
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
		if err != nil {
			if info, err := e.Info(); err != nil || time.Since(info.ModTime()) < time.Minute {
				continue // being made, or another user's
			}
		} else if !tryLock(lock) {
			lock.Close()
			continue
		}
		log.Info("render: clearing away what a killed process left", "dir", dir)
		p := &profile{dir: dir, lock: lock}
		p.kill()
		p.remove()
	}
}
