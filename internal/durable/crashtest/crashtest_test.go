package crashtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/durable"
)

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// TestDurable holds durable to its promise: behind a WriteNew that returned, the file
// is there whatever is lost; before, it is there whole or not at all.
func TestDurable(t *testing.T) {
	root := t.TempDir()
	l := New(root)
	var files []string
	text := map[string]string{}
	var ends []int
	for i := range 4 {
		name := fmt.Sprintf("a/b%d/c", i%2) + fmt.Sprint(i)
		text[name] = strings.Repeat(name, 1+3000*i)
		if err := errors.Join(l.FS().MkdirAll(filepath.Join(root, filepath.Dir(name))), l.FS().WriteNew(filepath.Join(root, name), put(text[name]))); err != nil {
			t.Fatal(err)
		}
		files, ends = append(files, name), append(ends, l.Len())
	}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range l.Len() + 1 {
		for round := range 50 {
			s := l.Crash(n, Loss(round%3), r)
			for i, name := range files {
				data, ok := s[name]
				if ends[i] <= n && !ok {
					t.Fatalf("change %d: %s is gone", n, name)
				}
				if ok && string(data) != text[name] {
					t.Fatalf("change %d: %s has %d bytes, not what was written", n, name, len(data))
				}
			}
		}
	}
	whole := l.Crash(l.Len(), None, nil)
	if len(whole) != len(files) {
		t.Errorf("nothing lost: %d files of %d", len(whole), len(files))
	}
	copied := t.TempDir()
	if err := whole.Write(copied); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if data, err := os.ReadFile(filepath.Join(copied, name)); err != nil || string(data) != text[name] {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}

// TestLosses: the model loses what it says, so that the test above means something.
func TestLosses(t *testing.T) {
	root := t.TempDir()
	l := New(root)
	boom := errors.New("boom")
	l.Fault = func(n int, op durable.Op) error {
		if op.Kind == durable.OpLink && n < 8 {
			return boom
		}
		return nil
	}
	path := filepath.Join(root, "x")
	if err := l.FS().WriteNew(path, put("first")); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if err := l.FS().WriteNew(path, put(strings.Repeat("second", 10_000))); err != nil {
		t.Fatal(err)
	}
	kinds := func() (out []string) {
		for i := range l.Len() {
			out = append(out, string(l.Op(i).Kind))
		}
		return out
	}()
	if got := strings.Join(kinds, " "); got != "create write sync remove create write sync link syncdir remove" || l.Seen() != 11 {
		t.Fatalf("recorded %s, %d seen", got, l.Seen())
	}
	r := rand.New(rand.NewPCG(1, 2))
	torn, early, late := 0, 0, 0
	sync := slices.Index(kinds[4:], "sync") + 4
	for range 100 {
		if data, ok := l.Crash(9, Some, r, sync)["x"]; ok && string(data) != strings.Repeat("second", 10_000) {
			torn++ // the sync was lost
		}
		if _, ok := l.Crash(8, Some, r)["x"]; ok {
			early++ // the directory was not synced, and the name is there
		}
		if s := l.Crash(10, Some, r); len(s) > 1 {
			late++ // the temporary name is still there
		}
	}
	if torn == 0 || early == 0 || early == 100 || late == 0 || late == 100 {
		t.Errorf("torn %d, early %d, late %d of 100", torn, early, late)
	}
	if _, err := os.Stat(filepath.Join(root, "y")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
