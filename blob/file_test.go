package blob

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/internal/durable"
	"github.com/trawlsearch/trawl/internal/durable/crashtest"
)

// TestFileLeftovers: what a crash leaves is not listed, and goes after an hour.
func TestFileLeftovers(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "seg"), 0o777); err != nil {
		t.Fatal(err)
	}
	fresh, old := filepath.Join(dir, "seg", "aa.tmp"), filepath.Join(dir, "seg", "bb.tmp")
	for _, f := range []string{fresh, old} {
		if err := os.WriteFile(f, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	b := mustOpen(t, "file://"+filepath.ToSlash(dir), Options{})
	if keys, err := b.List(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Fatalf("listed %q, %v", keys, err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("a file that is being written was swept")
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a leftover of two hours was not swept")
	}
}

// TestFileMapped: who has a deleted object open keeps it.
func TestFileMapped(t *testing.T) {
	b := mustOpen(t, "file://"+filepath.ToSlash(t.TempDir()), Options{})
	mustCreate(t, b, "x", "text")
	o, err := b.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := b.Delete(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if string(o.Bytes()) != "text" {
		t.Fatal("the object went with its name")
	}
}

// TestFileCrash: a power cut at any moment leaves each object whole or not there at
// all; there, once Create has returned, and gone once Delete has.
func TestFileCrash(t *testing.T) {
	root := t.TempDir()
	log := crashtest.New(root)
	b := &Bucket{drv: newFile(root, log.FS())}
	text := strings.Repeat("0123456789abcdef", 9000)
	mustCreate(t, b, "seg/a", text)
	created := log.Len()
	mustCreate(t, b, "seg/b", "b")
	if err := b.Delete(t.Context(), "seg/a"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for n := range log.Len() + 1 {
		for round := range 9 {
			state := log.Crash(n, crashtest.Loss(round%3), r)
			after := t.TempDir()
			if err := state.Write(after); err != nil {
				t.Fatal(err)
			}
			b := mustOpen(t, "file://"+filepath.ToSlash(after), Options{})
			o, err := b.Open(t.Context(), "seg/a")
			switch {
			case err == nil && string(o.Bytes()) != text:
				t.Fatalf("change %d: an object of %d bytes", n, o.Size())
			case err == nil && n == log.Len():
				t.Fatal("deleted, and there")
			case err != nil && (!errors.Is(err, fs.ErrNotExist) || n == created):
				t.Fatalf("change %d: %v", n, err)
			case err == nil:
				o.Close()
			}
		}
	}
}

// TestFileFaults: whichever change fails, Create says so or the object is there, and
// nothing else is left but what is swept.
func TestFileFaults(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
		for n := 0; ; n++ {
			root := t.TempDir()
			log := crashtest.New(root)
			log.Fault = func(i int, _ durable.Op) error {
				if i == n {
					return fault
				}
				return nil
			}
			b := &Bucket{drv: newFile(root, log.FS())}
			put := func() error {
				return b.Create(t.Context(), "seg/a", func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err })
			}
			err := put()
			if err != nil && !errors.Is(err, fault) {
				t.Fatalf("change %d: %v", n, err)
			}
			if again := put(); again != nil && !errors.Is(again, fs.ErrExist) && !errors.Is(again, fault) {
				t.Fatalf("change %d: again: %v", n, again)
			}
			names, err := os.ReadDir(filepath.Join(root, "seg"))
			if err != nil || len(names) > 2 || len(names) == 2 && !durable.IsTemp(names[0].Name()) && !durable.IsTemp(names[1].Name()) {
				t.Fatalf("change %d: left %v, %v", n, names, err)
			}
			if log.Seen() <= n {
				break
			}
		}
	}
}

// TestFileResident: an object of a file is brought in and told of by page.
func TestFileResident(t *testing.T) {
	for _, u := range []string{"mem://", "file://" + filepath.ToSlash(t.TempDir())} {
		b := mustOpen(t, u, Options{})
		mustCreate(t, b, "x", strings.Repeat("x", 3*durable.PageBytes+1))
		o, err := b.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if err := o.Load(0, o.Size()); err != nil {
			t.Fatal(err)
		}
		pages := make([]byte, 9)
		if n, err := o.Resident(0, o.Size(), pages); n != 4 || err != nil || pages[0]&pages[3]&1 != 1 {
			t.Errorf("%s: %v: %d pages, %v", u, pages, n, err)
		}
	}
}
