package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestClassOf(t *testing.T) {
	for part, want := range map[string]string{"TERM_HI": "TERM", "TERM_LO": "TERM", "AND2": "AND", "AND4+": "AND", "OR3": "OR", "PHRASE4+": "PHRASE"} {
		if got := classOf(part); got != want {
			t.Errorf("classOf(%s) = %s, want %s", part, got, want)
		}
	}
}

func TestParseQueries(t *testing.T) {
	name := filepath.Join(t.TempDir(), "queries.tsv")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("AND2\t+red +wine\nPHRASE2\t\"red wine\"\nOR2\tred wine\nTERM_LO\twine\n")
	queries, err := parseQueries(name)
	if err != nil {
		t.Fatal(err)
	}
	var lines string
	for _, q := range queries {
		lines += q.line()
	}
	if want := "AND\tred wine\nPHRASE\tred wine\nOR\tred wine\nTERM\twine\n"; lines != want {
		t.Errorf("lines %q, want %q", lines, want)
	}
	for _, bad := range []string{"AND2 red", "XOR\ta", "AND2\tRed wine", "OR2\ta:b"} {
		write(bad)
		if _, err := parseQueries(name); err == nil {
			t.Errorf("%q is a query", bad)
		}
	}
}

func TestChoose(t *testing.T) {
	all := []query{{"AND2", "a"}, {"OR2", "b"}, {"AND2", "c"}, {"AND3", "d"}, {"AND2", "e"}}
	check := func(only []string, n int, want string) {
		t.Helper()
		got := ""
		for _, q := range choose(all, only, n) {
			got += q.text
		}
		if got != want {
			t.Errorf("choose(%v, %d) = %s, want %s", only, n, got, want)
		}
	}
	check(nil, 1, "abcde")
	check([]string{"AND"}, 1, "acde")
	check([]string{"AND2"}, 2, "ae")
	check([]string{"AND3", "OR"}, 1, "bd")
	check(nil, 3, "abd")
}

// TestBatches wants every query once a round, and rounds of different orders.
func TestBatches(t *testing.T) {
	var all []query
	for i := range 100 {
		all = append(all, query{"OR2", strings.Repeat("x", i+1)})
	}
	orders := map[string]bool{}
	for round := range 5 {
		seen, order := map[string]int{}, ""
		for _, b := range batches(all, 7, round) {
			if len(b) > 7 {
				t.Fatalf("a batch of %d", len(b))
			}
			for _, q := range b {
				seen[q.text]++
				order += q.text[:1] + string(rune(len(q.text)))
			}
		}
		if len(seen) != len(all) {
			t.Fatalf("round %d asks %d queries of %d", round, len(seen), len(all))
		}
		orders[order] = true
	}
	if len(orders) != 5 {
		t.Errorf("5 rounds have %d orders", len(orders))
	}
}

func TestSummarize(t *testing.T) {
	var us []float64
	for i := 200; i > 0; i-- {
		us = append(us, float64(i))
	}
	want := summary{200, 100.5, 100.5, 181, 199} // as table.py: a[int(.9*200)], a[int(.99*200)]
	if got := summarize(us); got != want {
		t.Errorf("summarize(200..1) = %+v, want %+v", got, want)
	}
	if us[0] != 200 {
		t.Error("summarize sorts what it was given")
	}
	if got, want := summarize([]float64{3, 1, 2}), (summary{3, 2, 2, 3, 3}); got != want {
		t.Errorf("summarize(3, 1, 2) = %+v, want %+v", got, want)
	}
	if got := summarize(nil); got != (summary{}) {
		t.Errorf("summarize() = %+v", got)
	}
}

// TestOfCommon wants ratios of the questions that both engines were asked.
func TestOfCommon(t *testing.T) {
	a := results{{"TOP_10", "x"}: {part: "OR2", best: 1}, {"TOP_10", "y"}: {part: "OR3", best: 9}, {"COUNT", "x"}: {part: "OR2", best: 7}}
	b := results{{"TOP_10", "x"}: {part: "OR2", best: 4}}
	mean, p50, p99 := a.of("TOP_10", "OR", b).ratios(b.of("TOP_10", "OR", a))
	if mean != .25 || p50 != .25 || p99 != .25 {
		t.Errorf("ratios %v %v %v, want .25", mean, p50, p99)
	}
	if s := a.of("TOP_10", "OR", nil); s.N != 2 || s.Mean != 5 {
		t.Errorf("all of a: %+v", s)
	}
}

func TestCompareHits(t *testing.T) {
	check := func(a, b, want string) {
		t.Helper()
		_, what := compareHits(a, b)
		if (what == "") != (want == "") || !strings.Contains(what, want) {
			t.Errorf("compareHits(%s, %s) = %q, want %q", a, b, what, want)
		}
	}
	check("", "", "")
	check("1:5.5,2:4.4", "9:5.5,8:4.4", "") // ids do not count
	check("1:5.500001,2:4.4", "1:5.5,2:4.4", "")
	check("1:5.5001,2:4.4", "1:5.5,2:4.4", "place 1")
	check("1:5.5,2:4.4", "1:5.5,2:4.401", "place 2")
	check("1:5.5", "1:5.5,2:4.4", "1 hits, Lucene has 2")
	check("1:4.4,2:5.5", "1:5.5,2:4.4", "out of order")
	check("1:NaN", "1:5.5", "place 1")
	check("1:five", "1:5.5", "no score")
	if far, _ := compareHits("1:1.000001", "1:1"); math.Abs(far-1e-6) > 1e-9 {
		t.Errorf("distance %v, want 1e-6", far)
	}
}

func TestCompare(t *testing.T) {
	q := query{"OR2", "red wine"}
	ref, r := results{}, results{}
	for _, command := range commands {
		hits := map[bool]string{true: "", false: "1:2.5"}[command == "COUNT"]
		if err := ref.add(command, q, time.Millisecond, 10, hits); err != nil {
			t.Fatal(err)
		}
		if err := r.add(command, q, time.Microsecond, 10, hits); err != nil {
			t.Fatal(err)
		}
	}
	if diffs, n, _ := compare("trawl", r, ref, true); len(diffs) != 0 || n != len(commands) {
		t.Errorf("%d of %d differ: %v", len(diffs), n, diffs)
	}
	r[question{"TOP_100", q.text}].count = 3 // not counted: may be too low
	r[question{"COUNT", q.text}].count = 11
	r[question{"TOP_10", q.text}].hits = "1:2.6"
	diffs, _, _ := compare("trawl", r, ref, true)
	if len(diffs) != 2 || diffs[0].command != "COUNT" || diffs[1].command != "TOP_10" {
		t.Errorf("differences: %v", diffs)
	}
	if diffs, _, _ := compare("other", r, ref, false); len(diffs) != 1 {
		t.Errorf("differences of counts: %v", diffs)
	}
	if err := r.add("COUNT", q, time.Microsecond, 12, ""); err == nil {
		t.Error("a count that changes from round to round is no error")
	}
}

// TestResultsFile writes and reads again, and reads the six columns of the peers.
func TestResultsFile(t *testing.T) {
	r := results{}
	for i, took := range []time.Duration{3 * time.Microsecond, time.Microsecond, 2 * time.Microsecond} {
		if err := r.add("TOP_10", query{"TERM_HI", "wine"}, took, uint64(i), "7:1.5"); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "TOP_10\tTERM_HI\twine\t1.0\t2.0\t0\t7:1.5\n"; b.String() != want {
		t.Fatalf("wrote %q, want %q", b.String(), want)
	}
	again, err := readResults(strings.NewReader(b.String() + "COUNT\tAND2\t+a +b\t23.0\t25.4\t20\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := again[question{"COUNT", "+a +b"}]; got == nil || got.best != 23 || got.mean() != 25.4 || got.count != 20 {
		t.Errorf("read %+v", got)
	}
	for _, bad := range []string{"COUNT\tAND2\tx\n", "COUNT\tAND2\tx\ta\t1\t1\n", "COUNT\tAND2\tx\t1\t1\t-1\n"} {
		if _, err := readResults(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is a result", bad)
		}
	}
}

func TestIDBytes(t *testing.T) {
	sum := int64(0)
	for n := range int64(1234) {
		if got := idBytes(n); got != sum {
			t.Fatalf("idBytes(%d) = %d, want %d", n, got, sum)
		}
		sum += int64(len(strconv.FormatInt(n, 10))) + 2
	}
}

// TestCut wants the words of the text in their order, whatever the pieces.
func TestCut(t *testing.T) {
	in := "0\tThis is one. And two! Are there three? Yes.\n1\tA second passage of some length. It ends\n2\t- - -\n"
	for k, want := range map[cut]int{{join: 3500}: 1, {}: 2, {part: 1, sent: true}: 6, {part: 20, sent: true}: 4, {part: 30}: 4} {
		var out bytes.Buffer
		docs, err := k.cut(context.Background(), strings.NewReader(in), &out)
		if err != nil || docs != want {
			t.Errorf("%+v: %d documents, want %d: %v", k, docs, want, err)
		}
		words := ""
		for line := range strings.Lines(out.String()) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words += text + " "
		}
		words = strings.TrimSuffix(words, "- - - ")
		if want := "This is one. And two! Are there three? Yes. A second passage of some length. It ends "; words != want {
			t.Errorf("%+v: %q", k, words)
		}
	}
}

func TestChosen(t *testing.T) {
	got, err := chosen([]string{"trawl", "lucene", "trawl+purego"}, false)
	if err != nil || len(got) != 3 || got[0].name != "trawl" || got[1].name != lucene || got[2].name != "trawl+purego" {
		t.Errorf("chosen: %+v, %v", got, err)
	}
	if got, err := chosen([]string{"trawl", "lucene"}, true); err != nil || got[0].name != "trawl+purego" || got[1].name != lucene {
		t.Errorf("chosen with --purego: %+v, %v", got, err)
	}
	for name, want := range map[string]bool{"trawl": true, "trawl@abc+purego": true, "lucene": false, "trawler": false} {
		if isTrawl(name) != want {
			t.Errorf("isTrawl(%s) = %v", name, !want)
		}
	}
	if base, ref, pure := trawlAt("trawl@abc~2+purego"); base != "trawl" || ref != "abc~2" || !pure {
		t.Errorf("trawlAt: %s %s %v", base, ref, pure)
	}
}

// TestJudge wants means held to Lucene of the run and p99 to the best stored peer
// that was asked as much.
func TestJudge(t *testing.T) {
	make := func(us float64) results {
		return results{{"TOP_10", "a b"}: {part: "OR2", best: us}, {"TOP_10", "a c"}: {part: "OR2", best: us}}
	}
	less := make(1)
	delete(less, question{"TOP_10", "a c"})
	peers := map[string]results{"lucene8": make(100), "pisa": make(40), "less": less}
	got := judge("trawl", make(20), make(200), peers)
	want := []verdict{
		{"TOP_10", "OR", "mean ratio", .1, .12, true, 0, "pisa-bpq", .2},
		{"TOP_10", "OR", "p99 µs", 20, 40, true, 80, "pisa", 40},
	}
	if !slices.EqualFunc(got, want, func(a, b verdict) bool {
		a.Scaled = math.Round(a.Scaled)
		return a == b
	}) {
		t.Errorf("verdicts %+v, want %+v", got, want)
	}
	if got := judge("trawl+purego", make(160), make(200), peers); len(got) != 1 || got[0].Met {
		t.Errorf("without assembly .8 of Lucene: %+v", got)
	}
}

func TestParseFlags(t *testing.T) {
	for _, bad := range []string{"--engines tantivy", "--commands TOP_5", "--class NOT", "--steps dance", "--corpus x", "--rounds 0", "extra"} {
		if _, err := parseFlags(strings.Fields(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	for args, want := range map[string]string{"": "index,open,add,merge,queries,qps", "--class OR": "queries", "--class OR --steps qps,open": "qps,open"} {
		c, err := parseFlags(strings.Fields(args))
		if err != nil || strings.Join(c.steps, ",") != want {
			t.Errorf("%q: steps %v, want %s: %v", args, c.steps, want, err)
		}
	}
}
