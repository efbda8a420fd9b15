package eval

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Depth is how many documents of an answer are looked at, as trec_eval does.
const Depth = 1000

// spare is how many documents more are asked for where some are dropped.
const spare = 500

// A Doc is one document of an answer, under the name that judgements use.
type Doc struct {
	ID    string
	Score float64
}

// A Ranking is the answer to one query, best first.
type Ranking struct {
	Query string
	Docs  []Doc
}

// A Search answers a query with at most limit documents, best first. IDs and
// addresses are what the collection calls them.
type Search func(ctx context.Context, query string, limit int) ([]Doc, error)

// Options say how judged names and the collection's names meet.
type Options struct {
	IDPrefix string           // put before a judged name to get the collection's; empty: equal
	Exclude  []*regexp.Regexp // judged names that match are dropped from answers before scoring
	Progress func(done, total int)
}

// A Report holds the means over Queries queries.
type Report struct {
	Queries   int     `json:"queries"`
	NDCG10    float64 `json:"ndcg@10"`
	MAP       float64 `json:"map"`
	MRR10     float64 `json:"mrr@10"`
	P1        float64 `json:"p@1"`
	Recall100 float64 `json:"recall@100"`
	Empty     int     `json:"empty"` // queries that found nothing

	Rankings []Ranking `json:"-"`
}

// Run asks every judged query and scores the answers.
func Run(ctx context.Context, queries []Query, qrels Qrels, search Search, opt Options) (*Report, error) {
	judged := slices.DeleteFunc(slices.Clone(queries), func(q Query) bool { return relevant(qrels[q.ID]) == 0 })
	if len(judged) == 0 {
		return nil, fmt.Errorf("eval: none of %d queries has a relevant document in the judgements: do the files belong together?", len(queries))
	}
	rep := &Report{Queries: len(judged)}
	for i, q := range judged {
		limit := Depth
		if len(opt.Exclude) > 0 {
			limit += spare
		}
		docs, err := search(ctx, q.Text, limit)
		if err != nil {
			return nil, fmt.Errorf("eval: query %s: %w", q.ID, err)
		}
		docs = rename(docs, opt)
		if len(docs) == 0 {
			rep.Empty++
		}
		rep.add(docs, qrels[q.ID])
		rep.Rankings = append(rep.Rankings, Ranking{Query: q.ID, Docs: docs})
		if opt.Progress != nil {
			opt.Progress(i+1, len(judged))
		}
	}
	n := float64(len(judged))
	for _, m := range []*float64{&rep.NDCG10, &rep.MAP, &rep.MRR10, &rep.P1, &rep.Recall100} {
		*m /= n
	}
	return rep, nil
}

// rename gives documents their judged names, drops what is excluded and cuts
// at Depth.
func rename(docs []Doc, opt Options) []Doc {
	out := make([]Doc, 0, min(len(docs), Depth))
	for _, d := range docs {
		d.ID = strings.TrimPrefix(d.ID, opt.IDPrefix)
		drop := slices.ContainsFunc(opt.Exclude, func(p *regexp.Regexp) bool { return p.MatchString(d.ID) })
		if !drop && len(out) < Depth {
			out = append(out, d)
		}
	}
	return out
}

// add sums the measures of one answer.
func (r *Report) add(docs []Doc, grades map[string]int) {
	total := relevant(grades)
	var dcg, precision, first float64
	found, found100 := 0, 0
	for i, d := range docs {
		grade := grades[d.ID]
		if grade <= 0 {
			continue
		}
		found++
		precision += float64(found) / float64(i+1)
		if i < 10 {
			dcg += float64(grade) / math.Log2(float64(i+2))
		}
		if i < 10 && first == 0 {
			first = 1 / float64(i+1)
		}
		if i == 0 {
			r.P1++
		}
		if i < 100 {
			found100++
		}
	}
	r.NDCG10 += dcg / idealDCG(grades)
	r.MAP += precision / float64(total)
	r.MRR10 += first
	r.Recall100 += float64(found100) / float64(total)
}

func relevant(grades map[string]int) int {
	n := 0
	for _, g := range grades {
		if g > 0 {
			n++
		}
	}
	return n
}

// idealDCG is the discounted gain of the ten best grades.
func idealDCG(grades map[string]int) float64 {
	best := make([]int, 0, len(grades))
	for _, g := range grades {
		if g > 0 {
			best = append(best, g)
		}
	}
	slices.SortFunc(best, func(a, b int) int { return b - a })
	var sum float64
	for i, g := range best[:min(10, len(best))] {
		sum += float64(g) / math.Log2(float64(i+2))
	}
	return sum
}
