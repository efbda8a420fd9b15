package warc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// day is a fixed time, so that names and dates do not depend on the run.
var day = time.Date(2026, 11, 23, 10, 44, 0, 123456000, time.UTC)

func open(t *testing.T, dir string, opt Options) *Writer {
	t.Helper()
	w, err := OpenWriter(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func put(t *testing.T, w *Writer, rec Record) Ref {
	t.Helper()
	ref, err := w.Append(rec)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// page is the record of a page whose size and content follow from n.
func page(n int) Record {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	var b bytes.Buffer
	for range 5 + rnd.IntN(200) {
		fmt.Fprintf(&b, "word%d ", rnd.IntN(1000))
	}
	u := fmt.Sprintf("http://a.test/%d", n)
	h := http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}}
	return Record{Type: TypeResponse, TargetURI: u, Date: day, IP: "192.0.2.1",
		Block: Response(u, 200, "HTTP/2.0", h, b.Bytes())}
}

// readDir reads all records but warcinfo of a folder; any damage is fatal.
func readDir(t *testing.T, dir string) []*Record {
	t.Helper()
	names, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []*Record
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		recs, errs := readAll(data)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", name, errs[0])
		}
		for i, r := range recs {
			if (i == 0) != (r.Type == TypeWarcinfo) {
				t.Fatalf("%s: record %d is a %s", name, i, r.Type)
			}
			if err := r.CheckDigests(); err != nil {
				t.Fatal(err)
			}
			if r.Type != TypeWarcinfo {
				out = append(out, r)
			}
		}
	}
	return out
}

// readAll reads to the end, over all damage. It stops a reader that does not.
func readAll(data []byte) (recs []*Record, errs []error) {
	r := NewReader(bytes.NewReader(data), ReaderOptions{})
	for range len(data) + 2 {
		rec, err := r.Next()
		switch {
		case err == io.EOF:
			return recs, errs
		case err != nil:
			errs = append(errs, err)
		default:
			recs = append(recs, rec)
		}
	}
	panic("the reader does not come to an end")
}

func uris(recs []*Record) (s []string) {
	for _, r := range recs {
		s = append(s, r.TargetURI)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Options{Software: "Trawl/1\r\nx: y", Operator: "me", Now: func() time.Time { return day }})
	resp := page(1)
	resp.ID = NewID()
	want := []Record{
		resp,
		{Type: TypeRequest, TargetURI: resp.TargetURI, Date: day, ConcurrentTo: []string{resp.ID},
			Block: Request(resp.TargetURI, "HTTP/2.0", http.Header{"User-Agent": {"Trawl/1"}})},
		{Type: TypeRevisit, TargetURI: resp.TargetURI, Date: day.Add(time.Hour), Profile: ProfileNotModified,
			RefersTo: resp.ID, RefersToURI: resp.TargetURI, RefersToDate: day,
			Block: Response(resp.TargetURI, 304, "HTTP/1.1", nil, nil)},
		{Type: TypeMetadata, TargetURI: resp.TargetURI, Date: day, Block: []byte("fetchTimeMs: 12\r\n"),
			Header: [][2]string{{"X-Note", "two\r\nWARC-Type: lines"}}},
		{Type: TypeResponse, TargetURI: "http://a.test/empty", Date: day, Truncated: "length",
			Block: Response("", 999, "HTTP/1.0", http.Header{"Location": {"/\r\nSet-Cookie: x"}}, nil)},
	}
	var refs []Ref
	for _, rec := range want {
		refs = append(refs, put(t, w, rec))
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	got := readDir(t, dir)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i, g := range got {
		one, err := Read(dir, refs[i])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(one, g) {
			t.Errorf("record %d: by its Ref %+v, in order %+v", i, one, g)
		}
		if g.Offset != refs[i].Offset || g.Length != refs[i].Length || g.Version != "WARC/1.1" {
			t.Errorf("record %d: %s at %d+%d, Ref is %+v", i, g.Version, g.Offset, g.Length, refs[i])
		}
		x := want[i]
		x.complete(day)
		x.ID, x.Version, x.Offset, x.Length = g.ID, g.Version, g.Offset, g.Length
		for j := range x.Header {
			x.Header[j][1] = strings.NewReplacer("\r", " ", "\n", " ").Replace(x.Header[j][1])
		}
		if !reflect.DeepEqual(*g, x) {
			t.Errorf("record %d:\n got %+v\nwant %+v", i, *g, x)
		}
	}
	status, h, body, err := ParseResponse(got[4].Block)
	if err != nil || status != 999 || len(h["Set-Cookie"]) != 0 || len(body) != 0 {
		t.Errorf("ParseResponse: %d %v %q %v", status, h, body, err)
	}
}

func TestParseResponse(t *testing.T) {
	h := http.Header{"Content-Encoding": {"br"}, "Transfer-Encoding": {"chunked"}, "Content-Length": {"3"}}
	status, got, body, err := ParseResponse(Response("", 404, "HTTP/2.0", h, []byte("not\r\n\r\nhere")))
	if err != nil || status != 404 || string(body) != "not\r\n\r\nhere" {
		t.Fatalf("%d %q %v", status, body, err)
	}
	if got.Get("Content-Encoding") != "" || got.Get("X-Crawler-Content-Encoding") != "br" || got.Get("Content-Length") != "11" {
		t.Errorf("header %v", got)
	}
	check := func(block, want string) {
		t.Helper()
		_, _, body, err := ParseResponse([]byte(block))
		if got := fmt.Sprintf("%s|%v", body, err != nil); got != want {
			t.Errorf("%q: %s, want %s", block, got, want)
		}
	}
	check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc|false")
	check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>", "<html>|false")
	check("HTTP/1.1 200\nA: b\n c\n\nbody", "body|false")
	check("HTTP/1.1 200 OK\r\n", "|true")
	check("ICY x\r\n\r\n", "|true")
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	var sealed []string
	seal := func(path string) error { sealed = append(sealed, filepath.Base(path)); return nil }
	w := open(t, dir, Options{MaxFileBytes: 4000, Sealed: seal, Now: func() time.Time { return day }})
	files := map[string]int64{}
	var order []string
	for i := range 40 {
		ref := put(t, w, page(i))
		if files[ref.File] == 0 {
			order = append(order, ref.File)
		}
		files[ref.File] = ref.Offset + ref.Length
		if i%4 == 3 {
			before := len(sealed)
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			for _, name := range sealed[before:] {
				if name == ref.File {
					t.Errorf("%s sealed while it is written", name)
				}
			}
		}
	}
	if len(order) < 5 {
		t.Fatalf("%d files", len(order))
	}
	for name, size := range files {
		if size > 4000 {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := order[:len(order)-1]; !reflect.DeepEqual(sealed, want) {
		t.Errorf("sealed %v, want %v", sealed, want)
	}
	if names, _ := List(dir); !reflect.DeepEqual(names, order) {
		t.Errorf("files %v, in the order of writing %v", names, order)
	}
	if got := readDir(t, dir); len(got) != 40 {
		t.Errorf("%d records", len(got))
	}
	// A later writer does not seal again what is sealed, and does seal the rest.
	sealed = nil
	open(t, dir, Options{Sealed: seal})
	if want := order[len(order)-1:]; !reflect.DeepEqual(sealed, want) {
		t.Errorf("sealed on open %v, want %v", sealed, want)
	}
}

// TestSealedRemoves: the files may be taken away as soon as they are sealed,
// and a position in such a file is no obstacle.
func TestSealedRemoves(t *testing.T) {
	dir := t.TempDir()
	fail := true
	seal := func(path string) error {
		if fail {
			fail = false
			return errors.New("no bucket")
		}
		return os.Remove(path)
	}
	w := open(t, dir, Options{Sealed: seal})
	put(t, w, page(1))
	if err := w.Rotate(); err != nil {
		t.Fatal(err)
	}
	pos := w.Position()
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err == nil {
		t.Error("the error of Sealed is lost")
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if names, _ := List(dir); len(names) != 0 {
		t.Errorf("files %v", names)
	}
	w.Close()
	w = open(t, dir, Options{TruncateTo: &pos})
	if got := w.Position(); got != pos {
		t.Errorf("position %v, want %v", got, pos)
	}
	if ref := put(t, w, page(2)); ref.File <= pos.File {
		t.Errorf("%s does not sort behind %s", ref.File, pos.File)
	}
}

// TestSealBegun: a file that Sealed has seen does not change any more, be it
// that Sealed failed, and is sealed by the next writer.
func TestSealBegun(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Options{Sealed: func(string) error { return errors.New("half a copy was made") }})
	first := put(t, w, page(1))
	if err := w.Rotate(); err != nil {
		t.Fatal(err)
	}
	pos := w.Position()
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	put(t, w, page(3))
	var seal *SealError
	if err := w.Sync(); !errors.As(err, &seal) || seal.File != first.File {
		t.Errorf("the error of Sealed is lost: %v", err)
	}
	w.Close()
	open(t, dir, Options{TruncateTo: &pos, Sealed: func(string) error { return errors.New("still no bucket") }}).Close()
	var sealed []string
	w = open(t, dir, Options{TruncateTo: &pos, Sealed: func(path string) error {
		sealed = append(sealed, filepath.Base(path))
		return nil
	}})
	if ref := put(t, w, page(2)); ref.File == first.File {
		t.Errorf("%s was changed", ref.File)
	}
	if !reflect.DeepEqual(sealed, []string{first.File}) {
		t.Errorf("sealed %v", sealed)
	}
	w.Close()
	if got := uris(readDir(t, dir)); len(got) != 2 {
		t.Errorf("records %v", got)
	}
}

func TestClosed(t *testing.T) {
	w := open(t, t.TempDir(), Options{})
	if got := w.Position(); got != (Position{}) {
		t.Errorf("position %v of an empty folder", got)
	}
	w.Close()
	if _, err := w.Append(page(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if err := w.Sync(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Sync: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// TestClock: names go up also when the clock stands or goes back.
func TestClock(t *testing.T) {
	now := day
	w := open(t, t.TempDir(), Options{Now: func() time.Time { return now }})
	last := ""
	for i := range 5 {
		now = day.Add(-time.Duration(i/2) * time.Hour)
		ref := put(t, w, page(i))
		w.Rotate()
		if ref.File <= last {
			t.Errorf("%s after %s", ref.File, last)
		}
		last = ref.File
	}
}
