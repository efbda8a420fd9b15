package warc

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// TestSuite reads the 18 files of warcio and jwarc, some bad on purpose:
// records read, errors met, and digests that do not hold.
func TestSuite(t *testing.T) {
	want := map[string]string{
		"bad.arc":                             "0 records, 1 errors, 0 bad digests", // ARC is not read
		"example.arc":                         "0 records, 1 errors, 0 bad digests",
		"example.arc.gz":                      "0 records, 1 errors, 0 bad digests",
		"example-space-in-url.arc":            "0 records, 1 errors, 0 bad digests",
		"cc.warc.gz":                          "1 records, 0 errors, 0 bad digests",
		"example-bad-non-chunked.warc.gz":     "6 records, 0 errors, 1 bad digests", // one gzip stream
		"example-bad.warc.gz.bad":             "6 records, 0 errors, 0 bad digests",
		"example-digest.warc":                 "4 records, 0 errors, 1 bad digests", // the first: sha1:1112...
		"example-iana.org-chunked.warc":       "3 records, 0 errors, 0 bad digests",
		"example-resource.warc.gz":            "3 records, 0 errors, 0 bad digests",
		"example-space-in-target-uri.warc.gz": "2 records, 0 errors, 0 bad digests",
		"example-trunc.warc":                  "4 records, 1 errors, 1 bad digests", // ends in zeros
		"example-wget-bad-target-uri.warc.gz": "6 records, 0 errors, 0 bad digests",
		"example-wrong-chunks.warc.gz":        "2 records, 0 errors, 1 bad digests", // members end within records; the block digest is false
		"example.warc":                        "6 records, 0 errors, 0 bad digests",
		"example.warc.gz":                     "6 records, 0 errors, 0 bad digests",
		"gzip_extra_sl.warc.gz":               "1 records, 0 errors, 0 bad digests",
		"post-test.warc.gz":                   "6 records, 0 errors, 0 bad digests",
	}
	root := shareddata.Untar(t, "suites/warc.tar.xz")
	files, passed := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		recs, errs := readAll(data)
		bad := 0
		for _, r := range recs {
			if r.CheckDigests() != nil {
				bad++
			}
			if r.Type == "" || r.ID == "" || r.Date.IsZero() {
				t.Errorf("%s: a record without type, ID or date at %d", d.Name(), r.Offset)
			}
		}
		for _, err := range errs {
			var c *CorruptError
			if !errors.As(err, &c) || !strings.Contains(err.Error(), "offset") {
				t.Errorf("%s: %v names no offset", d.Name(), err)
			}
		}
		got := fmt.Sprintf("%d records, %d errors, %d bad digests", len(recs), len(errs), bad)
		if got != want[d.Name()] {
			t.Errorf("%s: %s (%v), want %s", d.Name(), got, errs, want[d.Name()])
			return nil
		}
		passed++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files != 18 {
		t.Errorf("%d files", files)
	}
	t.Logf("warc: %d/%d", passed, files)
}

// zip makes a gzip member of s.
func zip(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

func plain(uri, block string) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", uri, len(block), block)
}

func TestReader(t *testing.T) {
	a, b, c := plain("a", "block\r\n\r\nof a"), plain("b", ""), plain("c", "WARC/0")
	za, zb, zc := string(zip(a)), string(zip(b)), string(zip(c))
	broken := []byte(zb)
	broken[len(broken)-6] ^= 1 // the checksum
	noise := strings.Repeat("\x1f\x8b\x08 not gzip ", 2000)
	check := func(name, in, want string) {
		t.Helper()
		recs, errs := readAll([]byte(in))
		got := strings.Join(uris(recs), " ")
		for _, err := range errs {
			var ce *CorruptError
			if !errors.As(err, &ce) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got += fmt.Sprintf(" !%d", ce.Offset)
		}
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%s: %s, want %s (%v)", name, got, want, errs)
		}
	}
	check("nothing", "", "")
	check("line ends", "\r\n\n\r\n", "")
	check("plain", a+b+c, "a b c")
	check("plain, no end", strings.TrimRight(b+a, "\r\n")+"\n", "b a")
	check("members", za+zb+zc, "a b c")
	check("one stream", string(zip(a+b+c)), "a b c")
	check("two in a member", string(zip(a+b))+zc, "a b c")
	check("an empty member", za+string(zip(""))+zc, "a c")
	check("both ways", a+zb+c+za, "a b c a")
	check("line ends between", za+"\r\n"+zb, "a b")
	check("LF", strings.ReplaceAll(b+b, "\r", ""), "b b")
	check("folded", "WARC/1.0\r\nWARC-Target-URI:\r\n a\r\nno colon here\r\nContent-Length: 0\r\n\r\n\r\n\r\n"+b, "a b")
	check("brackets", plain("<a b>", ""), "a b")
	check("checksum", za+string(broken)+zc, fmt.Sprintf("a c !%d", len(za)))
	check("cut member", za+zb[:len(zb)/2], fmt.Sprintf("a !%d", len(za)))
	check("cut member, then whole", za+zb[:len(zb)-9]+zc, fmt.Sprintf("a c !%d", len(za)))
	check("noise between members", za+noise+zc, fmt.Sprintf("a c !%d", len(za)))
	check("noise between records", a+noise+"\n"+c, fmt.Sprintf("a c !%d", len(a)))
	check("damage in one stream", string(zip(a+"x\r\n"+c)), "a c !0")
	check("members within records", string(zip(a[:40]))+string(zip(a[40:]+b[:9]))+string(zip(b[9:]))+zc, "a b c")
	check("cut plain", a+c[:len(c)-7], fmt.Sprintf("a !%d", len(a)))
	for _, length := range []string{"", "x", "-1", "99999999999", "99999999999999999999", "1 1"} {
		bad := strings.Replace(b, "Content-Length: 0", "Content-Length: "+length, 1)
		check("length "+length, a+bad+c, fmt.Sprintf("a c !%d", len(a)))
	}
	check("no length", a+strings.Replace(b, "Content-Length: 0\r\n", "", 1)+c, fmt.Sprintf("a c !%d", len(a)))
	check("length too short", strings.Replace(a, ": 13", ": 5", 1)+c, fmt.Sprintf("a c !%d", len(a)-1-8))
	check("long header", a+"WARC/1.0\r\nX: "+strings.Repeat("x", 1<<17)+"\r\n"+c, fmt.Sprintf("a c !%d", len(a)))
	check("a bomb of line ends", string(zip(strings.Repeat("\n", 1<<24)))+za, "a !0")
	check("arc", "filedesc://x 1.2.3.4 2014 text/plain 9\n1 0 x\n", "!0")
}

func TestReaderLimit(t *testing.T) {
	long := plain("a", strings.Repeat("x", 5000))
	r := NewReader(iotest.OneByteReader(bytes.NewReader(append(zip(long), zip(plain("b", "short"))...))), ReaderOptions{MaxBlockBytes: 100})
	rec, err := r.Next()
	if err != nil || !rec.Cut || len(rec.Block) != 100 || rec.Length != int64(len(zip(long))) {
		t.Errorf("%+v, %v", rec, err)
	}
	if rec, err := r.Next(); err != nil || rec.Cut || string(rec.Block) != "short" {
		t.Errorf("%+v, %v", rec, err)
	}
}

// TestReaderFails: an error of the file is not damage of the record, and final.
func TestReaderFails(t *testing.T) {
	r := NewReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(plain("a", "x")))), ReaderOptions{})
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(plain("a", "x") + plain("b", "")))
	f.Add(append(zip(plain("a", "x")), zip(plain("b", "y"))...))
	f.Add(zip(plain("a", "x") + plain("b", "y")))
	f.Add([]byte("WARC/1.0\r\nContent-Length: 5\r\n\r\nab"))
	f.Add(append(zstdFrame(f, nil, plain("a", "x")), zstdFrame(f, nil, plain("b", "y"))...))
	f.Add(append(skippable(0, []byte("note")), zstdFrame(f, nil, plain("a", "x"))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		recs, _ := readAll(data)
		for _, r := range recs {
			r.CheckDigests()
			ParseResponse(r.Block)
			if r.Offset < 0 || r.Offset+r.Length > int64(len(data)) {
				t.Errorf("record at %d+%d of %d bytes", r.Offset, r.Length, len(data))
			}
			// What was read can be written and read again.
			w := *r
			w.BlockDigest, w.PayloadDigest = "", ""
			w.complete(day)
			again, errs := readAll(w.appendTo(nil))
			if len(errs) > 0 || len(again) != 1 || !bytes.Equal(again[0].Block, r.Block) {
				t.Errorf("written again: %v, %v", again, errs)
			}
		}
	})
}

// BenchmarkAppend writes 3,204 small pages (CACM) as response records.
func BenchmarkAppend(b *testing.B) {
	root := shareddata.Untar(b, "data/cacm-html-site/cacm-html.tar.xz")
	var pages []Record
	var size int64
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".html") {
			body, _ := os.ReadFile(path)
			pages = append(pages, Record{Type: TypeResponse, TargetURI: "http://a.test/", Block: Response("", 200, "", nil, body)})
			size += int64(len(pages[len(pages)-1].Block))
		}
		return err
	})
	for _, level := range []int{1, 6} {
		b.Run(fmt.Sprint("level", level), func(b *testing.B) {
			w, err := OpenWriter(b.TempDir(), Options{Level: level})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			b.SetBytes(size)
			n := 0
			for b.Loop() {
				for _, rec := range pages {
					if _, err := w.Append(rec); err != nil {
						b.Fatal(err)
					}
				}
				n++
			}
			b.ReportMetric(float64(w.Position().Offset)/float64(int64(n)*size), "ratio")
		})
	}
}
