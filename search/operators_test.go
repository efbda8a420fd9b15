package search

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

// manyDocs is enough for windows to be primed.
const manyDocs = 120_000

// newMany makes an index of short documents, one after the other about the same
// words, in one segment or more.
func newMany(t *testing.T, seed uint64, docs int, schema index.Schema, deletes bool) *index.Writer {
	t.Helper()
	w := fillMany(t, t.TempDir(), seed, docs, schema, deletes)
	t.Cleanup(func() { w.Close() })
	return w
}

// fillMany is newMany in a folder, for who closes the index.
func fillMany(t *testing.T, dir string, seed uint64, docs int, schema index.Schema, deletes bool) *index.Writer {
	t.Helper()
	w, err := index.OpenWriter(t.Context(), index.Dir(dir), schema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(r, 1.05, 2, 20_000)
	key := func(i int) (k index.Key) {
		binary.LittleEndian.PutUint64(k[:], uint64(i)*0x9e3779b97f4a7c15)
		return k
	}
	var text []byte
	for i := range docs {
		d := &index.Document{Key: key(i)}
		for f, spec := range schema.Fields {
			text = text[:0]
			if spec.Kind == index.Int {
				if r.IntN(3) > 0 {
					d.Values = append(d.Values, index.Value{Field: f, Int: int64(i/1000 + r.IntN(50))})
				}
				continue
			}
			if spec.Kind == index.Keyword {
				text = fmt.Appendf(text, "s%d.test", r.IntN(4))
			} else {
				topic := uint64(i / 500 * 7 % 300)
				for range r.IntN(12) {
					n := zipf.Uint64()
					if r.IntN(6) == 0 {
						n = topic
					}
					text = fmt.Appendf(text, "w%d ", n)
				}
			}
			d.Values = append(d.Values, index.Value{Field: f, Text: string(text)})
		}
		if err := w.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if i == docs/3 {
			w.Refresh(t.Context())
		}
	}
	w.Refresh(t.Context())
	for range docs / 50 {
		if deletes {
			w.Delete(t.Context(), key(r.IntN(docs)))
		}
	}
	if err := w.Commit(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestOperatorsAgree holds each operator against the scan of the same plan, which
// the oracle is held against: on an index of many windows, with and without
// deletes, of one field and of several.
func TestOperatorsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("indexes 480,000 documents")
	}
	seed := rand.Uint64()
	text := func(name string) index.Field { return index.Field{Name: name, Kind: index.Text} }
	one := index.Schema{Fields: []index.Field{text("body")}}
	many := index.Schema{Fields: []index.Field{text("title"), text("body"), {Name: "site", Kind: index.Keyword}, {Name: "n", Kind: index.Int}}}
	for _, c := range []struct {
		name    string
		schema  index.Schema
		deletes bool
		prior   float64
	}{
		{name: "one field", schema: one},
		{name: "deletes", schema: one, deletes: true},
		{name: "fields", schema: many, deletes: true},
		{name: "prior", schema: index.Schema{Fields: []index.Field{text("body"), {Name: "n", Kind: index.Int}}}, prior: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newMany(t, seed, manyDocs, c.schema, c.deletes)
			model := rank.Default()
			if len(c.schema.Fields) < 3 {
				model = &rank.Model{K1: 1.2, Fields: map[string]rank.FieldModel{"body": {Weight: 1, B: .75}}}
			}
			if c.prior > 0 {
				model.Priors = map[string]rank.PriorModel{"n": {Weight: c.prior, Half: 40}}
			}
			fast, slow := Local(live{w}, model, Options{}), &local{source: live{w}, model: model, scans: true}
			r := rand.New(rand.NewPCG(seed, 2))
			for range 400 {
				agree(t, seed, fast, slow, randomQuery(r, len(c.schema.Fields) > 2), []int{0, 1, 10, 100, 1000}[r.IntN(5)])
			}
		})
	}
}

// randomQuery is a query of a shape that has an operator, more often than not.
func randomQuery(r *rand.Rand, filters bool) string {
	word := func() string {
		return fmt.Sprintf("w%d", []int{r.IntN(10), r.IntN(100), r.IntN(1000), r.IntN(20_000)}[r.IntN(4)])
	}
	var parts []string
	for range 1 + r.IntN(4) {
		parts = append(parts, word())
	}
	q := strings.Join(parts, []string{" ", " AND "}[r.IntN(2)])
	switch r.IntN(6) {
	case 0:
		q = fmt.Sprintf(`body:"w%d w%d"`, r.IntN(8), r.IntN(8))
	case 1:
		q = "body:" + word()
	}
	if r.IntN(4) == 0 {
		q = "+(" + q + ") -" + word()
	}
	if filters && r.IntN(3) == 0 {
		q = fmt.Sprintf("+(%s) +site:s%d.test", q, r.IntN(4))
	}
	return q
}

// agree asks two Searchers the same, and one of them also without a total.
func agree(t *testing.T, seed uint64, fast, slow Searcher, text string, limit int) {
	t.Helper()
	req := &Request{Query: text, Limit: limit}
	want, err := slow.Search(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, req.NoTotal = range []bool{false, true} {
		got, err := fast.Search(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if !sameHits(got.Hits, want.Hits) {
			t.Fatalf("seed %d: %s, %d hits, no total %v: %d hits, want %d: %v", seed, text, limit, req.NoTotal, len(got.Hits), len(want.Hits), firstOther(got.Hits, want.Hits))
		}
		if got.Total != want.Total && !got.AtLeast || got.Total > want.Total {
			t.Fatalf("seed %d: %s, %d hits, no total %v: total %d, want %d", seed, text, limit, req.NoTotal, got.Total, want.Total)
		}
	}
}

func sameHits(a, b []Hit) bool {
	return slices.EqualFunc(a, b, func(a, b Hit) bool { return a.Key == b.Key && a.Score == b.Score })
}

// firstOther says where two lists of hits part.
func firstOther(a, b []Hit) string {
	for i := range min(len(a), len(b)) {
		if a[i].Key != b[i].Key || a[i].Score != b[i].Score {
			return fmt.Sprintf("hit %d is %s with %v, want %s with %v", i, a[i].Key, a[i].Score, b[i].Key, b[i].Score)
		}
	}
	return "one is longer"
}
