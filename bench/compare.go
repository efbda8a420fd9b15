package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// scoreTolerance is how far two scores of one place may be apart, in parts of the
// greater. Lucene adds float32: each term's weight, its tf part and each sum are
// rounded to 24 bits (6e-8), at most some twenty roundings for eight words, 1.2e-6.
// Trawl's fixed point is finer (2^-30 of the bound, package rank). An error in
// the formula (a document counted, a length byte) is 1e-4 and more.
const scoreTolerance = 5e-6

// smallShare: a score below so small a share of the best one is held to what the
// tolerance is for that share. There Trawl's unit shows, up to one a word: a word
// that all but eight documents hold is worth 8e-5 beside one of 13, and its unit is
// 1e-8.
const smallShare = 1.0 / 128

// A difference is a question that two engines answer differently.
type difference struct {
	engine string
	question
	what string
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %s %s: %s", d.engine, d.command, d.text, d.what)
}

// compare tells where an engine's counts, and its scores if they should be the
// same, differ from the reference's. It returns how many were compared and the
// greatest distance of scores there was.
func compare(name string, r, ref results, scores bool) (diffs []difference, compared int, worst float64) {
	for k, t := range r {
		want := ref[k]
		if want == nil {
			continue
		}
		compared++
		if counted(k.command) && t.count != want.count {
			diffs = append(diffs, difference{name, k, fmt.Sprintf("counts %d, Lucene %d", t.count, want.count)})
		}
		if !scores || k.command == "COUNT" {
			continue
		}
		far, what := compareHits(t.hits, want.hits)
		worst = max(worst, far)
		if what != "" {
			diffs = append(diffs, difference{name, k, what})
		}
	}
	slices.SortFunc(diffs, func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	return diffs, compared, worst
}

// compareHits compares lists of scores, place by place. Ids do not count: where
// scores are equal engines order by different things.
func compareHits(got, want string) (worst float64, what string) {
	a, err := scoresOf(got)
	if err != nil {
		return 0, err.Error()
	}
	b, err := scoresOf(want)
	if err != nil {
		return 0, "Lucene: " + err.Error()
	}
	if len(a) != len(b) {
		return 0, fmt.Sprintf("%d hits, Lucene has %d", len(a), len(b))
	}
	for i := range a {
		far := math.Abs(a[i]-b[i]) / max(a[i], b[i], a[0]*smallShare, math.SmallestNonzeroFloat64)
		worst = max(worst, far)
		if !(far <= scoreTolerance) && what == "" {
			what = fmt.Sprintf("score %.9g at place %d, Lucene's is %.9g", a[i], i+1, b[i])
		}
	}
	return worst, what
}

// scoresOf reads the scores of "id:score,id:score", which must not rise.
func scoresOf(hits string) ([]float64, error) {
	if hits == "" {
		return nil, nil
	}
	var scores []float64
	for _, h := range strings.Split(hits, ",") {
		s, err := strconv.ParseFloat(h[strings.LastIndexByte(h, ':')+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("hit %q has no score", h)
		}
		if n := len(scores); n > 0 && s > scores[n-1] {
			return nil, fmt.Errorf("hits are out of order: %v behind %v", s, scores[n-1])
		}
		scores = append(scores, s)
	}
	return scores, nil
}
