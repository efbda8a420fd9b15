package query

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func µs(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

func TestRange(t *testing.T) {
	const least, most = math.MinInt64, math.MaxInt64
	check := func(in string, field string, low, high int64) {
		t.Helper()
		want := Range{field, low, high}
		n := Parse(in)
		if n != (Node)(want) {
			t.Errorf("Parse(%q)\n got %#v\nwant %#v", in, n, want)
		}
		if again := Parse(n.String()); again != n {
			t.Errorf("Parse(%q) prints %q, which is %#v", in, n, again)
		}
	}
	check("year:2010..2015", "year", 2010, 2015)
	check("year:2010..", "year", 2010, most)
	check("year:..2015", "year", least, 2015)
	check("year:2015..2010", "year", 2015, 2010)
	check("t:-5..+5", "t", -5, 5)
	check("price:>=10", "price", 10, most)
	check("price:>10", "price", 11, most)
	check("price:<=10", "price", least, 10)
	check("price:<5", "price", least, 4)
	check("price:=7", "price", 7, 7)
	check("price:=-7", "price", -7, -7)
	check("price:>-1", "price", 0, most)
	check("Price_2:1..2", "Price_2", 1, 2)
	check("a.b-c:1..2", "a.b-c", 1, 2)

	check("price:<9.99", "price", least, 9)
	check("price:<=9.99", "price", least, 9)
	check("price:>9.99", "price", 10, most)
	check("price:9.5..10.5", "price", 10, 10)
	check("price:=9.5", "price", 10, 9)
	check("price:>=10.00", "price", 10, most)
	check("price:>-0.5", "price", 0, most)
	check("price:<-0.5", "price", least, -1)

	check("x:>=-9223372036854775808", "x", least, most)
	check("x:>9223372036854775807", "x", most, least)
	check("x:<-9223372036854775808", "x", most, least)
	check("x:<99999999999999999999999", "x", least, most-1)
	check("x:9223372036854775807..", "x", most, most)
	check("x:..-9223372036854775808", "x", least, least)

	jan, feb := µs(t, "2024-01-31 00:00:00"), µs(t, "2024-02-01 00:00:00")
	check("fetched:2024-01-31", "fetched", jan, feb-1)
	check("fetched:=2024-01-31", "fetched", jan, feb-1)
	check("fetched:>2024-01-31", "fetched", feb, most)
	check("fetched:>=2024-01-31", "fetched", jan, most)
	check("fetched:<2024-01-31", "fetched", least, jan-1)
	check("fetched:<=2024-01-31", "fetched", least, feb-1)
	check("fetched:2024-02..2024-03", "fetched", feb, µs(t, "2024-04-01 00:00:00")-1)
	check("fetched:2023-12..2024-01-31", "fetched", µs(t, "2023-12-01 00:00:00"), feb-1)
	check("fetched:>=2024-01-31T12:30", "fetched", µs(t, "2024-01-31 12:30:00"), most)
	check("fetched:=2024-01-31T12:30:05Z", "fetched", µs(t, "2024-01-31 12:30:05"), µs(t, "2024-01-31 12:30:06")-1)
	check("fetched:=2024-02", "fetched", feb, µs(t, "2024-03-01 00:00:00")-1)
}

func TestNoRange(t *testing.T) {
	for _, word := range []string{
		"year:2010", "localhost:8080", "12:30..13:30", "year:..", "year:>", "year:>x", "year:1..x", "year:x..1", "1..5",
		"year:=", "year:==1", "year:><1", "year:>=1.", "year:>.5", "year:1...5", "year:1e3..2e3", "year:--1..2", "year:>=+-1",
		"d:2024-02-31", "d:>2024-13", "d:2010-2015", "d:>2024-01-31T25:00", "d:>2024-1", "9:1..2", ":1..2", "jahr\u00e4:1..2",
		strings.Repeat("x", maxNameBytes+1) + ":1..2",
	} {
		if n := Parse(word); n != (Node)(Term{Text: word}) {
			t.Errorf("Parse(%q) = %#v, want it to be a word", word, n)
		}
	}
	if n := Parse("title:1..5"); n != (Node)(Term{"title", "1..5"}) {
		t.Errorf("a text field has numbers: %#v", n)
	}
}

func TestRangeInTrees(t *testing.T) {
	for in, want := range map[string]string{
		"red wine year:2010..2015":      "(and year:2010..2015 (or red wine))",
		"wine -year:..2009":             "(and wine (not year:..2009))",
		"wine NOT year:<2010":           "(and wine (not year:..2009))",
		"year:1..2 OR year:5..6 wine":   "(and (or year:1..2 year:5..6) wine)",
		"year:1..2(x)":                  "(and year:1..2 x)",
		"title:(a year:1..2)":           "(and title:a year:1..2)",
		"+year:1..2 wine":               "(and year:1..2 (opt wine))",
		"recieve~ wine":                 "(or recieve~1 wine)",
		"title:colo?r wine":             "(and title:colo?r wine)",
		"title:(recieve~2 colo?r wine)": "(and title:recieve~2 title:colo?r title:wine)",
		"-colo?r wine":                  "(and wine (not colo?r))",
	} {
		n := Parse(in)
		if got := sexp(n); got != want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", in, got, want)
		}
		if again := Parse(n.String()); !reflect.DeepEqual(again, n) {
			t.Errorf("Parse(%q) prints %q, which is %s", in, n, sexp(again))
		}
	}
}

func TestWildcard(t *testing.T) {
	for in, want := range map[string]Node{
		"inter*ional":   Wildcard{"", "inter*ional"},
		"colo?r":        Wildcard{"", "colo?r"},
		"Colo?r?":       Wildcard{"", "Colo?r"}, // the end of a question
		"'colo?r'.":     Wildcard{"", "colo?r"},
		"*ness":         Wildcard{"", "*ness"},
		"a*b*":          Wildcard{"", "a*b*"},
		"a**b":          Wildcard{"", "a*b"},
		"a*?b":          Wildcard{"", "a?*b"},
		"a?*??b":        Wildcard{"", "a???*b"},
		"a?*":           Wildcard{"", "a?*"},
		"?uck":          Term{"", "?uck"}, // as in "the ?transverse curvature effect", of Cranfield
		"?slip?":        Term{"", "?slip?"},
		"pg_*_size":     Wildcard{"", "pg_*_size"},
		"*.go":          Wildcard{"", "*.go"},
		"stra*ße":       Wildcard{"", "stra*ße"},
		"title:colo?r":  Wildcard{"title", "colo?r"},
		"site:*.org":    Wildcard{"site", "*.org"},
		"won?":          Term{"", "won?"},
		"win*":          Prefix{"", "win"},
		"win**":         Prefix{"", "win"},
		"?":             Term{"", "?"},
		"*?*":           Prefix{"", "*?"},
		"x/y?z=a":       Term{"", "x/y?z=a"},
		"a-b*c":         Term{"", "a-b*c"},
		"http://x*/y":   Term{"", "http://x*/y"},
		"recieve~":      Fuzzy{"", "recieve", 1},
		"recieve~2":     Fuzzy{"", "recieve", 2},
		"recieves~":     Fuzzy{"", "recieves", 2},
		"cat~":          Term{"", "cat"},
		"cat~1":         Fuzzy{"", "cat", 1},
		"cats~":         Fuzzy{"", "cats", 1},
		"über~":         Fuzzy{"", "über", 1},
		"cats~0":        Term{"", "cats"},
		"OR~":           Phrase{"", []string{"OR"}},
		"OR~1":          Fuzzy{"", "OR", 1},
		"title:OR~":     Term{"title", "OR"},
		"title:cats~":   Fuzzy{"title", "cats", 1},
		"cats~3":        Term{"", "cats~3"},
		"cats~~":        Term{"", "cats~~"},
		"~/bin":         Term{"", "~/bin"},
		"~":             Term{"", "~"},
		"co?t~1":        Term{"", "co?t~1"},
		"it's~":         Fuzzy{"", "it's", 1},
		"http://a/~joe": Term{"", "http://a/~joe"},

		strings.Repeat("x", MaxPatternChars-1) + "?y": Term{"", strings.Repeat("x", MaxPatternChars-1) + "?y"},
		strings.Repeat("x", MaxPatternChars-2) + "?y": Wildcard{"", strings.Repeat("x", MaxPatternChars-2) + "?y"},
		strings.Repeat("ß", MaxPatternChars) + "~":    Fuzzy{"", strings.Repeat("ß", MaxPatternChars), 2},
		strings.Repeat("ß", MaxPatternChars+1) + "~":  Term{"", strings.Repeat("ß", MaxPatternChars+1) + "~"},
	} {
		n := Parse(in)
		if !reflect.DeepEqual(n, want) {
			t.Errorf("Parse(%q)\n got %#v\nwant %#v", in, n, want)
		}
		if again := Parse(n.String()); !reflect.DeepEqual(again, n) {
			t.Errorf("Parse(%q) prints %q, which is %#v", in, n, again)
		}
	}
}
