package warc

import (
	zipfile "archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a WARC file of records, each a gzip member.
func write(t *testing.T, path string, recs ...Record) {
	t.Helper()
	var b bytes.Buffer
	for _, r := range recs {
		r.complete(day)
		b.Write(zip(string(r.appendTo(nil))))
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// joinedLines joins files and reads the stream again.
func joinedLines(t *testing.T, opt WalkOptions, paths ...string) (lines []string, counts WalkCounts) {
	t.Helper()
	pr, pw := io.Pipe()
	go func() {
		var err error
		counts, err = Join(t.Context(), pw, paths, opt)
		pw.CloseWithError(err)
	}()
	_, err := WalkStream(t.Context(), pr, WalkOptions{}, func(p *Page) error {
		lines = append(lines, fmt.Sprintf("%s %d %s %.9q original=%v same=%v", p.URL, p.Status, p.Date.Format("15:04"), p.Body, p.Original != nil, p.SameAddress()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, counts
}

func identical(path string, minute int, to, digest string) Record {
	r := answer(path, minute, "")
	r.Type, r.Profile, r.PayloadDigest = TypeRevisit, ProfileIdentical, digest
	r.RefersToURI = "http://a.test" + to
	return r
}

// TestJoin: files in any order become one stream in the order of capture, in which
// revisits across them are answers; indexes of others that lie are not believed.
func TestJoin(t *testing.T) {
	dir := t.TempDir()
	one := strings.Repeat("one ", 99)
	gzipped := answer("/z", 9, "")
	gzipped.Block = append([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), chunk(zip("unzipped"))...)
	write(t, filepath.Join(dir, "b.warc.gz"), answer("/a", 1, one), answer("/gone", 3, "x"))
	write(t, filepath.Join(dir, "a.warc.gz"), identical("/b", 2, "/a", Digest([]byte(one))), identical("/lost", 4, "/never", ""), identical("/a", 5, "/a", Digest([]byte(one))), gzipped)
	missing := answer("/gone", 6, "not here any more")
	missing.Block = Response("", 404, "", http.Header{}, []byte("not here any more"))
	write(t, filepath.Join(dir, "c.warc.gz"), missing, Record{Type: TypeResponse, TargetURI: "dns:a.test", ContentType: "text/dns", Block: []byte("a.test 1.2.3.4")})
	for _, lie := range []string{"no index at all\n", `test,a)/a 20200101 {"url": "http://a.test/a", "offset": "7", "filename": "b.warc.gz"}` + "\n"} {
		os.WriteFile(filepath.Join(dir, "b.cdxj"), []byte(lie), 0o644)
		read := int64(0)
		got, n := joinedLines(t, WalkOptions{OwnIndexes: true, MaxOpen: 2, Read: func(n int64) { read += n }}, dir)
		want := []string{
			`http://a.test/a 200 10:45 "one one o" original=true same=true`, `http://a.test/b 200 10:46 "one one o" original=true same=true`,
			`http://a.test/gone 200 10:47 "x" original=true same=true`, `http://a.test/lost 200 10:48 "" original=false same=false`,
			`http://a.test/a 200 10:49 "one one o" original=true same=true`, `http://a.test/gone 404 10:50 "" original=true same=true`,
			`http://a.test/z 200 10:53 "unzipped" original=true same=true`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n != (WalkCounts{Files: 3, Pages: 7, Revisits: 3, Unresolved: 1, NotHTTP: 1}) {
			t.Errorf("%+v", n)
		}
		if total := size(t, dir, "*.warc.gz"); read != total {
			t.Errorf("%d bytes told of %d", read, total)
		}
	}
}

func size(t *testing.T, dir, pattern string) (n int64) {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func chunk(b []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n\r\n", len(b), b) }

// TestDamageIsNamed: of a torn file and one with a hole, what is whole is read, and
// each damage has its file and place.
func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	torn, hole := filepath.Join(dir, "torn.warc.gz"), filepath.Join(dir, "hole.warc.gz")
	write(t, torn, answer("/1", 1, "one"), answer("/2", 2, strings.Repeat("two", 5000)))
	write(t, hole, answer("/3", 3, "three"), answer("/4", 4, "four"), answer("/5", 5, "five"))
	data, _ := os.ReadFile(torn)
	os.WriteFile(torn, data[:len(data)-20], 0o644)
	data, _ = os.ReadFile(hole)
	second := bytes.Index(data[1:], []byte{0x1f, 0x8b, 8}) + 1
	copy(data[second+30:], "zzzzzzzzzzzz")
	os.WriteFile(hole, data, 0o644)
	var told []string
	lines, n := joinedLines(t, WalkOptions{OwnIndexes: true, Corrupt: func(path string, err *CorruptError) {
		told = append(told, fmt.Sprint(filepath.Base(path), err.Offset > 0))
		if filepath.Base(path) == "hole.warc.gz" && err.Offset != int64(second) {
			t.Errorf("damage at %d, told %d", second, err.Offset)
		}
	}}, torn, hole)
	slices.Sort(told)
	if len(lines) != 3 || n.Corrupt != 2 || fmt.Sprint(told) != "[hole.warc.gztrue torn.warc.gztrue]" {
		t.Errorf("%q, %+v, %v", lines, n, told)
	}
}

func wacz(method uint16, files map[string][]byte) []byte {
	var b bytes.Buffer
	z := zipfile.NewWriter(&b)
	for name, data := range files {
		w, _ := z.CreateHeader(&zipfile.FileHeader{Name: name, Method: method})
		w.Write(data)
	}
	z.Close()
	return b.Bytes()
}

// TestWACZ: the WARC files in a WACZ are read where they stand, by their offsets too.
func TestWACZ(t *testing.T) {
	dir := t.TempDir()
	body := strings.Repeat("body ", 50)
	write(t, filepath.Join(dir, "data.warc.gz"), answer("/a", 1, body), identical("/b", 2, "/a", Digest([]byte(body))))
	data, _ := os.ReadFile(filepath.Join(dir, "data.warc.gz"))
	os.Remove(filepath.Join(dir, "data.warc.gz"))
	whole := wacz(zipfile.Store, map[string][]byte{"archive/data.warc.gz": data, "pages/pages.jsonl": []byte("{}"), "indexes/index.cdx.gz": []byte("x")})
	os.WriteFile(filepath.Join(dir, "x.wacz"), whole, 0o644)
	got, n := joinedLines(t, WalkOptions{OwnIndexes: true}, dir)
	if len(got) != 2 || !strings.Contains(got[1], `http://a.test/b 200 10:46 "body body`) || n.Corrupt != 0 {
		t.Errorf("%q, %+v", got, n)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"compressed": {wacz(zipfile.Deflate, map[string][]byte{"archive/data.warc.gz": data}), "unzip it"},
		"torn":       {whole[:len(whole)-30], "no WACZ"},
		"empty":      {wacz(zipfile.Store, nil), "no WARC file is in it"},
		"no zip":     {[]byte("WARC/1.0\r\n"), "no WACZ"},
		"overlap":    {overlapping(data), "overlap"},
		"directory":  {longDirectory(), "directory is too long"},
	} {
		path := filepath.Join(dir, "bad.wacz")
		os.WriteFile(path, c.data, 0o644)
		_, err := Walk(context.Background(), []string{path}, WalkOptions{}, func(*Page) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// overlapping is a zip file two of whose entries are the same bytes.
func overlapping(data []byte) []byte {
	b := wacz(zipfile.Store, map[string][]byte{"a.warc.gz": data, "b.warc.gz": nil})
	at := bytes.LastIndex(b, []byte("a.warc.gz")) - 46
	other := bytes.LastIndex(b, []byte("b.warc.gz")) - 46
	copy(b[other+10:other+46], b[at+10:at+46]) // sizes and place; names are of one length
	return b
}

func longDirectory() []byte {
	var b bytes.Buffer
	z := zipfile.NewWriter(&b)
	for i := range 150 {
		z.CreateHeader(&zipfile.FileHeader{Name: fmt.Sprint(i, strings.Repeat("n", 60_000)), Method: zipfile.Store})
	}
	z.Close()
	return b.Bytes()
}

func TestSniff(t *testing.T) {
	rec := answer("/", 0, "x")
	rec.complete(day)
	plain := string(rec.appendTo(nil))
	for name, c := range map[string]struct {
		head string
		want bool
	}{
		"plain": {plain, true}, "gzip": {string(zip(plain)), true}, "zstd": {string(zstdFrame(t, nil, plain)), true}, "zip": {"PK\x03\x04", true}, "arc": {"filedesc://x", true},
		"gzip of JSON": {string(zip(`{"id": 1}`)), false}, "JSON": {`{"id": "WARC/1.0"}`, false}, "empty": {"", false}, "one byte": {"\x1f", false},
	} {
		if got := Sniff([]byte(c.head)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzWACZ: what a zip file claims stays within it.
func FuzzWACZ(f *testing.F) {
	f.Add(wacz(zipfile.Store, map[string][]byte{"archive/a.warc.gz": []byte("x"), "b.warc": []byte("yy")}))
	f.Add(overlapping([]byte("data")))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := storedIn("x", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		sum := int64(0)
		for _, a := range list {
			if sum += a.n; a.at < 0 || a.n < 0 || a.at+a.n > int64(len(data)) || sum > int64(len(data)) {
				t.Fatalf("%+v of %d bytes", a, len(data))
			}
		}
	})
}

// TestInspect: each record has its line, and damage its own.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.warc.gz")
	lying := answer("/lie", 2, "x")
	lying.BlockDigest = Digest([]byte("something else"))
	write(t, path, answer("/a", 1, "one"), lying)
	data, _ := os.ReadFile(path)
	os.WriteFile(path, append(data, "tail"...), 0o644)
	var b strings.Builder
	err := Inspect(&b, path)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if err == nil || !strings.Contains(err.Error(), "2 records") || len(lines) != 3 || !strings.HasPrefix(lines[0], "00000000 ") ||
		!strings.Contains(lines[0], " response  200 2026-11-23T10:45:00Z ") || !strings.HasSuffix(lines[0], " http://a.test/a") ||
		!strings.Contains(lines[1], "/lie  WRONG: ") || !strings.Contains(lines[2], fmt.Sprintf("%08x  DAMAGED: ", len(data))) {
		t.Errorf("%v\n%s", err, b.String())
	}
	os.WriteFile(filepath.Join(dir, "x.wacz"), wacz(zipfile.Store, map[string][]byte{"archive/data.warc.gz": data}), 0o644)
	b.Reset()
	if err := Inspect(&b, filepath.Join(dir, "x.wacz")); err == nil || !strings.HasPrefix(b.String(), "# "+filepath.Join(dir, "x.wacz/archive/data.warc.gz")+"\n00000000 ") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
