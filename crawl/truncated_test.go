package crawl

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/frontier"
)

// TestTruncated: a page with more links than are read is known as truncated, until it
// has fewer, and an address that nobody else names may be on it.
func TestTruncated(t *testing.T) {
	inBed(t, func(b *bed) {
		var many strings.Builder
		many.WriteString("<title>Many</title><p>Of links there are many here.")
		for i := range 5000 { // as many as are read of a page
			fmt.Fprintf(&many, "<a href=http://elsewhere.test/%d>%d</a> ", i, i)
		}
		page := crawltest.Page{HTML: many.String() + "<a href=/dir/last>last</a>", ETag: `"1"`}
		other := crawltest.Page{HTML: strings.Replace(many.String(), "Of links", "Of other links", 1) + "<a href=/more>more</a>", ETag: `"1"`}
		b.site.Page("/", crawltest.Page{Title: "Home", Text: "A home of three links.", Links: []string{"/many", "/dir/many", "/few"}})
		b.site.Page("/many", page)
		b.site.Page("/dir/many", other)
		b.site.Page("/few", crawltest.Page{Title: "Few", Text: "Hardly any links."})
		b.site.Page("/dir/last", crawltest.Page{Title: "Last", Text: "The last of all."})
		want := func(truncated bool) {
			t.Helper()
			list, err := b.c.List(t.Context(), frontier.Range{To: frontier.Slots}, frontier.Filter{States: []frontier.State{frontier.Done}, Truncated: true}, 10)
			if err != nil || len(list) > 2 || (len(list) == 2) != truncated || !list[0].Truncated {
				t.Errorf("truncated are %+v, want /many %v; %v", list, truncated, err)
			}
			r, err := b.c.Why(t.Context(), "http://a.test/dir/last")
			if near := r.PerhapsOn; err != nil || r.Known == truncated || (len(near) == 2 && near[0].Path() == "/dir/many" && near[1].Path() == "/many") != truncated {
				t.Errorf("/dir/last: %+v, %v", r, err)
			}
		}
		again := func() {
			t.Helper()
			b.close()
			time.Sleep(48 * time.Hour)
			b.open()
			if err := b.c.Recrawl(); err != nil {
				t.Fatal(err)
			}
			b.finish(true)
		}
		b.crawl(true, "http://a.test/")
		b.wantLive("/", "/dir/many", "/few", "/many")
		want(true)
		if r, err := b.c.Why(t.Context(), "http://b.test/"); err != nil || len(r.PerhapsOn) > 0 {
			t.Errorf("another site's page may be on %v; %v", r.PerhapsOn, err)
		}
		again() // it has not changed
		want(true)
		page.HTML, page.ETag = strings.Replace(page.HTML, "4999", "4998", 2), `"2"`
		b.site.Page("/many", page)
		again()
		b.wantLive("/", "/dir/last", "/dir/many", "/few", "/many")
		want(false)
	})
}

// TestHalfAFile: a document that is longer than may be fetched says so, and not that
// it is damaged.
func TestHalfAFile(t *testing.T) {
	inBed(t, func(b *bed) {
		b.opt.Fetch.MaxWireBytes = 5000
		var file bytes.Buffer
		z := zip.NewWriter(&file)
		for i := range 5 {
			w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprint("word/", i)})
			if err == nil {
				_, err = w.Write(make([]byte, 2000))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		b.site.Page("/", crawltest.Page{Title: "Home", Text: "Files.", Links: []string{"/long.docx", "/short.docx"}})
		docx := "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		b.site.Page("/long.docx", crawltest.Page{HTML: file.String(), ContentType: docx})
		b.site.Page("/short.docx", crawltest.Page{HTML: file.String()[:1000], ContentType: docx})
		b.crawl(true, "http://a.test/")
		b.wantWhy("/long.docx", "skipped", "body-limit "+docx)
		b.wantWhy("/short.docx", "skipped", "damaged "+docx)
		if r, _ := b.c.Why(t.Context(), "http://a.test/long.docx"); !r.Truncated {
			t.Errorf("%+v", r)
		}
	})
}
