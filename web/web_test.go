package web

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/trawlsearch/trawl/search"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestStatus(t *testing.T) {
	check := func(name, target string, want int) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s := oneCollection(&fake{docs: postgres, total: 25})
			rec := get(t, s, target)
			if rec.Code != want {
				t.Fatalf("GET %s: status %d, want %d\n%s", target, rec.Code, want, rec.Body)
			}
			if want >= 400 && !strings.Contains(rec.Body.String(), "<h1") {
				t.Errorf("GET %s: the error is not a page:\n%s", target, rec.Body)
			}
		})
	}
	long := url.QueryEscape(strings.Repeat("x", MaxQueryBytes+1))
	check("home", "/", 200)
	check("home of a collection", "/?c=web", 200)
	check("home of no collection", "/?c=nowhere", 404)
	check("results", "/search?q=index", 200)
	check("no query", "/search", 303)
	check("query of spaces", "/search?q=+++", 303)
	check("unknown collection", "/search?q=index&c=nowhere", 404)
	check("query too long", "/search?q="+long, 400)
	check("last page", "/search?q=index&page=3", 200)
	check("behind the last page", "/search?q=index&page=4", 404)
	check("first page of nothing", "/search?q=zebra", 200)
	check("page 0", "/search?q=index&page=0", 400)
	check("page below zero", "/search?q=index&page=-1", 400)
	check("page of letters", "/search?q=index&page=two", 400)
	check("page too deep", "/search?q=index&page=802", 400)
	check("page beyond int", "/search?q=index&page=99999999999999999999", 400)
	check("broken escape in query", "/search?q=%zz", 303)
	check("invalid UTF-8", "/search?q=%ff%fe", 200)
	check("progress of no collection", "/progress?c=nowhere", 404)
	check("manual", "/docs/", 200)
	check("manual without slash", "/docs", 301)
	check("manual page", "/docs/queries", 200)
	check("manual source", "/docs/queries.md", 301)
	check("manual index by name", "/docs/index", 301)
	check("no manual page", "/docs/nothing", 404)
	check("manual page elsewhere", "/docs/%2F%2Fevil.example.md", 404)
	check("manual page above", "/docs/..%2Fdocs.go", 404)
	check("no asset", "/assets/style.css", 404)
	check("icon", "/favicon.ico", 200)
	check("robots", "/robots.txt", 200)
	check("opensearch", "/opensearch.xml", 200)
	check("opensearch of no collection", "/opensearch.xml?c=nowhere", 404)
	check("nothing there", "/nothing/here", 404)
}

func TestErrorsOfTheSearch(t *testing.T) {
	check := func(err error, want int, text string) {
		t.Helper()
		rec := get(t, oneCollection(&fake{docs: postgres, err: err}), "/search?q=index")
		if rec.Code != want || !strings.Contains(rec.Body.String(), text) {
			t.Errorf("%v: status %d, want %d and %q in\n%s", err, rec.Code, want, text, rec.Body)
		}
		if want == 503 && rec.Header().Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", err)
		}
		if strings.Contains(rec.Body.String(), "secret") {
			t.Errorf("%v: the page tells what belongs in the log", err)
		}
	}
	check(errors.New("secret disk trouble"), 503, "does not answer right now")
	check(fmt.Errorf("search: %w", context.DeadlineExceeded), 503, "took too long")
	check(errNoCollection, 404, "no collection of that name")
}

func TestMethods(t *testing.T) {
	for _, target := range []string{"/", "/search?q=x", "/docs/", "/nowhere"} {
		rec := httptest.NewRecorder()
		oneCollection(&fake{}).handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, target, strings.NewReader("q=x")))
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: status %d, Allow %q", target, rec.Code, rec.Header().Get("Allow"))
		}
	}
	rec := httptest.NewRecorder()
	oneCollection(&fake{}).handler().ServeHTTP(rec, httptest.NewRequest(http.MethodHead, "/progress", nil))
	if rec.Code != 200 || rec.Body.Len() > 0 {
		t.Errorf("HEAD /progress: status %d and %d bytes", rec.Code, rec.Body.Len())
	}
}

func TestHeaders(t *testing.T) {
	s := oneCollection(&fake{docs: postgres})
	for _, target := range []string{"/", "/search?q=index", "/docs/", "/nowhere", "/robots.txt"} {
		h := get(t, s, target).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if h.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", target)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
	if h := get(t, s, "/search?q=index").Header(); h.Get("X-Robots-Tag") != "noindex" || !strings.Contains(h.Get("Server-Timing"), "search;dur=") {
		t.Errorf("results: X-Robots-Tag %q, Server-Timing %q", h.Get("X-Robots-Tag"), h.Get("Server-Timing"))
	}
}

// inline finds what the content security policy would refuse.
var inline = regexp.MustCompile(`(?i)<style|<script>|<script [^>]*>[^<]|\sstyle=|\son[a-z]+=|javascript:`)

func TestNothingInline(t *testing.T) {
	s := oneCollection(&fake{docs: postgres, total: 100})
	for _, target := range []string{"/", "/search?q=index", "/search?q=zebra", "/docs/", "/docs/queries", "/nowhere"} {
		if found := inline.FindString(get(t, s, target).Body.String()); found != "" {
			t.Errorf("%s has %q inline", target, found)
		}
	}
}

func TestHostileDocuments(t *testing.T) {
	const attack = `"><script>alert(1)</script><img src=x onerror=alert(1)> x`
	docs := []fakeDoc{
		{attack, "javascript:alert(1)", attack, attack},
		{"2", "JaVaScRiPt:alert(1)//x", "x", "x"},
		{"3", " javascript:alert(1)", "x", "x"},
		{"4", "data:text/html,<script>alert(1)</script>", "x", "x"},
		{"5", "https://good.example@evil.example/", "x", "x"},
		{"6", `https://h.example/"onmouseover="alert(1)`, "x", "x"},
		{"7", "https://h.example/%E2%80%AElmth.exe", "x", "x"},
		{"8", "//h.example/", "x", "x"},
		{"9", "https://h.example/{{.Title}}?x=<b>", "{{.Title}} x", "x"},
	}
	f := &fake{docs: docs, dress: func(h *search.Hit) {
		bad := search.Section{URL: "javascript:alert(1)", Title: []search.Span{{Text: attack}}}
		text := search.Section{URL: `https://h.example/"#"onmouseover="alert(1)`, Title: []search.Span{{Text: attack, Mark: true}}, Snippet: bad.Title}
		h.Section, h.Sections = &bad, []search.Section{bad, text, {URL: "https://h.example/#nameless"}}
	}}
	rec := get(t, oneCollection(f), "/search?q=x"+url.QueryEscape(attack))
	body := rec.Body.String()
	for _, bad := range []string{"<script>a", "<img", `href="javascript:`, `href="data:`, "alert(1)\" ", "\u202e", "evil.example/\"", "<b>"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q:\n%s", bad, body)
		}
	}
	links := regexp.MustCompile(`<h2 dir="auto"><a href="([^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(links) != 3 {
		t.Fatalf("%d of 3 addresses are links: %q", len(links), links)
	}
	for _, l := range links {
		if !strings.HasPrefix(l[1], "https://h.example/") {
			t.Errorf("link to %s", l[1])
		}
	}
	if from, parts := strings.Count(body, `class="from"`), strings.Count(body, `<li dir="auto"><a`); from != 0 || parts != len(docs) {
		t.Errorf("%d sections without an address are linked, %d of %d of those with one", from, parts, len(docs))
	}
	if n := strings.Count(body, `<li class="hit">`); n != len(docs) {
		t.Errorf("%d of %d hits shown", n, len(docs))
	}
}

func TestNotices(t *testing.T) {
	check := func(name, want string, tweak func(*search.Result)) {
		t.Helper()
		body := get(t, oneCollection(&fake{docs: postgres, tweak: tweak}), "/search?q=index").Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("%s: no %q in\n%s", name, want, body)
		}
	}
	check("partial", "1 of 4 parts of the index did not answer", func(r *search.Result) { r.Shards = search.Shards{Total: 4, OK: 3, Failed: 1} })
	check("dropped", "<q>the</q>, <q>of</q>", func(r *search.Result) { r.Dropped = []string{"the", "of"} })
	check("cut", "in part only: <q>a*</q>", func(r *search.Result) { r.Cut = []string{"a*"} })
	check("count", "1,234,567 results, ", func(r *search.Result) { r.Total = 1234567 })
	check("one", "1 result, ", func(r *search.Result) { r.Total = 1; r.Hits = r.Hits[:1] })
}

// TestGone has a document deleted between the two trips: its hit stays empty.
func TestGone(t *testing.T) {
	p := resultsPage{Page: 1}
	p.show(&search.Result{Hits: []search.Hit{{}, {ID: "a"}}, Total: 2}, "q", linker{})
	if len(p.Hits) != 1 || p.Hits[0].Title[0].Text != "a" {
		t.Errorf("shown: %+v", p.Hits)
	}
}

func TestNothingFound(t *testing.T) {
	s := oneCollection(&fake{docs: postgres})
	s.progress = func(string) (Progress, error) {
		return Progress{State: "running", Docs: 6, Pages: 1234, Queued: 5}, nil
	}
	body := get(t, s, `/search?q=`+url.QueryEscape(`site:x.example "zebra crossing" -horse`)).Body.String()
	for _, want := range []string{
		"Nothing was found", "None of the 6 documents", "Check the spelling", `href="/docs/queries"`,
		`<a href="/search?q=zebra&#43;crossing">zebra crossing</a>`, "The crawl is still running", "1,234",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	body = get(t, oneCollection(&fake{}), "/search?q=zebra").Body.String()
	if !strings.Contains(body, "has no documents yet") || strings.Contains(body, "words alone") {
		t.Errorf("an empty collection:\n%s", body)
	}
}

func TestCollections(t *testing.T) {
	s := &site{fakes: map[string]*fake{"docs": {docs: postgres}, "shop": {docs: postgres, total: 50}}, names: []string{"docs", "shop"}}
	body := get(t, s, "/search?q=index&c=shop").Body.String()
	for _, want := range []string{"<option selected>shop</option>", "<option>docs</option>", "/search?q=index&amp;c=shop&amp;page=2", "/opensearch.xml?c=shop"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	get(t, s, "/search?q=index")
	if len(s.fakes["docs"].asked) != 1 {
		t.Error("without a name, the first collection was not asked")
	}
	s.fakes["web"], s.names = &fake{docs: postgres}, []string{"docs", "shop", "web"}
	get(t, s, "/search?q=index")
	if len(s.fakes["web"].asked) != 1 {
		t.Error("without a name, the collection web was not asked")
	}
	if body := get(t, oneCollection(&fake{}), "/").Body.String(); strings.Contains(body, "<select") {
		t.Error("one collection, and yet a choice")
	}
	if body := get(t, &site{}, "/").Body.String(); !strings.Contains(body, "Nothing has been crawled yet") {
		t.Errorf("no collection at all:\n%s", body)
	}
}

func TestAsked(t *testing.T) {
	f := &fake{docs: postgres, total: 9000}
	get(t, oneCollection(f), "/search?q=+index%20now+&page=801")
	if got := f.asked[0]; got.Query != "index now" || got.Offset != MaxOffset || got.Limit != perPage {
		t.Errorf("asked %+v", got)
	}
	body := get(t, oneCollection(f), "/search?q=index&page=801").Body.String()
	if !strings.Contains(body, "more results than can be paged through") || strings.Contains(body, `rel="next"`) {
		t.Errorf("the deepest page:\n%s", body)
	}
}

func TestAssets(t *testing.T) {
	s := oneCollection(&fake{docs: postgres})
	body := get(t, s, "/").Body.String()
	found := regexp.MustCompile(`/assets/([a-z]+)-[0-9a-f]{12}(\.[a-z]+)`).FindAllStringSubmatch(body, -1)
	if len(found) != 4 {
		t.Fatalf("the page names %d assets of 4: %q", len(found), found)
	}
	script := 0
	for _, m := range found {
		rec := get(t, s, m[0])
		if rec.Code != 200 || rec.Header().Get("Content-Type") != assetTypes[m[2]] || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", m[0], rec.Code, rec.Header())
		}
		if m[2] == ".js" {
			script += rec.Body.Len()
		}
	}
	if script == 0 || script > 6<<10 {
		t.Errorf("%d bytes of script; the bound is 6 KiB", script)
	}
}

func TestOpenSearch(t *testing.T) {
	s := oneCollection(&fake{})
	r := httptest.NewRequest(http.MethodGet, "/opensearch.xml?c=web", nil)
	r.Host = "search.example:8080"
	r.Header.Set("X-Forwarded-Proto", "https")
	rec := httptest.NewRecorder()
	s.handler().ServeHTTP(rec, r)
	var d openSearchDescription
	if err := xml.Unmarshal(rec.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if want := "https://search.example:8080/search?q={searchTerms}&c=web&page={startPage?}"; d.URLs[0].Template != want {
		t.Errorf("template %s, want %s", d.URLs[0].Template, want)
	}
	if len(d.ShortName) > 16 || d.SearchForm != "https://search.example:8080/?c=web" {
		t.Errorf("%+v", d)
	}
	r.Host = `x"><script>`
	rec = httptest.NewRecorder()
	s.handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusBadRequest {
		t.Errorf("host %q: status %d", r.Host, rec.Code)
	}
}

// TestGolden keeps the markup of the results under review.
func TestGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oneCollection(&fake{docs: postgres, total: 1169, dress: inSections, tweak: func(r *search.Result) { r.Dropped = []string{"the"} }})
		got := get(t, s, "/search?q=the+index&page=2").Body.Bytes()
		got = regexp.MustCompile(`-[0-9a-f]{12}\.`).ReplaceAll(got, []byte("-HASH."))
		const file = "testdata/results.html"
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; look at it and run with -update:\n%s", file, got)
		}
	})
}
