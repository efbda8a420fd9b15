package search

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// columnSchema has a number in no order, one that rises, and a keyword.
var columnSchema = index.Schema{Fields: []index.Field{
	{Name: "body", Kind: index.Text}, {Name: "n", Kind: index.Int}, {Name: "rising", Kind: index.Int}, {Name: "site", Kind: index.Keyword},
}}

// newColumns makes an index of one segment.
func newColumns(tb testing.TB, seed uint64, docs int) *index.Writer {
	tb.Helper()
	w, err := index.OpenWriter(tb.Context(), index.Dir(tb.TempDir()), columnSchema, index.WriterOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range docs {
		d := &index.Document{}
		binary.LittleEndian.PutUint64(d.Key[:], uint64(i)*0x9e3779b97f4a7c15)
		text := fmt.Sprintf("all w%d w%d", r.IntN(2), r.IntN(1000))
		d.Values = []index.Value{
			{Field: 0, Text: text}, {Field: 1, Int: r.Int64N(1 << 30)}, {Field: 2, Int: int64(i)}, {Field: 3, Text: fmt.Sprintf("s%d.test", r.IntN(300))},
		}
		if r.IntN(10) == 0 {
			d.Values = slices.Delete(d.Values, 1, 2)
		}
		if err := w.Put(tb.Context(), d); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Refresh(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return w
}

// TestColumnsAgree holds filters, sorting and facets over many windows against
// plain counting: what is passed over because of a zone is not lost.
func TestColumnsAgree(t *testing.T) {
	seed, docs := rand.Uint64(), 60_000
	w := newColumns(t, seed, docs)
	fast, slow := Local(live{w}, rank.Default(), Options{}), &local{source: live{w}, model: rank.Default(), scans: true}
	ask := func(s Searcher, req *Request) *Result {
		t.Helper()
		res, err := s.Search(t.Context(), req)
		if err != nil {
			t.Fatalf("seed %d: %+v: %v", seed, req, err)
		}
		return res
	}
	for _, query := range []string{"all", "w0 w7", "all AND w0", "w0 w1 rising:20000..20999", "+w7 n:<1000000", "*", "body:\"all w0\""} {
		for _, filter := range []string{"", "rising:30000..30100", "n:500000000..", "-n:500000000..", "rising:..5 OR rising:59000..", "site:s7.test w1"} {
			req := &Request{Query: query, Filter: filter, Limit: 50}
			a, b := ask(fast, req), ask(slow, req)
			if a.Total != b.Total || firstOther(a.Hits, b.Hits) != "one is longer" || len(a.Hits) != len(b.Hits) {
				t.Fatalf("seed %d: %s, filter %s: %d and %d: %s", seed, query, filter, a.Total, b.Total, firstOther(a.Hits, b.Hits))
			}
			for _, by := range []Sort{{"n", false}, {"n", true}, {"rising", false}, {"rising", true}} {
				all := ask(fast, &Request{Query: query, Filter: filter, Sort: by, Limit: MaxDepth, Facets: []FacetRequest{{"site", 1000}}})
				if !slices.IsSortedFunc(all.Hits, func(a, b Hit) int { return by.compare(&a, &b) }) {
					t.Fatalf("seed %d: %s, filter %s: hits are not by %+v", seed, query, filter, by)
				}
				sum := uint64(0)
				for _, v := range all.Facets[0].Values {
					sum += v.Count
				}
				if sum != all.Total || all.Total != a.Total {
					t.Fatalf("seed %d: %s, filter %s: %d documents, by site %d, by score %d", seed, query, filter, all.Total, sum, a.Total)
				}
				few := ask(fast, &Request{Query: query, Filter: filter, Sort: by, Limit: 20, NoTotal: true})
				if first := all.Hits[:min(20, len(all.Hits))]; len(few.Hits) != len(first) || firstOther(few.Hits, first) != "one is longer" {
					t.Fatalf("seed %d: %s, filter %s, by %+v without a total: %s", seed, query, filter, by, firstOther(few.Hits, first))
				}
			}
		}
	}
}

// BenchmarkCollect is what a search of 2^18 documents, of which half match, costs.
func BenchmarkCollect(b *testing.B) {
	w := newColumns(b, 1, 1<<18)
	s := Local(live{w}, rank.Default(), Options{})
	for _, c := range []struct {
		name string
		req  Request
	}{
		{"count", Request{Query: "w0"}},
		{"score", Request{Query: "w0", Limit: 10}},
		{"filter", Request{Query: "w0", Filter: "n:500000000..", Limit: 10}},
		{"filter by order", Request{Query: "w0", Filter: "rising:100000..110000", Limit: 10}},
		{"filter by site", Request{Query: "w0", Filter: "site:s7.test", Limit: 10}},
		{"filter by site, two words", Request{Query: "w0 w100", Filter: "site:s7.test", Limit: 10}},
		{"sort", Request{Query: "w0", Sort: Sort{"n", true}, Limit: 10}},
		{"sort by order", Request{Query: "w0", Sort: Sort{"rising", false}, Limit: 10}},
		{"sort by order, no total", Request{Query: "w0", Sort: Sort{"rising", false}, Limit: 10, NoTotal: true}},
		{"facet", Request{Query: "w0", Facets: []FacetRequest{{"site", 10}}}},
		{"fuzzy", Request{Query: "w100~1", Limit: 10}},
		{"wildcard", Request{Query: "w?00", Limit: 10}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Search(b.Context(), &c.req); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(1<<18), "ns/doc")
		})
	}
}
