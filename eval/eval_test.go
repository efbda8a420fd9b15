package eval

import (
	"context"
	"math"
	"strings"
	"testing"
)

// The worked example: two queries, answers written down, measures by hand.
func TestMeasuresByHand(t *testing.T) {
	queries, err := ReadQueries(strings.NewReader("q1\tone\nq2\ttwo\nq3\tunjudged\n"))
	if err != nil {
		t.Fatal(err)
	}
	qrels, err := ReadQrels(strings.NewReader("q1 0 a 2\nq1 0 b 1\nq1 0 c 0\nq2 0 d 1\nq3 0 x 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]Doc{
		"one": {{"p/c", 9}, {"p/a", 8}, {"p/junk", 7.5}, {"p/b", 7}},
		"two": nil,
	}
	search := func(_ context.Context, q string, _ int) ([]Doc, error) { return answers[q], nil }
	exclude, err := ReadPatterns(strings.NewReader("# a remark\n^junk$\n"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Run(t.Context(), queries, qrels, search, Options{IDPrefix: "p/", Exclude: exclude})
	if err != nil {
		t.Fatal(err)
	}
	dcg := 2/math.Log2(3) + 1/math.Log2(4)
	ideal := 2/math.Log2(2) + 1/math.Log2(3)
	want := Report{Queries: 2, NDCG10: dcg / ideal / 2, MAP: (1./2 + 2./3) / 2 / 2, MRR10: .5 / 2, P1: 0, Recall100: .5, Empty: 1}
	for _, m := range []struct {
		name      string
		got, want float64
	}{
		{"queries", float64(rep.Queries), float64(want.Queries)}, {"ndcg", rep.NDCG10, want.NDCG10}, {"map", rep.MAP, want.MAP},
		{"mrr", rep.MRR10, want.MRR10}, {"p1", rep.P1, want.P1}, {"recall", rep.Recall100, want.Recall100}, {"empty", float64(rep.Empty), 1},
	} {
		if math.Abs(m.got-m.want) > 1e-12 {
			t.Errorf("%s = %v, want %v", m.name, m.got, m.want)
		}
	}
	var run strings.Builder
	if err := WriteRun(&run, "trawl", rep.Rankings); err != nil {
		t.Fatal(err)
	}
	if want := "q1 Q0 c 1 9.000000 trawl\nq1 Q0 a 2 8.000000 trawl\nq1 Q0 b 3 7.000000 trawl\n"; run.String() != want {
		t.Errorf("run file:\n%swant:\n%s", run.String(), want)
	}
}

func TestBadInputNamesTheLine(t *testing.T) {
	if _, err := ReadQueries(strings.NewReader("q1\tx\n\nno tab\n")); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("queries: %v", err)
	}
	if _, err := ReadQrels(strings.NewReader("q1 0 d one\n")); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("qrels: %v", err)
	}
	if _, err := Run(t.Context(), []Query{{"q", "x"}}, Qrels{}, nil, Options{}); err == nil {
		t.Error("no judged query, and no error")
	}
}
