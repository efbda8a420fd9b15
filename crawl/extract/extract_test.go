package extract

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

const prose = "This is a sentence of some length, which stands for the text of the page. "

// filler makes a page long enough that its rules are those of real pages.
func filler(n int) string { return "<p>" + strings.Repeat(prose, n) + "</p>" }

func TestBodyKeepsWordsApart(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"paragraphs", "<p>one<p>two", "one\ntwo"},
		{"blocks", "<div>one<div>two</div>three</div>four", "one\ntwo\nthree\nfour"},
		{"inline elements do not part", "<p>o<b>n</b>e t<i>w</i>o", "one two"},
		{"white space", "<p> one \n\t two&nbsp;three ", "one two three"},
		{"line break", "<p>one<br>two<br/>three", "one\ntwo\nthree"},
		{"cells and rows", "<table><tr><td>a<td>b<tr><td>c</td><td>d</td></tr></table>", "a\tb\nc\td"},
		{"cell of paragraphs", "<table><tr><td><p>a</p><p>b</p><td>c</table>", "a\nb\nc"},
		{"pre keeps its words and lines", "<pre>one  two\n  three\n</pre>", "one two\n  three"},
		{"definitions", "<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\nb\nc\nd"},
		{"soft hyphen and zero width space", "<p>Donau&shy;dampf\u200bschiff", "Donaudampfschiff"},
		{"misnested", "<p>a<b>b<p>c</b>d", "ab\ncd"},
		{"text after the body", "<body><p>one</body></html>two", "one\ntwo"},
		{"entities", "<p>a &lt;b&gt; &amp;c &eacute;", "a <b> &c é"},
		{"script, style, template", "<p>a<script>x</script>b<style>y</style>c<template>z<p>z</template>d", "abcd"},
		{"comments", "<p>a<!-- x -->b", "ab"},
		{"svg", "<svg><title>t</title><text>one</text><text>two</text></svg>", "t one two"},
		{"unknown elements are inline", "<p>a<my-part>b</my-part>c", "abc"},
		{"only text", "hello", "hello"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, read(t, c.html).Body, c.want) })
	}
}

func TestBoilerplate(t *testing.T) {
	for _, c := range []struct{ name, html, out string }{
		{"nav", "<nav>Elsewhere</nav>", "Elsewhere"},
		{"role", "<div role=navigation>Elsewhere</div>", "Elsewhere"},
		{"role search", "<div role=search>Elsewhere</div>", "Elsewhere"},
		{"header", "<header>Elsewhere</header>", "Elsewhere"},
		{"footer", "<footer>Elsewhere</footer>", "Elsewhere"},
		{"aside", "<aside>Elsewhere</aside>", "Elsewhere"},
		{"class", "<div class='page_sidebar wide'>Elsewhere</div>", "Elsewhere"},
		{"camel case", "<div class=relatedStories>Elsewhere</div>", "Elsewhere"},
		{"id", "<div id=breadcrumbs>Elsewhere</div>", "Elsewhere"},
		{"list of links", "<ul><li><a href=/1>Elsewhere</a><li><a href=/2>More</a></ul>", "Elsewhere"},
		{"button", "<button>Elsewhere</button>", "Elsewhere"},
		{"noscript", "<noscript>Elsewhere</noscript>", "Elsewhere"},
		{"navigation table", "<table><tr><td><a href=a>Prev</a> <td>Elsewhere<td><a href=b>Next</a></table>", "Elsewhere"},
		{"navigation paragraph", "<p><a href=a>Previous</a> | <a href=b>Up</a> | <a href=c>Next</a>: Elsewhere</p>", "Elsewhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := read(t, "<body>"+filler(5)+c.html+filler(5))
			if strings.Contains(p.Body, c.out) || !strings.Contains(p.Boilerplate, c.out) {
				t.Errorf("body %q, boilerplate %q", p.Body, p.Boilerplate)
			}
			if got := strings.Count(p.Body, prose[:20]); got != 10 {
				t.Errorf("%d of 10 sentences kept", got)
			}
		})
	}
}

// What looks like boilerplate by its name, but holds the text, is the text.
func TestBoilerplateByNameOnly(t *testing.T) {
	for _, html := range []string{
		"<form class=comments>" + filler(9) + "</form>",
		"<div class='sidebar-layout ads'>" + filler(9) + "</div>",
		"<header>" + filler(9) + "</header>",
		"<body class=has-nav-menu>" + filler(9),
		"<div style='display:none'>" + filler(9) + "</div>",
		"<ul>" + strings.Repeat("<li><a href=/x>An entry of an index</a></li>", 20) + "</ul>",
	} {
		if p := read(t, html); len(p.Body) < 300 {
			t.Errorf("%.60q: body %.80q", html, p.Body)
		}
	}
}

func TestTitle(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"title", "<title> A &amp;\n B </title><h1>C</h1>", "A & B"},
		{"first of two", "<title>A</title><title>B</title>", "A"},
		{"empty, then heading", "<title> </title><h2>B</h2><h1>C <i>D</i></h1>", "C D"},
		{"heading before og", "<meta property=og:title content=E><h1>C</h1>", "C"},
		{"og", "<meta property=og:title content=' E  F '>", "E F"},
		{"of an image is none", "<svg><title>S</title></svg><h1>C</h1>", "C"},
		{"none", "<p>x", ""},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, read(t, c.html).Title, c.want) })
	}
}

func TestHeadingAnchors(t *testing.T) {
	for _, c := range []struct{ name, html, text, anchor string }{
		{"own id", "<h2 id=x>T</h2>", "T", "x"},
		{"section", "<section id=x><h2>T</h2></section>", "T", "x"},
		{"own before section", "<section id=y><h2 id=x>T</h2></section>", "T", "x"},
		{"div around a title page", "<div id=x><div class=titlepage><div><h2 class=title>T</h2></div></div></div>", "T", "x"},
		{"div that begins with other text", "<div id=y><p>before</p><h2>T</h2></div>", "T", ""},
		{"child anchor", "<h2><a name=x></a>T</h2>", "T", "x"},
		{"anchor before", "<p>before<p><a name=x></a><h2>T</h2>", "T", "x"},
		{"span before", "<span id=x></span><h2>T</h2>", "T", "x"},
		{"anchor before other text", "<a name=y></a><p>before<h2>T</h2>", "T", ""},
		{"permalink", "<h2>T<a class=headerlink href=#x title=Permalink>¶</a></h2>", "T", "x"},
		{"permalink, escaped", "<h2>T<a href=#%C3%BC%20x>#</a></h2>", "T", "ü x"},
		{"permalink in front", "<h2><a href=#x>#</a> T</h2>", "T", "x"},
		{"no anchor", "<h2>T</h2>", "T", ""},
		{"search box before", "<input id=y><h2>T</h2>", "T", ""},
		{"broken over blocks", "<h2 id=x>T<div>U</div></h2>", "T U", "x"},
		{"unclosed", "<h2 id=x>T<h3>U</h3>", "T", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := read(t, c.html+filler(5))
			if len(p.Headings) == 0 {
				t.Fatal("no heading")
			}
			h := p.Headings[0]
			if h.Text != c.text || h.Anchor != c.anchor || h.Level != 2 {
				t.Errorf("got %+v, want %q #%s", h, c.text, c.anchor)
			}
			if strings.Contains(p.Body, "¶") {
				t.Errorf("the sign of a permalink in the body: %q", p.Body)
			}
		})
	}
}

func TestHeadingsOfNavigationAreNone(t *testing.T) {
	p := read(t, "<nav><h2>Menu</h2><a href=/x>x</a></nav><h1>T</h1>"+filler(5)+"<div class=related><h3>Related</h3>x</div>")
	equal(t, p.Headings, []Heading{{1, "T", ""}})
}

func TestLinkText(t *testing.T) {
	p := read(t, `<a href=/1> one <b>two</b></a><a href=/2><img alt="a picture"></a><a href=/3 title=three></a><a href=/4><div>four</div><p>five</a>`)
	var got []string
	for _, l := range p.Links {
		got = append(got, l.Text)
	}
	equal(t, got, []string{"one two", "a picture", "three", "four five"})
}

func TestHead(t *testing.T) {
	p := HTML(mustURL(t, "http://a.test/"), http.Header{"Content-Language": {"fr, de"}},
		[]byte(`<html lang="de_CH"><meta name=Description content=" a  b "><meta property=og:description content=c><p>x`), Options{})
	equal(t, p.Lang, "de-CH")
	equal(t, p.Description, "a b")
	equal(t, p.MediaType, "text/html")
	p = HTML(mustURL(t, "http://a.test/"), http.Header{"Content-Language": {"fr, de"}}, []byte(`<html lang="<x>"><p>x`), Options{})
	equal(t, p.Lang, "fr")
}

func TestXHTML(t *testing.T) {
	body := `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head><body><p>a</p><div/><p>b<a id="x"/>c</p></body></html>`
	h := http.Header{"Content-Type": {"application/xhtml+xml"}}
	p, ok := Document(mustURL(t, "http://a.test/"), h, []byte(body), Options{})
	equal(t, ok, true)
	equal(t, p.Body, "a\nbc")
}

func TestText(t *testing.T) {
	body := "\n  Title  of it\r\n\r\nFirst line\r\nsecond line\n\n\n  third\n"
	p, ok := Document(mustURL(t, "http://a.test/x.txt"), http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Robots-Tag": {"noindex"}}, []byte(body), Options{})
	equal(t, ok, true)
	equal(t, p.Title, "Title of it")
	equal(t, p.Body, "Title of it\nFirst line second line\nthird")
	equal(t, p.NoIndex, true)
	equal(t, p.MediaType, "text/plain")
}

func TestDocumentOfOtherTypes(t *testing.T) {
	p, ok := Document(mustURL(t, "http://a.test/x"), http.Header{"Content-Type": {"text/html"}, "Link": {"</y>; rel=canonical"}}, []byte("%PDF-1.4 x"), Options{})
	equal(t, ok, false)
	equal(t, p.MediaType, "application/pdf")
	equal(t, p.Canonical.String(), "http://a.test/y")
}

func TestContentHash(t *testing.T) {
	a, b, c := read(t, "<title>t</title><nav>1</nav>"+filler(5)), read(t, "<title>t</title><nav>2</nav>"+filler(5)), read(t, "<title>u</title>"+filler(5))
	if a.ContentHash != b.ContentHash {
		t.Error("the hash counts boilerplate")
	}
	if a.ContentHash == c.ContentHash {
		t.Error("the hash does not count the title")
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<title>t</title><base href=/x/><h1><a name=y>T</a></h1><p>a<b>b<p>c</b><table><tr><td>x<td>y",
		"<a href=#x>¶</a><h2>T<a href=#x>¶</a></h2><pre>x\n y</pre><svg><title>t<text>u",
		"<form><select><option>x<option>y</select><textarea><p></textarea><noscript><meta name=robots content=none>",
		"<dl><dt>a<dd><ul><li>x<li>y</dl><template><p>x</template><iframe src=x><a href=y>",
		"<td><h1><td><h1></td></h1></a><a href=x><a><plaintext><p>",
		"\xFF\xFE<\x00p\x00>\x00",
		"<main data-pagefind-body><h1 data-pagefind-meta='t[id], u'>x<b data-pagefind-weight=2>y</b><p data-nosnippet>z<p data-elastic-exclude style='font-size:0'>w",
		"<meta property=og:type content=article><meta name=docsearch:version content='1,2'><h1>H</h1><p>Related<p>A sentence of some length, which is here. ",
		"<script type=application/ld+json>{\"@type\":\"Article\",\"author\":\"a\",\"keywords\":\"b,c\"}</script><time datetime=2020-01-01>",
	} {
		f.Add([]byte(s), "text/html")
	}
	u := mustURL(f, "http://a.test/dir/page")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		h := http.Header{"Content-Type": {contentType}}
		p := HTML(u, h, body, Options{MaxLinks: 5})
		texts := []string{p.Title, p.Body, p.Boilerplate, p.Description, p.Hidden, p.NoSnippetText, p.Excluded, p.SiteName, p.Type}
		for _, s := range p.Sections {
			texts = append(texts, s.Heading, s.Anchor, s.Text)
		}
		for _, a := range p.Attributes {
			texts = append(texts, a.Name, a.Value)
		}
		for _, s := range append(append(texts, p.Authors...), p.Keywords...) {
			if !utf8.ValidString(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
		if len(p.Links) > 5 {
			t.Errorf("%d links", len(p.Links))
		}
		for _, l := range p.Links {
			if !l.URL.IsWeb() {
				t.Errorf("link to %s", l.URL)
			}
		}
		Document(u, h, body, Options{})
	})
}
