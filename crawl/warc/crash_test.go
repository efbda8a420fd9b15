package warc

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestCrash cuts the last record at every byte: the writer must come back with
// exactly what was committed, go on in the same file, and drop later files.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Options{})
	put(t, w, page(0))
	put(t, w, page(1))
	pos := w.Position()
	short := page(2) // there is one round for each of its bytes
	short.Block = Response("", 200, "", nil, nil)
	last := put(t, w, short)
	if err := w.Rotate(); err != nil {
		t.Fatal(err)
	}
	later := put(t, w, page(3))
	w.Close()
	whole, err := os.ReadFile(filepath.Join(dir, last.File))
	if err != nil {
		t.Fatal(err)
	}
	if pos.Offset != last.Offset || int64(len(whole)) != last.Offset+last.Length {
		t.Fatalf("position %v, last record %v, file of %d", pos, last, len(whole))
	}
	check := func(size int64, to *Position, first string, want []string) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, last.File), whole[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		if to != nil {
			os.WriteFile(filepath.Join(dir, later.File), []byte("later"), 0o644)
			os.WriteFile(filepath.Join(dir, "zzz.warc.gz"), []byte("not ours"), 0o644)
		}
		w := open(t, dir, Options{TruncateTo: to})
		ref := put(t, w, page(9))
		if first == "same" && ref.File != last.File || first == "new" && ref.File == last.File {
			t.Errorf("cut at %d: went on in %s, not %s", size, ref.File, first)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := uris(readDir(t, dir)); !reflect.DeepEqual(got, want) {
			t.Errorf("cut at %d: records %v, want %v", size, got, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "zzz.warc.gz")); to != nil && err != nil {
			t.Error("a file of others was deleted")
		}
	}
	two := []string{"http://a.test/0", "http://a.test/1"}
	for size := last.Offset; size <= int64(len(whole)); size++ {
		check(size, &pos, "same", append(two[:2:2], "http://a.test/9"))
		if size < int64(len(whole)) {
			check(size, nil, "new", append(two[:2:2], "http://a.test/9"))
		}
	}
	check(int64(len(whole)), nil, "new", append(two[:2:2], "http://a.test/2", "http://a.test/9"))
	for size := range int64(40) { // not even the warcinfo is whole
		check(size, nil, "new", []string{"http://a.test/9"})
	}
	dir = t.TempDir()
	os.WriteFile(filepath.Join(dir, last.File), whole[:pos.Offset-1], 0o644)
	if _, err := OpenWriter(dir, Options{TruncateTo: &pos}); err == nil {
		t.Error("the loss of committed bytes passed unseen")
	}
	if _, err := OpenWriter(dir, Options{TruncateTo: &Position{File: "../x", Offset: 1}}); err == nil {
		t.Error("a position outside the folder was taken")
	}
}
