// Package shareddata finds the real data and conformance suites that tests read and never own.
//
// They stand in a folder named shared beside the repository (../shared), or
// where TRAWL_SHARED points. A test that needs them skips, with a reason, where
// they are absent.
package shareddata

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Dir returns the shared folder, or skips the test.
func Dir(tb testing.TB) string {
	tb.Helper()
	if d := os.Getenv("TRAWL_SHARED"); d != "" {
		return d
	}
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		tb.Skip("shareddata: this build does not know where its sources stand; set TRAWL_SHARED")
	}
	d := filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	if _, err := os.Stat(filepath.Join(d, "suites")); err != nil {
		tb.Skipf("shareddata: no shared data at %s (set TRAWL_SHARED)", d)
	}
	return d
}

// Untar unpacks an archive of the shared folder, such as
// "suites/url-wpt.tar.xz", once per machine and returns the folder it went to.
func Untar(tb testing.TB, archive string) string {
	tb.Helper()
	src := filepath.Join(Dir(tb), filepath.FromSlash(archive))
	info, err := os.Stat(src)
	if err != nil {
		tb.Skipf("shareddata: %v", err)
	}
	if _, err := exec.LookPath("xz"); err != nil {
		tb.Skip("shareddata: xz is not installed (apt-get install xz-utils)")
	}
	name := strings.TrimSuffix(filepath.Base(archive), ".tar.xz") + "-" + info.ModTime().UTC().Format("20060102150405")
	root := filepath.Join(os.TempDir(), "trawl-shareddata")
	dst := filepath.Join(root, name)
	if _, err := os.Stat(dst); err == nil {
		return dst
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		tb.Fatal(err)
	}
	tmp, err := os.MkdirTemp(root, name+".tmp")
	if err != nil {
		tb.Fatal(err)
	}
	out, err := exec.Command("tar", "-C", tmp, "-xJf", src).CombinedOutput()
	if err != nil {
		tb.Fatalf("shareddata: tar %s: %v: %s", archive, err, out)
	}
	// Another test process may have been faster: its folder is as good.
	if err := os.Rename(tmp, dst); err != nil {
		os.RemoveAll(tmp)
		if _, err := os.Stat(dst); err != nil {
			tb.Fatal(err)
		}
	}
	return dst
}
