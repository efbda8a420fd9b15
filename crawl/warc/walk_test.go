package warc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// visits walks and gives a line for each page.
func visits(t *testing.T, opt WalkOptions, paths ...string) (lines []string, n WalkCounts) {
	t.Helper()
	n, err := Walk(context.Background(), paths, opt, func(p *Page) error {
		line := fmt.Sprintf("%s %d %.12q", strings.TrimPrefix(p.URL, "http://a.test"), p.Status, p.Body)
		if p.Original == nil {
			line += " lost"
		}
		if p.Cut {
			line += " cut"
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, n
}

// answer is a response of n minutes after the fixed time.
func answer(path string, minute int, body string) Record {
	u := "http://a.test" + path
	return Record{Type: TypeResponse, TargetURI: u, Date: day.Add(time.Duration(minute) * time.Minute),
		Block: Response(u, 200, "HTTP/1.1", http.Header{"Content-Type": {"text/html"}, "X-Visit": {fmt.Sprint(minute)}}, []byte(body))}
}

func notModified(path string, minute, since int) Record {
	r := answer(path, minute, "")
	r.Type, r.Profile = TypeRevisit, ProfileNotModified
	r.RefersToURI, r.RefersToDate = r.TargetURI, day.Add(time.Duration(since)*time.Minute)
	r.Block = Response(r.TargetURI, 304, "HTTP/1.1", http.Header{"X-Visit": {fmt.Sprint(minute)}}, nil)
	return r
}

// TestWalk: pages come in the order of their capture with the body of then,
// be it kept by another record, in another file, or behind several revisits.
func TestWalk(t *testing.T) {
	one, two := strings.Repeat("one ", 200), strings.Repeat("two ", 200)
	dir := t.TempDir()
	w := open(t, dir, Options{Dedup: 100})
	put(t, w, answer("/a", 0, one))
	put(t, w, answer("/b", 1, two))
	put(t, w, answer("/c", 2, one)) // written as a revisit of /a
	w.Rotate()
	w.Sync()
	w.Sync() // the first file has an index, the second has none
	put(t, w, notModified("/a", 3, 0))
	put(t, w, notModified("/c", 4, 2))  // of a revisit of /a
	put(t, w, answer("/a", 5, two))     // a revisit of /b
	put(t, w, notModified("/a", 6, 5))  // of that
	put(t, w, notModified("/a", 7, 99)) // names a visit that is in no file: the last before it
	put(t, w, notModified("/x", 8, 0))
	put(t, w, answer("/d", 9, "short"))
	w.Close()
	got, n := visits(t, WalkOptions{}, dir)
	want := []string{
		`/a 200 "one one one "`, `/b 200 "two two two "`, `/c 200 "one one one "`, `/a 200 "one one one "`, `/c 200 "one one one "`,
		`/a 200 "two two two "`, `/a 200 "two two two "`, `/a 200 "two two two "`, `/x 304 "" lost`, `/d 200 "short"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n != (WalkCounts{Files: 2, Pages: 10, Revisits: 7, Unresolved: 1}) {
		t.Errorf("counts %+v", n)
	}
	got, _ = visits(t, WalkOptions{MaxBodyBytes: 3}, dir)
	if got[0] != `/a 200 "one" cut` || got[3] != `/a 200 "one" cut` {
		t.Errorf("cut: %v", got)
	}
	// The header is that of the visit, of a 304 that of the original, renewed.
	for _, c := range []struct{ name, at, visit, media string }{{"304", "3", "3", "text/html"}, {"identical", "5", "5", "text/html"}} {
		found := false
		Walk(context.Background(), []string{dir}, WalkOptions{}, func(p *Page) error {
			if p.Date.Equal(day.Add(time.Duration(c.at[0]-'0') * time.Minute)) {
				found = p.Header.Get("X-Visit") == c.visit && p.Header.Get("Content-Type") == c.media
			}
			return nil
		})
		if !found {
			t.Errorf("%s: wrong header", c.name)
		}
	}
	// fn's error ends it, and so does the context.
	stop := errors.New("stop")
	if _, err := Walk(context.Background(), []string{dir}, WalkOptions{}, func(*Page) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Walk(ctx, []string{dir}, WalkOptions{}, func(*Page) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := Walk(ctx, []string{dir + "/none"}, WalkOptions{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "warc-walk-*")); len(left) > 0 {
		t.Logf("folders in the temporary directory, of another run: %v", left)
	}
}

// TestWalkOrder: files written side by side are read side by side.
func TestWalkOrder(t *testing.T) {
	dir := t.TempDir()
	var files [3]strings.Builder
	for i := range 30 {
		r := answer(fmt.Sprintf("/%02d", i), i, "x")
		r.complete(day)
		f := &files[i*7%3]
		if i%4 == 0 {
			f.WriteString(string(zip(string(r.appendTo(nil)))))
		} else {
			f.Write(r.appendTo(nil))
		}
		f.WriteString("damage\n")
	}
	for i := range files {
		name := []string{"b.warc", "a.warc", "sub/c.warc"}[i]
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		os.WriteFile(filepath.Join(dir, name), []byte(files[i].String()), 0o644)
	}
	os.WriteFile(filepath.Join(dir, "not.txt"), []byte("x"), 0o644)
	os.WriteFile(filepath.Join(dir, "empty.warc.gz"), nil, 0o644)
	got, n := visits(t, WalkOptions{}, dir, filepath.Join(dir, "a.warc"))
	if len(got) != 30 || !slices.IsSorted(got) || n.Files != 4 || n.Corrupt != 30 {
		t.Errorf("%d, %+v: %v", len(got), n, got)
	}
}

// TestWalkSuite walks the files of others: every response of the suite, chunks
// joined and codings undone.
func TestWalkSuite(t *testing.T) {
	root := shareddata.Untar(t, "suites/warc.tar.xz")
	html, lost := 0, 0
	n, err := Walk(context.Background(), []string{root}, WalkOptions{}, func(p *Page) error {
		if strings.Contains(strings.ToLower(string(p.Body)), "<html") {
			html++
		} else if p.Status == 200 && strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			lost++
			t.Logf("%s in %s: %.40q", p.URL, filepath.Base(p.Path), p.Body)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v; %d HTML pages", n, html)
	if n.Pages != 18 || html != 12 || lost != 0 || n.Unresolved != 0 {
		t.Errorf("%+v, %d HTML pages, %d lost", n, html, lost)
	}
}

// TestDedup: a payload is written once as long as it is remembered.
func TestDedup(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Options{Dedup: 8})
	long := func(s string) string { return strings.Repeat(s, 600) }
	cut := answer("/cut", 3, long("a"))
	cut.Truncated = "length"
	for _, r := range []Record{
		answer("/1", 0, long("a")), answer("/2", 1, long("a")), answer("/short", 2, "a"), answer("/short2", 2, "a"), cut,
		{Type: "resource", TargetURI: "http://a.test/r", Date: day, Block: []byte(long("a")), ContentType: "text/plain"},
	} {
		put(t, w, r)
	}
	for i := range 20 {
		put(t, w, answer(fmt.Sprint("/n", i), 4, long(string(rune('b'+i)))))
	}
	put(t, w, answer("/3", 5, long("a"))) // forgotten
	put(t, w, answer("/4", 6, long("a")))
	w.Close()
	recs := readDir(t, dir)
	revisits := map[string]*Record{}
	for _, r := range recs {
		if r.Type == TypeRevisit {
			revisits[r.TargetURI] = r
		}
	}
	second, fourth := revisits["http://a.test/2"], revisits["http://a.test/4"]
	if len(revisits) != 2 || second == nil || fourth == nil {
		t.Fatalf("revisits %v", revisits)
	}
	if second.RefersTo != recs[0].ID || second.RefersToURI != "http://a.test/1" || !second.RefersToDate.Equal(recs[0].Date) ||
		second.Profile != ProfileIdentical || second.PayloadDigest != recs[0].PayloadDigest || !strings.HasSuffix(string(second.Block), "\r\n\r\n") {
		t.Errorf("%+v", second)
	}
	if fourth.RefersToURI != "http://a.test/3" {
		t.Errorf("%+v", fourth)
	}
}

// TestSecrets: what lets one in is never written.
func TestSecrets(t *testing.T) {
	h := http.Header{"Cookie": {"sid=s3cret"}, "Authorization": {"Bearer s3cret"}, "Proxy-Authorization": {"s3cret"},
		"Set-Cookie": {"a=s3cret", "b=s3cret"}, "set-cookie": {"c=s3cret"}, "Accept": {"text/html"}}
	block := string(Request("http://a.test/", "", h)) + string(Response("", 200, "", h, nil))
	if strings.Contains(block, "s3cret") || strings.Count(block, Redacted) != 12 || strings.Count(block, "text/html") != 2 {
		t.Errorf("%s", block)
	}
}
