package node

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/shard"
)

// published makes a collection whose second generation is live, in dir.
func published(t *testing.T, dir string, site *changing) *running {
	t.Helper()
	r := start1(t, dir, "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	site.version.Store(1)
	r.full(t, "web")
	if st := r.judged(t, "web", 2); st.Generation != 2 {
		t.Fatalf("got %+v\n%s", st, r.log)
	}
	r.until(t, "all of it is written down", func() bool {
		_, live, err := lastPointer(t.Context(), r.blobs, "web")
		return err == nil && live == 2
	})
	return r
}

// TestSwapOutlivesRegistry deletes the broker's files after a swap: the database
// knows what is live. And where the database had not been told either, the
// generation before still stands, and answers.
func TestSwapOutlivesRegistry(t *testing.T) {
	const pages = 12
	for _, tc := range []struct {
		name string
		told bool
	}{{"the database was told", true}, {"the database was not", false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			site := startChanging(t, pages)
			r := published(t, dir, site)
			if !tc.told { // as if the process had been killed right behind the write to the registry
				row, err := r.db.Collection(t.Context(), "web")
				if err != nil {
					t.Fatal(err)
				}
				var col api.Collection
				if err := json.Unmarshal(row.Settings, &col); err != nil {
					t.Fatal(err)
				}
				g := col.Standing()
				live := g.Live
				g.Live, g.Previous, g.Candidate = g.Previous[0], nil, &live
				col.Generations = &g
				col.Version--
				if row.Settings, err = json.Marshal(col); err != nil {
					t.Fatal(err)
				}
				if _, err := r.db.PutCollection(t.Context(), row); err != nil {
					t.Fatal(err)
				}
			}
			r.stop(t)
			if err := os.RemoveAll(filepath.Join(dir, "bus")); err != nil {
				t.Fatal(err)
			}
			r = start1(t, dir, "crawl-delay", "-1ms")
			a, b := r.total(t, "web", "v0v"), r.total(t, "web", "v1v")
			if a+b != pages || a != 0 && b != 0 || tc.told && b != pages {
				t.Errorf("%d pages of the generation before, %d of the new one\n%s", a, b, r.log)
			}
			// The candidate is judged again, where it was not known to be live.
			r.until(t, "the new generation is live", func() bool { return r.total(t, "web", "v1v") == pages })
			r.push(t, "web", 0, 3)
			r.until(t, "pushes go on", func() bool { return r.total(t, "web", "pushed") == 3 })
			r.stop(t)
		})
	}
}

// TestVerdictTwice: a report whose verdict was not written any more does not keep
// the next one from being written.
func TestVerdictTwice(t *testing.T) {
	t.Parallel()
	site := startChanging(t, 8)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	if err := r.keepReport(t.Context(), "web", 2, &guardReport{Generation: 2}); err != nil {
		t.Fatal(err)
	}
	r.full(t, "web")
	r.judged(t, "web", 2)
	report, err := r.readReport(t.Context(), "web", 2)
	if err != nil || report.Verdict.Pages != 8 {
		t.Errorf("got %+v, %v", report, err)
	}
	r.stop(t)
}

// TestDeletionGoesOn: a deletion that was cut off is finished by the next look,
// and nothing is deleted before its time.
func TestDeletionGoesOn(t *testing.T) {
	t.Parallel()
	const pages = 8
	dir := t.TempDir()
	site := startChanging(t, pages)
	r := published(t, dir, site)
	r.full(t, "web")
	r.judged(t, "web", 3)
	names, err := r.blobs.List(t.Context(), "index/web/1/")
	if err != nil || len(names) < 2 {
		t.Fatalf("the first generation was deleted at once: %q, %v", names, err)
	}
	if err := r.blobs.Delete(t.Context(), names[0]); err != nil { // and then a power cut
		t.Fatal(err)
	}
	r.stop(t)
	r = start1(t, dir, "crawl-delay", "-1ms")
	j := newJanitor(r.gateway)
	r.until(t, "it is gone", func() bool {
		col, err := r.catalog.Collection("web")
		if err != nil {
			t.Fatal(err)
		}
		if err := j.tidy(t.Context(), col, time.Now().Add(2*deleteGrace)); err != nil {
			t.Log(err)
		}
		return len(col.Generations.Deleting) == 0
	})
	if left, err := r.blobs.List(t.Context(), "index/web/1/"); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	if got := r.total(t, "web", "page"); got != pages {
		t.Errorf("%d pages", got)
	}
	events, err := r.History(t.Context(), "web", 1)
	r.until(t, "history tells so", func() bool {
		events, err = r.History(t.Context(), "web", 1)
		return err == nil && len(events) == 1 && events[0].Kind == api.EventDeleted && events[0].Generation == 1
	})
	r.stop(t)
}

// TestTrimmedLog: pushes that the log has no more are taken over from the live
// index, whole; and the log is trimmed though several generations read it.
func TestTrimmedLog(t *testing.T) {
	t.Parallel()
	site := startChanging(t, 5)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms", "log-bytes", "16MB", "commit-interval", "100ms")
	r.crawlSite(t, "web", site.url)
	const each = 30
	bulk := func(from int) {
		t.Helper()
		var b strings.Builder
		for i := from; i < from+each; i++ {
			fmt.Fprintf(&b, `{"id":"bulk-%d","title":"Bulk","text":"%s","boilerplate":"x%dx","lang":"de","colour":"red"}`+"\n", i, strings.Repeat("word ", 30_000), i)
		}
		if _, err := r.Push(t.Context(), "web", strings.NewReader(b.String())); err != nil {
			t.Fatal(err)
		}
		r.until(t, "they are found", func() bool { return r.total(t, "web", "bulk") == uint64(from+each) })
	}
	trimmed := func(beyond uint64) uint64 {
		t.Helper()
		docs, err := r.docLog(t.Context(), logKey{"web", 0})
		if err != nil {
			t.Fatal(err)
		}
		var first uint64
		r.until(t, "the log is trimmed", func() bool {
			st, err := docs.Stats(t.Context())
			first = st.First
			return err == nil && st.First > beyond
		})
		return first
	}
	check := func(n int) {
		t.Helper()
		for q, want := range map[string]int{"bulk": n, "lang:de": n, "red": n, "x1x": 1} {
			if got := r.total(t, "web", q); got != uint64(want) {
				t.Errorf("%s: %d of %d", q, got, want)
			}
		}
	}
	bulk(0)
	check(each)
	first := trimmed(1)
	r.full(t, "web")
	if st := r.judged(t, "web", 2); st.Generation != 2 {
		t.Fatalf("got %+v\n%s", st, r.log)
	}
	check(each)
	bulk(each) // with a generation that is kept for roll-back
	trimmed(first)
	if _, err := r.Rollback(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the one before has them all", func() bool { return r.total(t, "web", "bulk") == 2*each })
	check(2 * each)
	r.stop(t)
}

// TestUnmarkedPushes: documents that were pushed before generations were known
// go to a new one too, where they can be told from pages.
func TestUnmarkedPushes(t *testing.T) {
	t.Parallel()
	site := startChanging(t, 6)
	r := start1(t, t.TempDir(), "crawl-delay", "-1ms")
	r.crawlSite(t, "web", site.url)
	d := &document.Document{ID: "old", Key: document.KeyOf("old"), Version: 7, Fields: []document.Field{{Name: "title", Text: "Antique"}}}
	if err := r.append(t.Context(), logKey{"web", 0}, newID(), [][]byte{d.Append(nil)}); err != nil { // as they were written then
		t.Fatal(err)
	}
	r.until(t, "it is committed", func() bool {
		replica, err := shard.Follow(t.Context(), shard.Options{Bucket: r.blobs.Sub(partition{"web", 1, 0}.prefix())})
		if err != nil {
			t.Fatal(err)
		}
		defer replica.Close()
		return replica.Has(d.Key)
	})
	r.full(t, "web")
	if st := r.judged(t, "web", 2); st.Generation != 2 || r.total(t, "web", "antique") != 1 {
		t.Errorf("got %+v\n%s", st, r.log)
	}
	r.stop(t)
}
