package query

import (
	"reflect"
	"strings"
	"testing"
)

// sexp is the shape of a tree, for tests to read.
func sexp(n Node) string {
	list := func(op string, nodes []Node) string {
		parts := []string{op}
		for _, n := range nodes {
			parts = append(parts, sexp(n))
		}
		return "(" + strings.Join(parts, " ") + ")"
	}
	switch n := n.(type) {
	case And:
		return list("and", n.Nodes)
	case Or:
		return list("or", n.Nodes)
	case Not:
		return list("not", []Node{n.Node})
	case Optional:
		return list("opt", []Node{n.Node})
	case None:
		return "none"
	}
	return n.String()
}

func TestParse(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		n := Parse(in)
		if got := sexp(n); got != want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", in, got, want)
		}
		if again := Parse(n.String()); !reflect.DeepEqual(again, n) {
			t.Errorf("Parse(%q) prints %q, which is %s and not %s", in, n, sexp(again), sexp(n))
		}
	}
	check("", "none")
	check("  ", "none")
	check("wine", "wine")
	check("red wine", "(or red wine)")
	check("red　wine", "(or red wine)")
	check(`"red wine"`, `"red wine"`)
	check(`“red wine” x`, `(or "red wine" x)`)
	check(`"red wine`, `"red wine"`)
	check(`"" x`, "x")
	check("+red wine", "(and red (opt wine))")
	check("+red wine bar -x", "(and red (opt (or wine bar)) (not x))")
	check("+red +wine", "(and red wine)")
	check("red -wine", "(and red (not wine))")
	check("red wine -x -y", "(and (or red wine) (not x) (not y))")
	check("-x", "(not x)")
	check("-x NOT y", "(and (not x) (not y))")
	check("NOT NOT x", "x")
	check("NOT -x", "x")
	check("red AND wine", "(and red wine)")
	check("red AND NOT wine", "(and red (not wine))")
	check("red OR wine AND x", "(or red (and wine x))")
	check("(red OR white) AND wine", "(and (or red white) wine)")
	check("a b OR c d", "(or a b c d)")
	check("a b AND c", "(or a (and b c))")
	check("a OR NOT b", "(or a (not b))")
	check("+a (b OR -c)", "(and a (opt (or b (not c))))")
	check("+z (+a b)", "(and z (opt (and a (opt b))))")
	check("(+a b) AND (+c d)", "(and a c (opt (or b d)))")
	check("a and b or not c", "(or a and b or not c)")
	check("a OR", "a")
	check("OR a AND", "a")
	check("-OR", `(not "OR")`)
	check("()", "none")
	check("a () AND", "a")
	check("a () OR ()", "a")
	check("f(x)", "(or f x)")
	check("a) b", "(or a b)")
	check("a) OR b", "(or a b)")
	check("win*", "win*")
	check("*", "*")
	check("**", "*")
	check("* -x", "(and * (not x))")
	check("title:wine", "title:wine")
	check("InTitle:wine", "title:wine")
	check(`title:"red wine" x`, `(and title:"red wine" x)`)
	check("title:(a b) c", "(and title:a title:b c)")
	check("site:a.com OR site:b.com wine", "(and (or site:a.com site:b.com) wine)")
	check("site:a.com red wine", "(and site:a.com (or red wine))")
	check("site:a.com +red wine", "(and site:a.com red (opt wine))")
	check("-site:a.com wine", "(and wine (not site:a.com))")
	check("inurl:docs/current", "url:docs/current")
	check("title: x", "(or title: x)")
	check("title:*", "title:*")
	check("title:OR", "title:OR")
	check("std::vector http://x.y/z?a=b", "(or std::vector http://x.y/z?a=b)")
	check("C++ --verbose ++i - +", "(or C++ --verbose ++i - +)")
	check("+(--verbose) x", "(and --verbose (opt x))")
	check("-(a b)", "(not (or a b))")
	check("a\xffb", "(or a b)")
}

func TestLimits(t *testing.T) {
	check := func(name, in string, words int, wantCut bool) {
		t.Helper()
		n, cut := ParseCut(in)
		if cut != wantCut {
			t.Errorf("%s: cut = %v", name, cut)
		}
		if got := countWords(n); got != words {
			t.Errorf("%s: %d words, want %d", name, got, words)
		}
		if d := depth(n); d > MaxDepth {
			t.Errorf("%s: %d deep", name, d)
		}
		if again := Parse(n.String()); !reflect.DeepEqual(again, n) {
			t.Errorf("%s: not the same when printed", name)
		}
	}
	check("words", strings.Repeat("x ", MaxWords), MaxWords, false)
	check("too many words", strings.Repeat("x ", MaxWords+1), MaxWords, true)
	check("phrase", `"`+strings.Repeat("x ", MaxWords+9), MaxWords, true)
	check("long word", "a "+strings.Repeat("x", MaxTextBytes), 1, true)
	check("open parentheses", strings.Repeat("(", 1<<20)+"x", 0, true)
	check("signs", strings.Repeat("NOT ", 1<<18)+"x", 0, true)
	check("an even number of signs", strings.Repeat("NOT ", 1<<10)+"x", 1, false)
	check("deep", strings.Repeat("a AND (b OR ", 20)+"c"+strings.Repeat(")", 20), 31, true)
	check("deep nots", strings.Repeat("-(a ", 40)+"c"+strings.Repeat(")", 40), 15, true)
}

func countWords(n Node) int {
	switch n := n.(type) {
	case Phrase:
		return len(n.Words)
	case Term, Prefix, Wildcard, Fuzzy, Range, All:
		return 1
	}
	sum := 0
	for _, c := range children(n) {
		sum += countWords(c)
	}
	return sum
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a b", `+a "b c" -d`, "title:(a OR b*) AND NOT c", "((a", `"`, "a:b site:x", "+-a --b", "OR AND NOT", "-(+a b)", "“x” „y",
		"year:2010..2015 a:>=-9.5 b:<2024-02", "x:..", "inter*ional *?x", "a*b~ recieve~1 OR~", "d:=2024-02-31", "x:>9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := Parse(text)
		if again, cut := ParseCut(n.String()); !reflect.DeepEqual(again, n) || cut {
			t.Fatalf("Parse(%q) = %s prints %q, which is %s", text, sexp(n), n, sexp(again))
		}
		if d := depth(n); d > MaxDepth {
			t.Fatalf("%d deep", d)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse(`+"query planner" site:postgresql.org statistics OR "cost estimate" -sqlite pg_stat*`)
	}
}
