package crawl

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/weburl"
)

func TestWindow(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := []Window{{Sites: []string{"example.org"}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: berlin}}
	weekend := []Window{{Days: []time.Weekday{time.Saturday, time.Sunday}, From: 0, To: 24 * time.Hour}, {From: 20 * time.Hour, To: 21*time.Hour + 30*time.Minute}}
	for _, tt := range []struct {
		windows         []Window
		host, at, opens string
	}{
		{night, "example.org", "2026-03-02T20:59:59Z", "2026-03-02T21:00:00Z"}, // winter: UTC+1
		{night, "www.example.org", "2026-03-02T23:00:00Z", "2026-03-02T23:00:00Z"},
		{night, "example.org", "2026-03-03T05:00:00Z", "2026-03-03T21:00:00Z"}, // the end is outside
		{night, "example.org", "2026-03-29T04:30:00Z", "2026-03-29T20:00:00Z"}, // summer time began that night
		{night, "notexample.org", "2026-03-03T12:00:00Z", "2026-03-03T12:00:00Z"},
		{weekend, "a.test", "2026-03-06T12:00:00Z", "2026-03-06T20:00:00Z"}, // a Friday
		{weekend, "a.test", "2026-03-06T21:30:00Z", "2026-03-07T00:00:00Z"},
		{weekend, "a.test", "2026-03-08T12:00:00Z", "2026-03-08T12:00:00Z"},
		{weekend[:1], "a.test", "2026-03-09T00:00:00Z", "2026-03-14T00:00:00Z"},
	} {
		u, err := weburl.Parse("http://" + tt.host + "/")
		if err != nil {
			t.Fatal(err)
		}
		at, _ := time.Parse(time.RFC3339, tt.at)
		want, _ := time.Parse(time.RFC3339, tt.opens)
		if got := hours(tt.windows)(u, at); !got.Equal(want) {
			t.Errorf("%s at %s opens at %s, want %s", tt.host, tt.at, got.UTC(), tt.opens)
		}
	}
}

// TestSchedule: pages are fetched in the window only, and the crawl is not over before.
func TestSchedule(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Mount(crawltest.Generate(5, 30))
		b.opt.Schedule = []Window{{From: 5 * time.Hour, To: 6 * time.Hour}} // the bubble begins at midnight
		b.open()
		if _, err := b.c.Add(t.Context(), []string{"http://a.test/"}); err != nil {
			t.Fatal(err)
		}
		stop := b.start()
		time.Sleep(4 * time.Hour)
		if why, err := b.c.Why(b.t.Context(), "http://a.test/"); b.c.Idle() || b.web.Total() != 0 || why.Refused != "schedule" || err != nil {
			t.Errorf("outside of its hours: idle %t, %d requests, %+v, %v", b.c.Idle(), b.web.Total(), why, err)
		}
		time.Sleep(2 * time.Hour)
		stop()
		if st := b.c.Stats(); st.Pages != 30 || !b.c.Idle() {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestBytes: a crawl ends with its bytes, those under way aside, and the next has
// as many.
func TestBytes(t *testing.T) {
	inBed(t, func(b *bed) {
		b.site.Mount(crawltest.Generate(5, 100))
		b.opt.Workers, b.opt.MaxBytes = 1, 50_000
		b.crawl(false, "http://a.test/")
		n := b.c.Stats().Bytes
		if n < 50_000 || n > 70_000 || b.c.Stats().Queued == 0 {
			t.Errorf("%d bytes, %+v", n, b.c.Stats())
		}
		fails := 0
		for _, p := range crawltest.Generate(5, 100).Pages {
			if why, _ := b.c.Why(b.t.Context(), "http://a.test"+p.Path); why.Refused == "crawl-bytes" {
				fails++
			}
		}
		if fails == 0 {
			t.Error("no address says that it waits for bytes")
		}
		if err := b.c.Recrawl(); err != nil {
			t.Fatal(err)
		}
		b.finish(false)
		if more := b.c.Stats().Bytes - n; more < 40_000 || more > 70_000 {
			t.Errorf("%d bytes in the second crawl", more)
		}
	})
}
