package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
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
