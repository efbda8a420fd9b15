package pdf

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

const (
	peerFiles    = 60      // at most, for the test's time
	peerMaxBytes = 2 << 20 // of one file
)

// TestPeer holds the text against that of poppler's pdftotext, word by word,
// over whatever real files are at hand: those of Debian's documentation
// packages in /usr/share/doc and in shared/data/debs, and of the folder that
// TRAWL_PDFS names.
func TestPeer(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (apt-get install poppler-utils)")
	}
	files := realFiles(t)
	if len(files) == 0 {
		t.Skip("no PDF files in /usr/share/doc, shared/data/debs or $TRAWL_PDFS")
	}
	p := sharedPool(t)
	if _, err := p.Read(context.Background(), small()); err != nil { // compiles
		t.Fatal(err)
	}
	var sum float64
	var n, failed, size int
	var ours, theirs time.Duration
	for _, f := range files {
		start := cpuTime()
		got, err := p.Read(context.Background(), f.body)
		took := cpuTime() - start
		want, peerTook, perr := poppler(f.body, p.opt.MaxPages)
		if err != nil || perr != nil {
			t.Logf("%s: ours %v, poppler %v", f.name, err, perr)
			if perr == nil {
				failed++
			}
			continue
		}
		wantWords := words(want)
		if len(wantWords) < 50 {
			continue
		}
		f1 := wordF1(words(strings.Join(got.Pages, "\n")), wantWords)
		if f1 < .95 || testing.Verbose() && len(files) < 20 {
			t.Logf("%-40s F1 %.3f  %v, poppler %v  %q", f.name, f1, took.Round(time.Millisecond), peerTook.Round(time.Millisecond), got.Why)
		}
		sum, n, size = sum+f1, n+1, size+len(f.body)
		ours, theirs = ours+took, theirs+peerTook
	}
	if n == 0 {
		t.Skip("no file with text")
	}
	mb := float64(size) / 1e6
	t.Logf("%d files, %.1f MB: F1 %.4f to pdftotext; %.2f MB/s of CPU, pdftotext %.2f MB/s; %d failed",
		n, mb, sum/float64(n), mb/ours.Seconds(), mb/theirs.Seconds(), failed)
	if mean := sum / float64(n); mean < .97 {
		t.Errorf("mean F1 %.4f, want at least .97", mean)
	}
	if failed > n/20 {
		t.Errorf("%d of %d files failed that poppler reads", failed, n)
	}
}

type realFile struct {
	name string
	body []byte
}

// realFiles returns files that differ, spread evenly over all that are there.
func realFiles(t *testing.T) []realFile {
	dirs := []string{"/usr/share/doc", unpackedDebs(t)}
	if d := os.Getenv("TRAWL_PDFS"); d != "" {
		dirs = append(dirs, d)
	}
	var paths []string
	for _, d := range dirs {
		_ = filepath.WalkDir(d, func(p string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && (strings.HasSuffix(p, ".pdf") || strings.HasSuffix(p, ".pdf.gz")) {
				paths = append(paths, p)
			}
			return nil // what cannot be read is not there
		})
	}
	slices.Sort(paths)
	limit := peerFiles
	if os.Getenv("TRAWL_PDFS") != "" {
		limit = len(paths)
	}
	var out []realFile
	for i := range min(limit, len(paths)) {
		p := paths[i*len(paths)/min(limit, len(paths))]
		body, err := os.ReadFile(p)
		if err == nil && strings.HasSuffix(p, ".gz") {
			body, err = gunzip(body)
		}
		if err == nil && len(body) <= peerMaxBytes {
			out = append(out, realFile{filepath.Base(p), body})
		}
	}
	return out
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// unpackedDebs unpacks the PDF files of the documentation packages in shared/.
func unpackedDebs(t *testing.T) string {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		return ""
	}
	debs, _ := filepath.Glob(filepath.Join(shareddata.Dir(t), "data", "debs", "debian-policy*.deb"))
	dir := t.TempDir()
	for _, d := range debs {
		if out, err := exec.Command("dpkg-deb", "-x", d, dir).CombinedOutput(); err != nil {
			t.Logf("dpkg-deb %s: %v: %s", d, err, out)
		}
	}
	return dir
}

// poppler returns the text and the CPU that it took.
func poppler(body []byte, pages int) (string, time.Duration, error) {
	cmd := exec.Command("pdftotext", "-q", "-enc", "UTF-8", "-l", fmt.Sprint(pages), "-", "-")
	cmd.Stdin = bytes.NewReader(body)
	out, err := cmd.Output()
	return string(out), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}

func words(s string) map[string]int {
	m := map[string]int{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		m[w]++
	}
	return m
}

// wordF1 is the harmonic mean of precision and recall over bags of words.
func wordF1(got, want map[string]int) float64 {
	var common, g, w int
	for k, n := range got {
		g += n
		common += min(n, want[k])
	}
	for _, n := range want {
		w += n
	}
	if g == 0 || w == 0 {
		return 0
	}
	return 2 * float64(common) / float64(g+w)
}
