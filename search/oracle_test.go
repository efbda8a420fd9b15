package search

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/query"
	"github.com/trawlsearch/trawl/rank"
)

// An oracle answers queries by looking at every document: slowly and in another
// way than the engine. It keeps deleted documents, since they count.
type oracle struct {
	schema index.Schema
	model  *rank.Model
	docs   []*oracleDoc
}

type oracleDoc struct {
	key     index.Key
	deleted bool
	fields  []map[uint32]string // of text fields: which word stands where
	counts  []map[string]uint32 // of text fields: how often it has a word
	values  []string            // of keyword fields
	numbers map[int]int64       // of int fields
}

func (o *oracle) put(d *index.Document) {
	doc := &oracleDoc{key: d.Key, fields: make([]map[uint32]string, len(o.schema.Fields)), counts: make([]map[string]uint32, len(o.schema.Fields)), values: make([]string, len(o.schema.Fields)), numbers: map[int]int64{}}
	for _, v := range d.Values {
		if o.schema.Fields[v.Field].Kind == index.Int {
			doc.numbers[v.Field] = v.Int
			continue
		}
		doc.fields[v.Field], doc.counts[v.Field] = map[uint32]string{}, map[string]uint32{}
		for _, t := range analysis.For("en").Tokens(nil, v.Text) {
			doc.fields[v.Field][t.Pos] = string(t.Term)
			doc.counts[v.Field][string(t.Term)]++
		}
		doc.values[v.Field] = v.Text
	}
	o.docs = append(o.docs, doc)
}

func (o *oracle) delete(k index.Key) {
	for _, d := range o.docs {
		if d.key == k {
			d.deleted = true
		}
	}
}

// A question is a query with what its scores depend on.
type question struct {
	*oracle
	scale    rank.Scale
	scorers  []*rank.FieldScorer
	counted  map[string]uint64            // df by scope and term
	rare     map[string]float64           // of expansions
	expanded map[string][]map[string]bool // words of prefixes and the like, by distance
}

// answer is every live document that matches, in the order of the request.
func (o *oracle) answer(req *Request) []Hit {
	q := &question{
		oracle: o, scorers: make([]*rank.FieldScorer, len(o.schema.Fields)),
		counted: map[string]uint64{}, expanded: map[string][]map[string]bool{}, rare: map[string]float64{},
	}
	for f := range o.schema.Fields {
		docs, tokens := 0, 0
		for _, d := range o.docs {
			if n := len(d.fields[f]); n > 0 {
				docs, tokens = docs+1, tokens+n
			}
		}
		q.scorers[f] = o.model.Field(o.schema.Fields[f].Name).Scorer(float64(tokens)/float64(max(docs, 1)), index.NormLength)
	}
	tree := query.Parse(req.Query)
	q.scale = rank.ScaleOf(q.idfs(tree, false) + o.model.Priors["n"].Weight)
	prior := o.model.Priors["n"].Scorer(q.scale)
	var hits []Hit
	for _, d := range o.docs {
		ok, score := q.eval(tree, d, false)
		if !ok || d.deleted {
			continue
		}
		if req.Filter != "" {
			if ok, _ := q.eval(query.Parse(req.Filter), d, true); !ok {
				continue
			}
		}
		if n, ok := d.numbers[len(o.schema.Fields)-1]; ok && o.model.Priors != nil {
			score += prior.Score(n)
		}
		h := Hit{Key: d.key, Score: q.scale.Float(int64(score))}
		if f, ok := o.schema.Field(req.Sort.Field); ok {
			h.Score = 0
			if n, ok := d.numbers[f]; ok {
				h.Number = &n
			}
		}
		hits = append(hits, h)
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		byNumber := 0
		switch {
		case a.Number == nil && b.Number != nil:
			return 1
		case a.Number != nil && b.Number == nil:
			return -1
		case a.Number != nil && req.Sort.Descending:
			byNumber = cmp.Compare(*b.Number, *a.Number)
		case a.Number != nil:
			byNumber = cmp.Compare(*a.Number, *b.Number)
		}
		return cmp.Or(byNumber, cmp.Compare(b.Score, a.Score), bytes.Compare(a.Key[:], b.Key[:]))
	})
	return hits
}

// facets counts the values of hits.
func (o *oracle) facets(req *Request, hits []Hit) []Facet {
	byKey := map[index.Key]*oracleDoc{}
	for _, d := range o.docs {
		byKey[d.key] = d
	}
	var out []Facet
	for _, want := range req.Facets {
		f, _ := o.schema.Field(want.Field)
		counts := map[string]uint64{}
		for _, h := range hits {
			d := byKey[h.Key]
			if n, ok := d.numbers[f]; ok {
				counts[fmt.Sprint(n)]++
			} else if o.schema.Fields[f].Kind == index.Keyword && d.values[f] != "" {
				counts[d.values[f]]++
			}
		}
		facet := Facet{Field: want.Field, Values: []FacetValue{}}
		for v, n := range counts {
			facet.Values = append(facet.Values, FacetValue{v, n})
		}
		slices.SortFunc(facet.Values, func(a, b FacetValue) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		limit := want.Limit
		if limit == 0 {
			limit = 10
		}
		facet.Values = facet.Values[:min(limit, len(facet.Values))]
		out = append(out, facet)
	}
	return out
}

// eval tells whether a document matches, and the sum of what scores in it. Words
// in a strict place are phrases.
func (q *question) eval(n query.Node, d *oracleDoc, strict bool) (bool, int32) {
	switch n := n.(type) {
	case query.Term:
		return q.words(n.Field, n.Text, d, 1)
	case query.Phrase:
		return q.words(n.Field, strings.Join(n.Words, " "), d, 1)
	case query.Prefix:
		return q.expansion(n, n.Field, d)
	case query.Wildcard:
		return q.expansion(n, n.Field, d)
	case query.Fuzzy:
		return q.expansion(n, n.Field, d)
	case query.Range:
		f, ok := q.schema.Field(n.Field)
		v, has := d.numbers[f]
		return ok && has && n.Low <= v && v <= n.High, 0
	case query.All:
		return true, 0
	case query.Not:
		ok, _ := q.eval(n.Node, d, true)
		return !ok, 0
	case query.Optional:
		_, score := q.eval(n.Node, d, false)
		return true, score
	case query.Or:
		any, sum := false, int32(0)
		for text, n := range timesOf(n.Nodes) {
			ok, score := q.words("", text, d, n)
			any, sum = any || ok, sum+score
		}
		for _, n := range n.Nodes {
			if t, ok := n.(query.Term); ok && t.Field == "" {
				continue
			}
			ok, score := q.eval(n, d, false)
			any, sum = any || ok, sum+score
		}
		return any, sum
	case query.And:
		every, sum := true, int32(0)
		for text, n := range timesOf(n.Nodes) {
			ok, score := q.words("", text, d, n)
			every, sum = every && ok, sum+score
		}
		for _, n := range n.Nodes {
			if t, ok := n.(query.Term); ok && t.Field == "" {
				continue
			}
			ok, score := q.eval(n, d, true)
			every, sum = every && ok, sum+score
		}
		if !every {
			sum = 0
		}
		return every, sum
	}
	return false, 0
}

// timesOf counts the words of all fields among nodes: the same one twice scores
// double.
func timesOf(nodes []query.Node) map[string]int {
	times := map[string]int{}
	for _, n := range nodes {
		if t, ok := n.(query.Term); ok && t.Field == "" {
			times[t.Text]++
		}
	}
	return times
}

// words scores a word or a phrase. Test corpora have no word that is parted.
func (q *question) words(scope, text string, d *oracleDoc, times int) (bool, int32) {
	if f, ok := q.schema.Field(scope); ok && q.schema.Fields[f].Kind == index.Keyword {
		return d.values[f] == strings.ToLower(text) || strings.HasSuffix(d.values[f], "."+strings.ToLower(text)), 0
	}
	terms := q.terms(text)
	any, sum := false, float32(0)
	for _, f := range q.textFields(scope) {
		n := occurrences(d.fields[f], terms)
		if n > 0 {
			any = true
			sum += q.scorers[f].Evidence(n, norm(len(d.fields[f])))
		}
	}
	return any, q.model.Term(q.idf(scope, text)*float64(times), q.scale).Score(sum)
}

// expansion scores the words that a node stands for: those of each distance as if
// they were one word.
func (q *question) expansion(n query.Node, scope string, d *oracleDoc) (bool, int32) {
	any, score := false, int32(0)
	for distance, words := range q.expand(n, scope) {
		sum := float32(0)
		for _, f := range q.textFields(scope) {
			for _, t := range slices.Sorted(maps.Keys(d.counts[f])) {
				if words[t] {
					any = true
					sum += q.scorers[f].Evidence(d.counts[f][t], norm(len(d.fields[f])))
				}
			}
		}
		score += q.model.Term(q.expansionIDF(n, scope, distance), q.scale).Score(sum)
	}
	return any, score
}

// expand is the words that a node stands for, by their distance from it.
func (q *question) expand(n query.Node, scope string) []map[string]bool {
	if out, ok := q.expanded[n.String()]; ok {
		return out
	}
	out := []map[string]bool{{}}
	var distance func(term string) int
	switch n := n.(type) {
	case query.Prefix:
		out[0][q.terms(n.Text)[0]] = true
		distance = func(term string) int { return strings.Index(term, n.Text) }
	case query.Wildcard:
		distance = func(term string) int {
			if ok, _ := path.Match(strings.ToLower(n.Pattern), term); ok {
				return 0
			}
			return -1
		}
	case query.Fuzzy:
		word := q.terms(n.Text)[0]
		out[0][word] = true
		out = append(out, map[string]bool{}, map[string]bool{})[:n.Distance+1]
		distance = func(term string) int {
			near := edits(word, term)
			switch {
			case n.Distance < 2 || term[0] == word[0]:
				return near
			case near == 1: // in the first letter
				return 2
			}
			return -1
		}
	}
	known := map[string]bool{}
	for _, d := range q.docs {
		for _, f := range q.textFields(scope) {
			for t := range d.counts[f] {
				if known[t] {
					continue
				}
				known[t] = true
				if i := distance(t); i >= 0 && i < len(out) {
					out[i][t] = true
				}
			}
		}
	}
	q.expanded[n.String()] = out
	return out
}

// edits is the distance of two words of one byte a letter, with swaps of neighbours,
// by all ways to get from one to the other.
func edits(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return edits(a[1:], b[1:])
	case len(a)-len(b) > 2 || len(b)-len(a) > 2:
		return 9
	}
	least := 1 + min(edits(a[1:], b), edits(a, b[1:]), edits(a[1:], b[1:]))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		least = min(least, 1+edits(a[2:], b[2:]))
	}
	return least
}

func (q *question) terms(text string) []string {
	var out []string
	for _, t := range analysis.For("en").QueryTokens(nil, text) {
		out = append(out, string(t.Term))
	}
	return out
}

func (q *question) textFields(scope string) []int {
	var out []int
	for i, f := range q.schema.Fields {
		if f.Kind == index.Text && (scope == "" || scope == f.Name) {
			out = append(out, i)
		}
	}
	return out
}

// df counts the documents of the field that has a term most often.
func (q *question) df(scope, term string) uint64 {
	if n, ok := q.counted[scope+":"+term]; ok {
		return n
	}
	most := uint64(0)
	for _, f := range q.textFields(scope) {
		n := uint64(0)
		for _, d := range q.docs {
			if d.counts[f][term] > 0 {
				n++
			}
		}
		most = max(most, n)
	}
	q.counted[scope+":"+term] = most
	return most
}

func (q *question) idf(scope, text string) float64 {
	sum := 0.0
	for _, t := range q.terms(text) {
		sum += rank.IDF(uint64(len(q.docs)), q.df(scope, t))
	}
	return sum
}

// expansionIDF is how rare all words are together, halved for each error.
func (q *question) expansionIDF(n query.Node, scope string, distance int) float64 {
	idf, ok := q.rare[n.String()]
	if !ok {
		df := uint64(0)
		for _, words := range q.expand(n, scope) {
			for t := range words {
				df += q.df(scope, t)
			}
		}
		idf = rank.IDF(uint64(len(q.docs)), min(df, uint64(len(q.docs))))
		q.rare[n.String()] = idf
	}
	return idf / float64(int(1)<<distance)
}

// idfs is the sum that the scale comes from.
func (q *question) idfs(n query.Node, strict bool) float64 {
	sum := 0.0
	switch n := n.(type) {
	case query.Term:
		if f, ok := q.schema.Field(n.Field); !ok || q.schema.Fields[f].Kind == index.Text {
			sum = q.idf(n.Field, n.Text)
		}
	case query.Phrase:
		sum = q.idf(n.Field, strings.Join(n.Words, " "))
	case query.Prefix:
		sum = q.expansionIDF(n, n.Field, 0)
	case query.Wildcard:
		sum = q.expansionIDF(n, n.Field, 0)
	case query.Fuzzy:
		for d := range n.Distance + 1 {
			sum += q.expansionIDF(n, n.Field, d)
		}
	case query.Optional:
		sum = q.idfs(n.Node, strict)
	case query.Or:
		for _, n := range n.Nodes {
			sum += q.idfs(n, strict)
		}
	case query.And:
		for _, n := range n.Nodes {
			sum += q.idfs(n, strict)
		}
	}
	return sum
}

// occurrences counts where terms stand side by side.
func occurrences(at map[uint32]string, terms []string) uint32 {
	n := uint32(0)
	for pos := range at {
		same := true
		for i, term := range terms {
			same = same && at[pos+uint32(i)] == term
		}
		if same {
			n++
		}
	}
	return n
}

// norm is the greatest norm that stands for at most that many tokens.
func norm(tokens int) byte {
	n := 0
	for n < math.MaxUint8 && index.NormLength(byte(n+1)) <= uint32(tokens) {
		n++
	}
	return byte(n)
}
