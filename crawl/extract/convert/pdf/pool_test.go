package pdf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// cacheDir is for all pools of the tests: compiling takes 3 s.
var cacheDir = filepath.Join(os.TempDir(), fmt.Sprintf("trawl-pdf-test-%d", os.Getpid()))

var shared = sync.OnceValue(func() *Pool { return New(Options{CacheDir: cacheDir}) })

// sharedPool is one pool for the tests with the usual limits.
func sharedPool(testing.TB) *Pool { return shared() }

func TestMain(m *testing.M) {
	asChild()
	code := m.Run()
	_ = shared().Close()
	_ = os.RemoveAll(cacheDir)
	os.Exit(code)
}

// highWater is the most linear memory that an instance had.
func (p *Pool) highWater() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak
}

// TestConcurrent: more readers than instances, one of them impatient, and Close
// in the end waits for all.
func TestConcurrent(t *testing.T) {
	p := New(Options{Instances: 2, CacheDir: cacheDir})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if f, err := p.Read(context.Background(), small()); err != nil || len(f.Pages) != 2 {
				t.Errorf("%v", err)
			}
		})
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Read(gone, small()); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who went away: %v", err)
	}
	wg.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Read(context.Background(), small()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestCacheDir: the second process, here the second pool, need not compile.
func TestCacheDir(t *testing.T) {
	dir := t.TempDir()
	var took [2]time.Duration
	for i := range took {
		p := New(Options{CacheDir: dir})
		start := time.Now()
		if _, err := p.Read(context.Background(), small()); err != nil {
			t.Fatal(err)
		}
		took[i] = time.Since(start)
		_ = p.Close()
	}
	t.Logf("first file %v, from the cache %v", took[0], took[1])
	if took[1] > took[0]/2 {
		t.Errorf("the cache saved nothing: %v, then %v", took[0], took[1])
	}
}
