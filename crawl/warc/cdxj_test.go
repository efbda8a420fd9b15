package warc

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// TestIndexSuite compares with what warcio.js 2.4.11 (cdx-index) says of the
// same files. It gives digests without their label.
func TestIndexSuite(t *testing.T) {
	want := map[string][]string{
		"example.warc.gz": {
			`com,example)/ 20170306040206 {"url": "http://example.com/", "mime": "text/html", "status": "200", "digest": "G7HRM7BGOKSKMSXZAHMUQTTV53QOFSMK", "length": "1228", "offset": "784", "filename": "example.warc.gz"}`,
			`com,example)/ 20170306040348 {"url": "http://example.com/", "mime": "warc/revisit", "status": "200", "digest": "G7HRM7BGOKSKMSXZAHMUQTTV53QOFSMK", "length": "586", "offset": "2621", "filename": "example.warc.gz"}`,
		},
		"post-test.warc.gz": {
			`org,httpbin)/post 20140610000859 {"url": "http://httpbin.org/post", "mime": "application/json", "status": "200", "digest": "M532K5WS4GY2H4OVZO6HRPOP47A7KDWU", "length": "720", "offset": "0", "filename": "post-test.warc.gz"}`,
			`org,httpbin)/post 20140610001151 {"url": "http://httpbin.org/post", "mime": "application/json", "status": "200", "digest": "M7YCTM7HS3YKYQTAWQVMQSQZBNEOXGU2", "length": "723", "offset": "1196", "filename": "post-test.warc.gz"}`,
			`org,httpbin)/post?foo=bar 20140610001255 {"url": "http://httpbin.org/post?foo=bar", "mime": "application/json", "status": "200", "digest": "B6E5P6JUZI6UPDTNO4L2BCHMGLTNCUAJ", "length": "723", "offset": "2395", "filename": "post-test.warc.gz"}`,
		},
		"example-resource.warc.gz": {
			`com,example)/ 20170429013030 {"url": "http://example.com/", "mime": "text/html", "digest": "YXLHEZO6YIEPLHABGCQ2TM24WROPX6ZG", "length": "977", "offset": "802", "filename": "example-resource.warc.gz"}`,
		},
	}
	root := shareddata.Untar(t, "suites/warc.tar.xz")
	var counts Counts
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		var out bytes.Buffer
		n, err := Index(f, d.Name(), &out)
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
		}
		counts.Captures += n.Captures
		counts.Unseekable += n.Unseekable
		if w, ok := want[d.Name()]; ok {
			if got := strings.ReplaceAll(out.String(), `"sha1:`, `"`); got != strings.Join(w, "\n")+"\n" {
				t.Errorf("%s:\n%s\nwant\n%s", d.Name(), got, strings.Join(w, "\n"))
			}
		}
		for line := range strings.Lines(out.String()) {
			c, err := parseCapture(strings.TrimSuffix(line, "\n"))
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			rec, err := Read(filepath.Dir(path), c.Ref)
			if err != nil || rec.TargetURI != c.URL {
				t.Errorf("%s: reads %v, %v", line, rec, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cdxj: %d/%d files as warcio.js has them; %d captures in all, %d in one gzip stream", len(want), len(want), counts.Captures, counts.Unseekable)
}

// TestSealedIndex: the index that the writer noted is that which its file
// gives, over a restart too, and stands beside the file before Sealed is
// called.
func TestSealedIndex(t *testing.T) {
	dir := t.TempDir()
	var sealed []string
	opt := Options{MaxFileBytes: 6000, Dedup: 100, Sealed: func(path string) error {
		if _, err := os.Stat(IndexName(path)); err != nil {
			t.Error(err)
		}
		sealed = append(sealed, filepath.Base(path))
		return nil
	}}
	w := open(t, dir, opt)
	for i := range 60 {
		put(t, w, page(i%20))
		if i == 30 { // a file with two writers
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			pos := w.Position()
			w.Close()
			opt.TruncateTo = &pos
			w = open(t, dir, opt)
		}
	}
	w.Rotate()
	w.Sync()
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	names, _ := List(dir)
	if len(sealed) != len(names) || len(names) < 5 {
		t.Fatalf("sealed %v of %v", sealed, names)
	}
	captures := 0
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		n, err := Index(f, name, &want)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, IndexName(name)))
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: index is\n%s, %v; want\n%s", name, got, err, want.Bytes())
		}
		captures += n.Captures
	}
	if captures != 60 {
		t.Errorf("%d captures", captures)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	found, err := Lookup(dir, "https://www.a.test/7/")
	if err != nil || len(found) != 3 || found[0].MIME != "text/html" || found[1].MIME != MIMERevisit {
		t.Errorf("Lookup: %+v, %v", found, err)
	}
}

// TestLookup compares with a scan, over keys that are prefixes of each other
// and lines of all lengths.
func TestLookup(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	var all []Capture
	for i := range 3 {
		s := &sorter{}
		for range rnd.IntN(400) {
			u := "http://a.test/" + strings.Repeat("x", rnd.IntN(30))
			if rnd.IntN(10) == 0 {
				u += "?" + strings.Repeat("q", rnd.IntN(3000))
			}
			c := Capture{Key: SURT(u), URL: u, Time: day.Truncate(time.Second).Add(time.Duration(rnd.IntN(5)) * time.Hour), Status: 200,
				Ref: Ref{File: fmt.Sprint(i, ".warc.gz"), Offset: int64(len(all)), Length: 1}}
			all = append(all, c)
			s.add(c.appendTo(nil))
		}
		var b bytes.Buffer
		s.writeTo(&b)
		text := b.String()
		switch i {
		case 1:
			text = strings.TrimSuffix(text, "\n")
		case 2:
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".cdxj")), []byte(text), 0o644)
	}
	for n := range 35 {
		u := "http://a.test/" + strings.Repeat("x", n)
		got, err := Lookup(dir, u)
		if err != nil {
			t.Fatal(err)
		}
		var want []Capture
		for _, c := range all {
			if c.URL == u {
				want = append(want, c)
			}
		}
		slices.SortFunc(want, byTime)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %d x: %d captures, want %d", seed, n, len(got), len(want))
		}
	}
}

// TestSorter sorts more than fits into memory, and merges more runs than may
// be open.
func TestSorter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 3))
	s := &sorter{dir: t.TempDir()}
	var want []string
	pad := strings.Repeat("x", 40<<10)
	for range 100 * maxRuns {
		line := fmt.Sprintf("%06d ", rnd.IntN(3000)) + pad
		want = append(want, line[:7])
		if err := s.add([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) < 2 {
		t.Fatalf("%d runs: the test does not reach the disk", len(s.runs))
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var out bytes.Buffer
	if err := s.writeTo(&out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for sc := bufio.NewReader(&out); ; {
		line, err := readLine(sc, nil)
		if err != nil {
			break
		}
		got = append(got, string(line[:7]))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
}

func TestMerge(t *testing.T) {
	check := func(want string, in ...string) {
		t.Helper()
		var rs []string
		var out bytes.Buffer
		var readers []io.Reader
		for _, text := range in {
			readers = append(readers, strings.NewReader(text))
		}
		err := Merge(&out, readers...)
		if err != nil {
			rs = append(rs, "error")
		} else {
			rs = strings.Split(strings.TrimSpace(out.String()), "\n")
		}
		if got := strings.Join(rs, " "); got != want {
			t.Errorf("%q: %q, want %q (%v)", in, got, want, err)
		}
	}
	check("")
	check("", "", "")
	check("a b c", "a\nc\n", "b\n")
	check("a b", "a\nb\n", "a\nb")
	check("a b", "\n\na\r\n", "b")
	check("error", "b\na\n")
	check("error", strings.Repeat("x", maxLineBytes+1))
}

// FuzzCapture: what is written is read again, and no line of others harms.
func FuzzCapture(f *testing.F) {
	f.Add("com,example)/ 20170306040206 {\"url\": \"http://example.com/\", \"status\": \"-\", \"offset\": \"784\"}", "http://a/\x00\"\\\u00e9\U0001F600", int64(5))
	f.Fuzz(func(t *testing.T, line, u string, n int64) {
		parseCapture(line)
		c := Capture{Key: SURT(u), URL: strings.ToValidUTF8(u, "\ufffd"), Time: day.Truncate(time.Second), MIME: MIMERevisit, Status: int(n & 511), Ref: Ref{File: "x", Offset: n & (1<<62 - 1), Length: 3}}
		got, err := parseCapture(string(c.appendTo(nil)))
		if err != nil || got != c {
			t.Fatalf("%+v, %v; wrote %+v", got, err, c)
		}
	})
}
