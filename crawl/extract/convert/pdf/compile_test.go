package pdf

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// asChild lets this binary be the compiler, and a process that reads one file:
// "read DIR FILE".
func asChild() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == CompileVerb:
		if err := Compile(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case len(os.Args) == 4 && os.Args[1] == "read":
		body, err := os.ReadFile(os.Args[3])
		if err != nil {
			panic(err)
		}
		p := New(Options{CacheDir: os.Args[2], Compiler: os.Args[0]})
		file, err := p.Read(context.Background(), body)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%d pages\n%s", len(file.Pages), status())
		os.Exit(0)
	}
}

func status() []byte {
	b, _ := os.ReadFile("/proc/self/status")
	return b
}

// TestCompileElsewhere: the process that reads the first file has not the memory
// that compiling takes.
func TestCompileElsewhere(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("compiles PDFium, which takes 3 s; reads /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "a.pdf")
	if err := os.WriteFile(name, small(), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out, err := exec.Command(self, "read", filepath.Join(dir, "cache"), name).CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("2 pages")) {
		t.Fatalf("%v: %s", err, out)
	}
	var peak int
	for line := range strings.SplitSeq(string(out), "\n") {
		fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	t.Logf("most resident memory of the process: %d MiB, after %v", peak>>10, time.Since(began))
	if peak == 0 || peak > 100<<10 {
		t.Errorf("%d KiB, want at most 100 MiB", peak)
	}
}

// TestCompilerDies: a process that is killed while another one compiles for it
// leaves none behind, and neither does a pool that is closed.
func TestCompilerDies(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("kills processes; reads /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gone := func(dir string) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); compilers(dir) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the compiler runs on")
			}
		}
	}
	running := func(dir string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); compilers(dir) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no compiler was seen")
			}
		}
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "a.pdf")
	if err := os.WriteFile(name, small(), 0o600); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(dir, "killed")
	cmd := exec.Command(self, "read", killed, name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	running(killed)
	cmd.Process.Kill()
	cmd.Wait()
	gone(killed)

	closed := filepath.Join(dir, "closed")
	p := New(Options{CacheDir: closed, Compiler: self})
	read := make(chan error)
	go func() {
		_, err := p.Read(t.Context(), small())
		read <- err
	}()
	running(closed)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("a file was read from a closed pool")
	}
	gone(closed)
}

// compilers counts the processes that compile into a folder.
func compilers(dir string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		line, _ := os.ReadFile(name)
		if bytes.HasSuffix(line, []byte("\x00"+CompileVerb+"\x00"+dir+"\x00")) {
			n++
		}
	}
	return n
}
