package crawl

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

func TestScope(t *testing.T) {
	check := func(name string, s Scope, seed, u string, depth int, want string) {
		t.Helper()
		sc, err := newScope(s, 5)
		if err != nil {
			t.Fatal(err)
		}
		from, err := parseSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		sc.addSeeds([]weburl.URL{from})
		to, err := weburl.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		if got := sc.refuses(to, depth, 0); got != want {
			t.Errorf("%s: %s of a crawl from %s: %q, want %q", name, u, seed, got, want)
		}
	}
	check("own host", Scope{}, "a.test", "https://a.test/x", 1, "")
	check("either scheme", Scope{}, "a.test", "http://a.test/x", 1, "")
	check("with www", Scope{}, "a.test", "https://www.a.test/x", 1, "")
	check("without www", Scope{}, "https://www.a.test", "https://a.test/x", 1, "")
	check("port", Scope{}, "a.test", "https://a.test:8443/x", 1, "scope-host")
	check("subdomain", Scope{}, "a.test", "https://b.a.test/", 1, "scope-host")
	check("domain", Scope{Mode: "domain"}, "https://b.example.co.uk", "https://c.example.co.uk/", 1, "")
	check("other domain", Scope{Mode: "domain"}, "https://b.example.co.uk", "https://other.co.uk/", 1, "scope-domain")
	check("given hosts", Scope{Hosts: []string{"b.test"}}, "a.test", "https://a.test/", 1, "scope-host")
	check("folder of the seed", Scope{Mode: "prefix"}, "https://a.test/docs/index.html", "https://a.test/docs/x", 1, "")
	check("outside of the folder", Scope{Mode: "prefix"}, "https://a.test/docs/index.html", "https://a.test/blog/", 1, "scope-prefix")
	check("given prefix", Scope{Mode: "prefix", Prefixes: []string{"https://a.test/v2/"}}, "a.test", "https://a.test/v1/", 1, "scope-prefix")
	check("any", Scope{Mode: "any"}, "a.test", "https://elsewhere.test/", 1, "")
	check("exclude", Scope{Exclude: []string{`\.pdf$`}}, "a.test", "https://a.test/x.pdf", 1, `scope-exclude \.pdf$`)
	check("include", Scope{Include: []string{`/docs/`}}, "a.test", "https://a.test/blog/", 1, "scope-include")
	check("included", Scope{Include: []string{`/docs/`, `/api/`}}, "a.test", "https://a.test/api/x", 1, "")
	check("depth", Scope{}, "a.test", "https://a.test/x", 6, "depth")
	check("scheme", Scope{}, "a.test", "ftp://a.test/x", 1, "bad-scheme")
	check("long", Scope{}, "a.test", "https://a.test/"+strings.Repeat("x", 2048), 1, "url-too-long")
	check("segments", Scope{}, "a.test", "https://a.test"+strings.Repeat("/1/2", 11), 1, "too-many-segments")
	check("parameters", Scope{}, "a.test", "https://a.test/?"+strings.Repeat("a=1&", 12)+"b=2", 1, "too-many-parameters")
	check("repeats", Scope{}, "a.test", "https://a.test/a/b/a/b/a/b/a/b", 1, "repeating-segments")
	check("three times is fine", Scope{}, "a.test", "https://a.test/a/b/a/b/a/b", 1, "")
	for _, bad := range []Scope{{Mode: "world"}, {Include: []string{"("}}, {Hosts: []string{"http://["}}} {
		if _, err := newScope(bad, 0); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"http://u:p@a.test/x#f":                        "http://a.test/x",
		"http://a.test/?utm_source=x&id=3&utm_medium=": "http://a.test/?id=3",
		"http://a.test/p?gclid=1":                      "http://a.test/p",
		"http://a.test/p?FBCLID=1&a=%20b&c":            "http://a.test/p?a=%20b&c",
		"http://a.test/x;jsessionid=AB12?y=1":          "http://a.test/x?y=1",
		"http://a.test/x;jsessionid=AB/z":              "http://a.test/x/z",
		"http://a.test/?PHPSESSID=1":                   "http://a.test/",
		"http://a.test/?b=2&a=1":                       "http://a.test/?b=2&a=1",
		"http://a.test/x;v=1":                          "http://a.test/x;v=1",
		"http://a.test/?":                              "http://a.test/?",
		"http://a.test/?utmost=1&sid=4":                "http://a.test/?utmost=1&sid=4",
		"http://a.test/%7Eme/%41?q=%7e%2f%2F":          "http://a.test/~me/A?q=~%2f%2F",
		"http://a.test/%zz%4":                          "http://a.test/%zz%4",
	} {
		u, err := weburl.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := tidy(u); got.String() != want {
			t.Errorf("tidy(%s) = %s, want %s", in, got, want)
		} else if again := tidy(got); again != got {
			t.Errorf("tidy(%s) is %s the second time", in, again)
		}
	}
}

func TestSitemaps(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t"})
		b.site.Page("/sitemap.xml", crawltest.Page{ContentType: "application/xml", HTML: `<sitemapindex><sitemap><loc>http://a.test/one.xml</loc></sitemap>
			<sitemap><loc>http://a.test/sitemap.xml</loc></sitemap><sitemap><loc>http://a.test/missing.xml</loc></sitemap>
			<sitemap><loc>http://b.test/theirs.xml</loc></sitemap></sitemapindex>`})
		b.site.Sitemap("/one.xml", "http://a.test/x", "http://a.test/y", "http://b.test/z", "javascript:alert(1)")
		b.site.Page("/x", crawltest.Page{Title: "x", Text: "x"}).Page("/y", crawltest.Page{Title: "y", Text: "y"})
		b.opt.MaxDepth = 1
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/x", "/y")
		b.wantWhy("/sitemap.xml", "skipped", "sitemap")
		if n := b.web.Lookups("b.test"); n != 0 {
			t.Errorf("b.test was looked up %d times", n)
		}
	})
}

func TestBudgets(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Mount(crawltest.Generate(5, 200))
		b.opt.MaxPages = 50
		b.crawl(false, "http://a.test/")
		if st := b.c.Stats(); st.Pages != 50 || len(b.sink.docs) != 50 || st.Queued == 0 {
			t.Errorf("%d pages, %d documents, %d queued", st.Pages, len(b.sink.docs), st.Queued)
		}
	})
	inBed(t, func(b *bed) {
		for i := range 10 {
			b.site.Page(strings.Repeat("/d", min(i, 3))+strings.Repeat("e", i), crawltest.Page{Title: "p", Text: "t", Links: []string{strings.Repeat("/d", min(i+1, 3)) + strings.Repeat("e", i+1)}})
		}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/de"}})
		b.opt.MaxDepth = 3
		b.crawl(false, "http://a.test/")
		if n := len(b.sink.docs); n != 4 {
			t.Errorf("%d pages within depth 3, want 4: %q", n, b.sink.live())
		}
	})
}

func TestInspectAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := crawltest.NewInMemory(t)
		site := web.Site("a.test").Robots("User-agent: *\nDisallow: /no\nAllow: /no/but\nCrawl-delay: 2\n")
		site.Redirect("/old", 301, "/no/but").Redirect("/loop", 302, "/loop")
		site.Page("/no/but", crawltest.Page{Title: "Here", Text: "the text", Links: []string{"/no/x", "/yes", "http://b.test/"}, Header: map[string][]string{"X-Robots-Tag": {"noindex"}}})
		opt := fetch.Options{Resolver: web, Dial: web.Dial}
		tr := Inspect(t.Context(), "http://a.test/old", opt, Reading{})
		if tr.Error != "" || len(tr.Hops) != 2 || tr.Page == nil {
			t.Fatalf("%+v", tr)
		}
		if h := tr.Hops[1]; !h.Allowed || h.RobotsLine != 3 || h.Status != 200 || h.CrawlDelay != "2s" || h.Header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%+v", h)
		}
		if p := tr.Page; p.Title != "Here" || !p.NoIndex || p.MediaType != "text/html" || len(p.Links) != 3 ||
			p.Links[0].Refused != "robots" || p.Links[1].Refused != "" || p.Links[2].Refused != "scope-host" {
			t.Errorf("%+v", p)
		}
		for address, want := range map[string]string{
			"http://a.test/no": "robots.txt forbids it", "http://a.test/loop": "redirect-loop", "ftp://a.test/": "not http", "http://nowhere.test/": "cannot be read",
		} {
			if tr := Inspect(t.Context(), address, opt, Reading{}); !strings.Contains(tr.Error, want) {
				t.Errorf("%s: %q, want %q", address, tr.Error, want)
			}
		}
	})
}

// TestTypes: media types that are not wanted have no documents; pages are read for
// their links all the same.
func TestTypes(t *testing.T) {
	for _, c := range []struct{ types, live []string }{
		{nil, []string{"/", "/notes", "/table", "/x"}},
		{[]string{"text/html"}, []string{"/", "/x"}},
		{[]string{"application/xhtml+xml", "text/markdown"}, []string{"/", "/table", "/x"}},
		{[]string{"text/*"}, []string{"/", "/notes", "/table", "/x"}},
		{[]string{"text/plain"}, []string{"/notes"}},
		{[]string{"image/png"}, nil},
	} {
		inBed(t, func(b *bed) {
			b.opt.Read.Types = c.types
			b.site.Page("/", crawltest.Page{HTML: "<title>list</title><p>a list of pages<a href=/x>x</a><a href=/notes>n</a><a href=/table>t</a>"})
			b.site.Page("/x", crawltest.Page{ContentType: "application/xhtml+xml", HTML: "<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body><p>in strict form</p></body></html>"})
			b.site.Page("/notes", crawltest.Page{ContentType: "text/plain", HTML: "plain notes"})
			b.site.Page("/table", crawltest.Page{ContentType: "text/markdown", HTML: "# Table\n\na and b"})
			b.crawl(true, "http://a.test/")
			b.wantLive(c.live...)
			if !slices.Contains(c.live, "/table") {
				b.wantWhy("/table", "skipped", "type text/markdown")
			}
		})
	}
}

// TestMarkedOnly: with the setting, what authors did not mark is read for links
// alone; what is no HTML cannot be marked.
func TestMarkedOnly(t *testing.T) {
	for _, only := range []bool{true, false} {
		inBed(t, func(b *bed) {
			b.opt.MarkedOnly = only
			b.site.Page("/", crawltest.Page{HTML: "<title>list</title><p>a list of pages<a href=/marked>m</a><a href=/text>t</a>"})
			b.site.Page("/marked", crawltest.Page{HTML: "<title>m</title><p>menu<main data-pagefind-body>the text that counts</main>"})
			b.site.Page("/text", crawltest.Page{ContentType: "text/plain", HTML: "plain text"})
			b.crawl(true, "http://a.test/")
			if !only {
				b.wantLive("/", "/marked", "/text")
				return
			}
			b.wantLive("/marked", "/text")
			b.wantWhy("/", "skipped", "unmarked")
			if text := b.sink.docs["http://a.test/marked"].Text("body"); text != "the text that counts" {
				t.Errorf("body %q", text)
			}
		})
	}
}
