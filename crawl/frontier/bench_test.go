package frontier

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/weburl"
)

// BenchmarkCommit settles groups of 64 pages with 60 links each, about 15% of
// them new, each group synced to the disk under it. Links are parsed outside of
// the timing, as extract does that. pages/s is the figure to hold: specs/crawler.md
// 0.10 measured 3,113 for the store alone.
func BenchmarkCommit(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkCommit(b, Options{}) })
	b.Run("web", func(b *testing.B) {
		budget := WebBudget()
		budget.PerHost, budget.PerTemplate = 1e6, 1e6 // costs what it costs, and refuses nothing
		benchmarkCommit(b, Options{Budget: budget, Recrawl: Recrawl{Max: 30 * 24 * time.Hour}})
	})
}

func benchmarkCommit(b *testing.B, opt Options) {
	opt.DefaultDelay, opt.MaxPerHost = -1, 64
	f, err := Open(b.TempDir(), opt)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	known := 0
	link := func() Item {
		n := rng.IntN(max(1, known))
		if rng.IntN(100) < 15 {
			n = known
			known++
		}
		u, err := weburl.Parse(fmt.Sprintf("https://www.site-%d.example/section/%d/some-words-of-a-title-%d.html", n%500, n%17, n))
		if err != nil {
			b.Fatal(err)
		}
		return Item{URL: u, Depth: 2, Priority: 1}
	}
	var seeds []Item
	for range 5000 {
		known++
		seeds = append(seeds, link())
	}
	if _, err := f.Add(seeds); err != nil {
		b.Fatal(err)
	}
	pages := 0
	for b.Loop() {
		b.StopTimer()
		links := make([][]Item, 64)
		for i := range links {
			for range 60 {
				links[i] = append(links[i], link())
			}
			from := link().URL
			for j := range links[i] {
				links[i][j].Referrer = from
			}
		}
		b.StartTimer()
		var batch Batch
		for i := range links {
			l, err := f.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			f.Release(l, 0, time.Time{})
			batch.Outcomes = append(batch.Outcomes, Outcome{Lease: l, State: Done, Status: 200, ETag: `"abc"`, Links: links[i]})
		}
		batch.WARC = WARCPosition{"w", int64(pages)}
		if err := f.Commit(&batch); err != nil {
			b.Fatal(err)
		}
		pages += 64
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(known), "urls")
}

// BenchmarkNext leases from 2,000 hosts that are all ready, half of them strangers
// where a budget tells them apart, and gives each lease back.
func BenchmarkNext(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkNext(b, Budget{}) })
	b.Run("web", func(b *testing.B) { benchmarkNext(b, WebBudget()) })
}

func benchmarkNext(b *testing.B, budget Budget) {
	f, err := Open(b.TempDir(), Options{DefaultDelay: -1, Budget: budget})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var in []Item
	for i := range 2000 {
		for page := range 4 {
			in = append(in, Item{URL: addr(b, fmt.Sprintf("http://site-%d.example/%d", i, page))})
			if i%2 == 1 {
				in[len(in)-1].Referrer = in[0].URL
			}
		}
	}
	mustAdd(b, f, len(in), in)
	for b.Loop() {
		l, err := f.Next(b.Context())
		if err == nil {
			err = f.Return(l, 0)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStats asks as a program does that shows progress, of 1,300 hosts.
func BenchmarkStats(b *testing.B) {
	f, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var in []Item
	for i := range 1300 {
		in = append(in, Item{URL: addr(b, fmt.Sprintf("http://site-%d.example/", i))})
	}
	mustAdd(b, f, len(in), in)
	for range 1300 {
		if _, err := f.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if st := f.Stats(); st.FrontHosts != len(in) {
			b.Fatalf("%+v", st)
		}
	}
}
