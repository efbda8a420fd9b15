package crawl

import (
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
)

// TestReparse: all documents come anew from the captures, without a request, those of
// pages that changed or went as they are now.
func TestReparse(t *testing.T) {
	inBed(t, func(b *bed) {
		site := crawltest.Generate(9, 120)
		b.site.Mount(site)
		b.site.Page("/extra", crawltest.Page{Title: "X", Text: "the first text of this page"})
		b.crawl(false, "http://a.test/", "http://a.test/extra")
		time.Sleep(time.Hour)
		b.site.Page("/extra", crawltest.Page{Title: "X", Text: "the second text of this page"})
		b.site.Page(site.Pages[7].Path, crawltest.Page{Status: 410})
		b.c.Recrawl()
		b.finish(true)

		live, requests := b.sink.live(), b.web.Total()
		events := map[string]int{}
		for id, n := range b.sink.events {
			events[id] = n
		}
		stop := b.start()
		var calls int
		st, err := b.c.Reparse(t.Context(), []string{b.c.Captures()}, func(ReparseStats) { calls++ })
		if err != nil {
			t.Fatal(err)
		}
		for b.c.Stats().Outbox > 0 {
			time.Sleep(time.Second)
		}
		stop()
		if st.Documents != 120 || calls < 2 || st.Corrupt != 0 || b.web.Total() != requests {
			t.Errorf("%+v, %d calls, %d requests", st, calls, b.web.Total()-requests)
		}
		if got := b.sink.live(); strings.Join(got, " ") != strings.Join(live, " ") {
			t.Errorf("live documents %q, were %q", got, live)
		}
		for _, path := range live {
			if id := "http://a.test" + path; b.sink.events[id] != events[id]+1 {
				t.Errorf("%s: %d events more", path, b.sink.events[id]-events[id])
			}
		}
		if text := b.sink.docs["http://a.test/extra"].Text("body"); !strings.Contains(text, "second") {
			t.Errorf("a page that changed is back to %q", text)
		}
	})
}
