package extract

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/weburl"
)

// A directiveCase is one of the suite page-directives.
type directiveCase struct {
	Kind, Name, Agent, URL, HTML string
	Headers                      [][2]string
	Expect                       json.RawMessage
}

func (c *directiveCase) header() http.Header {
	h := make(http.Header)
	for _, kv := range c.Headers {
		h.Add(kv[0], kv[1])
	}
	return h
}

func mustURL(t testing.TB, s string) weburl.URL {
	t.Helper()
	u, err := weburl.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPageDirectives(t *testing.T) {
	dir := shareddata.Untar(t, "suites/page-directives.tar.xz")
	raw, err := os.ReadFile(filepath.Join(dir, "page-directives", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []directiveCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 70 {
		t.Errorf("the suite has %d cases, want 70", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Kind+"/"+c.Name, func(t *testing.T) {
			if c.URL == "" {
				c.URL = "https://ex.test/"
			}
			checkDirective(t, c)
		})
	}
}

func checkDirective(t *testing.T, c directiveCase) {
	u := mustURL(t, c.URL)
	page := HTML(u, c.header(), []byte(c.HTML), Options{Agent: c.Agent, Now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)})
	switch c.Kind {
	case "x-robots-tag", "meta":
		checkRobots(t, c, page)
	case "canonical":
		var want *string
		parseJSON(t, c.Expect, &want)
		if want == nil {
			want = new(string)
		}
		equal(t, page.Canonical.String(), *want)
	case "hreflang":
		var list [][2]string
		parseJSON(t, c.Expect, &list)
		want, got := map[string]string{}, map[string]string{}
		for _, e := range list {
			want[e[0]] = e[1]
		}
		for lang, u := range page.Hreflang {
			got[lang] = u.String()
		}
		equal(t, got, want)
	case "feed":
		var want []string
		parseJSON(t, c.Expect, &want)
		equal(t, hrefs(page.Feeds), want)
	case "nofollow":
		var want [][]any
		parseJSON(t, c.Expect, &want)
		var got [][]any
		for _, l := range page.Links {
			got = append(got, []any{l.URL.String(), l.NoFollow})
		}
		equal(t, got, want)
	case "base":
		var want []string
		parseJSON(t, c.Expect, &want)
		var got []weburl.URL
		for _, l := range page.Links {
			got = append(got, l.URL)
		}
		equal(t, hrefs(got), want)
	case "refresh":
		var want struct {
			Delay float64
			URL   string
		}
		parseJSON(t, c.Expect, &want)
		equal(t, page.Refresh.String(), want.URL)
		equal(t, page.RefreshDelay.Seconds(), want.Delay)
	case "link-header":
		checkLinkHeader(t, c, u)
	default:
		t.Fatalf("unknown kind %q", c.Kind)
	}
}

func checkRobots(t *testing.T, c directiveCase, page *Page) {
	var want map[string]any
	parseJSON(t, c.Expect, &want)
	got := map[string]any{"index": !page.NoIndex, "follow": !page.NoFollow, "archive": !page.NoArchive, "snippet": !page.NoSnippet}
	if !page.UnavailableAfter.IsZero() {
		got["unavailable_after"] = page.UnavailableAfter.Format(time.RFC3339)
	}
	if _, ok := want["index_at_2026"]; ok {
		later := HTML(mustURL(t, c.URL), c.header(), []byte(c.HTML), Options{Agent: c.Agent, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		got["index_at_2026"] = !later.NoIndex
	}
	equal(t, got, want)
}

func checkLinkHeader(t *testing.T, c directiveCase, u weburl.URL) {
	links := linkHeader(u, c.header().Values("Link"), maxHeaderLinks)
	if strings.HasPrefix(c.Name, "1000 links") { // the suite says it in words: first N, N configurable
		equal(t, len(links), maxHeaderLinks)
		equal(t, len(linkHeader(u, c.header().Values("Link"), 7)), 7)
		equal(t, links[0].url.String(), "https://ex.test/p0")
		return
	}
	var want []struct {
		URL    string
		Rel    []string
		Anchor string
	}
	parseJSON(t, c.Expect, &want)
	got := want[:0:0]
	for _, l := range links {
		got = append(got, struct {
			URL    string
			Rel    []string
			Anchor string
		}{l.url.String(), l.rel, l.anchor})
	}
	if len(got)+len(want) > 0 {
		equal(t, got, want)
	}
}

func parseJSON(t *testing.T, raw json.RawMessage, to any) {
	t.Helper()
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatal(err)
	}
}

func hrefs(list []weburl.URL) []string {
	var out []string
	for _, u := range list {
		out = append(out, u.String())
	}
	return out
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzDirectives(f *testing.F) {
	f.Add("googlebot: nofollow, trawl: noindex, unavailable_after: Sat, 25 Jun 2010 15:00:00 GMT")
	f.Add("</a,b>; rel=\"next; x\"; title=\"a\\\"b\", <unterminated")
	f.Add("5 ; URL = '/n' ")
	u := mustURL(f, "https://ex.test/a/")
	f.Fuzz(func(t *testing.T, s string) {
		var d directives
		d.header(s, "trawl")
		d.meta(s)
		if n := len(linkHeader(u, []string{s}, 10)); n > 10 {
			t.Errorf("%d links, want at most 10", n)
		}
		parseRefresh(u, u, s)
		cleanLang(s)
		charsetParam(s)
	})
}
