package search

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

func TestFoldPattern(t *testing.T) {
	a := analysis.For("und")
	for in, want := range map[string]string{
		"Colo?R": "colo?r", "*.GO": "*.go", "pg_*_SIZE": "pg_*_size", "Stra*ße": "stra*sse", "É*t": "é*t", "ﬁ?": "fi?",
		"日*本語": "日*本語", "O'R*": "o'r*", "*": "*",
	} {
		if got := foldPattern(a, in); got != want {
			t.Errorf("foldPattern(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestExpansionsAdd wants the same words however the parts of an index are split,
// where there are more of them than are looked for: the nearest, then the first.
func TestExpansionsAdd(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for _, n := range []int{0, 10, MaxExpansion, MaxExpansion + 1, 3000} {
		all := make([]ExpandedTerm, n)
		for i := range all {
			all[i] = ExpandedTerm{fmt.Appendf(nil, "w%d", i), r.IntN(3)}
		}
		sorted := slices.Clone(all)
		slices.SortFunc(sorted, compareExpanded)
		want := ExpansionStats{Terms: sorted[:min(n, MaxExpansion)], Cut: n > MaxExpansion}
		for range 5 {
			parts := make([]ExpansionStats, 1+r.IntN(5))
			for _, term := range all {
				for again := true; again; again = r.IntN(3) == 0 { // a word is in several parts
					p := &parts[r.IntN(len(parts))]
					p.Terms = append(p.Terms, term)
				}
			}
			sum := ExpansionStats{Terms: []ExpandedTerm{}}
			for _, p := range parts {
				slices.SortFunc(p.Terms, compareExpanded)
				p.Terms = slices.CompactFunc(p.Terms, func(a, b ExpandedTerm) bool { return compareExpanded(a, b) == 0 })
				p.Terms = p.Terms[:min(len(p.Terms), MaxExpansion+1)]
				sum = addExpansions(sum, p)
			}
			if !reflect.DeepEqual(sum, want) {
				t.Fatalf("seed %d: %d words in %d parts: %d, cut %v; want %d, %v", seed, n, len(parts), len(sum.Terms), sum.Cut, len(want.Terms), want.Cut)
			}
		}
	}
}

// TestNearerIsBetter wants documents that are alike in the order of how near their
// words are to what was typed, though words with slips are rarer, and words that
// change places to count as one error.
func TestNearerIsBetter(t *testing.T) {
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), testSchema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, word := range []string{"kittens", "zittens", "kitens", "kitetns", "kitens2", "kxttexs", "kxxxens", "smitten", "kittens", "kittens"} {
		d := &index.Document{Key: index.Key{byte(i)}, Lang: "und", Values: []index.Value{{Field: 1, Text: word}}}
		if err := w.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := Local(live{w}, rank.Default(), Options{})
	check := func(query string, want ...int) {
		t.Helper()
		res, err := s.Search(t.Context(), &Request{Query: query, Lang: "und", Limit: 20})
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, h := range res.Hits {
			got = append(got, int(h.Key[0]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	check("kittens~1", 0, 8, 9, 1, 2, 3)
	check("kittens~2", 0, 8, 9, 2, 3, 1, 4, 5) // a first letter that is wrong counts two
	check("kittens~2 -kittens", 2, 3, 1, 4, 5)
	check("kit*ns", 0, 2, 3, 8, 9)
	check("*ittens", 0, 1, 8, 9)
}

// TestFacetBounds wants a facet that was cut to say so, and many values whole.
func TestFacetBounds(t *testing.T) {
	counts := map[string]uint64{}
	for i := range MaxFacetValues + 1 {
		counts[fmt.Sprint(i)] = uint64(1 + i%7)
	}
	if f := facet("x", counts, MaxFacetValues); !f.Cut || len(f.Values) != MaxFacetValues || f.Values[0] != (FacetValue{"1000", 7}) {
		t.Errorf("cut %v, %d values, first %v", f.Cut, len(f.Values), f.Values[0])
	}
	if f := facet("x", counts, 10); f.Cut || len(f.Values) != 10 {
		t.Errorf("the first ten are cut: %v", f.Cut)
	}
	sum := gatherFacets([]FacetRequest{{Field: "x", Limit: 2}}, []*Result{
		{Facets: []Facet{{Field: "x", Values: []FacetValue{{"a", 3}, {"b", 2}}}}},
		{}, // of a release before
		{Facets: []Facet{{Field: "x", Values: []FacetValue{{"b", 2}, {"c", 4}}, Cut: true}}},
	})
	if want := []Facet{{"x", []FacetValue{{"b", 4}, {"c", 4}}, true}}; !reflect.DeepEqual(sum, want) {
		t.Errorf("added up to %v, want %v", sum, want)
	}
}
