package search

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// pairedIndex makes an index of two text fields in three segments with deletes, of
// words of which a few are as frequent as those of a language.
func pairedIndex(t *testing.T, seed uint64, docs int, pairs bool) *index.Writer {
	t.Helper()
	schema := index.Schema{Fields: []index.Field{
		{Name: "title", Kind: index.Text, Pairs: pairs}, {Name: "body", Kind: index.Text, Pairs: pairs}, {Name: "site", Kind: index.Keyword},
	}}
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), schema, index.WriterOptions{NoMerge: true, Inverters: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	r := rand.New(rand.NewPCG(seed, 20))
	zipf := rand.NewZipf(r, 1.2, 1, 2000)
	key := func(i int) (k index.Key) {
		binary.LittleEndian.PutUint64(k[:], uint64(i)*0x9e3779b97f4a7c15)
		return k
	}
	for i := range docs {
		d := &index.Document{Key: key(i)}
		for f, longest := range []int{5, 60} {
			var text strings.Builder
			for range r.IntN(longest) {
				fmt.Fprintf(&text, "w%d ", zipf.Uint64())
			}
			d.Values = append(d.Values, index.Value{Field: f, Text: text.String()})
		}
		d.Values = append(d.Values, index.Value{Field: 2, Text: fmt.Sprintf("s%d.test", r.IntN(3))})
		if err := w.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if i%(docs/3) == docs/6 {
			w.Refresh(t.Context())
		}
	}
	w.Refresh(t.Context())
	for range docs / 40 {
		w.Delete(t.Context(), key(r.IntN(docs)))
	}
	if err := w.Commit(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestPairsChangeNothing asks an index that keeps pairs and one that does not for
// phrases, of frequent words for the most part, by operators and by scans: hits,
// scores, counts and explanations are the same.
func TestPairsChangeNothing(t *testing.T) {
	seed := rand.Uint64()
	docs := 30_000
	if testing.Short() {
		docs = 6000
	}
	with, without := pairedIndex(t, seed, docs, true), pairedIndex(t, seed, docs, false)
	model := &rank.Model{K1: 1.2, Fields: map[string]rank.FieldModel{"title": {Weight: 2, B: .5}, "body": {Weight: 1, B: .75}}}
	plain := Local(live{without}, model, Options{})
	paired := []Searcher{Local(live{with}, model, Options{}), &local{source: live{with}, model: model, scans: true}}
	r := rand.New(rand.NewPCG(seed, 21))
	phrase := func() string {
		words := make([]string, 2+r.IntN(2)*r.IntN(5))
		for i := range words {
			words[i] = fmt.Sprintf("w%d", []int{r.IntN(8), r.IntN(8), r.IntN(50), r.IntN(2000)}[r.IntN(4)])
		}
		return []string{"", "", "title:", "body:"}[r.IntN(4)] + `"` + strings.Join(words, " ") + `"`
	}
	found := 0
	for range 500 {
		text := phrase()
		switch r.IntN(8) {
		case 0:
			text += " " + phrase()
		case 1:
			text = "+" + text + " +" + phrase()
		case 2:
			text = "+" + text + " +site:s1.test"
		case 3:
			text = "+" + text + " -w9 " + phrase()
		case 4:
			text += " w3 -" + phrase()
		}
		req := &Request{Query: text, Limit: []int{0, 1, 10, 1000}[r.IntN(4)], Explain: r.IntN(10) == 0}
		want, err := plain.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		found += len(want.Hits)
		for _, s := range paired {
			for _, req.NoTotal = range []bool{false, true} {
				got, err := s.Search(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				if got.Total != want.Total && !got.AtLeast || got.Total > want.Total {
					t.Fatalf("seed %d: %s: %d, want %d", seed, text, got.Total, want.Total)
				}
				if !slices.EqualFunc(got.Hits, want.Hits, func(a, b Hit) bool {
					return a.Key == b.Key && a.Score == b.Score && reflect.DeepEqual(a.Explain, b.Explain)
				}) {
					t.Fatalf("seed %d: %s, limit %d, no total %v: %s", seed, text, req.Limit, req.NoTotal, firstOther(got.Hits, want.Hits))
				}
			}
		}
	}
	if found == 0 {
		t.Error("no phrase was found")
	}
}
