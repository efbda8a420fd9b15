package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/internal/durable"
)

// Dir is the Storage in a directory, which need not exist yet: objects are files
// created by link(2) and mapped when open, names are paths.
func Dir(path string) Storage { return newDir(path, durable.FS{}) }

type dir struct {
	root string
	fs   durable.FS
	tree *durable.Tree
}

func newDir(path string, fs durable.FS) dir { return dir{path, fs, fs.NewTree(path)} }

func (d dir) path(name string) (string, error) {
	if !fs.ValidPath(name) || name == "." || durable.IsTemp(name) {
		return "", fmt.Errorf("index: object name %q: %w", name, fs.ErrInvalid)
	}
	return filepath.Join(d.root, filepath.FromSlash(name)), nil
}

func (d dir) Create(ctx context.Context, name string, write func(io.Writer) error) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("index: create %s: %w", name, err)
	}
	if err := d.tree.MkdirAll(filepath.Dir(path)); err != nil {
		return fmt.Errorf("index: create %s: %w", name, err)
	}
	return d.fs.WriteNew(path, write)
}

func (d dir) Open(ctx context.Context, name string) (Object, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	m, err := durable.Map(path)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (d dir) List(ctx context.Context, prefix string) ([]string, error) {
	root := d.root
	// Only the folder that the prefix names need be walked.
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		root = filepath.Join(root, filepath.FromSlash(prefix[:i]))
	}
	var names []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // nothing created yet, or deleted since it was listed
			}
			return err
		}
		if !e.Type().IsRegular() || durable.IsTemp(e.Name()) {
			return ctx.Err()
		}
		rel, err := filepath.Rel(d.root, path)
		if err != nil {
			return err
		}
		if name := filepath.ToSlash(rel); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("index: list %s: %w", prefix, err)
	}
	slices.Sort(names)
	return names, nil
}

func (d dir) Delete(ctx context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	// Not Remove: an object that comes back after a power cut is garbage that the
	// writer finds again.
	if err := d.fs.Unlink(path); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// sweep removes what crashes have left of files that never became objects.
func (d dir) sweep(log *slog.Logger) {
	if n, err := durable.Sweep(d.root); n > 0 || err != nil {
		log.Info("index: swept temporary files", "removed", n, "err", err)
	}
}
