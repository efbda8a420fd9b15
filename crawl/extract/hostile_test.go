package extract

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

func read(t testing.TB, html string) *Page {
	t.Helper()
	return HTML(mustURL(t, "http://a.test/dir/page"), nil, []byte(html), Options{})
}

func linkURLs(p *Page) []string {
	var out []string
	for _, l := range p.Links {
		out = append(out, l.URL.String())
	}
	return out
}

// tooLong is far above what the hostile pages take (0.2 s a megabyte at worst)
// and far below what they would take if something were quadratic: tests run on
// busy machines, and under the race detector.
const tooLong = 15 * time.Second

// H01: a million open elements, text and links at the bottom.
func TestHostileDepth(t *testing.T) {
	var b strings.Builder
	b.WriteString("<title>deep</title>")
	b.WriteString(strings.Repeat("<div>", 900_000))
	for i := range 10 {
		fmt.Fprintf(&b, "<p>word%d <a href=/%d>link %d</a>", i, i, i)
	}
	start := time.Now()
	p := read(t, b.String())
	if took := time.Since(start); took > tooLong {
		t.Errorf("took %v", took)
	}
	if len(p.Links) != 10 || p.Links[9].Text != "link 9" || !strings.Contains(p.Body+p.Boilerplate, "word9 link 9") {
		t.Errorf("%d links, body %.100q", len(p.Links), p.Body)
	}
}

// H02: inputs that make a careless parser quadratic or hungry.
func TestHostileShapes(t *testing.T) {
	formatting := strings.Builder{}
	formatting.WriteString("<p>")
	for i := range 400 {
		fmt.Fprintf(&formatting, "<b id=%d>", i)
	}
	formatting.WriteString("</p>" + strings.Repeat("<div>x</div>", 80_000)) // 32 million nodes in a tree
	attributes := strings.Builder{}
	attributes.WriteString("<div ")
	for i := range 100_000 {
		fmt.Fprintf(&attributes, "a%d=x ", i)
	}
	const article = "<meta property=og:type content=article>"
	for _, c := range []struct{ name, html string }{
		{"attributes", attributes.String() + "><a href=/x>x</a>"},
		{"formatting elements", formatting.String()},
		{"unclosed comment", "<a href=/x>x</a><!--" + strings.Repeat("x-", 1<<19)},
		{"unclosed tag", "<a href=/x>x</a><div " + strings.Repeat("x", 1<<20)},
		{"end tags that close nothing", strings.Repeat("<i>", 300) + strings.Repeat("</u>", 250_000)},
		{"open links", strings.Repeat("<a href=/x>", 90_000)},
		{"open anchors in headings", strings.Repeat("<h1><a name=x>", 70_000)},
		{"cells", "<table>" + strings.Repeat("<td>", 250_000)},
		{"entities", strings.Repeat("&amp;&#x41;&notanentity", 45_000)},
		{"angle brackets", strings.Repeat("<", 1<<20)},
		{"scripts", strings.Repeat("<script><!--<script>", 50_000)},
		{"metas", strings.Repeat("<meta name=robots content=all><link rel=canonical href=/x>", 18_000)},
		{"quotes never closed", strings.Repeat("<a b='", 1<<17)},
		{"comments in scripts", "<script>" + strings.Repeat("<!--<script", 90_000)},
		{"items below formatting", strings.Repeat("<i>", 300) + strings.Repeat("<li>", 250_000)},
		{"labels", article + strings.Repeat("<p>Related", 100_000)},
		{"labels in nested places", article + strings.Repeat("<div>", 200) + strings.Repeat("<p>Related<div>x</div>", 45_000)},
		{"headlines", article + strings.Repeat("<h1>Heading</h1>", 65_000)},
		{"structured data", strings.Repeat(`<script type="application/ld+json">{"@type":"A","b":["c"]}</script>`, 15_000)},
		{"marks", strings.Repeat("<b data-pagefind-ignore=all>", 250) + strings.Repeat("<b data-pagefind-meta='a,b'>x</b>", 30_000)},
		{"styles", strings.Repeat("<i style='color:#fff;font-size:1px;left:-9999px'>x</i>", 20_000)},
		{"nested forms and lists", strings.Repeat("<form><ul><li><nav>", 50_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			read(t, c.html)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > tooLong {
				t.Errorf("%d bytes took %v", len(c.html), took)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 200<<20 {
				t.Errorf("%d bytes allocated %d MB", len(c.html), n>>20)
			}
		})
	}
}

// H03: links are capped in document order.
func TestHostileLinks(t *testing.T) {
	var b strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&b, "<a href=/%d>x</a> ", i)
	}
	p := read(t, b.String())
	equal(t, len(p.Links), 5000)
	equal(t, p.Links[0].URL.String(), "http://a.test/0")
	equal(t, p.Links[4999].URL.String(), "http://a.test/4999")
	equal(t, p.Truncated, true)
}

// H04, H05, H06, H13: what the address of a link is.
func TestLinkAddresses(t *testing.T) {
	for _, c := range []struct {
		name, html string
		want       []string
	}{
		{"base to another host", "<base href=http://b.test/x/><a href=y>y</a>", []string{"http://b.test/x/y"}},
		{"base of javascript is none", "<base href='javascript:alert(1)'><a href=y>y</a>", []string{"http://a.test/dir/y"}},
		{"base of data is none, and the second does not count", "<base href='data:text/html,x'><base href=/z/><a href=y>y</a>", []string{"http://a.test/dir/y"}},
		{"base after the link counts", "<a href=y>y</a><base href=/x/>", []string{"http://a.test/x/y"}},
		{"base in template does not", "<template><base href=/x/></template><a href=y>y</a>", []string{"http://a.test/dir/y"}},
		{"unquoted, with text after", "<a href=/one two>x</a>", []string{"http://a.test/one"}},
		{"line feed and tab in the address", "<a href='/o\nn\te'>x</a>", []string{"http://a.test/one"}},
		{"spaces around", "<a href='  /one  '>x</a>", []string{"http://a.test/one"}},
		{"unclosed", "<a href=/one>x<a href=/two>y<p><b><a href=/three>z</p></b>", []string{"http://a.test/one", "http://a.test/two", "http://a.test/three"}},
		{"entities", `<a href="/?a=1&amp;b=2&#x2F;3&copy=4">x</a>`, []string{"http://a.test/?a=1&b=2/3&copy=4"}},
		{"first of two", "<a href=/one href=/two>x</a>", []string{"http://a.test/one"}},
		{"other schemes", "<a href=javascript:x>a</a><a href=mailto:x@y.test>b</a><a href=data:,x>c</a><a href='tel:1'>d</a><a href=blob:http://a.test/x>e</a>", nil},
		{"backslashes", `<a href="http:\\b.test\x">x</a>`, []string{"http://b.test/x"}},
		{"not an address", `<a href="http://[bad">x</a><a href="http://a b.test/">y</a>`, nil},
		{"into the page itself", "<a href=#x>x</a><a href=page#y>y</a><a href=page>z</a>", []string{"http://a.test/dir/page"}},
		{"the same twice", "<a href=/x>one</a><a href=/x>one</a><a href=/x>two</a>", []string{"http://a.test/x", "http://a.test/x"}},
		{"areas and frames", "<area href=/1><iframe src=/2><p><a href=/no></iframe><frameset><frame src=/3>", []string{"http://a.test/1", "http://a.test/2", "http://a.test/3"}},
		{"in svg, noscript and select", "<svg><a href=/1>x</a></svg><noscript><a href=/2>x</a></noscript><select><a href=/3>x</a>", []string{"http://a.test/1", "http://a.test/2", "http://a.test/3"}},
		{"where those without scripts are sent", "<noscript><meta http-equiv=refresh content='0; URL=\"/excuse\"'></noscript><p>text", []string{"http://a.test/excuse"}},
		{"not in comments, scripts, templates, titles", "<title><a href=/1></title><!-- <a href=/2> --><script>'<a href=/3>'</script><template><a href=/4>x</a></template><textarea><a href=/5></textarea>", nil},
		{"NUL bytes", "<a href=/one\x00>x\x00y</a>", []string{"http://a.test/one%EF%BF%BD"}},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, linkURLs(read(t, c.html)), c.want) })
	}
}

// H11: pages that are made by scripts.
func TestNeedsJS(t *testing.T) {
	script := "<script>" + strings.Repeat("x();", 500) + "</script>"
	for _, c := range []struct {
		name, html string
		want       bool
	}{
		{"script only", "<div id=root></div>" + script, true},
		{"with noscript", "<noscript>Please enable scripts.</noscript>" + script, true},
		{"with much noscript", "<noscript>" + strings.Repeat("Please enable scripts. ", 20) + "</noscript>" + script, true},
		{"from a file", "<div id=app></div><script src=/app.js></script>", true},
		{"text and script", "<p>" + strings.Repeat("words and more words ", 20) + script, false},
		{"short page without script", "<p>gone", false},
		{"short page with links and a script file", "<p><a href=/x>here</a><script src=/count.js></script>", false},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, read(t, c.html).NeedsJS, c.want) })
	}
}

func TestLimits(t *testing.T) {
	u := mustURL(t, "http://a.test/")
	p := HTML(u, nil, []byte("<p>"+strings.Repeat("word ", 1000)), Options{MaxBytes: 53})
	if !p.Truncated || len(p.Body) > 53 {
		t.Errorf("truncated %v, body of %d bytes", p.Truncated, len(p.Body))
	}
	p = HTML(u, nil, []byte(strings.Repeat("<p>x", 300_000)), Options{})
	if !p.Truncated {
		t.Error("300,000 paragraphs did not meet the limit of elements")
	}
	p = HTML(u, nil, []byte("<a title='"+strings.Repeat("x", 20_000)+"' href='/"+strings.Repeat("x", 20_000)+"'>x</a><a href=/y></a>"), Options{})
	equal(t, hrefs([]weburl.URL{p.Links[0].URL}), []string{"http://a.test/y"})
	p = HTML(u, nil, []byte(strings.Repeat("<h2>Heading of a section</h2><p>And text.", 2000)), Options{})
	equal(t, len(p.Headings), maxHeadings)
}
