package crawl

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/crawl/sitemap"
)

// TestReading: limits of what is read hold as they are set.
func TestReading(t *testing.T) {
	long := "/c?" + strings.Repeat("long", 80)
	for name, c := range map[string]struct {
		set       func(o *Options)
		unmet     []string // that is met without the limit
		truncated string
	}{
		"links":      {func(o *Options) { o.Read.HTML.MaxLinks = 2 }, []string{"/c"}, "/"},
		"bytes":      {func(o *Options) { o.Read.HTML.MaxBytes = 300 }, []string{"/c"}, "/"},
		"elements":   {func(o *Options) { o.Read.HTML.MaxElements = 4 }, []string{"/b", "/c"}, "/"},
		"attributes": {func(o *Options) { o.Read.HTML.MaxAttribute = 6 }, []string{long}, ""},
		"address":    {func(o *Options) { o.Fetch.MaxURLBytes = len("http://a.test"+long) - 1 }, []string{long}, ""},
		"entries":    {func(o *Options) { o.Read.Sitemaps = sitemap.Options{MaxEntries: 1} }, []string{"/named"}, "/sitemap.xml"},
		"children":   {func(o *Options) { o.Read.Sitemaps.MaxChildren = 1 }, []string{"/named"}, "/sitemap.xml"},
		"depth":      {func(o *Options) { o.Read.SitemapDepth = 1 }, []string{"/deep"}, ""},
		"redirects":  {func(o *Options) { o.Fetch.MaxRedirects = 1 }, []string{"/hop2"}, ""},
		"none":       {func(o *Options) { o.Read.HTML = extract.Options{} }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBed(t, func(b *bed) {
				pad := strings.Repeat("<p>More of the same.</p>", 10)
				b.site.Page("/", crawltest.Page{HTML: "<title>Home</title><p>First <a href=/a>a</a></p><div><p><a href=/b>b</a></p></div>" + pad + "<a href='/c'>c</a><a href='" + long + "'>c</a>"})
				for _, path := range []string{"/a", "/c", long, "/named", "/deep"} {
					b.site.Page(path, crawltest.Page{Title: path, Text: "text of " + path})
				}
				list := func(kind, entry string, names ...string) http.Handler {
					text := fmt.Sprintf("<%s xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>", kind)
					for _, n := range names {
						text += fmt.Sprintf("<%s><loc>http://a.test%s</loc></%s>", entry, n, entry)
					}
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Content-Type", "application/xml")
						fmt.Fprintf(w, "%s</%s>", text, kind)
					})
				}
				b.site.Handle("/sitemap.xml", list("sitemapindex", "sitemap", "/inner.xml", "/plain.xml"))
				b.site.Handle("/inner.xml", list("sitemapindex", "sitemap", "/deep.xml"))
				b.site.Handle("/deep.xml", list("urlset", "url", "/deep"))
				b.site.Handle("/plain.xml", list("urlset", "url", "/named"))
				b.site.Redirect("/b", 302, "/hop1").Redirect("/hop1", 302, "/hop2").Page("/hop2", crawltest.Page{Title: "end", Text: "the end"})
				c.set(&b.opt)
				b.crawl(true, "http://a.test/")
				unmet := ""
				for _, path := range []string{"/a", "/b", "/c", long, "/sitemap.xml", "/named", "/inner.xml", "/deep", "/hop2"} {
					if r, err := b.c.Why(t.Context(), "http://a.test"+path); err != nil {
						t.Fatal(err)
					} else if !r.Known {
						unmet += path + " "
					}
				}
				for _, path := range c.unmet {
					if !strings.Contains(unmet, path+" ") {
						t.Errorf("%s is met; not are %s", path, unmet)
					}
				}
				if c.unmet == nil && unmet != "" {
					t.Errorf("not met: %s", unmet)
				}
				if c.truncated != "" {
					if r, _ := b.c.Why(t.Context(), "http://a.test"+c.truncated); !r.Truncated {
						t.Errorf("%s is whole: %+v", c.truncated, r)
					}
				}
			})
		})
	}
}
