package blob

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// memDriver keeps objects in memory, as strictly as the others, for tests.
type memDriver struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func newMem() *memDriver { return &memDriver{objects: map[string][]byte{}} }

func (d *memDriver) create(ctx context.Context, key string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&ctxWriter{ctx, &b}); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.objects[key]; ok {
		return fs.ErrExist
	}
	d.objects[key] = b.Bytes()
	return nil
}

func (d *memDriver) open(_ context.Context, key string, _ bool) (*Object, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.objects[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &Object{size: int64(len(data)), bytes: data}, nil
}

func (d *memDriver) list(_ context.Context, prefix string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys := slices.Sorted(maps.Keys(d.objects))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) }), nil
}

func (d *memDriver) remove(_ context.Context, key string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.objects, key)
	return nil
}
