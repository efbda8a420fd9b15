package node

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/api"
)

func TestImportSource(t *testing.T) {
	for _, c := range []struct {
		name, in   string
		collection string
		want       api.Source
		notes      string // found in the notes
	}{
		{"elastic", `
output_sink: elasticsearch
output_index: Web-Crawl
max_crawl_depth: 3
max_unique_url_count: 500
domains:
  - url: https://example.org
    seed_urls: [https://example.org/docs, https://example.org/blog]
    sitemap_urls: [https://example.org/s.xml]
    crawl_rules:
      - {policy: deny, type: begins, pattern: /blog/old}
      - {policy: allow, type: regex, pattern: .*}
    auth: {type: basic, username: u, password: p}
  - url: http://b.example:8080
schedule:
  - pattern: "0 12 * * *"
`, "web-crawl", api.Source{
			Seeds: []string{"https://example.org/docs", "https://example.org/blog", "http://b.example:8080"}, Sitemaps: []string{"https://example.org/s.xml"},
			Scope: "host", MaxDepth: 2, MaxPages: 500,
			Rules: []api.Rule{{Policy: "deny", Type: "begins", Pattern: "/blog/old", Host: "example.org"}, {Policy: "allow", Type: "regex", Pattern: ".*", Host: "example.org"}},
		}, "auth of example.org: add a login"},
		{"docsearch", `{"index_name": "Stripe", "start_urls": ["https://stripe.com/docs", {"url": "https://stripe.com/(?P<lang>en|de)/api/", "page_rank": 1}],
 "stop_urls": ["https://stripe.com/docs/api", "(?!x)"], "sitemap_urls": ["https://stripe.com/s.xml"], "selectors": {"lvl0": "h1"}, "js_render": true, "min_indexed_level": 1}`,
			"stripe", api.Source{
				Seeds: []string{"https://stripe.com/docs", "https://stripe.com/"}, Sitemaps: []string{"https://stripe.com/s.xml"}, Scope: "host", JavaScript: "all",
				Include: []string{`^https://stripe\.com/docs`, "^https://stripe.com/(?P<lang>en|de)/api/"}, Exclude: []string{"https://stripe.com/docs/api"},
			}, "stop_urls: (?!x) is no RE2 pattern"},
		{"one address", `{"index_uid": "x", "start_urls": "https://a.example/"}`, "x",
			api.Source{Seeds: []string{"https://a.example/"}, Scope: "host", Include: []string{`^https://a\.example/`}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			im, err := ImportSource([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if im.Collection != c.collection || !reflect.DeepEqual(im.Source, c.want) {
				t.Errorf("got %q %+v\nwant %+v", im.Collection, im.Source, c.want)
			}
			if notes := strings.Join(im.Notes, "\n"); !strings.Contains(notes, c.notes) {
				t.Errorf("notes:\n%s", notes)
			}
		})
	}
	for _, in := range []string{"", "- a", "x: 1", "domains: [{url: 'no address'}]", `{"start_urls": [{"x": 1}]}`, "domains: 3", `{"start_urls": 7}`, "\t"} {
		if im, err := ImportSource([]byte(in)); err == nil {
			t.Errorf("%q is taken as %+v", in, im)
		}
	}
}

func FuzzImportSource(f *testing.F) {
	f.Add([]byte("domains: [{url: 'http://a.test', crawl_rules: [{policy: deny, type: ends, pattern: x}]}]"))
	f.Add([]byte(`{"start_urls": ["http://a.test/("], "stop_urls": ["["]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		im, err := ImportSource(b)
		if err == nil && len(im.Source.Seeds)+len(im.Source.Sitemaps) == 0 {
			t.Fatal("nothing to begin with")
		}
	})
}
