package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// A Tree makes directories below a root durably, whoever made them: MkdirAll of this
// package takes a directory that is there for durable, but its maker may have crashed,
// or failed, before the sync. A Tree syncs each once. Any number of goroutines.
type Tree struct {
	root string
	fs   FS

	mu     sync.Mutex
	synced map[string]bool
}

// NewTree is for the directories below root, which need not be there yet.
func (s FS) NewTree(root string) *Tree {
	return &Tree{root: filepath.Clean(root), fs: s, synced: map[string]bool{}}
}

// MkdirAll creates dir, which is the root or below it, and what is missing above, and
// makes sure that all of them are durable. It is cheap for a directory that it has
// been called for.
func (t *Tree) MkdirAll(dir string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mkdirAll(filepath.Clean(dir))
}

func (t *Tree) mkdirAll(dir string) error {
	info, err := os.Stat(dir)
	there := err == nil && info.IsDir()
	if there && t.synced[dir] {
		return nil
	}
	parent := filepath.Dir(dir)
	if dir == t.root || parent == dir {
		if err := t.fs.MkdirAll(dir); err != nil {
			return err
		}
	} else if err := t.mkdirAll(parent); err != nil {
		return err
	}
	if !there && dir != t.root {
		if err := t.fs.mkdir(dir); err != nil {
			return err
		}
	}
	err = t.fs.syncDir(parent)
	if dir == t.root && errors.Is(err, fs.ErrPermission) {
		err = nil // what is above the root is its owner's
	}
	if err == nil {
		t.synced[dir] = true
	}
	return err
}

// mkdir creates one directory, if it is not there.
func (s FS) mkdir(dir string) error {
	err := s.before(Op{Kind: OpMkdir, Path: dir})
	if err == nil {
		err = os.Mkdir(dir, 0o777)
	}
	if err != nil {
		// Another process may have made it.
		if info, serr := os.Stat(dir); serr != nil || !info.IsDir() {
			return fmt.Errorf("durable: %w", err)
		}
	}
	return nil
}
