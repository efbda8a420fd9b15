package index

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index/postings"
)

// pairSchema keeps the pairs of two of its three text fields.
var pairSchema = Schema{Lang: "en", Fields: []Field{
	{Name: "title", Kind: Text, Pairs: true},
	{Name: "body", Kind: Text, Pairs: true, K1: 1.5, B: .3},
	{Name: "site", Kind: Keyword},
	{Name: "other", Kind: Text},
	{Name: "n", Kind: Int},
}}

// pairDocument draws words of its own frequencies, by kind, so that segments of
// different kinds have different frequent words. Some documents have several values,
// words at one position, and holes.
func pairDocument(r *rand.Rand, n, kind int) *Document {
	d := &Document{Key: testKey(n)}
	if r.IntN(10) == 0 {
		d.Lang = "de"
	}
	text := func(words int) string {
		var b strings.Builder
		for range words {
			switch w := int(1 / (.005 + r.Float64())); {
			case w == 7:
				b.WriteString(strings.Repeat("x", 95+r.IntN(10)) + " ") // frequent, and perhaps too long
			case r.IntN(30) == 0:
				b.WriteString("東京大阪東京 ")
			default:
				fmt.Fprintf(&b, "w%d ", w+w*kind%50)
			}
		}
		return b.String()
	}
	for range r.IntN(4) {
		d.Values = append(d.Values, Value{Field: 0, Text: text(r.IntN(6))})
	}
	switch r.IntN(12) {
	case 0:
	case 1: // more pairs than tokens
		d.Values = append(d.Values, Value{Field: 1, Text: strings.Repeat("東京", r.IntN(100))})
	case 2:
		d.Values = append(d.Values, Value{Field: 1, Text: strings.Repeat("w1 ", r.IntN(300))})
	default:
		d.Values = append(d.Values, Value{Field: 1, Text: text(r.IntN(150))})
	}
	d.Values = append(d.Values, Value{Field: 3, Text: text(20)}, Value{Field: 4, Int: r.Int64N(100)})
	return d
}

// naivePairs counts, of one field of one document, where a word stands and another
// behind it.
func naivePairs(d *Document, schema Schema, field int) map[[2]string]uint32 {
	at, next := map[uint32]map[string]bool{}, uint32(0)
	for _, v := range d.Values {
		if v.Field != field {
			continue
		}
		tokens := analysis.For(cmp.Or(d.Lang, schema.Lang)).Tokens(nil, v.Text)
		for _, t := range tokens {
			if at[next+t.Pos] == nil {
				at[next+t.Pos] = map[string]bool{}
			}
			at[next+t.Pos][string(t.Term)] = true
		}
		if len(tokens) > 0 {
			next += tokens[len(tokens)-1].Pos + 101
		}
	}
	pairs := map[[2]string]uint32{}
	for pos, words := range at {
		for a := range words {
			for b := range at[pos+1] {
				pairs[[2]string{a, b}]++
			}
		}
	}
	return pairs
}

// checkPairs holds the pairs of a snapshot against those of the documents. Deleted
// ones may be left out or not, as they are in other lists.
func checkPairs(t *testing.T, s *Snapshot, docs oracle) {
	t.Helper()
	for _, g := range s.Segments() {
		for field, spec := range s.Schema().Fields {
			words := g.field(field).pairs.words
			if !spec.Pairs && len(words) > 0 {
				t.Fatalf("%s: field %d: %d frequent words", g.Name(), field, len(words))
			}
			checkFrequentest(t, g, field, words)
			for _, a := range words {
				if _, known := g.Pair(field, []byte(a), []byte("nowhere")); known {
					t.Fatalf("%s: field %d: a word that is nowhere is frequent", g.Name(), field)
				}
			}
			got := readPairs(t, g, field)
			want := 0
			for doc := range g.MaxDoc() {
				if !g.Live(doc) {
					continue
				}
				for pair, n := range naivePairs(docs[g.Key(doc)], s.Schema(), field) {
					if !slices.Contains(words, pair[0]) || !slices.Contains(words, pair[1]) {
						continue
					}
					want++
					if got[pair][doc] != n {
						t.Fatalf("%s: field %d, %q in document %d: %d times, want %d", g.Name(), field, pair, doc, got[pair][doc], n)
					}
				}
			}
			for _, docs := range got {
				want -= len(docs)
			}
			if want != 0 {
				t.Fatalf("%s: field %d: %d more documents of pairs than there are", g.Name(), field, -want)
			}
		}
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// readPairs is the frequencies of all pairs of frequent words, in live documents.
func readPairs(t *testing.T, g *Segment, field int) map[[2]string]map[uint32]uint32 {
	t.Helper()
	out := map[[2]string]map[uint32]uint32{}
	words, k := g.field(field).pairs.words, g.Impacts(field).Table(NormLength)
	listed := 0
	var c postings.Cursor
	for _, a := range words {
		for _, b := range words {
			info, known := g.Pair(field, []byte(a), []byte(b))
			if !known {
				t.Fatalf("%q %q are not known", a, b)
			}
			if info.Docs > 0 {
				listed++
			}
			docs := map[uint32]uint32{}
			for g.PairAt(&c, field, info); c.Next() != postings.None; {
				freq, norm := float64(c.Freq()), g.Norms(field)[c.Doc()]
				if i := float64(c.ImpactOf(c.Block())); freq/(freq+float64(k[norm])) > i/255 {
					t.Fatalf("%q %q: impact %v does not bound %v times in norm %d", a, b, i, freq, norm)
				}
				if g.Live(c.Doc()) {
					docs[c.Doc()] = c.Freq()
				}
			}
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			out[[2]string{a, b}] = docs
		}
	}
	if d := g.field(field).pairs.dict; d != nil && d.Len() != listed {
		t.Fatalf("%d pairs are listed, %d are found", d.Len(), listed)
	}
	return out
}

// checkFrequentest wants the frequent words of a flush to be those with the most
// tokens: merges only choose among those of their sources.
func checkFrequentest(t *testing.T, g *Segment, field int, words []string) {
	t.Helper()
	if !g.info.Schema.Fields[field].Pairs || g.info.Source != "flush" || g.Terms(field) == nil {
		return
	}
	least, most, others := uint64(1<<62), uint64(0), 0
	for it := g.Terms(field).Iter(); it.Next(); {
		switch {
		case slices.Contains(words, string(it.Term())):
			least = min(least, it.Info().Freq)
		case mayBeFrequent(it.Term()):
			most = max(most, it.Info().Freq)
			others++
		}
	}
	if most > least || len(words) != maxFrequent && others > 0 {
		t.Fatalf("%s: field %d: %d frequent words of at least %d tokens, one that is not has %d", g.Name(), field, len(words), least, most)
	}
}

// TestPairs holds pairs against a count that is as naive as it can be: of segments
// as they are flushed, by one inverter and by several, with deletes, of an index that
// kept no pairs at first, and merged, in the order of the segments and in others.
func TestPairs(t *testing.T) {
	seed := rand.Uint64()
	for round, c := range []struct {
		inverters int
		late      bool
		sort      SortBy
		reorder   bool
	}{{inverters: 1}, {inverters: 2, reorder: true}, {inverters: 1, late: true}, {inverters: 1, sort: SortBy{Order: ByField, Field: 4}}, {inverters: 2, late: true, reorder: true}} {
		t.Run(fmt.Sprintf("seed %d, %+v", seed+uint64(round), c), func(t *testing.T) {
			ctx, r := t.Context(), rand.New(rand.NewPCG(seed+uint64(round), 60))
			st, docs := newMemory(), oracle{}
			fill := func(w *Writer, batches, most int) {
				for batch := range batches {
					for range most/2 + r.IntN(most/2) {
						d := pairDocument(r, r.IntN(4000), batch*r.IntN(2))
						docs[d.Key] = d
						must(t, w.Put(ctx, d))
						if k := testKey(r.IntN(4000)); r.IntN(10) == 0 {
							delete(docs, k)
							must(t, w.Delete(ctx, k))
						}
					}
					must(t, w.Refresh(ctx))
				}
			}
			if c.late {
				schema := Schema{Lang: pairSchema.Lang, Fields: slices.Clone(pairSchema.Fields)}
				schema.Fields[0].Pairs, schema.Fields[1].Pairs = false, false
				w, err := OpenWriter(ctx, st, schema, WriterOptions{NoMerge: true})
				must(t, err)
				for i := range 20 { // some windows end early
					d := &Document{Key: testKey(10_000 + i), Values: []Value{{Field: 1, Text: strings.Repeat("w1 w2 w3 w2 ", 400*i)}}}
					docs[d.Key] = d
					must(t, w.Put(ctx, d))
				}
				fill(w, 1, 3000) // more than a window
				must(t, w.Commit(ctx, 1))
				must(t, w.Close())
			}
			w, err := OpenWriter(ctx, st, pairSchema, WriterOptions{NoMerge: true, Inverters: c.inverters, Sort: c.sort})
			must(t, err)
			defer w.Close()
			fill(w, 2+r.IntN(3), 600)
			s := w.Snapshot()
			checkPairs(t, s, docs)
			s.Close()
			must(t, w.Optimize(ctx, OptimizeOptions{Reorder: c.reorder}))
			s = w.Snapshot()
			defer s.Close()
			checkPairs(t, s, docs)
			for field, spec := range pairSchema.Fields {
				if n := len(s.Segments()[0].field(field).pairs.words); spec.Pairs && n < maxFrequent/2 {
					t.Errorf("%d frequent words behind a merge", n)
				}
			}
		})
	}
}

// TestPairsSpill merges with little memory: what is found by positions then waits in
// files, and comes out the same.
func TestPairsSpill(t *testing.T) {
	ctx, r := t.Context(), rand.New(rand.NewPCG(61, 62))
	w, err := OpenWriter(ctx, newMemory(), pairSchema, WriterOptions{NoMerge: true, Inverters: 1})
	must(t, err)
	defer w.Close()
	for batch := range 3 {
		for i := range 800 {
			must(t, w.Put(ctx, pairDocument(r, batch*1000+i, batch)))
		}
		must(t, w.Refresh(ctx))
	}
	s := w.Snapshot()
	defer s.Close()
	var bodies [2]bytes.Buffer
	for i, n := range []int{1, 64 << 20} {
		dir := t.TempDir()
		must(t, writeMerged(ctx, &bodies[i], UUID{2}, pairSchema, s.Segments(), nil, scratch{dir: dir, spoolBytes: n}))
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	}
	if !bytes.Equal(bodies[0].Bytes(), bodies[1].Bytes()) {
		t.Error("a merge with little memory is another")
	}
}
