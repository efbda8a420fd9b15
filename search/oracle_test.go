package search

import (
	"bytes"
	"cmp"
	"math"
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
	values  []string            // of keyword fields
}

func (o *oracle) put(d *index.Document) {
	doc := &oracleDoc{key: d.Key, fields: make([]map[uint32]string, len(o.schema.Fields)), values: make([]string, len(o.schema.Fields))}
	for _, v := range d.Values {
		doc.fields[v.Field] = map[uint32]string{}
		for _, t := range analysis.For("en").Tokens(nil, v.Text) {
			doc.fields[v.Field][t.Pos] = string(t.Term)
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
	counted  map[string]uint64   // df by scope and term
	expanded map[string][]string // prefixes
}

// best is every live document that matches, in order.
func (o *oracle) best(text string) []Hit {
	q := &question{
		oracle: o, scorers: make([]*rank.FieldScorer, len(o.schema.Fields)),
		counted: map[string]uint64{}, expanded: map[string][]string{},
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
	tree := query.Parse(text)
	q.scale = rank.ScaleOf(q.idfs(tree, false))
	var hits []Hit
	for _, d := range o.docs {
		if ok, score := q.eval(tree, d, false); ok && !d.deleted {
			hits = append(hits, Hit{Key: d.key, Score: q.scale.Float(int64(score))})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.Key[:], b.Key[:]))
	})
	return hits
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
		return q.prefix(n, d)
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
		times := map[string]int{} // of words: the same one twice scores double
		for _, n := range n.Nodes {
			if t, ok := n.(query.Term); ok && t.Field == "" {
				times[t.Text]++
			}
		}
		for text, n := range times {
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
		for _, n := range n.Nodes {
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

func (q *question) prefix(n query.Prefix, d *oracleDoc) (bool, int32) {
	any, sum := false, float32(0)
	for _, f := range q.textFields(n.Field) {
		for _, t := range q.expand(n) {
			if k := occurrences(d.fields[f], []string{t}); k > 0 {
				any = true
				sum += q.scorers[f].Evidence(k, norm(len(d.fields[f])))
			}
		}
	}
	return any, q.model.Term(q.prefixIDF(n), q.scale).Score(sum)
}

func (q *question) expand(n query.Prefix) []string {
	if out, ok := q.expanded[n.String()]; ok {
		return out
	}
	seen := map[string]bool{q.terms(n.Text)[0]: true}
	for _, d := range q.docs {
		for _, f := range q.textFields(n.Field) {
			for _, t := range d.fields[f] {
				if strings.HasPrefix(t, n.Text) {
					seen[t] = true
				}
			}
		}
	}
	var out []string
	for t := range seen {
		out = append(out, t)
	}
	slices.Sort(out)
	q.expanded[n.String()] = out
	return out
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
			if occurrences(d.fields[f], []string{term}) > 0 {
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

func (q *question) prefixIDF(n query.Prefix) float64 {
	df := uint64(0)
	for _, t := range q.expand(n) {
		df += q.df(n.Field, t)
	}
	return rank.IDF(uint64(len(q.docs)), min(df, uint64(len(q.docs))))
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
		sum = q.prefixIDF(n)
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
