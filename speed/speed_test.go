package speed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/search"
)

// words by how many of a hundred documents have them.
func textOf(i int) string {
	text := "harbour" // all
	if i%20 == 0 {
		text += " lantern"
	}
	if i == 7 {
		text += " quicksilver"
	}
	return fmt.Sprintf("%s ship%d. The old mill", text, i%50)
}

// open is an index of n documents.
func open(t *testing.T, n int) (*index.Snapshot, search.Searcher) {
	t.Helper()
	ctx, dir := t.Context(), index.Dir(t.TempDir())
	schema := index.Schema{Fields: []index.Field{{Name: "title", Kind: index.Text, Stored: true}, {Name: "body", Kind: index.Text, Stored: true}}}
	w, err := index.OpenWriter(ctx, dir, schema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range n {
		d := &index.Document{Values: []index.Value{{Field: 0, Text: fmt.Sprintf("Title of %d", i)}, {Field: 1, Text: textOf(i)}}}
		binary.BigEndian.PutUint64(d.Key[:], uint64(i+1)*0x9e3779b97f4a7c15)
		if err := w.Put(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(ctx, 1); err != nil {
		t.Fatal(err)
	}
	snap, err := index.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(snap.Close)
	return snap, search.Local(source{snap}, nil, search.Options{})
}

type source struct{ *index.Snapshot }

func (s source) Acquire() (*index.Snapshot, error) { return s.Snapshot.Acquire(), nil }

// TestMake: queries are of the classes they are said to be of, match, and are
// the same for the same seed.
func TestMake(t *testing.T) {
	const docs = 400
	_, s := open(t, docs)
	queries, err := Make(t.Context(), Of(s), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Make(t.Context(), Of(s), 5, 1)
	if err != nil || !reflect.DeepEqual(queries, again) {
		t.Errorf("the same seed made %v, then %v, %v", queries, again, err)
	}
	if other, err := Make(t.Context(), Of(s), 5, 2); err != nil || reflect.DeepEqual(queries, other) {
		t.Errorf("another seed made the same: %v, %v", other, err)
	}
	counts := map[string]int{}
	for _, q := range queries {
		counts[q.Class]++
		res, err := s.Search(t.Context(), &search.Request{Query: q.Text})
		if err != nil || res.Total == 0 || len(res.Dropped) > 0 {
			t.Errorf("%s %q: %+v, %v", q.Class, q.Text, res, err)
			continue
		}
		share, class := float64(res.Total)/docs, Rare
		if share >= .01 {
			class = Middling
		}
		if share >= .1 {
			class = Frequent
		}
		if words := strings.Fields(q.Text); len(words) == 1 && q.Class != class {
			t.Errorf("%q, in %.3f of the documents, is called %s", q.Text, share, q.Class)
		}
	}
	for _, c := range []string{Frequent, Middling, Rare, Both, Either, Side} {
		if counts[c] == 0 || counts[c] > 5 {
			t.Errorf("%d queries of class %s", counts[c], c)
		}
	}
}

func TestMakeOfNothing(t *testing.T) {
	_, s := open(t, 0)
	if _, err := Make(t.Context(), Of(s), 5, 1); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
}

func TestRead(t *testing.T) {
	got, err := Read(strings.NewReader("# mine\n\nwine\nq7\tred wine\n+red +wine\n\"red wine\"\ncolo?r -x\n  red AND wine \n*\n"))
	want := []Query{{OneWord, "wine"}, {AnyOf, "red wine"}, {AllOf, "+red +wine"}, {Side, `"red wine"`}, {Other, "colo?r -x"}, {AllOf, "red AND wine"}, {Other, "*"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for name, text := range map[string]string{"nothing": "# only\n", "too many": strings.Repeat("x\n", MaxQueries+1), "a long line": strings.Repeat("x", 1<<17)} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRun holds sums and percentiles against times that are known.
func TestRun(t *testing.T) {
	asked := map[string]int{}
	ask := func(_ context.Context, q string, _, limit int) (Answer, error) {
		if limit != 3 {
			t.Errorf("limit %d", limit)
		}
		asked[q]++
		a := Answer{Find: 100 * time.Microsecond, Show: 7 * time.Microsecond, Total: 10}
		if asked[q] == 1 {
			a.Find = time.Second // the first round
		}
		if q == "slow" {
			a.Find, a.Total, a.Partial = a.Find+300*time.Microsecond, 30, true
		}
		return a, nil
	}
	queries := []Query{{"a", "quick"}, {"b", "slow"}, {"a", "other"}}
	rep, err := Run(t.Context(), ask, queries, Options{Limit: 3, Rounds: 5})
	if err != nil {
		t.Fatal(err)
	}
	want := []Class{
		{"a", 2, 10, 8, 1e6, 100, 100, 100, 100, 100, 7},
		{"b", 1, 30, 4, 1e6 + 300, 400, 400, 400, 400, 400, 7},
		{"all", 3, 50. / 3, 12, 1e6 + 100, 200, 100, 400, 400, 400, 7},
	}
	for i := range rep.Classes {
		rep.Classes[i].Matches = float64(int(rep.Classes[i].Matches*1e6+.5)) / 1e6
		want[i].Matches = float64(int(want[i].Matches*1e6+.5)) / 1e6
	}
	if !reflect.DeepEqual(rep.Classes, want) {
		t.Errorf("got  %+v\nwant %+v", rep.Classes, want)
	}
	if rep.Partial != 5 || len(rep.Slowest) != 3 || rep.Slowest[0] != (Slow{"slow", "b", 30, 400}) {
		t.Errorf("%d partial, slowest %v", rep.Partial, rep.Slowest)
	}
}

// TestRunEnds: an end amid the second round leaves what was measured.
func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	ask := func(ctx context.Context, _ string, _, _ int) (Answer, error) {
		if n++; n > 3 {
			cancel()
			return Answer{}, ctx.Err()
		}
		return Answer{Find: 5 * time.Microsecond}, nil
	}
	rep, err := Run(ctx, ask, []Query{{"a", "x"}, {"a", "y"}}, Options{Threads: []int{1}})
	if !errors.Is(err, context.Canceled) || rep == nil || len(rep.Classes) != 1 || rep.Classes[0].Queries != 2 || rep.Classes[0].Mean != 5 || len(rep.Rates) != 0 {
		t.Errorf("got %+v, %v", rep, err)
	}
	wrong := errors.New("out of order")
	rep, err = Run(t.Context(), func(context.Context, string, int, int) (Answer, error) { return Answer{}, wrong }, []Query{{"a", "x"}}, Options{})
	if !errors.Is(err, wrong) || !strings.Contains(err.Error(), `"x"`) || len(rep.Classes) != 0 {
		t.Errorf("got %+v, %v", rep, err)
	}
}

func TestRates(t *testing.T) {
	var most, now, asked atomic.Int64
	ask := func(context.Context, string, int, int) (Answer, error) {
		asked.Add(1)
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
		return Answer{}, nil
	}
	rep, err := Run(t.Context(), ask, []Query{{"a", "x"}}, Options{Rounds: 1, Threads: []int{1, 4}, Duration: 50 * time.Millisecond})
	if err != nil || len(rep.Rates) != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if most.Load() < 2 || most.Load() > 4 {
		t.Errorf("at most %d at a time, of 4", most.Load())
	}
	answers := 1
	for i, r := range rep.Rates {
		answers += r.Answers
		if r.Threads != []int{1, 4}[i] || r.Answers == 0 || r.P50 < 1900 || r.P99 < r.P50 || r.Seconds < .05 || r.PerSecond != float64(r.Answers)/r.Seconds {
			t.Errorf("%+v", r)
		}
	}
	if int64(answers) != asked.Load() {
		t.Errorf("%d answers counted of %d", answers, asked.Load())
	}
}

// Threads that start after their time was over have asked once.
func TestRatesOfNoTime(t *testing.T) {
	ask := func(context.Context, string, int, int) (Answer, error) { return Answer{}, nil }
	rep, err := Run(t.Context(), ask, []Query{{"a", "x"}}, Options{Rounds: 1, Threads: []int{1, 8}, Duration: 1})
	if err != nil || len(rep.Rates) != 2 || rep.Rates[0].Answers < 1 || rep.Rates[1].Answers < 8 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestBadOptions(t *testing.T) {
	ask := func(context.Context, string, int, int) (Answer, error) { return Answer{}, nil }
	for _, opt := range []Options{{Rounds: -1}, {Rounds: MaxRounds + 1}, {Duration: -1}, {Threads: []int{0}}, {Threads: []int{MaxThreads + 1}}} {
		if _, err := Run(t.Context(), ask, []Query{{"a", "x"}}, opt); err == nil {
			t.Errorf("%+v: no error", opt)
		}
	}
	if _, err := Run(t.Context(), ask, nil, Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("no queries: %v", err)
	}
}

// TestHistogram: its percentiles lie below the true ones by at most a bucket.
func TestHistogram(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var h histogram
	var all []uint64
	for range 5000 {
		ns := r.Uint64() >> (1 + r.UintN(62))
		all = append(all, ns)
		h.add(time.Duration(ns))
	}
	slices.Sort(all)
	for _, p := range []float64{0, .5, .9, .99, 1} {
		want, got := float64(all[min(len(all)-1, int(p*5000))])/1000, h.at(p)
		if got > want*(1+1e-9) || got < want*(1-1./32)-1e-9 {
			t.Errorf("seed %d: percentile %v is %v, want %v", seed, p, got, want)
		}
	}
}

func TestFreshness(t *testing.T) {
	snap, _ := open(t, 300)
	dir := t.TempDir()
	f, err := Freshness(t.Context(), snap, dir)
	if err != nil {
		t.Fatal(err)
	}
	if f.Docs != 280 || f.Adds != 20 || f.Visible <= 0 || f.Durable <= 0 {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	empty, _ := open(t, 0)
	if _, err := Freshness(t.Context(), empty, dir); !errors.Is(err, ErrEmpty) {
		t.Errorf("of nothing: %v", err)
	}
}
