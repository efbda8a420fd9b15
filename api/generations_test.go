package api

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// TestGenerations walks a collection through all that may happen to it. Each
// line is what is done and how it stands then: live | candidate | previous |
// being deleted | number of the crawl that the live generation is to do.
func TestGenerations(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	good, bad := Verdict{At: now, Pages: 5}, Verdict{At: now, Reasons: []string{"lost"}}
	c := Collection{Name: "web", Shards: 1, Crawl: 4}
	for _, step := range []struct {
		what     string
		do       func() error
		want     string
		conflict bool
	}{
		{what: "publish nothing", do: func() error { return c.Publish(now) }, want: "1 | - | | | 4", conflict: true},
		{what: "discard nothing", do: func() error { return c.Discard(now) }, want: "1 | - | | | 4", conflict: true},
		{what: "roll back to nothing", do: func() error { return c.Rollback(now) }, want: "1 | - | | | 4", conflict: true},
		{what: "full", do: func() error { c.AskFull(now); return nil }, want: "1 | 2 building | | | 4"},
		{what: "full again", do: func() error { c.AskFull(now); return nil }, want: "1 | 2 building | | | 4"},
		{what: "publish what is built", do: func() error { return c.Publish(now) }, want: "1 | 2 building | | | 4", conflict: true},
		{what: "verdict on another", do: func() error { return c.Judged(3, good) }, want: "1 | 2 building | | | 4", conflict: true},
		{what: "a crawl meanwhile", do: func() error { c.AskCrawl(); return nil }, want: "1 | 2 building | | | 6"},
		{what: "held", do: func() error { return c.Judged(2, bad) }, want: "1 | 2 held | | | 6"},
		{what: "verdict twice", do: func() error { return c.Judged(2, good) }, want: "1 | 2 held | | | 6", conflict: true},
		{what: "publish nonetheless", do: func() error { return c.Publish(now) }, want: "2 | - | 1 | | 6"},
		{what: "roll back", do: func() error { return c.Rollback(now) }, want: "1 | - | 2 | | 6"},
		{what: "and forward", do: func() error { return c.Rollback(now) }, want: "2 | - | 1 | | 6"},
		{what: "another full", do: func() error { c.AskFull(now); return nil }, want: "2 | 3 building | 1 | | 6"},
		{what: "held too", do: func() error { return c.Judged(3, bad) }, want: "2 | 3 held | 1 | | 6"},
		{what: "full in its place", do: func() error { c.AskFull(now); return nil }, want: "2 | 4 building | 1 | 3 | 6"},
		{what: "published", do: func() error { return c.Judged(4, good) }, want: "4 | - | 2 | 3 1 | 8"},
		{what: "deleted", do: func() error { c.Deleted(now, 3); c.Deleted(now, 3); return nil }, want: "4 | - | 2 | 1 | 8"},
		{what: "keep none", do: func() error {
			keep := 0
			c.KeepGenerations = &keep
			c.AskFull(now)
			return c.Judged(5, good)
		}, want: "5 | - | | 1 4 2 | 9"},
		{what: "full that is dropped", do: func() error { c.AskFull(now); return c.Discard(now) }, want: "5 | - | | 1 4 2 6 | 9"},
	} {
		before, _ := json.Marshal(c)
		err := step.do()
		if (err != nil) != step.conflict || err != nil && !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", step.what, err)
		}
		if after, _ := json.Marshal(c); step.conflict && string(after) != string(before) {
			t.Errorf("%s changed %s to %s", step.what, before, after)
		}
		if got := standing(&c); normal(got) != normal(step.want) {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
	events := c.Standing().Events
	for i, e := range events {
		if e.Number != int64(i+1) {
			t.Errorf("event %d has number %d", i, e.Number)
		}
	}
	for range 2 * maxEvents {
		c.AskFull(now)
		if err := c.Discard(now); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Standing().Events; len(got) != maxEvents || got[len(got)-1].Number != int64(len(events)+4*maxEvents) {
		t.Errorf("%d events, the last %+v", len(got), got[len(got)-1])
	}
}

// normal makes one space of many.
func normal(s string) string { return strings.Join(strings.Fields(s), " ") }

func standing(c *Collection) string {
	g := c.Standing()
	var b strings.Builder
	word := func(v any) {
		text, _ := json.Marshal(v)
		b.WriteString(string(text) + " ")
	}
	word(g.Live.Number)
	b.WriteString("| ")
	switch {
	case g.Candidate == nil:
		b.WriteString("-")
	case g.Building():
		word(g.Candidate.Number)
		b.WriteString("building")
	default:
		word(g.Candidate.Number)
		b.WriteString("held")
	}
	b.WriteString(" | ")
	for _, p := range g.Previous {
		word(p.Number)
	}
	b.WriteString("| ")
	for _, d := range g.Deleting {
		word(d.Number)
	}
	b.WriteString("| ")
	word(g.Live.Crawl)
	return b.String()
}

func TestGuard(t *testing.T) {
	half, none, all := 0.5, 0.0, 1.0
	for _, tc := range []struct {
		name  string
		guard *Guard
		v     Verdict
		held  int
	}{
		{"all well", nil, Verdict{Pages: 10, LivePages: 10, Fetches: 10}, 0},
		{"no pages", nil, Verdict{}, 1},
		{"no pages, whatever the limits", &Guard{&all, &all}, Verdict{LivePages: 10, Lost: 10, Fetches: 10, Errors: 10}, 1},
		{"the first of all", nil, Verdict{Pages: 1}, 0},
		{"a tenth is lost", nil, Verdict{Pages: 9, LivePages: 10, Lost: 1}, 0},
		{"more than a tenth", nil, Verdict{Pages: 88, LivePages: 100, Lost: 11}, 1},
		{"lost, though as many are new", nil, Verdict{Pages: 100, LivePages: 100, Lost: 11, Added: 11}, 1},
		{"moved", nil, Verdict{Pages: 100, LivePages: 100, Moved: 90}, 0},
		{"errors", nil, Verdict{Pages: 100, Fetches: 200, Errors: 21}, 1},
		{"errors in bounds", nil, Verdict{Pages: 100, Fetches: 200, Errors: 20}, 0},
		{"limits of its own", &Guard{&half, &half}, Verdict{Pages: 5, LivePages: 10, Lost: 5, Fetches: 10, Errors: 5}, 0},
		{"no loss at all", &Guard{MaxLost: &none}, Verdict{Pages: 1000, LivePages: 1000, Lost: 1}, 1},
		{"both", nil, Verdict{Pages: 1, LivePages: 2, Lost: 1, Fetches: 2, Errors: 1}, 2},
	} {
		tc.v.Reasons = []string{"of before"}
		if tc.guard.Judge(&tc.v); len(tc.v.Reasons) != tc.held {
			t.Errorf("%s: %q", tc.name, tc.v.Reasons)
		}
	}
	for _, bad := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		c := Collection{Name: "web", Guard: &Guard{MaxErrors: &bad}}
		if c.Check() == nil {
			t.Errorf("a share of %g is taken", bad)
		}
	}
	for _, bad := range []int{-1, MaxKeepGenerations + 1} {
		c := Collection{Name: "web", KeepGenerations: &bad}
		if c.Check() == nil {
			t.Errorf("%d generations are kept", bad)
		}
	}
}

func TestGenerationsByClient(t *testing.T) {
	f, c := serve(t)
	f.cols["web"] = Collection{Name: "web", Shards: 1, Version: 1, Source: &Source{Seeds: []string{"http://a.test/"}}}
	lost := 0.5
	got, err := c.AskCrawl(t.Context(), "web", CrawlRequest{Full: true, Guard: &Guard{MaxLost: &lost}})
	if err != nil || got != (CrawlAccepted{"web", 1, 2}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	errs := 0.25
	if _, err := c.AskCrawl(t.Context(), "web", CrawlRequest{Guard: &Guard{MaxErrors: &errs}}); err != nil {
		t.Fatal(err)
	}
	if g := f.cols["web"].Guard; *g.MaxLost != lost || *g.MaxErrors != errs {
		t.Errorf("guard %+v", g)
	}
	if g, err := c.Discard(t.Context(), "web"); err != nil || g.Candidate != nil || g.Live.Number != 1 {
		t.Errorf("got %+v, %v", g, err)
	}
	if d, err := c.Diff(t.Context(), "web", 7); err != nil || d.From != 7 {
		t.Errorf("got %+v, %v", d, err)
	}
	if e, err := c.History(t.Context(), "web", 1); err != nil || len(e) != 1 || e[0].Kind != EventHeld {
		t.Errorf("got %+v, %v", e, err)
	}
	web := c.Base + "/api/v1/collections/web"
	check(t, "POST", web+"/publish", "", 409, "conflict")
	check(t, "POST", web+"/rollback", "", 409, "conflict")
	check(t, "POST", c.Base+"/api/v1/collections/nowhere/publish", "", 404, "collection_not_found")
	check(t, "GET", web+"/diff?limit=10001", "", 400, "bad_parameter")
	check(t, "POST", web+"/crawl", `{"guard":{"max_lost":2}}`, 400, "bad_collection")
	if _, made := f.cols["nowhere"]; made {
		t.Error("a roll-back made a collection")
	}
	f.deny = errors.New("not you")
	for _, verb := range []string{"publish", "discard", "rollback"} {
		check(t, "POST", web+"/"+verb, "", 403, "forbidden")
	}
	check(t, "GET", web+"/diff", "", 403, "forbidden")
}
