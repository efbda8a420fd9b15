package convert

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

const rssFeed = `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title><link>http://a.test/</link>
<item><title>Old &amp; <![CDATA[<b>bold</b>]]></title><link>http://a.test/1</link><guid isPermaLink="false">urn:1</guid><pubDate>Wed, 28 Feb 2024 12:00:00 GMT</pubDate><description>&lt;p&gt;Some &lt;b&gt;text&lt;/b&gt;&lt;/p&gt;</description></item>
<item><title>New</title><guid>http://a.test/2</guid><pubDate>Thu, 29 Feb 2024 13:00:00 +0100</pubDate><content:encoded>&lt;p&gt;Long&lt;/p&gt;</content:encoded></item>
</channel></rss>`

const atomFeed = `<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><link href="http://a.test/"/>
<entry><title type="html">N&lt;i&gt;e&lt;/i&gt;w</title><link rel="alternate" href="http://a.test/2"/><id>urn:2</id><updated>2024-02-29T12:00:00Z</updated><summary>Short</summary></entry></feed>`

const jsonFeed = `{"version":"https://jsonfeed.org/version/1.1","title":"News","home_page_url":"http://a.test/","items":[{"id":"urn:2","url":"http://a.test/2","title":"New","content_html":"<p>Short</p>","date_published":"2024-02-29T12:00:00Z"}]}`

const rdfFeed = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>News</title><link>http://a.test/</link></channel><item><title>New</title><link>http://a.test/2</link><description>Short</description><dc:date>2024-02-29T12:00:00Z</dc:date></item></rdf:RDF>`

func TestFeed(t *testing.T) {
	for _, c := range []struct {
		name, body string
		items      []Item
	}{
		{"rss", rssFeed, []Item{
			{Title: "New", Link: "http://a.test/2", GUID: "http://a.test/2", Published: at, Summary: "Long"},
			{Title: "Old & bold", Link: "http://a.test/1", GUID: "urn:1", Published: at.AddDate(0, 0, -1), Summary: "Some text"}}},
		{"atom", atomFeed, []Item{{Title: "New", Link: "http://a.test/2", GUID: "urn:2", Published: at, Updated: at, Summary: "Short"}}},
		{"json", jsonFeed, []Item{{Title: "New", Link: "http://a.test/2", GUID: "urn:2", Published: at, Summary: "Short"}}},
		{"rdf", rdfFeed, []Item{{Title: "New", Link: "http://a.test/2", Published: at, Updated: at, Summary: "Short"}}},
	} {
		f, err := ReadFeed([]byte(c.body), "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Title != "News" || f.Link != "http://a.test/" || f.Truncated {
			t.Errorf("%s: %+v", c.name, f)
		}
		if !reflect.DeepEqual(f.Items, c.items) {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, f.Items, c.items)
		}
	}
}

func TestFeedCharset(t *testing.T) {
	plain := strings.Replace(rssFeed, "News", "Caf\xe9", 1)
	utf16 := append([]byte("\xff\xfe"), utf16le(strings.Replace(strings.Replace(rssFeed, "News", "Café", 1), "utf-8", "utf-16", 1))...)
	for name, f := range map[string]struct {
		body        []byte
		contentType string
	}{
		"header":      {[]byte(plain), "text/xml; charset=iso-8859-1"},
		"declaration": {[]byte(strings.Replace(plain, "utf-8", "windows-1252", 1)), "text/xml"},
		"mark":        {utf16, "text/xml; charset=utf-8"},
	} {
		got, err := ReadFeed(f.body, f.contentType)
		if err != nil || got.Title != "Café" || len(got.Items) != 2 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestFeedHostile(t *testing.T) {
	item := "<item><title>x</title><link>http://a.test/x</link></item>"
	wrap := func(s string) string {
		return `<rss version="2.0"><channel><title>News</title>` + s + "</channel></rss>"
	}
	json := func(s string) string {
		return `{"version":"https://jsonfeed.org/version/1.1","title":"News","items":[` + s + "]}"
	}
	for _, c := range []struct {
		name, body string
		items      int    // of a feed that is read
		class      string // of an error
	}{
		{"a million items", wrap(strings.Repeat(item, 180_000)), 1000, ""},
		{"a million JSON items", json(strings.Repeat(`{"id":"1"},`, 500_000) + "{}"), 1000, ""},
		{"a large JSON feed", json(strings.Repeat(`{"id":"1"},`, 1_000_000) + "{}"), 1000, ""},
		{"JSON broken off", json(`{"id":"1"},{"id":"2"}`)[:80], 1, ""},
		{"broken off", strings.TrimSuffix(wrap(item+item+"<item><title>y"), "</channel></rss>"), 2, ""},
		{"not well-formed", wrap(item + "<br></p><title>" + item), 1, ""},
		{"deep", wrap(item + strings.Repeat("<a>", 1_000_000)), 1, ""},
		{"deep at once", wrap(strings.Repeat("<a>", 1_000_000)), 0, "parse-limit"},
		{"deep JSON", json(strings.Repeat("[", 1_000_000)), 0, "damaged"},
		{"laughs", laughs + wrap("<item><title>&c;&xxe;</title></item>"), 0, "parse-limit"},
		{"attributes", wrap("<item " + strings.Repeat(`a="" `, 1_000_000) + ">"), 0, "parse-limit"},
		{"a page", "<!DOCTYPE html><html><p>rss", 0, "unsupported"},
		{"nothing", "", 0, "unsupported"},
		{"root only", "<rss>", 0, "damaged"},
	} {
		start := time.Now()
		f, err := ReadFeed([]byte(c.body), "")
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("%s: %v", c.name, took)
		}
		if Class(err) != c.class || err == nil && len(f.Items) != c.items {
			t.Errorf("%s: %v, %v", c.name, f, err)
		}
		if err == nil && c.items == 1000 && !f.Truncated {
			t.Errorf("%s is not truncated", c.name)
		}
	}
	for _, feed := range []string{rssFeed, atomFeed, jsonFeed, rdfFeed} {
		for n := range feed {
			if f, err := ReadFeed([]byte(feed[:n]), ""); (f == nil) == (err == nil) || err != nil && Class(err) == "" {
				t.Fatalf("%d bytes: %v, %v", n, f, err)
			}
		}
	}
}

func FuzzFeed(f *testing.F) {
	for _, s := range []string{rssFeed, atomFeed, jsonFeed, rdfFeed} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		feed, err := ReadFeed(body, "")
		if (feed == nil) == (err == nil) || err != nil && Class(err) == "" {
			t.Fatalf("%v, %v", feed, err)
		}
	})
}

func BenchmarkFeed(b *testing.B) {
	var s strings.Builder
	for i := range 20 {
		fmt.Fprintf(&s, "<item><title>Item %d</title><link>http://a.test/%d</link><pubDate>Thu, 29 Feb 2024 13:00:00 +0100</pubDate><description>%s</description></item>", i, i, strings.Repeat("word ", 100))
	}
	body := []byte(`<rss version="2.0"><channel><title>News</title>` + s.String() + "</channel></rss>")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := ReadFeed(body, ""); err != nil {
			b.Fatal(err)
		}
	}
}
