package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/search"
)

func TestPaging(t *testing.T) {
	check := func(page int, total uint64, want string) {
		t.Helper()
		var b strings.Builder
		p := newPaging(page, total, linker{query: "q"})
		for _, l := range p.Pages {
			switch {
			case l.Number == 0:
				b.WriteString(" …")
			case l.Current:
				fmt.Fprintf(&b, " [%d]", l.Number)
			default:
				fmt.Fprintf(&b, " %d", l.Number)
			}
		}
		if p.Prev != "" {
			b.WriteString(" prev")
		}
		if p.Next != "" {
			b.WriteString(" next")
		}
		if p.Back != "" {
			b.WriteString(" back " + p.Back)
		}
		if got := strings.TrimSpace(b.String()); got != want {
			t.Errorf("page %d of %d results: %s, want %s", page, total, got, want)
		}
	}
	check(1, 0, "")
	check(2, 0, "")
	check(1, 1, "[1]")
	check(1, 10, "[1]")
	check(1, 11, "[1] 2 next")
	check(2, 11, "1 [2] prev")
	check(3, 11, "back /search?q=q&page=2")
	check(1, 1169, "[1] 2 3 … 117 next")
	check(5, 1169, "1 2 3 4 [5] 6 7 … 117 prev next")
	check(6, 1169, "1 … 4 5 [6] 7 8 … 117 prev next")
	check(114, 1169, "1 … 112 113 [114] 115 116 117 prev next")
	check(801, 1<<60, "1 … 799 800 [801] prev")
}

func TestBreadcrumb(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		u := webAddress(in)
		if u == nil {
			t.Fatalf("%s is no address", in)
		}
		host, steps := breadcrumb(u)
		if got := strings.Join(append([]string{host}, steps...), " › "); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	check("https://go.dev/", "go.dev")
	check("https://go.dev", "go.dev")
	check("http://127.0.0.1:8000/html/index.html", "127.0.0.1:8000 › html › index.html")
	check("https://h/a/b/c/d/e/f", "h › a › b › … › e › f")
	check("https://h/caf%C3%A9/%D0%BC", "h › café › м")
	check("https://h/a%2Fb/%00/%E2%80%AEx/%ff", "h › a%2Fb › %00 › %E2%80%AEx › %ff")
	check("https://h/?q=1&r=2", "h › ?q=1&r=2")
	check("https://h/a/?q=1#frag", "h › a?q=1")
	check("https://h/"+strings.Repeat("x", 50), "h › "+strings.Repeat("x", 40)+"…")
}

func TestJoined(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		var spans []search.Span
		for i, text := range strings.Split(in, "|") {
			spans = append(spans, search.Span{Text: text, Mark: i%2 == 1})
		}
		var b strings.Builder
		for _, s := range joined(spans) {
			if s.Mark {
				b.WriteString("[" + s.Text + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		if b.String() != want {
			t.Errorf("joined(%q) = %q, want %q", in, b.String(), want)
		}
	}
	check("a", "a")
	check("|a|", "[a]")
	check("see |create| |index| now", "see [create index] now")
	check("|a|, |b|", "[a], [b]")
	check("|a| ", "[a] ")
	check("|a| |b| |c|", "[a b c]")
	check("|a||b|", "[ab]")
}

func TestWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s", n, got)
		}
	}
	for n, want := range map[float64]string{0: "0.0", 0.94: "0.9", 9.94: "9.9", 9.96: "10", 1234.5: "1,235"} {
		if got := rate(n); got != want {
			t.Errorf("rate(%v) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{42: "under 1 ms", 1000: "1 ms", 3640: "4 ms", 12345: "12 ms", 1234567: "1.2 s"} {
		if got := duration(microseconds(n)); got != want {
			t.Errorf("duration of %d µs = %s, want %s", n, got, want)
		}
	}
}

func TestBareWords(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := bareWords(in); got != want {
			t.Errorf("bareWords(%q) = %q, want %q", in, got, want)
		}
	}
	check("red wine", "red wine")
	check(`"red wine"`, "red wine")
	check("+red -white wine", "red wine")
	check("red NOT white AND (dry OR sweet)", "red dry sweet")
	check(`wine -"not this one"`, "wine")
	check("site:example.com wine lang:de", "wine")
	check(`title:"red wine" body:dry`, "red wine dry")
	check("title:(red wine)", "red wine")
	check("state-of-the-art", "state-of-the-art")
	check(`-only "`, "")
	check("“red wine”", "red wine")
}

// TestFacts shows what documents tell of themselves, in text and bounds.
func TestFacts(t *testing.T) {
	check := func(attrs, wantPath, wantFacts, wantImage string) {
		t.Helper()
		h := newHit(search.Hit{ID: "1", URL: "https://a.test/x/y", Title: "This page", Fields: map[string]string{"attrs": attrs}}, true)
		if got := strings.Join(h.Path, "/"); got != wantPath {
			t.Errorf("%s: path %q, want %q", attrs, got, wantPath)
		}
		if got := strings.Join(h.Facts, "; "); got != wantFacts || h.Image != wantImage {
			t.Errorf("%s: facts %q, want %q; image %q, want %q", attrs, got, wantFacts, h.Image, wantImage)
		}
	}
	check(``, "x/y", "", "")
	check(`[1]`, "x/y", "", "")
	check(`{"breadcrumb":"Docs\nInstall\nThis page"}`, "Docs/Install", "", "")
	check(`{"breadcrumb":"1\n2\n3\n4\n5\n6"}`, "1/2/…/5/6", "", "")
	check(`{"breadcrumb":"Docs\n\u202eevil"}`, "x/y", "", "")
	check(`{"published":"1999-05-06T07:08:09Z","author":"Ada\nBob"}`, "x/y", "6 May 1999; Ada and others", "")
	check(`{"published":"soon","author":"A\u202eB","price":"19.99","currency":"EUR","availability":"InStock"}`, "x/y", "19.99 EUR; in stock", "")
	check(`{"author":"`+strings.Repeat("x", 100)+`"}`, "x/y", strings.Repeat("x", maxFactRunes)+"…", "")
	check(`{"image":"https://cdn.test/i.png"}`, "x/y", "", "https://cdn.test/i.png")
	for _, bad := range []string{"http://cdn.test/i.png", "data:image/png;base64,AA", "javascript:alert(1)", "https://u:p@cdn.test/", "https://cdn.test/" + strings.Repeat("x", maxPictureBytes)} {
		check(`{"image":"`+bad+`"}`, "x/y", "", "")
	}
	if h := newHit(search.Hit{URL: "https://a.test/", Fields: map[string]string{"attrs": `{"image":"https://cdn.test/i.png"}`}}, false); h.Image != "" {
		t.Error("a picture where none is to be shown")
	}
}

// TestThumbnails: pictures of elsewhere load only where the setting says so.
func TestThumbnails(t *testing.T) {
	f := &fake{docs: postgres, dress: func(h *search.Hit) {
		h.Fields = map[string]string{"attrs": `{"image":"https://cdn.test/\"><script>.png"}`}
	}}
	for _, on := range []bool{false, true} {
		rec := record(oneCollection(f).with(func(o *Options) { o.Thumbnails = on }), "/search?q=index")
		if got := strings.Contains(rec.Header().Get("Content-Security-Policy"), "img-src 'self' https:;"); got != on {
			t.Errorf("thumbnails %v: policy %q", on, rec.Header().Get("Content-Security-Policy"))
		}
		if body := rec.Body.String(); strings.Contains(body, "<img") != on || strings.Contains(body, "<script>.png") || on && !strings.Contains(body, `referrerpolicy="no-referrer"`) {
			t.Errorf("thumbnails %v:\n%s", on, body)
		}
	}
}
