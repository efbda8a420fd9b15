package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "object")
	if err := WriteNew(path, put("first")); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, put("second")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("second WriteNew: %v, want fs.ErrExist", err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "first" {
		t.Fatalf("file holds %q, %v", got, err)
	}
	alone(t, path)
}

// alone checks that path is the only name in its directory: no leftovers.
func alone(t *testing.T, path string) {
	t.Helper()
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if n.Name() != filepath.Base(path) {
			t.Errorf("left behind: %s", n.Name())
		}
	}
}

func TestWriteNewFails(t *testing.T) {
	boom := errors.New("boom")
	path := filepath.Join(t.TempDir(), "object")
	err := WriteNew(path, func(w io.Writer) error {
		if err := put(strings.Repeat("x", 1<<20))(w); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("got %v, want the writer's error", err)
	}
	alone(t, path)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a failed write left a file")
	}
	func() {
		defer func() { recover() }()
		WriteNew(path, func(io.Writer) error { panic(boom) })
	}()
	alone(t, path)
	if err := WriteNew(path, put("later")); err != nil {
		t.Fatalf("a failed write blocks the next: %v", err)
	}
	if err := WriteNew(filepath.Join(path, "no", "dir"), put("")); err == nil {
		t.Fatal("created a file below a file")
	}
}

// TestRace has 8 goroutines create one name, 40 times over; each round must
// have one winner, and the file must be the winner's.
func TestRace(t *testing.T) {
	dir := t.TempDir()
	for round := range 40 {
		path := filepath.Join(dir, fmt.Sprint(round))
		winners := race(8, func(who int) error {
			return WriteNew(path, put(fmt.Sprint(who)))
		}, t)
		if len(winners) != 1 {
			t.Fatalf("round %d: winners %v, want one", round, winners)
		}
		got, _ := os.ReadFile(path)
		if string(got) != fmt.Sprint(winners[0]) {
			t.Fatalf("round %d: file of %s, winner %d", round, got, winners[0])
		}
	}
}

func race(n int, create func(who int) error, t *testing.T) (winners []int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for who := range n {
		wg.Go(func() {
			<-start
			err := create(who)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners = append(winners, who)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Errorf("loser got %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	return winners
}

// TestRaceProcesses has 8 processes create the same 40 names.
func TestRaceProcesses(t *testing.T) {
	const env = "TRAWL_DURABLE_RACE"
	if dir := os.Getenv(env); dir != "" {
		won := 0
		for round := range 40 {
			err := WriteNew(filepath.Join(dir, fmt.Sprint(round)), put("x"))
			if err == nil {
				won++
			} else if !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
		}
		fmt.Printf("won=%d;\n", won)
		return
	}
	dir := t.TempDir()
	total := 0
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 8 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestRaceProcesses$")
			cmd.Env = append(os.Environ(), env+"="+dir)
			out, err := cmd.CombinedOutput()
			won := 0
			_, after, ok := strings.Cut(string(out), "won=")
			if ok {
				_, serr := fmt.Sscanf(after, "%d", &won)
				ok = serr == nil
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil || !ok {
				t.Errorf("child: %v\n%s", err, out)
			}
			total += won
		})
	}
	wg.Wait()
	if total != 40 {
		t.Fatalf("8 processes won %d of 40 names", total)
	}
}

func TestRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "object")
	if err := Remove(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v, want fs.ErrNotExist", err)
	}
	if err := WriteNew(path, put("x")); err != nil {
		t.Fatal(err)
	}
	if err := Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, put("y")); err != nil {
		t.Fatalf("a removed name is still taken: %v", err)
	}
}

func TestMkdirAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := WriteNew(file, put("x")); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll(file); err == nil {
		t.Fatal("a file passed for a directory")
	}
}

func TestSweep(t *testing.T) {
	root := t.TempDir()
	sub := filepath.Join(root, "sub")
	if err := MkdirAll(sub); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-SweepAge - time.Minute)
	files := []struct {
		path string
		old  bool
		kept bool
	}{
		{filepath.Join(root, "a.tmp"), true, false},
		{filepath.Join(sub, "b.tmp"), true, false},
		{filepath.Join(sub, "new.tmp"), false, true},
		{filepath.Join(sub, "object"), true, true},
	}
	for _, f := range files {
		if err := os.WriteFile(f.path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		if f.old {
			os.Chtimes(f.path, old, old)
		}
	}
	if n, err := Sweep(root); n != 2 || err != nil {
		t.Fatalf("swept %d, %v; want 2", n, err)
	}
	for _, f := range files {
		if _, err := os.Stat(f.path); (err == nil) != f.kept {
			t.Errorf("%s: kept %v, want %v", f.path, err == nil, f.kept)
		}
	}
	if n, err := Sweep(filepath.Join(root, "absent")); n != 0 || err != nil {
		t.Fatalf("absent root: %d, %v", n, err)
	}
}

func TestMap(t *testing.T) {
	dir := t.TempDir()
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	path := filepath.Join(dir, "object")
	if err := WriteNew(path, put(string(want))); err != nil {
		t.Fatal(err)
	}
	m, err := Map(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Bytes(), want) || m.Size() != int64(len(want)) {
		t.Fatal("mapping differs from the file")
	}
	if err := Remove(path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Bytes(), want) {
		t.Fatal("deleting the file changed the mapping")
	}
	buf := make([]byte, 20)
	for _, c := range []struct {
		off  int64
		n    int
		fail bool
	}{{0, 20, false}, {99_980, 20, false}, {99_990, 10, true}, {100_000, 0, true}, {1 << 40, 0, true}, {-1, 0, true}} {
		n, err := m.ReadAt(buf, c.off)
		if n != c.n || (err != nil) != c.fail {
			t.Errorf("ReadAt %d: %d, %v", c.off, n, err)
		}
		if n > 0 && !bytes.Equal(buf[:n], want[c.off:c.off+int64(n)]) {
			t.Errorf("ReadAt %d: wrong bytes", c.off)
		}
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.ReadAt(buf, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestMapEdges(t *testing.T) {
	dir := t.TempDir()
	if _, err := Map(dir); err == nil {
		t.Error("mapped a directory")
	}
	if _, err := Map(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	empty := filepath.Join(dir, "empty")
	if err := WriteNew(empty, put("")); err != nil {
		t.Fatal(err)
	}
	m, err := Map(empty)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := m.ReadAt(make([]byte, 1), 0); n != 0 || err != io.EOF {
		t.Errorf("empty ReadAt: %d, %v", n, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkWriteNew(b *testing.B) {
	dir := b.TempDir()
	text := strings.Repeat("x", 4096)
	for i := 0; b.Loop(); i++ {
		if err := WriteNew(filepath.Join(dir, fmt.Sprint(i)), put(text)); err != nil {
			b.Fatal(err)
		}
	}
}
