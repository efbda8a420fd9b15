package index

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index/postings"
)

// oracle is the index as it should be: documents by key, and nothing else.
type oracle map[Key]*Document

// posting is one document of one term.
type posting struct {
	freq      uint32
	positions []uint32
}

// inverted is field -> term -> key -> posting, and field -> key -> length.
type inverted struct {
	postings map[int]map[string]map[Key]posting
	lengths  map[int]map[Key]uint32
}

// invert tokenises every document and counts, as naively as it can be done.
func (o oracle) invert(schema Schema) inverted {
	inv := inverted{map[int]map[string]map[Key]posting{}, map[int]map[Key]uint32{}}
	for k, d := range o {
		next := map[int]uint32{}
		for _, v := range d.Values {
			switch schema.Fields[v.Field].Kind {
			case Text:
				tokens := analysis.For(cmp.Or(d.Lang, schema.Lang)).Tokens(nil, v.Text)
				for _, t := range tokens {
					inv.add(v.Field, string(t.Term), k, next[v.Field]+t.Pos)
				}
				if len(tokens) > 0 {
					next[v.Field] += tokens[len(tokens)-1].Pos + 101
				}
			case Keyword:
				if v.Text != "" {
					inv.add(v.Field, string(keywordTerm(nil, v.Text)), k, 0)
				}
			}
		}
	}
	for field, terms := range inv.postings {
		if schema.Fields[field].Kind == Keyword {
			for _, docs := range terms {
				for k, p := range docs {
					p.positions = nil
					docs[k] = p
				}
			}
		}
	}
	return inv
}

func (inv inverted) add(field int, term string, k Key, pos uint32) {
	if inv.postings[field] == nil {
		inv.postings[field], inv.lengths[field] = map[string]map[Key]posting{}, map[Key]uint32{}
	}
	if inv.postings[field][term] == nil {
		inv.postings[field][term] = map[Key]posting{}
	}
	p := inv.postings[field][term][k]
	inv.postings[field][term][k] = posting{p.freq + 1, append(p.positions, pos)}
	inv.lengths[field][k]++
}

// check compares a snapshot with what it should be.
func (o oracle) check(t *testing.T, s *Snapshot) {
	t.Helper()
	if s.Docs() != uint64(len(o)) {
		t.Fatalf("%d documents, want %d", s.Docs(), len(o))
	}
	want := o.invert(s.Schema())
	got := inverted{map[int]map[string]map[Key]posting{}, map[int]map[Key]uint32{}}
	seen := map[Key]bool{}
	for _, g := range s.Segments() {
		for doc := range g.MaxDoc() {
			if !g.Live(doc) {
				continue
			}
			k := g.Key(doc)
			if seen[k] {
				t.Fatalf("%s is live twice", k)
			}
			seen[k] = true
			o.checkDoc(t, g, doc, want)
		}
		for field := range s.Schema().Fields {
			readField(t, g, field, got)
		}
	}
	for field, terms := range want.postings {
		compareTerms(t, field, got.postings[field], terms)
		if len(got.postings[field]) != len(terms) {
			t.Fatalf("field %d: %d terms, want %d", field, len(got.postings[field]), len(terms))
		}
	}
}

func compareTerms(t *testing.T, field int, got, want map[string]map[Key]posting) {
	t.Helper()
	for term, docs := range want {
		if len(got[term]) != len(docs) {
			t.Fatalf("field %d term %q: %d documents, want %d", field, term, len(got[term]), len(docs))
		}
		for k, p := range docs {
			q := got[term][k]
			if q.freq != p.freq || !slices.Equal(q.positions, p.positions) {
				t.Fatalf("field %d term %q document %s: %v, want %v", field, term, k, q, p)
			}
		}
	}
}

// readField collects all postings of live documents of a field.
func readField(t *testing.T, g *Segment, field int, into inverted) {
	t.Helper()
	dict := g.Terms(field)
	if dict == nil {
		return
	}
	var c postings.Cursor
	it := dict.Iter()
	for it.Next() {
		term := slices.Clone(it.Term())
		if !g.Postings(&c, field, term) {
			t.Fatalf("%s field %d: term %q is listed and not found", g.Name(), field, term)
		}
		for doc := c.Next(); doc != postings.None; doc = c.Next() {
			if !g.Live(doc) {
				continue
			}
			if into.postings[field] == nil {
				into.postings[field] = map[string]map[Key]posting{}
			}
			if into.postings[field][string(term)] == nil {
				into.postings[field][string(term)] = map[Key]posting{}
			}
			p := posting{freq: c.Freq()}
			if g.Norms(field) != nil {
				p.positions = c.Positions(nil)
			}
			into.postings[field][string(term)][g.Key(doc)] = p
		}
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
	}
	if it.Err() != nil {
		t.Fatal(it.Err())
	}
}

// checkDoc compares what is kept by document.
func (o oracle) checkDoc(t *testing.T, g *Segment, doc uint32, want inverted) {
	t.Helper()
	k := g.Key(doc)
	d := o[k]
	if d == nil {
		t.Fatalf("%s is live and should not be", k)
	}
	if found, ok := g.Find(k); !ok || found != doc {
		t.Fatalf("Find(%s) = %d, %v, want %d", k, found, ok, doc)
	}
	var kept []StoredValue
	first := map[int]Value{}
	for _, v := range d.Values {
		f := g.info.Schema.Fields[v.Field]
		if _, seen := first[v.Field]; !seen && (f.Kind != Keyword || v.Text != "") {
			first[v.Field] = v
		}
		if f.kept() {
			kept = append(kept, v)
		}
	}
	got, err := g.Stored(doc, nil)
	if err != nil || !slices.Equal(got, kept) {
		t.Fatalf("%s stores %v, %v, want %v", k, got, err, kept)
	}
	for i, f := range g.info.Schema.Fields {
		v, has := first[i]
		switch f.Kind {
		case Text:
			norm := byte(0)
			if n := g.Norms(i); n != nil {
				norm = n[doc]
			}
			if w := normOf(want.lengths[i][k]); norm != w {
				t.Fatalf("%s: norm of field %d is %d, want %d", k, i, norm, w)
			}
		case Int:
			if g.Has(i, doc) != has || has && g.Column(i).Get(doc) != v.Int {
				t.Fatalf("%s: integer %d: %v, want %v, %d", k, i, g.Has(i, doc), has, v.Int)
			}
		case Keyword:
			if g.Has(i, doc) != has {
				t.Fatalf("%s: keyword %d: %v, want %v", k, i, g.Has(i, doc), has)
			}
			if has {
				if got := termAt(g, i, g.Column(i).Get(doc)); got != string(keywordTerm(nil, v.Text)) {
					t.Fatalf("%s: keyword %d is %q, want %q", k, i, got, v.Text)
				}
			}
		}
	}
}

// termAt is the term of an ordinal.
func termAt(g *Segment, field int, ordinal int64) string {
	it := g.Terms(field).Iter()
	for n := int64(0); it.Next(); n++ {
		if n == ordinal {
			return string(it.Term())
		}
	}
	return fmt.Sprintf("no ordinal %d", ordinal)
}

func (o oracle) clone() oracle { return maps.Clone(o) }

var testSchema = Schema{Lang: "en", Fields: []Field{
	{Name: "title", Kind: Text, Stored: true, Pairs: true},
	{Name: "body", Kind: Text, Pairs: true},
	{Name: "site", Kind: Keyword, Stored: true},
	{Name: "fetched", Kind: Int, Stored: true},
	{Name: "raw", Kind: Stored},
}}

// testKey is the key of a number: a digest of it.
func testKey(n int) (k Key) {
	binary.LittleEndian.PutUint64(k[:], mix64(uint64(n)+1))
	binary.LittleEndian.PutUint64(k[8:], mix64(uint64(n)+1<<32))
	return k
}

// mix64 spreads numbers over 64 bits, as a digest would.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// randomDocument draws words by a Zipf-like law, so that some are in nearly all
// documents and most in one.
func randomDocument(r *rand.Rand, n int) *Document {
	d := &Document{Key: testKey(n)}
	if r.IntN(10) == 0 {
		d.Lang = "de"
	}
	text := func(words int) string {
		var b strings.Builder
		for range words {
			w := int(float64(1) / (0.0005 + r.Float64()))
			fmt.Fprintf(&b, "wort%d ", w)
			if r.IntN(20) == 0 {
				b.WriteString("東京 größe ") // pairs of characters, and what is not ASCII
			}
		}
		return b.String()
	}
	for range r.IntN(3) {
		d.Values = append(d.Values, Value{Field: 0, Text: text(r.IntN(6))})
	}
	if r.IntN(8) > 0 {
		d.Values = append(d.Values, Value{Field: 1, Text: text(r.IntN(200))})
	}
	for range r.IntN(3) {
		d.Values = append(d.Values, Value{Field: 2, Text: strings.Repeat("x", r.IntN(2)*300) + fmt.Sprint("site", r.IntN(20))})
	}
	if r.IntN(6) > 0 {
		d.Values = append(d.Values, Value{Field: 3, Int: r.Int64() >> r.IntN(60)})
	}
	if r.IntN(4) == 0 {
		d.Values = append(d.Values, Value{Field: 4, Text: text(3)})
	}
	return d
}
