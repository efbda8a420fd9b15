package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/docs"
)

var (
	hrefs        = regexp.MustCompile(`href="([^"]+)"`)
	titles       = regexp.MustCompile(`<title>([^<]+)</title>`)
	descriptions = regexp.MustCompile(`<meta name="description" content="([^"]{40,})">`)
	anchors      = regexp.MustCompile(`<h[23] id="([^"]+)">`)
)

// TestManualIsCrawlable follows links from the manual's first page, as `make run`
// does where there is no network.
func TestManualIsCrawlable(t *testing.T) {
	s := oneCollection(&fake{})
	pages := map[string]string{}
	seen := map[string]string{} // title or description to page
	queue := []string{"/docs/"}
	for len(queue) > 0 {
		target := queue[0]
		queue = queue[1:]
		if _, ok := pages[target]; ok {
			continue
		}
		rec := get(t, s, target)
		body := rec.Body.String()
		pages[target] = body
		if rec.Code != http.StatusOK {
			t.Errorf("%s: status %d", target, rec.Code)
		}
		if !strings.HasPrefix(target, "/docs/") {
			continue
		}
		for what, re := range map[string]*regexp.Regexp{"title": titles, "description": descriptions} {
			m := re.FindStringSubmatch(body)
			if m == nil {
				t.Errorf("%s has no %s", target, what)
			} else if other := seen[m[1]]; other != "" {
				t.Errorf("%s and %s have the same %s", target, other, what)
			} else {
				seen[m[1]] = target
			}
		}
		for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
			link, fragment, _ := strings.Cut(m[1], "#")
			if strings.HasPrefix(link, "/") && link != "/openapi.json" { // which package api serves
				queue = append(queue, link)
			}
			if link == "" && fragment != "main" && !strings.Contains(body, ` id="`+fragment+`"`) {
				t.Errorf("%s links to #%s, which is not there", target, fragment)
			}
		}
	}
	for _, name := range docs.Pages {
		if _, ok := pages[manualLink(name)]; !ok {
			t.Errorf("no link leads to %s", manualLink(name))
		}
	}
	for target, body := range pages {
		for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
			link, fragment, ok := strings.Cut(m[1], "#")
			if !ok || link == "" {
				continue
			}
			if to, known := pages[link]; known && !strings.Contains(to, ` id="`+fragment+`"`) {
				t.Errorf("%s links to %s, where there is no such heading", target, m[1])
			}
		}
	}
}

func TestManualMarkup(t *testing.T) {
	body := get(t, oneCollection(&fake{}), "/docs/crawling").Body.String()
	for _, want := range []string{
		`<title>Crawling – Trawl manual</title>`, `<h1 id="crawling">Crawling</h1>`, `href="/docs/operations#metrics"`,
		`<a href="/docs/crawling" aria-current="page">Crawling</a>`, `<pre tabindex="0"><code>trawl crawl`,
		`<a href="#politeness" title="Link to “Politeness”" class="anchor"></a></h2>`, `rel="next"`, `rel="prev"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if len(anchors.FindAllString(body, -1)) < 5 {
		t.Error("headings have no anchors")
	}
	if strings.Contains(body, ".md") {
		t.Error("the page links to Markdown files")
	}
}

func TestManualConditional(t *testing.T) {
	s := oneCollection(&fake{})
	tag := get(t, s, "/docs/queries").Header().Get("ETag")
	ask := func(sent string) int {
		r := httptest.NewRequest(http.MethodGet, "/docs/queries", nil)
		r.Header.Set("If-None-Match", sent)
		rec := httptest.NewRecorder()
		s.handler().ServeHTTP(rec, r)
		return rec.Code
	}
	if got := ask(tag); tag == "" || got != http.StatusNotModified {
		t.Errorf("ETag %q: status %d", tag, got)
	}
	if got := ask(`"another"`); got != http.StatusOK {
		t.Errorf("another ETag: status %d", got)
	}
}
