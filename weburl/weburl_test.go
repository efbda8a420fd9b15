package weburl

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

func mustParse(t testing.TB, s string) URL {
	t.Helper()
	u, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestZero(t *testing.T) {
	var u URL
	for _, s := range []string{u.String(), u.Scheme(), u.Username(), u.Password(), u.Host(), u.Hostname(), u.Port(), u.Path(), u.Query(), u.Fragment(), u.Target(), u.Site()} {
		if s != "" {
			t.Errorf("the zero URL has a %q", s)
		}
	}
	if !u.IsZero() || u.IsWeb() || u.Page() != u {
		t.Error("the zero URL is an address")
	}
	if u, err := u.Join("http://a/b"); err != nil || u.String() != "http://a/b" {
		t.Errorf("Join on the zero URL: %v, %v", u, err)
	}
	if _, err := u.Join("b"); !errors.Is(err, ErrRelative) {
		t.Errorf("Join of a relative reference on the zero URL: %v", err)
	}
	if size := unsafe.Sizeof(u); size != 48 {
		t.Errorf("a URL takes %d bytes", size)
	}
}

func TestAccessors(t *testing.T) {
	u := mustParse(t, "HTTPS://me:secret@WWW.Example.co.uk:8443/a/./b/../c?q=1#top")
	for _, c := range [][3]string{
		{"String", u.String(), "https://me:secret@www.example.co.uk:8443/a/c?q=1#top"},
		{"Scheme", u.Scheme(), "https"},
		{"Username", u.Username(), "me"},
		{"Password", u.Password(), "secret"},
		{"Host", u.Host(), "www.example.co.uk:8443"},
		{"Hostname", u.Hostname(), "www.example.co.uk"},
		{"Port", u.Port(), "8443"},
		{"Path", u.Path(), "/a/c"},
		{"Query", u.Query(), "q=1"},
		{"Fragment", u.Fragment(), "top"},
		{"Target", u.Target(), "/a/c?q=1"},
		{"Origin", u.Origin(), "https://www.example.co.uk:8443"},
		{"Site", u.Site(), "example.co.uk"},
		{"Page", u.Page().String(), "https://www.example.co.uk:8443/a/c?q=1"},
	} {
		if c[1] != c[2] {
			t.Errorf("%s is %q, want %q", c[0], c[1], c[2])
		}
	}
	if got := mustParse(t, "http://[2001:DB8::1]:80/").Hostname(); got != "2001:db8::1" {
		t.Errorf("Hostname of an IPv6 address is %q", got)
	}
	sum := sha256.Sum256([]byte("https://www.example.co.uk:8443/a/c?q=1"))
	if u.Key() != Key(sum[:16]) {
		t.Error("Key is not that of the page")
	}
}

func TestPage(t *testing.T) {
	for in, want := range map[string]string{
		"http://a/":                 "http://a/",
		"http://a/?#":               "http://a/?",
		"http://u@a:81/b?c#d":       "http://a:81/b?c",
		"http://u:p@[::1]/":         "http://[::1]/",
		"mailto:x@y#z":              "mailto:x@y",
		"foo:/.//bar#baz":           "foo:/.//bar",
		"data:x #y":                 "data:x%20",
		"non-special://u:p@h:80#x":  "non-special://h:80",
		"https://example.com/#!/ab": "https://example.com/",
	} {
		u := mustParse(t, in)
		if got := u.Page(); got.String() != want {
			t.Errorf("Page of %s is %s, want %s", in, got, want)
		}
		checkStable(t, u, nil)
	}
}

func TestLimits(t *testing.T) {
	long := "http://a/" + strings.Repeat("x", MaxBytes)
	if _, err := Parse(long); !errors.Is(err, ErrLength) {
		t.Errorf("an address of %d bytes: %v", len(long), err)
	} else if len(err.Error()) > 300 {
		t.Errorf("the error is %d bytes long", len(err.Error()))
	}
	if _, err := Parse("http://a/" + strings.Repeat(" ", MaxBytes/2) + "x"); !errors.Is(err, ErrLength) {
		t.Errorf("an address that grows beyond MaxBytes: %v", err)
	}
	if _, err := Parse("http://a/" + strings.Repeat("x", MaxBytes-9)); err != nil {
		t.Errorf("an address of MaxBytes: %v", err)
	}
}

// TestSite runs the cases of the Public Suffix List; those without a
// registrable domain are their own site.
func TestSite(t *testing.T) {
	dir := shareddata.Untar(t, "suites/psl.tar.xz")
	found, _ := filepath.Glob(filepath.Join(dir, "*", "cases.jsonl"))
	found = append(found, filepath.Join(dir, "cases.jsonl"))
	f, err := os.Open(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	passed, total := 0, 0
	for in := bufio.NewScanner(f); in.Scan(); {
		var c struct{ Host, Registrable *string }
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Host == nil {
			continue // no host, no address
		}
		total++
		u := mustParse(t, "http://"+*c.Host+"/")
		want := u.Hostname()
		if c.Registrable != nil {
			want = mustParse(t, "http://"+*c.Registrable+"/").Hostname()
		}
		if got := u.Site(); got != want {
			t.Errorf("Site of %s is %s, want %s", *c.Host, got, want)
			continue
		}
		passed++
	}
	t.Logf("psl: %d/%d", passed, total)
	for in, want := range map[string]string{
		"http://127.1/":                "127.0.0.1",
		"http://[::1]:8080/":           "::1",
		"http://localhost/":            "localhost",
		"http://github.io/":            "github.io",
		"http://a.b.github.io/":        "b.github.io",
		"http://www.example.com./":     "example.com",
		"http://com./":                 "com",
		"http://.example.com/":         ".example.com",
		"mailto:a@b":                   "",
		"file:///etc/passwd":           "",
		"http://www.bücher.example/":   "xn--bcher-kva.example",
		"https://en.wikipedia.org/a#b": "wikipedia.org",
	} {
		if got := mustParse(t, in).Site(); got != want {
			t.Errorf("Site of %s is %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"http://user:pass@EXAMPLE.com:80/a/../b%2e?q#f", "//h/p", "../x", "file:///C|/x/..", "foo:/.//x", "data: x #y",
		"http://0x7f.1/", "http://[1::8.8.8.8]/", "http://faß.ExAmPlE/", "\\\\h\\p", "?q", "#f", "web+x://h:99999/", "blob:https://a/b", "http://%31%32.1/",
	} {
		f.Add(s, "http://h/a/b?c")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, ref, base string) {
		u, err := Parse(ref)
		checkStable(t, u, err)
		b, err := Parse(base)
		if err != nil {
			return
		}
		u, err = b.Join(ref)
		checkStable(t, u, err)
		if err != nil {
			return
		}
		u.Site()
		u.Origin()
		if len(u.Scheme())+len(u.Username())+len(u.Password())+len(u.Host())+len(u.Path())+len(u.Query())+len(u.Fragment()) > len(u.String()) {
			t.Errorf("the parts of %q overlap", u)
		}
	})
}

// references are links as pages have them.
var references = []string{
	"/wiki/Main_Page", "page.html", "../up/other.html?x=1&y=2", "https://www.example.org/a/b/c/d.html", "#section-4",
	"//cdn.example.net/lib/main.js", "?page=2", "/wiki/Caf%C3%A9_(disambiguation)", "https://EXAMPLE.com/Path?utm_source=feed#top", "./img/logo.png",
}

func BenchmarkJoin(b *testing.B) {
	base := mustParse(b, "https://en.wikipedia.org/wiki/Web_crawler?action=view")
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		u, err := base.Join(references[n%len(references)])
		if err != nil || u.String() == "" {
			b.Fatal(err)
		}
		n++
	}
}

func BenchmarkKey(b *testing.B) {
	u := mustParse(b, "https://en.wikipedia.org/wiki/Web_crawler?action=view#top")
	for b.Loop() {
		u.Key()
	}
}
