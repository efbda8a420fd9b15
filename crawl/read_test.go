package crawl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/weburl"
)

const german = "Die Suchmaschine durchsucht die Seiten, die man ihr nennt, und zeigt die besten zuerst. Sie merkt sich, was sie gesehen hat."

// TestReads: what a body becomes, whatever its type.
func TestReads(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Page("/", crawltest.Page{Title: "A", Text: "t", Links: []string{"/x.md", "/x.txt", "/x.bin", "/old.doc", "/de", "/quiet", "/date"}})
		b.site.Page("/x.md", crawltest.Page{ContentType: "text/markdown; charset=utf-8", HTML: "# Read me\n\nSome words with a [link](/from-md).\n\n## Use\n\nMore words.\n"})
		b.site.Page("/from-md", crawltest.Page{Title: "M", Text: "t"})
		b.site.Page("/x.txt", crawltest.Page{ContentType: "text/plain", HTML: "Notes\n\nThe first paragraph.\n"})
		b.site.Page("/x.bin", crawltest.Page{ContentType: "application/octet-stream", HTML: "\x7fELF\x02\x01\x01\x00\x00\x00\x00"})
		b.site.Page("/old.doc", crawltest.Page{ContentType: "application/msword", HTML: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)})
		b.site.Page("/de", crawltest.Page{HTML: "<!doctype html><html lang=en><title>Seite</title><p>" + german})
		b.site.Page("/quiet", crawltest.Page{HTML: "<!doctype html><meta name=robots content=nosnippet><title>Q</title><p>" + german})
		b.site.Page("/date", crawltest.Page{HTML: `<!doctype html><title>D</title><meta property="article:published_time" content="1999-05-06T07:08:09Z">
			<meta name=author content="Ada Lovelace"><meta class=elastic name=product content=trawl><p>` + german})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/date", "/de", "/from-md", "/quiet", "/x.md", "/x.txt")
		b.wantWhy("/old.doc", "skipped", "type application/msword")
		for path, want := range map[string]map[string]string{
			"/x.md":  {"title": "Read me", "headings": "Read me\nUse", "media_type": "text/markdown", "sections": "§1\n0 0 1 read-me\tRead me\n24 0 2 use\tUse\n"},
			"/x.txt": {"title": "Notes"},
			"/quiet": {"body": "", "boilerplate": german},
			"/date":  {"published": "1999-05-06T07:08:09Z", "updated": "1999-05-06T07:08:09Z", "author": "Ada Lovelace", "product": "trawl"},
		} {
			d := b.sink.docs["http://a.test"+path]
			if d == nil {
				t.Errorf("no document of %s", path)
				continue
			}
			for name, text := range want {
				if got := d.Text(name); got != text {
					t.Errorf("%s: %s is %q, want %q", path, name, got, text)
				}
			}
		}
		if d := b.sink.docs["http://a.test/de"]; d.Lang != "de" {
			t.Errorf("a German page that says en is taken for %q", d.Lang)
		}
	})
}

// TestFeeds: a feed that a page names leads to what it lists, and to what changed
// since it was fetched.
func TestFeeds(t *testing.T) {
	inBed(t, func(b *bed) {
		rss := func(items ...string) crawltest.Page {
			return crawltest.Page{ContentType: "application/rss+xml", HTML: `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>` + strings.Join(items, "") + `</channel></rss>`}
		}
		item := func(path string, at time.Time) string {
			return fmt.Sprintf("<item><title>%s</title><link>http://a.test%s</link><pubDate>%s</pubDate></item>", path, path, at.Format(time.RFC1123Z))
		}
		b.site.Page("/", crawltest.Page{HTML: `<!doctype html><title>A</title><link rel=alternate type="application/rss+xml" href=/feed.xml><p>Home`})
		b.site.Handle("/feed.xml", rss(item("/one", time.Now().Add(-time.Hour))))
		b.site.Page("/one", crawltest.Page{Title: "One", Text: "first"}).Page("/two", crawltest.Page{Title: "Two", Text: "second"})
		b.crawl(false, "http://a.test/")
		b.wantLive("/", "/one")
		b.wantWhy("/feed.xml", "skipped", "feed")

		time.Sleep(2 * time.Hour)
		b.site.Handle("/feed.xml", rss(item("/one", time.Now().Add(-time.Minute)), item("/two", time.Now())))
		b.site.Page("/one", crawltest.Page{Title: "One", Text: "changed"})
		u, err := weburl.Parse("http://a.test/feed.xml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.c.front.Add([]frontier.Item{{URL: u, Again: true}}); err != nil {
			t.Fatal(err)
		}
		b.finish(false)
		b.wantLive("/", "/one", "/two")
		if d := b.sink.docs["http://a.test/one"]; !strings.Contains(d.Text("body"), "changed") {
			t.Errorf("what the feed says has changed was not fetched again: %q", d.Text("body"))
		}
	})
}
