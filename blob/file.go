package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/internal/durable"
)

// fileDriver keeps each object in a file of its key's name below a directory.
// Folders are made when needed, and stay.
type fileDriver struct {
	dir  string
	fs   durable.FS
	tree *durable.Tree
}

func newFile(dir string, fs durable.FS) fileDriver { return fileDriver{dir, fs, fs.NewTree(dir)} }

func (d fileDriver) path(key string) string {
	return filepath.Join(d.dir, filepath.FromSlash(key))
}

func (d fileDriver) create(ctx context.Context, key string, write func(io.Writer) error) error {
	path := d.path(key)
	if err := d.tree.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	return d.fs.WriteNew(path, func(w io.Writer) error { return write(&ctxWriter{ctx, w}) })
}

// ctxWriter ends a write when its context does.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w *ctxWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

func (d fileDriver) open(_ context.Context, key string, _ bool) (*Object, error) {
	m, err := durable.Map(d.path(key))
	if err != nil {
		if info, serr := os.Stat(d.path(key)); serr == nil && info.IsDir() {
			return nil, fs.ErrNotExist // a folder is no object
		}
		return nil, err
	}
	return &Object{size: m.Size(), bytes: m.Bytes(), mapping: m, close: m.Close}, nil
}

func (d fileDriver) list(ctx context.Context, prefix string) ([]string, error) {
	folder := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		folder = prefix[:i]
	}
	var keys []string
	err := filepath.WalkDir(d.path(folder), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // no such folder, or gone since it was listed
			}
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if e.IsDir() {
			if key != "." && !strings.HasPrefix(key+"/", prefix) && !strings.HasPrefix(prefix, key+"/") {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() && strings.HasPrefix(key, prefix) && unfit(key) == "" {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The walk sorts by segment, in which a/b comes before a-b.
	slices.Sort(keys)
	return keys, nil
}

func (d fileDriver) remove(_ context.Context, key string) error {
	err := d.fs.Remove(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
