package learn

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/crawl/neardup"
	"github.com/trawlsearch/trawl/weburl"
)

func parse(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func text(s string) (h [16]byte) {
	sum := sha256.Sum256([]byte(s))
	copy(h[:], sum[:])
	return h
}

// TestFold: each case is a site as rows of address and text; then addresses and what
// they are folded to.
func TestFold(t *testing.T) {
	rows := func(format string, pages, values int, same bool) (out [][2]string) {
		for v := range values {
			for p := range pages {
				body := fmt.Sprint("page ", p)
				if !same {
					body = fmt.Sprint("page ", p, " of ", v)
				}
				out = append(out, [2]string{fmt.Sprintf(format, p, v), body})
			}
		}
		return out
	}
	for _, c := range []struct {
		name string
		site [][2]string
		in   string
		want string
	}{
		{"a session", rows("http://a.test/p%d?q=1&sid=%d", 6, 2, true), "http://a.test/new?sid=77&q=3", "http://a.test/new?q=3"},
		{"a page number", rows("http://a.test/p%d?page=%d", 6, 2, false), "http://a.test/p1?page=7", "http://a.test/p1?page=7"},
		{"too few pages", rows("http://a.test/p%d?sid=%d", 2, 9, true), "http://a.test/p1?sid=7", "http://a.test/p1?sid=7"},
		{"one against", append(rows("http://a.test/p%d?sid=%d", 6, 2, true), [2]string{"http://a.test/p0?sid=5", "else"}),
			"http://a.test/p1?sid=7", "http://a.test/p1?sid=7"},
		{"slash", append(rows("http://a.test/p%d", 6, 1, true), rows("http://a.test/p%d/", 6, 1, true)...), "http://a.test/x/", "http://a.test/x"},
		{"index", append(rows("http://a.test/p%d/", 6, 1, true), rows("http://a.test/p%d/index.html", 6, 1, true)...),
			"http://a.test/x/index.html", "http://a.test/x/"},
		{"case", append(rows("http://a.test/Page%d", 6, 1, true), rows("http://a.test/page%d", 6, 1, true)...), "http://a.test/NEW", "http://a.test/new"},
		{"order", append(rows("http://a.test/p%d?a=1&b=2", 6, 1, true), rows("http://a.test/p%d?b=2&a=1", 6, 1, true)...),
			"http://a.test/x?z=1&c=2", "http://a.test/x?c=2&z=1"},
		{"a list", rows("http://a.test/p%d?tag=x&tag=%d", 6, 2, false), "http://a.test/p?tag=1&tag=2", "http://a.test/p?tag=1&tag=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := new(Host)
			for _, row := range c.site {
				u, _, _ := strings.Cut(row[0], "%!")
				h.Address(parse(t, u), text(row[1]))
			}
			h = Decode(h.Encode())
			if got := h.Fold(parse(t, c.in)).String(); got != c.want {
				t.Errorf("%s is folded to %s, not %s: %v", c.in, got, c.want, h.Axes)
			}
		})
	}
}

func page(title string, words int) *Page {
	body := strings.TrimSpace(strings.Repeat("word ", words))
	p := &Page{Title: title, Heading: title, Words: words, Text: text(title + body)}
	var b strings.Builder
	for i := range words {
		fmt.Fprintf(&b, "%s%c%d ", title, 'a'+i%26, i)
	}
	if s, ok := neardup.Of(b.String()); ok {
		p.Sketch = &s
	}
	return p
}

func TestSoft(t *testing.T) {
	at := func(path string) weburl.URL { return parse(t, "http://a.test"+path) }
	zero, other := weburl.URL{}, at("/somewhere/else")
	h := new(Host)
	if v := h.Judge(at("/t/gone"), page("Page not found", 10), zero); v != Suspect {
		t.Fatalf("an error page: %v", v)
	}
	asked := h.Probes(at("/t/gone"))
	if len(asked) != probes || asked[0] == asked[1] || !strings.HasPrefix(asked[0].Path(), "/t/") {
		t.Fatalf("probes: %v", asked)
	}
	for i := range 2 * maxPassed {
		want := There
		if i >= maxPassed-1 {
			want = Waiting
		}
		if v := h.Judge(at(fmt.Sprint("/t/other", i)), page("Page not found", 10), zero); v != want {
			t.Errorf("page %d while the probes are out: %v, want %v", i, v, want)
		}
	}
	if again := h.Probed(asked[0], page("Page not found", 10)); len(again) != maxPassed || again[0] != at("/t/gone") {
		t.Errorf("to be looked at again: %v", again)
	}
	if again := h.Probed(asked[1], page("Page not found", 10)); len(again) != 0 {
		t.Errorf("twice: %v", again)
	}
	h = Decode(h.Encode())
	for _, c := range []struct {
		name string
		page *Page
		twin weburl.URL
		want Verdict
	}{
		{"the same", page("Page not found", 12), zero, Gone},
		{"a page about it", page("Page not found", 400), zero, There},
		{"another title", page("Welcome", 10), zero, There},
		{"a twin, but asked", page("Welcome", 100), other, There},
	} {
		if v := h.Judge(at("/t/x"), c.page, c.twin); v != c.want {
			t.Errorf("%s: %v, not %v", c.name, v, c.want)
		}
	}
	for i := range twinsSuspect {
		want := There
		if i == twinsSuspect-1 {
			want = Suspect
		}
		if v := h.Judge(at("/elsewhere/x"), page("Welcome", 100), other); v != want {
			t.Errorf("twin %d in another folder: %v", i, v)
		}
	}

	honest := new(Host)
	for _, u := range honest.Probes(at("/t/x")) {
		honest.Probed(u, nil)
	}
	if v := honest.Judge(at("/t/404"), page("The number 404", 10), weburl.URL{}); v != There {
		t.Errorf("a host that answers 404 has a page about it: %v", v)
	}
}

// TestEcho: an error page that repeats its address is known all the same.
func TestEcho(t *testing.T) {
	h := new(Host)
	u := parse(t, "http://a.test/t/gone")
	echo := func(u weburl.URL) *Page { return page("Not found: "+u.Path(), 8) }
	for _, p := range h.Probes(u) {
		h.Probed(p, echo(p))
	}
	if v := h.Judge(u, echo(u), weburl.URL{}); v != Gone {
		t.Errorf("got %v of %+v", v, h.Soft)
	}
}

func TestMirror(t *testing.T) {
	h := new(Host)
	for i := range mirrorAfter {
		if got := h.MirrorOf("http://m3.test"); got != "" {
			t.Fatalf("after %d pages: %s", i, got)
		}
		h.Alike([]string{"http://m5.test", "http://m2.test"}[i%2])
		h.Copies++
	}
	h = Decode(h.Encode())
	if got := h.MirrorOf("http://m3.test"); got != "http://m2.test" {
		t.Errorf("got %q", got)
	}
	if got := h.MirrorOf("http://m2.test"); got != "" {
		t.Errorf("the first of all is a mirror of %s", got)
	}
	h.Own++
	h.Shared()
	if h.Own != 0 || h.Copies != mirrorAfter+1 {
		t.Errorf("a page that is shared after all: %d own, %d copies", h.Own, h.Copies)
	}
	for range 6 {
		h.Own++
	}
	if got := h.MirrorOf("http://m3.test"); got != "" {
		t.Errorf("six pages of its own: %s", got)
	}
}

// TestPatient: copies are looked through while a host has pages of its own to show.
func TestPatient(t *testing.T) {
	h := new(Host)
	for range echoesFree {
		if !h.Patient() {
			t.Fatalf("no patience after %d copies", h.Echoes)
		}
		h.Echoes++
	}
	if h = Decode(h.Encode()); h.Patient() {
		t.Error("patience without a page of its own")
	}
	if h.Own++; !h.Patient() {
		t.Error("no patience with one that has shown a page")
	}
}

func FuzzHost(f *testing.F) {
	f.Add("http://a.test/a/index.html?x=1&y=2", "Not found", []byte(`{"v":1,"axes":{"x":{"same":9,"pages":4}}}`))
	f.Add("http://a.test/?&&=&a", "", []byte(`{"v":1,"soft":[{"words":-1,"sketch":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, address, title string, state []byte) {
		u, err := weburl.Parse(address)
		if err != nil || !u.IsWeb() {
			t.Skip()
		}
		h := Decode(state)
		h.Address(u, text(title))
		v := h.Fold(u)
		if again := h.Fold(v); again != v {
			t.Fatalf("%s folds to %s and that to %s", u, v, again)
		}
		h.Judge(u, page(title, len(title)), weburl.URL{})
		for _, p := range h.Probes(u) {
			h.Probed(p, page(title, len(title)))
		}
		h.Alike(u.Origin())
		if b := h.Encode(); !bytes.Equal(b, Decode(b).Encode()) {
			t.Fatalf("not kept: %s", b)
		}
	})
}
