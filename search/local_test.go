package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/rank"
)

var testSchema = index.Schema{Fields: []index.Field{
	{Name: "id", Kind: index.Stored},
	{Name: "title", Kind: index.Text, Stored: true},
	{Name: "site", Kind: index.Keyword, Stored: true},
	{Name: "body", Kind: index.Text, Stored: true},
	{Name: "n", Kind: index.Int, Stored: true},
}}

// A live is the Source of a Writer's own snapshots.
type live struct{ *index.Writer }

func (l live) Acquire() (*index.Snapshot, error) { return l.Snapshot(), nil }

// A corpus is the same documents in an oracle and in the indexes of some parts.
type corpus struct {
	oracle *oracle
	parts  []*index.Writer
	rand   *rand.Rand
	seed   uint64
	keys   []index.Key
	vocab  []string

	batch int                  // number of the next segments
	home  map[index.Key][2]int // part and batch of a live document
	alive map[[2]int]int       // live documents of a segment: one without any would be dropped, and not count
}

// newCorpus makes documents of Zipf-distributed words and spreads them over parts.
func newCorpus(t *testing.T, seed uint64, docs, parts int) *corpus {
	c := &corpus{
		oracle: &oracle{schema: testSchema, model: rank.Default()},
		rand:   rand.New(rand.NewPCG(seed, 7)), seed: seed,
		home: map[index.Key][2]int{}, alive: map[[2]int]int{},
	}
	if seed%2 == 0 {
		c.oracle.model.Priors = map[string]rank.PriorModel{"n": {Weight: 1 + 3*c.rand.Float64(), Half: 5, Origin: 2}}
	}
	schema := index.Schema{Fields: slices.Clone(testSchema.Fields)}
	for range parts {
		for f := range schema.Fields { // each part may keep pairs or not: nobody can tell
			schema.Fields[f].Pairs = schema.Fields[f].Kind == index.Text && c.rand.IntN(3) > 0
		}
		w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), schema, index.WriterOptions{NoMerge: true, Inverters: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		c.parts = append(c.parts, w)
	}
	for i := range 40 + c.rand.IntN(400) {
		c.vocab = append(c.vocab, fmt.Sprintf("w%d%c", i, 'a'+i%3))
	}
	zipf := rand.NewZipf(c.rand, 1.1, 1+c.rand.Float64()*4, uint64(len(c.vocab)-1))
	special := map[int][]string{}
	for _, df := range []int{1, 2, 127, 128, 129, 256} {
		for _, i := range c.rand.Perm(docs)[:min(df, docs)] {
			special[i] = append(special[i], fmt.Sprintf("df%d", df))
		}
	}
	longest := 1 + c.rand.IntN(60)
	for i := range docs {
		words := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteString(c.vocab[zipf.Uint64()] + " ")
			}
			return b.String()
		}
		title := words(c.rand.IntN(4))
		body := words(c.rand.IntN(longest)) + strings.Join(special[i], " ")
		c.put(t, title, body, fmt.Sprintf("s%d.test", c.rand.IntN(5)))
		if c.rand.IntN(docs/4+1) == 0 {
			c.refreshAndDelete(t, docs)
		}
	}
	c.refreshAndDelete(t, docs)
	return c
}

func (c *corpus) put(t *testing.T, title, body, site string) {
	var k index.Key
	for i := range k {
		k[i] = byte(c.rand.Uint32())
	}
	d := &index.Document{Key: k, Values: []index.Value{
		{Field: 0, Text: k.String()}, {Field: 1, Text: title}, {Field: 2, Text: site}, {Field: 3, Text: body},
	}}
	switch n := len(c.keys); c.rand.IntN(4) {
	case 0: // none
	case 1: // rising
		d.Values = append(d.Values, index.Value{Field: 4, Int: int64(n) - 100})
	default:
		d.Values = append(d.Values, index.Value{Field: 4, Int: int64(c.rand.IntN(20)) - 5})
	}
	part := c.rand.IntN(len(c.parts))
	if err := c.parts[part].Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	c.home[k] = [2]int{part, c.batch}
	c.alive[c.home[k]]++
	c.oracle.put(d)
	c.keys = append(c.keys, k)
}

// refreshAndDelete begins a new segment, and deletes from those before.
func (c *corpus) refreshAndDelete(t *testing.T, docs int) {
	for _, w := range c.parts {
		if err := w.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.batch++
	for range c.rand.IntN(docs/16 + 1) {
		k := c.keys[c.rand.IntN(len(c.keys))]
		if home, ok := c.home[k]; !ok || c.alive[home] == 1 {
			continue
		}
		c.alive[c.home[k]]--
		delete(c.home, k)
		for _, w := range c.parts {
			if err := w.Delete(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		c.oracle.delete(k)
	}
	for _, w := range c.parts {
		if err := w.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// query makes a random query.
func (c *corpus) query(depth int) string {
	word := func() string {
		switch c.rand.IntN(12) {
		case 0:
			return "df" + []string{"1", "2", "127", "128", "129", "256"}[c.rand.IntN(6)]
		case 1:
			return "nowhere"
		}
		return c.vocab[min(int(c.rand.ExpFloat64()*8), len(c.vocab)-1)]
	}
	if depth == 0 {
		switch c.rand.IntN(18) {
		case 0:
			return `"` + strings.Join([]string{word(), word(), word(), word()}[:2+c.rand.IntN(3)], " ") + `"`
		case 6:
			return fmt.Sprintf("w%d*%c", c.rand.IntN(10), 'a'+c.rand.IntN(3))
		case 7:
			return []string{"w?a", "w1?b", "title:*7c", "d?12*", "*9?", "title:w?b", "no*where?x"}[c.rand.IntN(7)]
		case 8:
			return word() + "~1"
		case 9:
			return []string{"", "", "title:"}[c.rand.IntN(3)] + word() + "~2"
		case 10:
			return fmt.Sprintf("n:%d..%d", c.rand.IntN(30)-10, c.rand.IntN(30)-10)
		case 11:
			return []string{"n:>3", "n:<=0", "n:=7", "n:>200", "n:<-50", "nofield:>3"}[c.rand.IntN(6)]
		case 1:
			return "title:" + word()
		case 2:
			return fmt.Sprintf("site:s%d.test", c.rand.IntN(6))
		case 3:
			return fmt.Sprintf("w%d*", c.rand.IntN(10))
		case 4:
			return `title:"` + word() + " " + word() + `"`
		case 5:
			return "*"
		}
		return word()
	}
	parts := make([]string, 1+c.rand.IntN(4))
	for i := range parts {
		parts[i] = c.query(c.rand.IntN(depth))
		if strings.ContainsAny(parts[i], " +-") {
			parts[i] = "(" + parts[i] + ")"
		}
		parts[i] = []string{"", "", "", "+", "-"}[c.rand.IntN(5)] + parts[i]
	}
	return strings.Join(parts, []string{" ", " ", " AND ", " OR "}[c.rand.IntN(4)])
}

// request makes a random request of a query: filtered, sorted, counted or not.
func (c *corpus) request(text string, offset, limit int) *Request {
	req := &Request{Query: text, Offset: offset, Limit: limit}
	if c.rand.IntN(4) == 0 {
		req.Filter = c.query(1)
	}
	if c.rand.IntN(4) == 0 {
		req.Sort = Sort{Field: "n", Descending: c.rand.IntN(2) == 0}
	}
	for c.rand.IntN(3) == 0 {
		req.Facets = append(req.Facets, FacetRequest{Field: []string{"site", "n"}[c.rand.IntN(2)], Limit: c.rand.IntN(5) * c.rand.IntN(3)})
	}
	return req
}

// check asks a Searcher and the oracle.
func (c *corpus) check(t *testing.T, s Searcher, text string, offset, limit int) {
	t.Helper()
	c.checkRequest(t, s, &Request{Query: text, Offset: offset, Limit: limit})
}

func (c *corpus) checkRequest(t *testing.T, s Searcher, req *Request) {
	t.Helper()
	want, offset, limit := c.oracle.answer(req), req.Offset, req.Limit
	text := fmt.Sprintf("%s (filter %q, sort %+v)", req.Query, req.Filter, req.Sort)
	res, err := s.Search(t.Context(), req)
	if err != nil {
		t.Fatalf("seed %d: %s: %v", c.seed, text, err)
	}
	if res.Total != uint64(len(want)) && !res.AtLeast || res.Total > uint64(len(want)) {
		t.Fatalf("seed %d: %s: total %d, want %d", c.seed, text, res.Total, len(want))
	}
	if facets := c.oracle.facets(req, want); !reflect.DeepEqual(res.Facets, facets) {
		t.Fatalf("seed %d: %s: facets %v, want %v", c.seed, text, res.Facets, facets)
	}
	want = want[min(offset, len(want)):min(offset+limit, len(want))]
	if len(res.Hits) != len(want) {
		t.Fatalf("seed %d: %s: %d hits, want %d", c.seed, text, len(res.Hits), len(want))
	}
	for i, h := range res.Hits {
		if h.Key != want[i].Key || h.Score != want[i].Score || !reflect.DeepEqual(h.Number, want[i].Number) {
			t.Fatalf("seed %d: %s: hit %d is %s with %v, want %s with %v", c.seed, text, i, h.Key, h.Score, want[i].Key, want[i].Score)
		}
	}
}

func TestLocalIsTheOracle(t *testing.T) {
	seed := rand.Uint64()
	sizes, work := []int{40, 300, 700, 1, 300, 9000}, 40_000
	if testing.Short() {
		sizes, work = []int{40, 700, 1, 5000}, 10_000
	}
	for round, docs := range sizes {
		c := newCorpus(t, seed+uint64(round), docs, 1)
		s := Local(live{c.parts[0]}, c.oracle.model, Options{})
		for range min(80, 1+work/docs) {
			req := c.request(c.query(3), c.rand.IntN(3)*c.rand.IntN(20), []int{0, 1, 3, 10, 50, 9000}[c.rand.IntN(6)])
			c.checkRequest(t, s, req)
			req.NoTotal = true
			c.checkRequest(t, s, req)
		}
	}
}

func TestNamedQueries(t *testing.T) {
	docs, limits := 600, []int{0, 1, 10, 1000}
	if testing.Short() {
		docs, limits = 300, []int{1, 1000}
	}
	c := newCorpus(t, rand.Uint64(), docs, 1)
	s := Local(live{c.parts[0]}, c.oracle.model, Options{})
	a, b, d := c.vocab[0], c.vocab[1], c.vocab[2]
	for _, text := range []string{
		"", "*", "-*", "nowhere", a, a + " " + b, a + " AND " + b, "+" + a + " " + b, a + " -" + b, "-" + a, "-" + a + " -" + b,
		`"` + a + " " + b + `"`, `"` + a + " " + a + `"`, `"` + a + " " + b + " " + a + `"`, `+"` + a + " " + b + `" ` + d,
		"+" + d + ` ("` + a + " " + b + `" OR (` + a + " AND " + b + "))",
		a + " OR (" + b + " AND (" + d + " OR NOT " + a + "))",
		"site:s1.test", "site:S1.test " + a, "-site:s1.test " + a, "site:nowhere " + a, "site:test " + a, "site:est " + a, "nosuchfield:" + a, "lang:en",
		"w1*", "title:w1*", "w*", a + " w2* -w3*", "df1 df2 df127 df128 df129 df256", "df128 AND df256",
		"w1?a", "title:w?b", "*a", a + "~1", a + "~2 " + b, "title:" + a + "~", "-" + a + "~1 " + b, "w?a AND n:1..7", "n:..0 " + a,
		"n:>=-9223372036854775808", "-n:0..5", "n:5..1", "site:>3", "nosuchfield:1..2 " + a, a + " AND " + b + " AND n:>2",
		a + " " + a + "x " + b,
	} {
		for _, limit := range limits {
			c.check(t, s, text, 0, limit)
		}
	}
}

func TestRequestLimits(t *testing.T) {
	c := newCorpus(t, 1, 40, 1)
	s := Local(live{c.parts[0]}, nil, Options{})
	check := func(req Request, want error) {
		t.Helper()
		if _, err := s.Search(t.Context(), &req); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", req, err, want)
		}
	}
	check(Request{Limit: MaxDepth}, nil)
	check(Request{Limit: MaxDepth, Offset: 1}, ErrDepth)
	check(Request{Limit: -1}, ErrDepth)
	check(Request{Offset: -1}, ErrDepth)
	check(Request{MinSeq: 1}, ErrBehind)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Search(ctx, &Request{Query: "*"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled context gives %v", err)
	}
}

// TestExplainAddsUp wants the parts of every score to add up to it, exactly.
func TestExplainAddsUp(t *testing.T) {
	seed := rand.Uint64()
	c := newCorpus(t, seed, 500, 1)
	s := Local(live{c.parts[0]}, c.oracle.model, Options{})
	for range 60 {
		text := c.query(3)
		res, err := s.Search(t.Context(), &Request{Query: text, Limit: 20, Explain: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range res.Hits {
			terms := 0.0
			for _, e := range h.Explain.Terms {
				fields := 0.0
				for _, f := range e.Fields {
					fields += f.Score
				}
				if fields != e.Score {
					t.Fatalf("seed %d: %s: fields of %s add up to %v, not %v", seed, text, e.Term, fields, e.Score)
				}
				terms += e.Score
			}
			for _, p := range h.Explain.Priors {
				terms += p.Score
			}
			if terms != h.Score || h.Explain.Score != h.Score {
				t.Fatalf("seed %d: %s: terms add up to %v, explained is %v, score is %v", seed, text, terms, h.Explain.Score, h.Score)
			}
		}
	}
}
