package crawl

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/extract"
	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/section"
	"github.com/trawlsearch/trawl/weburl"
)

// docOf is what a page of HTML becomes, as names and texts.
func docOf(t *testing.T, page string) map[string]string {
	t.Helper()
	u, err := weburl.Parse("http://a.test/dir/page")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range documentOf(u, extract.HTML(u, nil, []byte(page), extract.Options{}), time.UnixMicro(5)).Fields {
		out[f.Name] = strings.TrimPrefix(out[f.Name]+"\n"+f.Text, "\n")
	}
	return out
}

func TestSectionsOfDocument(t *testing.T) {
	d := docOf(t, `<title>Guide</title><p>Above.</p><h1 id=top>Guide</h1><p>Lead.</p><h2 id=use>Use</h2><p>One.<p>Two.<h2>Loose</h2><p>Three.`)
	if got, want := d["sections"], "§1\n7 5 1 top\n7 3 2 use\n11 5 2 \n"; got != want {
		t.Errorf("%q, want %q, of %q", got, want, d["body"])
	}
	for name, page := range map[string]string{
		"no headings": `<title>T</title><p>Text.`,
		"no anchors":  `<h2>A</h2><p>Text.<h2>B</h2><p>Text.`,
		"nosnippet":   `<meta name=robots content=nosnippet><h2 id=a>A</h2><p>Text.`,
	} {
		if d := docOf(t, page); d["sections"] != "" {
			t.Errorf("%s: %q", name, d["sections"])
		}
	}
	if d := docOf(t, `<meta class=elastic name=sections content="§1"><p>Text.`); d["sections"] != "" {
		t.Errorf("an author's own field passes for ours: %q", d["sections"])
	}
}

func TestTold(t *testing.T) {
	ld := func(json string) string {
		return `<title>T</title><script type="application/ld+json">` + json + `</script><p>Text.`
	}
	for _, c := range []struct{ name, page, field, want string }{
		{"breadcrumb by position", ld(`{"@type":"BreadcrumbList","itemListElement":[{"@type":"ListItem","position":2,"name":"Install"},{"@type":"ListItem","position":1,"item":{"@id":"/"},"name":"Docs"}]}`), "breadcrumb", "Docs\nInstall"},
		{"breadcrumb of items", ld(`{"@graph":[{"@type":"Organization","name":"X"},{"@type":"BreadcrumbList","itemListElement":[{"position":1,"item":{"@id":"/a","name":" A  b "}},{"position":2,"item":{"@id":"/b","name":"C"}}]}]}`), "breadcrumb", "A b\nC"},
		{"breadcrumb of a page", ld(`{"@type":"WebPage","breadcrumb":{"@type":"BreadcrumbList","itemListElement":[{"position":"1","name":"A"}]}}`), "breadcrumb", "A"},
		{"positions that are none", ld(`{"@type":"BreadcrumbList","itemListElement":[{"position":"x","name":"A"}]}`), "breadcrumb", ""},
		{"price", ld(`{"@type":"Product","name":"Shoe","offers":{"@type":"Offer","price":19.99,"priceCurrency":"EUR","availability":"https://schema.org/InStock"},"aggregateRating":{"ratingValue":"4.5"}}`), "price", "19.99"},
		{"availability", ld(`{"@type":"Product","offers":{"availability":"https://schema.org/InStock"}}`), "availability", "InStock"},
		{"rating", ld(`{"@type":"IndividualProduct","aggregateRating":{"ratingValue":"4.5"}}`), "rating", "4.5"},
		{"the lowest of prices", ld(`{"@type":"Product","offers":{"@type":"AggregateOffer","lowPrice":"5","highPrice":"9"}}`), "price", "5"},
		{"OpenGraph's price", `<title>T</title><meta property=product:price:amount content=7.50><p>Text.`, "price", "7.50"},
		{"weight 2", `<p>Text.<p data-pagefind-weight=2>Dear.`, "emphasis", "Dear.\nDear.\nDear."},
		{"weight 10", `<p>Text.<p data-pagefind-weight=10>Dear.`, "emphasis", strings.TrimSuffix(strings.Repeat("Dear.\n", maxEmphasisTimes), "\n")},
		{"weight 1", `<p>Text.<p data-pagefind-weight=1>Dear.`, "emphasis", ""},
		{"an author's own emphasis", `<meta class=elastic name=emphasis content=spam><p>Text.`, "emphasis", ""},
	} {
		if got := docOf(t, c.page)[c.field]; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	long := docOf(t, `<p data-pagefind-weight=10>`+strings.Repeat("word ", 100_000))
	if n := len(long["emphasis"]); n > maxEmphasis+maxEmphasisTimes {
		t.Errorf("%d bytes of emphasis", n)
	}
}

// TestSectionsOfPages: the sections of real pages are found again in their texts.
func TestSectionsOfPages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shareddata.Untar(t, "suites/article-extraction.tar.xz"), "article-extraction", "html", "*.html.gz"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	found, lost := 0, 0
	for _, file := range files {
		p := extract.HTML(weburl.URL{}, nil, unzipped(t, file), extract.Options{})
		texts := map[string]string{} // by anchor
		for _, s := range p.Sections {
			if _, again := texts[s.Anchor]; !again && s.Heading != "" {
				texts[s.Anchor] = s.Text
			}
		}
		delete(texts, "")
		for _, s := range section.Decode(sections(p.Body, p), p.Body) {
			if text, ok := texts[s.Anchor]; ok && s.Text == text {
				found++
				delete(texts, s.Anchor)
			}
		}
		lost += len(texts)
	}
	t.Logf("%d pages: %d sections with an anchor found again, %d not", len(files), found, lost)
	if found < 50 || lost*100 > found {
		t.Errorf("%d sections of %d are not found again in their texts", lost, found+lost)
	}
}

func unzipped(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
