package crawl

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// TestPoliteness: delays, Crawl-delay, Retry-After and the brake, by the times at
// which requests came.
func TestPoliteness(t *testing.T) {
	gaps := func(times []time.Time) (least time.Duration) {
		least = time.Hour
		for i := 1; i < len(times); i++ {
			least = min(least, times[i].Sub(times[i-1]))
		}
		return least
	}
	inBed(t, func(b *bed) {
		b.opt.Delay = 0 // the default, one second
		b.opt.Scope.Mode = "any"
		for _, host := range []string{"a.test", "b.test", "slow.test"} {
			b.web.Site(host).Mount(crawltest.Generate(6, 12))
		}
		b.web.Site("b.test").Robots("User-agent: *\nCrawl-delay: 7\n")
		for i := range 4 {
			b.web.Site("slow.test").Page([]string{"/1", "/2", "/3", "/4"}[i], crawltest.Page{Title: "slow", Text: "t", Delay: 2 * time.Second})
		}
		b.web.Site("slow.test").Page("/", crawltest.Page{Title: "slow", Text: "t", Links: []string{"/1", "/2", "/3", "/4"}, Delay: 2 * time.Second})
		b.crawl(false, "http://a.test/", "http://b.test/", "http://slow.test/")
		for host, want := range map[string]time.Duration{"a.test": time.Second, "b.test": 7 * time.Second} {
			if got := gaps(b.web.Times(host, "")); got < want || got > want+time.Second {
				t.Errorf("%s: requests %s apart, want %s", host, got, want)
			}
			if n := b.web.MaxInFlight(host); n != 1 {
				t.Errorf("%s: %d requests at once", host, n)
			}
		}
		slow := b.web.Times("slow.test", "")
		if got := gaps(slow[len(slow)-3:]); got < 10*time.Second {
			t.Errorf("slow.test: requests %s apart, want >= 12s", got)
		}
	})
	inBed(t, func(b *bed) { // a crawl that waits for a long Crawl-delay is not idle
		b.opt.Delay = 0
		b.site.Robots("User-agent: *\nCrawl-delay: 200\n")
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/1", "/2", "/3"}})
		b.site.Page("/1", crawltest.Page{Title: "1", Text: "t"}).Page("/2", crawltest.Page{Title: "2", Text: "t"}).Page("/3", crawltest.Page{Title: "3", Text: "t"})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/1", "/2", "/3")
		if got := gaps(b.web.Times("a.test", "")); got < 200*time.Second {
			t.Errorf("requests %s apart, want 200s", got)
		}
	})
	inBed(t, func(b *bed) { // what is denied takes no turn of its host
		b.opt.Delay = 0
		site := crawltest.Generate(6, 100)
		b.site.Mount(site)
		b.opt.MaxPages = 3
		b.crawl(false, "http://a.test/")
		queued := b.c.Stats().Queued
		b.close()
		b.opt.MaxPages = 0
		b.opt.Scope.Exclude = []string{"."}
		b.open()
		start := time.Now()
		b.finish(false)
		if d := time.Since(start); d > 2*time.Second || b.c.Stats().Denied != queued || queued < 10 {
			t.Errorf("%d of %d addresses denied in %s", b.c.Stats().Denied, queued, d)
		}
	})
	inBed(t, func(b *bed) {
		b.opt.Delay = 0
		busy := crawltest.Page{Status: 429, Header: map[string][]string{"Retry-After": {"30"}}}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/busy", "/ok"}})
		b.site.Handle("/busy", crawltest.Turns(busy, busy, crawltest.Page{Title: "busy", Text: "now"}))
		b.site.Page("/ok", crawltest.Page{Title: "ok", Text: "t"})
		b.crawl(true, "http://a.test/")
		b.wantLive("/", "/busy", "/ok")
		all := b.web.Requests()
		for i, q := range all[:len(all)-1] {
			if gap := all[i+1].Start.Sub(q.End); q.Status == 429 && gap < 30*time.Second {
				t.Errorf("asked %s after a 429", gap)
			}
		}
	})
	inBed(t, func(b *bed) {
		b.opt.Delay = 0
		site := crawltest.Generate(7, 300)
		b.site.Mount(crawltest.Page{Status: 500})
		b.site.Robots("")
		var links []string
		for _, p := range site.Pages[1:] {
			links = append(links, p.Path)
		}
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: links})
		b.open()
		b.c.Add(t.Context(), []string{"http://a.test/"})
		stop := b.start()
		time.Sleep(time.Hour)
		stop()
		if n := len(b.web.Requests()); n < 10 || n > 30 {
			t.Errorf("%d requests in an hour of a site that only fails, want 10 to 30", n)
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
		tr := Inspect(t.Context(), "http://a.test/old", opt)
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
		var out strings.Builder
		if err := tr.Print(&out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"allowed by line 3", "301 HTTP/1.1", "noindex", "http://a.test/no/x (not followed: robots)", "the text"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
		for address, want := range map[string]string{
			"http://a.test/no": "robots.txt forbids it", "http://a.test/loop": "redirect-loop", "ftp://a.test/": "not http", "http://nowhere.test/": "cannot be read",
		} {
			if tr := Inspect(t.Context(), address, opt); !strings.Contains(tr.Error, want) {
				t.Errorf("%s: %q, want %q", address, tr.Error, want)
			}
		}
	})
}
