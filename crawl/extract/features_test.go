package extract

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSections(t *testing.T) {
	p := read(t, `<title>Guide</title><p>Above.</p><h1 id=top>Guide</h1><p>Lead.</p><section id=use><h2>Use</h2><p>One.<p>Two.</section>
		<h3>Deep<a href=#deep>#</a></h3><pre>code</pre><h2></h2><h2 id=end>End<br>of it</h2>`)
	equal(t, p.Sections, []Section{
		{0, "", "", "Above."},
		{1, "Guide", "top", "Lead."},
		{2, "Use", "use", "One.\nTwo."},
		{3, "Deep", "deep", "code"},
		{2, "End of it", "end", ""},
	})
	equal(t, read(t, "<p>No heading.").Sections, []Section(nil))
	p = read(t, strings.Repeat("<h2>Heading of a section</h2><p>And text.", 3000))
	if len(p.Sections) > maxSections || !strings.HasSuffix(p.Sections[len(p.Sections)-1].Text, "And text.") {
		t.Errorf("%d sections", len(p.Sections))
	}
}

// The headline of an article is no line of its text.
func TestHeadline(t *testing.T) {
	p := read(t, `<meta property=og:type content=article><article><h1 id=x>It happened</h1><p>By A. Writer</p>`+filler(9)+"</article>")
	equal(t, p.Headings, []Heading{{1, "It happened", "x"}})
	equal(t, p.Sections[0].Heading, "It happened")
	apart := read(t, `<title>It happened - Paper</title><meta property=og:type content=article><header><h1>It happened</h1></header><div>`+filler(9)+"</div>")
	equal(t, apart.Headings, []Heading{{1, "It happened", ""}})
	if !strings.HasPrefix(p.Body, prose[:20]) || strings.Contains(p.Boilerplate, "It happened") {
		t.Errorf("body %.60q, boilerplate %q", p.Body, p.Boilerplate)
	}
}

func TestDates(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ in, want string }{
		{"2019-11-18T10:30:00+02:00", "2019-11-18T08:30:00Z"}, {"2019-11-18T10:30:00Z", "2019-11-18T10:30:00Z"},
		{"2019-11-18T10:30:00.123Z", "2019-11-18T10:30:00.123Z"}, {"2019-11-18T10:30:00-0500", "2019-11-18T15:30:00Z"},
		{" 2019-11-18 ", "2019-11-18T00:00:00Z"}, {"20191118", "2019-11-18T00:00:00Z"}, {"2019/11/18", "2019-11-18T00:00:00Z"},
		{"November 18, 2019", "2019-11-18T00:00:00Z"}, {"18 Nov 2019", "2019-11-18T00:00:00Z"},
		{"Mon, 18 Nov 2019 10:30:00 GMT", "2019-11-18T10:30:00Z"}, {"2019-11-18 10:30", "2019-11-18T10:30:00Z"},
		{"1969-12-31", ""}, {"2026-02-01", ""}, {"2019-13-40", ""}, {"yesterday", ""}, {"", ""}, {strings.Repeat("2019", 30), ""},
	} {
		got := ""
		if d := pageDate([]byte(c.in), now); !d.IsZero() {
			got = d.Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%q is %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	p := HTML(mustURL(t, "http://a.test/x"), nil, []byte(`<meta property=article:published_time content=2019-11-18T10:00:00Z>
		<meta name=lastmod content=2019-11-20><meta name=date content=2001-01-01><meta name=author content="A. Writer"><meta property=article:author content=https://a.test/w>
		<meta name=keywords content="one, two;three,One"><meta property=og:site_name content=" The  Site "><meta property=og:image content=/i.png>
		<meta property=og:type content=article><p>text<time datetime=2002-02-02>`), Options{})
	equal(t, p.Published.Format(time.DateOnly), "2019-11-18")
	equal(t, p.Modified.Format(time.DateOnly), "2019-11-20")
	equal(t, p.Authors, []string{"A. Writer"})
	equal(t, p.Keywords, []string{"one", "two", "three"})
	equal(t, p.SiteName, "The Site")
	equal(t, p.Image.String(), "http://a.test/i.png")
	equal(t, p.Type, "article")
	equal(t, p.OpenGraph[0], Attribute{"article:published_time", "2019-11-18T10:00:00Z"})
	equal(t, len(p.OpenGraph), 5)
	p = read(t, `<p>text <a rel=author href=/w>B. Writer</a> <span itemprop=datePublished content=2010-03-04></span><time datetime=2002-02-02>`)
	equal(t, p.Authors, []string{"B. Writer"})
	equal(t, p.Published.Format(time.DateOnly), "2010-03-04")
	p = read(t, `<meta name=date content=2019-01-02><meta name=lastmod content=2018-01-02>x`)
	equal(t, p.Modified.IsZero(), true)
}

func TestJSONLD(t *testing.T) {
	p := read(t, `<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"S"},
		{"@type":["NewsArticle"],"headline":"A \u0026 \"b\"","datePublished":"2019-11-18","author":[{"@type":"Person","name":"A"},{"name":"B"}],
		"publisher":{"name":"P"},"keywords":["k","l"],"wordCount":12,"x":null,"y":{"z":{"w":true}}}]}</script>
		<script type="application/ld+json">[{"@type":"Product","name":"N","offers":{"price":9.5,"priceCurrency":"EUR"}},]</script>
		<script type="application/ld+json">{"@type":"FAQPage","mainEntity":[{"@type":"Question","name":"Why?","acceptedAnswer":{"text":"So."}}], broken`)
	equal(t, p.Things, []Thing{
		{"WebSite", []Attribute{{"name", "S"}}},
		{"NewsArticle", []Attribute{{"headline", `A & "b"`}, {"datePublished", "2019-11-18"}, {"author.name", "A"}, {"author.name", "B"},
			{"publisher.name", "P"}, {"keywords", "k"}, {"keywords", "l"}, {"wordCount", "12"}, {"y.z.w", "true"}}},
		{"Product", []Attribute{{"name", "N"}, {"offers.price", "9.5"}, {"offers.priceCurrency", "EUR"}}},
		{"FAQPage", []Attribute{{"mainEntity.name", "Why?"}, {"mainEntity.acceptedAnswer.text", "So."}}},
	})
	equal(t, p.Authors, []string{"A", "B"})
	equal(t, p.Type, "NewsArticle")
	equal(t, p.SiteName, "P")
	equal(t, p.Published.Format(time.DateOnly), "2019-11-18")
}

func TestJSONLDIsBounded(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<18), `{"@type":"X","a":[` + strings.Repeat(`"b",`, 1<<18),
		"[" + strings.Repeat(`{"@type":"X"},`, 1<<16) + "]", `{"@type":"X","` + strings.Repeat("k", 1<<20) + `":"` + strings.Repeat("v", 1<<20) + `"}`,
		`{"@type":"` + strings.Repeat(`\u00e9`, 1<<18) + `"}`,
	} {
		things, _ := jsonLD([]byte(s), nil)
		if len(things) > maxThings {
			t.Errorf("%d things", len(things))
		}
		for _, x := range things {
			if len(x.Properties) > maxProperties || len(x.Type) > 100 {
				t.Errorf("%d properties, type of %d bytes", len(x.Properties), len(x.Type))
			}
		}
	}
}

func FuzzJSONLD(f *testing.F) {
	for _, s := range []string{
		`{"@type":"A","b":{"c":[1,"d\n\ud83d\ude00",null,true]},"@graph":[{"@type":"B"}]}`, `<!-- [{"@type":"x:Y"},] -->`, `{"@type":["\`, `"\u12`, `{"articleBody":"x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			return
		}
		things, body := jsonLD(b, nil)
		if !utf8.ValidString(fmt.Sprint(things, body)) {
			t.Error("not UTF-8")
		}
	})
}

func TestPagefind(t *testing.T) {
	p := read(t, `<head><meta data-pagefind-filter="site[content]" content="Docs"></head><nav>N</nav><p>Outside.</p><main data-pagefind-body><h1 data-pagefind-meta=title>T</h1>
		<p data-pagefind-weight=5>Important.</p><p>Plain.</p><aside data-pagefind-ignore>Not this, <b data-pagefind-meta="kind">but this</b>.</aside>
		<div data-pagefind-ignore=all>Nor <b data-pagefind-meta=no>this</b></div><nav>M</nav>
		<a title=Home data-pagefind-meta="link, link_title[title], other:Free text, to the end">Go</a></main>
		<span data-pagefind-filter="author">A</span><span data-pagefind-filter="author">B</span>`)
	equal(t, p.Attributes, []Attribute{{"site", "Docs"}, {"link_title", "Home"}, {"other", "Free text, to the end"}, {"title", "T"},
		{"kind", "but this"}, {"link", "Go"}, {"author", "A"}, {"author", "B"}})
	equal(t, p.Body, "T\nImportant.\nPlain.\nGo")
	equal(t, p.Weighted, []Weighted{{5, "Important."}})
	if !p.Marked || read(t, `<main data-pagefind-ignore>x</main>`).Marked || !read(t, `<p data-elastic-include>x`).Marked {
		t.Error("Marked is wrong")
	}
	if !strings.Contains(p.Excluded, "Outside.") || !strings.Contains(p.Excluded, "Nor this") || p.Boilerplate != "M" {
		t.Errorf("excluded %q, boilerplate %q", p.Excluded, p.Boilerplate)
	}
}

func TestWeights(t *testing.T) {
	p := read(t, `<main><p>Plain text stands here.<div data-pagefind-weight=3><p>Twice.<p hidden>Secret.<p data-pagefind-weight=0.2>Small print.</div>
		<aside data-pagefind-ignore><p data-pagefind-weight=9>Ignored.</aside><p data-pagefind-weight=.5>Half.<p data-pagefind-weight=NaN>None.</main>`)
	equal(t, p.Weighted, []Weighted{{3, "Twice."}, {0.5, "Half."}})
	equal(t, p.Body, "Plain text stands here.\nTwice.\nHalf.\nNone.")
	equal(t, p.Boilerplate, "Small print.")
}

func TestElastic(t *testing.T) {
	p := read(t, `<body>test1 <div data-elastic-exclude>test2 <p data-elastic-include>test3 <span data-elastic-exclude>test4 <span data-elastic-include>test5</span></span></p>
		test6 <a href=/still-followed>x</a></div>test7</body>`)
	equal(t, strings.Fields(p.Body), []string{"test1", "test3", "test5", "test7"})
	equal(t, strings.Fields(p.Excluded), []string{"test2", "test4", "test6", "x"})
	equal(t, len(p.Links), 1)
	p = read(t, `<meta class=elastic name=product_version content=7.10><p>out</p><div data-elastic-include>in <b data-elastic-name=Author>A. B.</b></div>`)
	equal(t, p.Attributes, []Attribute{{"product_version", "7.10"}, {"Author", "A. B."}})
	equal(t, p.Body, "in A. B.")
}

func TestDocSearch(t *testing.T) {
	p := read(t, `<meta name="docsearch:language" content="en"/><meta name="docsearch:version" content="2.0.0, latest"/><p>x`)
	equal(t, p.Attributes, []Attribute{{"language", "en"}, {"version", "2.0.0"}, {"version", "latest"}})
}

func TestNoSnippet(t *testing.T) {
	p := read(t, "<p>Seen. <span data-nosnippet>Found only. <b>This too.</b></span> Seen again.")
	equal(t, p.Body, "Seen.\nSeen again.")
	equal(t, p.NoSnippetText, "Found only. This too.")
}

// H10: text that is not shown.
func TestHidden(t *testing.T) {
	for _, c := range []struct {
		attrs             string
		hidden, deceptive bool
	}{
		{"hidden", true, false}, {"hidden=until-found", false, false}, {"style='display : NONE!important'", true, false},
		{"style='visibility:hidden'", true, false}, {"style='opacity:0.0'", true, false}, {"style='opacity:.5'", false, false},
		{"style='font-size:1px'", true, true}, {"style='font-size:0'", true, true}, {"style='font-size:11px'", false, false},
		{"style='color:#fff;background:#FFFFFF'", true, true}, {"style='color:#fff;background-color:#000'", false, false},
		{"style='color:white'", false, false}, {"style='color:#abc;background:#aabbcc'", true, true},
		{"style='position:absolute;left:-9999px'", true, false}, {"style='left:-99px'", false, false}, {"style='text-indent:-1000em'", true, false},
		{"style='margin:0'", false, false}, {"style=''", false, false},
	} {
		p := read(t, filler(5)+"<div "+c.attrs+">Cheap words to find</div><p>After the text.")
		if got := strings.Contains(p.Hidden, "Cheap words"); got != c.hidden || got == strings.Contains(p.Body, "Cheap words") {
			t.Errorf("%s: hidden is %v, want %v", c.attrs, got, c.hidden)
		}
		if p.HiddenText != c.deceptive {
			t.Errorf("%s: flag %v, want %v", c.attrs, p.HiddenText, c.deceptive)
		}
	}
	p := read(t, "<p>Short.<div style='display:none'>"+strings.Repeat("spam and ", 100)+"</div>")
	equal(t, p.HiddenText, true)
}
