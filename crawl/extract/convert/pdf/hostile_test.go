package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build writes a PDF of objects 1..n with a cross-reference table; object 1 is
// the catalogue.
func build(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, at)
	return b.Bytes()
}

func stream(dict, data string) string {
	return fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(data), dict, data)
}

func flate(data string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(data))
	_ = w.Close()
	return b.String()
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) /Outlines 6 0 R >>"
	font    = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
)

// small is a good file of two pages with all that a File has.
func small() []byte {
	return build("/Info 10 0 R", catalog,
		"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 9 0 R >> >> "+
			"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (http://a.test/x?y=1) >> >>] >>",
		stream("", "BT /F 24 Tf 50 700 Td (The Great Frontier) Tj /F 10 Tf 0 -30 Td (A crawler leases an ad-) Tj 0 -12 Td (dress at a time.) Tj ET"),
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 8 0 R /Resources << /Font << /F 9 0 R >> >> >>",
		"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
		"<< /Title (Second chapter) /Parent 6 0 R /Dest [5 0 R /Fit] >>",
		stream("", "BT /F 10 Tf 50 700 Td (Politeness is a virtue.) Tj ET"),
		font,
		"<< /Title (On Frontiers) /Author (Ada) /Subject (crawling) /CreationDate (D:20240229123000+01'00') /ModDate (D:2025) >>")
}

func TestSmall(t *testing.T) {
	f, err := sharedPool(t).Read(context.Background(), small())
	if err != nil {
		t.Fatal(err)
	}
	if f.Title != "On Frontiers" || f.Author != "Ada" || f.Subject != "crawling" || f.Lang != "en-GB" || f.LargestLine != "The Great Frontier" {
		t.Errorf("metadata: %+v", f)
	}
	if want := time.Date(2024, 2, 29, 11, 30, 0, 0, time.UTC); !f.Created.Equal(want) || f.Modified.Year() != 2025 {
		t.Errorf("dates %v, %v", f.Created, f.Modified)
	}
	if len(f.Outline) != 1 || f.Outline[0] != (Entry{1, "Second chapter", 2}) {
		t.Errorf("outline %v", f.Outline)
	}
	if len(f.Links) != 1 || f.Links[0] != "http://a.test/x?y=1" {
		t.Errorf("links %q", f.Links)
	}
	if len(f.Pages) != 2 || f.PageCount != 2 || f.Truncated {
		t.Fatalf("pages %q", f.Pages)
	}
	if f.Pages[0] != "The Great Frontier\nA crawler leases an address at a time." || f.Pages[1] != "Politeness is a virtue." {
		t.Errorf("pages %q", f.Pages)
	}
}

func onePage(content, resources string, more ...string) []byte {
	return build("", append([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> " + resources + " >> >>",
		content, font}, more...)...)
}

// laughs is the billion laughs of PDF: nine forms, each of which draws the next
// one fifty times.
func laughs() []byte {
	var forms []string
	const depth = 9
	for i := range depth {
		next := fmt.Sprintf("/X << /XObject << /N %d 0 R >> >>", 7+i)
		body := strings.Repeat("/N Do ", 50)
		if i == depth-1 {
			next, body = "", "BT /F 9 Tf 9 9 Td (ha) Tj ET"
		}
		forms = append(forms, stream("/Type /XObject /Subtype /Form /BBox [0 0 600 800] "+strings.Replace(next, "/X", "/Resources", 1), body))
	}
	return onePage(stream("", "/N Do"), "/XObject << /N 6 0 R >>", forms...)
}

// bomb is 400 MB of text operators in 400 KB.
func bomb() []byte {
	return onePage(stream("/Filter /FlateDecode", flate("BT /F 9 Tf 9 9 Td "+strings.Repeat("(bomb) Tj ", 40_000_000)+"ET")), "")
}

// slow is 500 pages that share one content of paths never painted: it asks for
// no memory, only for time, about a minute of it.
func slow() []byte {
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "", stream("/Filter /FlateDecode", flate(strings.Repeat("0 0 m 1 1 l n\n", 200_000)))}
	var kids strings.Builder
	for i := range 500 {
		fmt.Fprintf(&kids, "%d 0 R ", 4+i)
		objects = append(objects, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R >>")
	}
	objects[1] = "<< /Type /Pages /Kids [" + kids.String() + "] /Count 500 >>"
	return build("", objects...)
}

func ring(n string) []byte {
	return build("", "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count "+n+" >>",
		"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count "+n+" >>")
}

func outlineRing() []byte {
	return build("", "<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>", stream("", ""),
		"<< /First 6 0 R /Last 7 0 R >>",
		"<< /Title (a) /Parent 5 0 R /Next 7 0 R /First 6 0 R /Last 7 0 R >>", "<< /Title (b) /Parent 5 0 R /Next 6 0 R /First 6 0 R >>")
}

func locked() []byte {
	key := strings.Repeat("5a", 32)
	return build("/ID [<00> <00>] /Encrypt 4 0 R", "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
		"<< /Filter /Standard /V 1 /R 2 /O <"+key+"> /U <"+key+"> /P -4 >>")
}

// TestHostile: each costs no more than the limits and says what was wrong; the
// pool reads the next good file as if nothing had been.
func TestHostile(t *testing.T) {
	p := New(Options{CacheDir: cacheDir, MaxTime: 2 * time.Second, MaxMemory: 64 << 20, Instances: 1})
	defer p.Close()
	if _, err := p.Read(context.Background(), small()); err != nil { // compiles
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		body []byte
		want error // nil: a file, with the reason in why
		why  string
	}{
		{"deflate bomb", bomb(), nil, "parse-limit: "},
		{"forms in forms", laughs(), nil, "parse-limit: "},
		{"paths never painted", slow(), nil, "parse-limit: 2s"},
		{"page tree ring", ring("2"), nil, ""},
		{"page tree ring of a million", ring("1000000"), nil, "parse-limit: 500 pages"},
		{"outline ring", outlineRing(), nil, ""},
		{"encrypted", locked(), ErrEncrypted, ""},
		{"not a PDF", []byte("<html>no"), ErrDamaged, ""},
		{"header only", []byte("%PDF-1.7\n"), ErrDamaged, ""},
		{"nested arrays", onePage(stream("", strings.Repeat("[", 1_000_000)), ""), nil, ""},
		{"nested dictionaries", []byte("%PDF-1.7\n1 0 obj\n" + strings.Repeat("<</A ", 1_000_000)), ErrDamaged, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cpu := cpuTime()
			f, err := p.Read(context.Background(), c.body)
			used := cpuTime() - cpu
			t.Logf("%d bytes: %v of CPU, high water %d MiB, err %v", len(c.body), used.Round(time.Millisecond), p.highWater()>>20, err)
			switch {
			case errors.Is(err, ErrLimit) && strings.HasPrefix(c.why, "parse-limit"):
			case c.want != nil && !errors.Is(err, c.want):
				t.Errorf("error %v, want %v", err, c.want)
			case c.want == nil && err != nil && !errors.Is(err, ErrDamaged):
				t.Errorf("error %v", err)
			case c.why != "" && (err != nil || !strings.HasPrefix(f.Why, c.why)):
				t.Errorf("why %q, error %v, want %q", f.Why, err, c.why)
			}
			if used > 4*time.Second {
				t.Errorf("%v of CPU, the limit is 2s", used)
			}
		})
		if f, err := p.Read(context.Background(), small()); err != nil || len(f.Pages) != 2 {
			t.Fatalf("after %s a good file gave %v", c.name, err)
		}
	}
	if high := p.highWater(); high > 64<<20 {
		t.Errorf("high water %d MiB, the limit is 64", high>>20)
	}
}

// TestLimits proves the default limits of 10 s of CPU and 256 MiB with three
// bombs, by the process's own accounts.
func TestLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	p := sharedPool(t)
	if _, err := p.Read(context.Background(), small()); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		body []byte
	}{{"paths never painted", slow()}, {"forms in forms", laughs()}, {"deflate bomb", bomb()}}
	for _, c := range cases {
		debug.FreeOSMemory() // what building the bombs took
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil {
			t.Skip(err)
		}
		before := resident(t)
		cpu := cpuTime()
		f, err := p.Read(context.Background(), c.body)
		used := cpuTime() - cpu
		why := fmt.Sprint(err)
		if f != nil {
			why = f.Why
		}
		t.Logf("%s: %v of CPU, linear memory %d MiB, resident +%d MiB at most: %s",
			c.name, used.Round(time.Millisecond), p.highWater()>>20, (resident(t)-before)>>20, why)
		if !strings.Contains(why, "parse-limit") {
			t.Errorf("%s: %s", c.name, why)
		}
		if used > 11*time.Second {
			t.Errorf("%s: %v of CPU", c.name, used)
		}
		if more := resident(t) - before; more > (256+64)<<20 {
			t.Errorf("%s: %d MiB more", c.name, more>>20)
		}
	}
	if high := p.highWater(); high > 256<<20 {
		t.Errorf("linear memory %d MiB", high>>20)
	}
}

// TestCut reads a small file cut off at each of its bytes.
func TestCut(t *testing.T) {
	p, body := sharedPool(t), small()
	for n := range body {
		f, err := p.Read(context.Background(), body[:n])
		if err == nil && f.PageCount == 0 || err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d bytes: %+v, %v", n, f, err)
		}
	}
}

func TestLimitsOfAFile(t *testing.T) {
	p := New(Options{CacheDir: cacheDir, MaxPages: 1, MaxBytes: 4096})
	defer p.Close()
	f, err := p.Read(context.Background(), small())
	if err != nil || len(f.Pages) != 1 || f.PageCount != 2 || f.Why != "parse-limit: 1 pages" {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := p.Read(context.Background(), append(small(), make([]byte, 4096)...)); !errors.Is(err, ErrLimit) {
		t.Errorf("too large a file: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(small())
	f.Add(ring("3"))
	f.Add(outlineRing())
	f.Add(locked())
	// The workers are processes: with a cache that stays only the first compiles.
	cache := filepath.Join(os.TempDir(), "trawl-pdf-fuzz")
	p := New(Options{CacheDir: cache, MaxTime: time.Second, MaxMemory: 64 << 20})
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := p.Read(context.Background(), body)
		if (file == nil) == (err == nil) {
			t.Fatalf("%v and %v", file, err)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrEncrypted) && !errors.Is(err, ErrLimit) {
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}

// cpuTime is what this process has used, all its threads together.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the high-water mark of resident memory in bytes.
func resident(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
