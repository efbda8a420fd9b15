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
// TestReplace: a file is the old one or the new one, and a failure leaves the old.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	for _, text := range []string{"one", "two"} {
		if err := Replace(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); string(b) != text || err != nil {
			t.Fatalf("%q, %v", b, err)
		}
	}
	bad := errors.New("bad")
	if err := Replace(path, func(w io.Writer) error { io.WriteString(w, "three"); return bad }); !errors.Is(err, bad) {
		t.Errorf("Replace = %v", err)
	}
	b, err := os.ReadFile(path)
	entries, _ := os.ReadDir(dir)
	if string(b) != "two" || err != nil || len(entries) != 1 {
		t.Errorf("%q, %v, %d files", b, err, len(entries))
	}
	if err := Replace(filepath.Join(dir, "not", "there"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file in a folder that is not there")
	}
}

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

// TestTree: a directory whose sync failed, or whose maker crashed, is synced by the
// next who needs it, once.
func TestTree(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	dir := filepath.Join(root, "a", "b")
	var ops []string
	boom := errors.New("boom")
	fail := true
	watch := FS{Before: func(op Op) error {
		if op.Kind == OpSyncDir && filepath.Base(op.Path) == "root" && fail {
			fail = false
			return boom
		}
		ops = append(ops, string(op.Kind)+" "+filepath.Base(op.Path))
		return nil
	}}
	tree := watch.NewTree(root)
	if err := tree.MkdirAll(dir); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	ops = nil
	if err := errors.Join(tree.MkdirAll(dir), tree.MkdirAll(dir), tree.MkdirAll(filepath.Dir(dir))); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ops); got != "[syncdir root mkdir b syncdir a]" {
		t.Error(got)
	}
	ops = nil // another process, to whom all of it is new
	if err := watch.NewTree(root).MkdirAll(dir); err != nil || len(ops) != 3 {
		t.Errorf("%v, %v", ops, err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := tree.MkdirAll(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		t.Fatal("it does not come back")
	}
}

// TestLoad: pages come in by Load and are told by Resident; a file that was cut
// short is an error and no fault.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "object")
	want := bytes.Repeat([]byte("0123456789abcdef"), 8*PageBytes/16)
	if err := WriteNew(path, put(string(want)+"tail")); err != nil {
		t.Fatal(err)
	}
	m, err := Map(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	size := m.Size()
	for _, c := range []struct {
		off, n int64
		pages  int
	}{{0, size, 9}, {0, 0, 0}, {size, 0, 0}, {5, 1, 1}, {int64(PageBytes) - 1, 2, 2}, {size - 4, 4, 1}, {int64(PageBytes), int64(PageBytes), 1}} {
		if err := m.Load(c.off, c.n); err != nil {
			t.Fatalf("Load %d, %d: %v", c.off, c.n, err)
		}
		pages := make([]byte, 20)
		n, err := m.Resident(c.off, c.n, pages)
		if err != nil || n != c.pages || bytes.Count(pages[:n], []byte{1}) != n {
			t.Errorf("Resident %d, %d: %v, %v", c.off, c.n, pages[:n], err)
		}
	}
	if n, err := m.Resident(0, size, make([]byte, 3)); n != 3 || err != nil {
		t.Errorf("Resident of 9 pages into 3: %d, %v", n, err)
	}
	for _, c := range [][2]int64{{-1, 1}, {0, -1}, {0, size + 1}, {size + 1, 0}, {1 << 62, 1 << 62}} {
		if err := m.Load(c[0], c[1]); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Load %v: %v", c, err)
		}
	}
	if err := os.Truncate(path, int64(4*PageBytes)); err != nil {
		t.Fatal(err)
	}
	if err := m.Load(0, int64(4*PageBytes)); err != nil {
		t.Errorf("Load of what is left: %v", err)
	}
	if err := m.Load(int64(3*PageBytes), int64(2*PageBytes)); err == nil {
		t.Error("loaded what the file has lost")
	}
	if err := touch(m.Bytes()); err == nil {
		t.Error("touched what the file has lost")
	}
}

// TestFS: every change is told before it is done, in its order, and is not done if
// that fails: WriteNew then leaves nothing, whatever fails.
func TestFS(t *testing.T) {
	var ops []OpKind
	look := FS{Before: func(op Op) error { ops = append(ops, op.Kind); return nil }}
	dir := filepath.Join(t.TempDir(), "a")
	path := filepath.Join(dir, "object")
	if err := errors.Join(look.MkdirAll(dir), look.WriteNew(path, put("x")), look.Remove(path)); err != nil {
		t.Fatal(err)
	}
	want := "[mkdir syncdir create write sync link syncdir remove remove syncdir]"
	if got := fmt.Sprint(ops); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	boom := errors.New("boom")
	for fail := range 5 {
		n := 0
		err := FS{Before: func(op Op) error {
			if n++; n == fail+1 {
				return boom
			}
			return nil
		}}.WriteNew(path, put("x"))
		if !errors.Is(err, boom) {
			t.Errorf("operation %d fails: %v", fail, err)
		}
		names, err := os.ReadDir(dir)
		if err != nil || len(names) > 1 || len(names) == 1 && fail < 4 {
			t.Errorf("operation %d fails: %d names are left, %v", fail, len(names), err)
		}
		os.Remove(path)
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
