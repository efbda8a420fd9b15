package termdict

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// distance is the textbook's table, on characters. Of a word whose first character is
// sure, an error before the second counts 2.
func distance(a, b string, f Fuzzy) int {
	x, y := runes(a), runes(b)
	price := func(i int) int { // of an error behind i characters
		if i == 0 && f.Sure && f.Prefix == 0 {
			return 2
		}
		return 1
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i + price(0) - 1
	}
	for j := range rows[0] {
		rows[0][j] = j * price(0)
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := price(i - 1)
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+price(i-1), rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if f.Transpose && i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+price(i-2))
			}
		}
	}
	return rows[len(x)][len(y)]
}

// runes are the characters of a term.
func runes(s string) (out []rune) {
	for i, c := range s {
		if c == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			c = -1
		}
		out = append(out, c)
	}
	return out
}

// wild matches a pattern by trying all that a star may stand for.
func wild(pattern, term []rune) bool {
	for i, c := range pattern {
		switch {
		case c == '*':
			for n := range len(term) - i + 1 {
				if wild(pattern[i+1:], term[i+n:]) {
					return true
				}
			}
			return false
		case i == len(term) || c != '?' && c != term[i]:
			return false
		}
	}
	return len(pattern) == len(term)
}

// nearWords are the terms near a word, in their order, by the oracle.
func nearWords(list []entry, word string, f Fuzzy) []Near {
	var out []Near
	chars := []rune(word)
	same := string(chars[:min(f.Prefix, len(chars))])
	for _, e := range list {
		if n := utf8.RuneCountInString(e.term) - len(chars); n > f.Distance || -n > f.Distance || !strings.HasPrefix(e.term, same) {
			continue
		}
		if n := distance(word, e.term, f); n <= f.Distance {
			out = append(out, Near{[]byte(e.term), n, e.info})
		}
	}
	return out
}

func same(a, b Near) bool {
	return bytes.Equal(a.Term, b.Term) && a.Distance == b.Distance && a.Info == b.Info
}

func checkFuzzy(t *testing.T, d *Dict, list []entry, word string, f Fuzzy) {
	t.Helper()
	want := nearWords(list, word, f)
	p, err := NewFuzzy(word, f)
	if err != nil {
		t.Fatal(err)
	}
	var got []Near
	m := d.Match(p, 0)
	for m.Next() {
		got = append(got, Near{bytes.Clone(m.Term()), m.Distance(), m.Info()})
	}
	if m.Err() != nil || m.Next() || !slices.EqualFunc(got, want, same) {
		t.Fatalf("%q %+v of %d terms: %d found, %d wanted, err %v\n got %s\nwant %s", word, f, len(list), len(got), len(want), m.Err(), texts(got), texts(want))
	}
	slices.SortStableFunc(want, func(a, b Near) int { return cmp.Compare(a.Distance, b.Distance) })
	for _, limit := range []int{0, 1, 3, 10, len(want), 1 << 20} {
		got, err := d.Nearest(p, limit)
		if want := want[:min(limit, len(want))]; err != nil || !slices.EqualFunc(got, want, same) {
			t.Fatalf("the %d nearest of %q %+v: err %v\n got %s\nwant %s", limit, word, f, err, texts(got), texts(want))
		}
	}
}

func texts(list []Near) string {
	var b strings.Builder
	for _, n := range list[:min(len(list), 20)] {
		fmt.Fprintf(&b, "%q/%d ", n.Term, n.Distance)
	}
	return b.String()
}

func checkWild(t *testing.T, d *Dict, list []entry, pattern string) {
	t.Helper()
	p, err := NewWildcard(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var want []entry
	for _, e := range list {
		if wild(runes(pattern), runes(e.term)) {
			want = append(want, e)
		}
	}
	for _, limit := range []int{0, 1, 7} {
		want := want
		if limit > 0 {
			want = want[:min(limit, len(want))]
		}
		m := d.Match(p, limit)
		for i := 0; m.Next(); i++ {
			if i >= len(want) || string(m.Term()) != want[i].term || m.Info() != want[i].info || m.Distance() != 0 {
				t.Fatalf("%q: term %d is %q; want %d terms", pattern, i, m.Term(), len(want))
			}
		}
		if m.Err() != nil || m.Next() || m.found != len(want) {
			t.Fatalf("%q: %d terms, want %d; err %v", pattern, m.found, len(want), m.Err())
		}
	}
}

var options = []Fuzzy{
	{Distance: 0}, {Distance: 1}, {Distance: 2}, {Distance: 1, Prefix: 1}, {Distance: 2, Prefix: 1}, {Distance: 2, Prefix: 3},
	{Distance: 1, Sure: true}, {Distance: 2, Sure: true}, {Distance: 2, Sure: true, Transpose: true}, {Distance: 2, Prefix: 1, Sure: true},
	{Distance: 1, Transpose: true}, {Distance: 2, Transpose: true}, {Distance: 1, Prefix: 2, Transpose: true}, {Distance: 2, Prefix: 1, Transpose: true},
}

// typos changes a word in up to n places.
func typos(r *rand.Rand, word string, n int) string {
	c := []rune(strings.ToValidUTF8(word, "\x00"))
	for range r.IntN(n + 1) {
		at := r.IntN(len(c) + 1)
		switch other := []rune("aeinrstzé日")[r.IntN(10)]; r.IntN(4) {
		case 0:
			c = slices.Insert(c, at, other)
		case 1:
			if at < len(c) {
				c = slices.Delete(c, at, at+1)
			}
		case 2:
			if at < len(c) {
				c[at] = other
			}
		case 3:
			if at+1 < len(c) {
				c[at], c[at+1] = c[at+1], c[at]
			}
		}
	}
	return string(c[:min(len(c), MaxPatternChars)])
}

// shape puts wildcards into a word.
func shape(r *rand.Rand, word string) string {
	c := []rune(typos(r, word, 1))
	for range r.IntN(4) {
		at := r.IntN(len(c) + 1)
		c = slices.Insert(slices.Delete(c, min(at, len(c)), min(at+r.IntN(3), len(c))), at, []rune("*?")[r.IntN(2)])
	}
	return string(c[:min(len(c), MaxPatternChars)])
}

func TestFuzzyRandom(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, list []entry, d *Dict) {
		for i := range 60 {
			checkFuzzy(t, d, list, typos(r, pick(r, list), 3), options[i%len(options)])
		}
	})
}

func TestWildcardRandom(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, list []entry, d *Dict) {
		for _, p := range []string{"", "*", "?", "??", "*?", "?*", "*x", "x*x", "inter*1?0*", "*tion*1"} {
			checkWild(t, d, list, p)
		}
		for range 60 {
			checkWild(t, d, list, shape(r, pick(r, list)))
		}
	})
}

// dense makes all words of few letters: every jump must hit exactly. Some of the
// letters are of several bytes, and some bytes are no letters.
func dense(r *rand.Rand, letters []string, n, length int) []entry {
	set := map[string]bool{}
	for range n {
		var b strings.Builder
		for range r.IntN(length + 1) {
			b.WriteString(letters[r.IntN(len(letters))])
		}
		set[b.String()] = true
	}
	var list []entry
	for s := range set {
		list = append(list, entry{term: s})
	}
	sortEntries(list)
	for i := range list {
		list[i].info = Info{Docs: 1, Freq: 1, Doc: uint32(i)}
	}
	return list
}

func TestDense(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 9))
		for _, letters := range [][]string{
			{"a", "b", "c"}, {"a", "é", "日", "𝛼"}, {"a", "\xff", "\xe6", "\x97", "日"}, {"\ufffd", "\xe6", "b", "\uffff"},
		} {
			list := dense(r, letters, 1500, 6)
			d := open(t, build(t, list))
			for i := range 20 {
				word := pick(r, list)
				checkFuzzy(t, d, list, typos(r, word, 2), options[i%len(options)])
				checkWild(t, d, list, shape(r, word))
			}
			if t.Failed() {
				t.Fatalf("seed %d, letters %q", seed, letters)
			}
		}
	}
}

// words are those of some abstracts.
func words(t testing.TB) []entry {
	file, err := os.Open(filepath.Join(shareddata.Untar(t, "data/qrels-dev-scifact.tar.xz"), "docs.jsonl"))
	if err != nil {
		matches, _ := filepath.Glob(filepath.Join(shareddata.Untar(t, "data/qrels-dev-scifact.tar.xz"), "*", "docs.jsonl"))
		if len(matches) == 0 {
			t.Fatal(err)
		}
		if file, err = os.Open(matches[0]); err != nil {
			t.Fatal(err)
		}
	}
	defer file.Close()
	set := map[string]bool{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var doc struct{ Title, Text string }
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		for _, w := range strings.Fields(strings.ToLower(doc.Title + " " + doc.Text)) {
			set[strings.Trim(w, ".,;:()[]")] = true
		}
	}
	var list []entry
	for w := range set {
		if len(w) <= MaxTermBytes {
			list = append(list, entry{term: w, info: Info{Docs: 1, Freq: 1}})
		}
	}
	sortEntries(list)
	return list
}

func TestRealWords(t *testing.T) {
	list := words(t)
	d := open(t, build(t, list))
	r := rand.New(rand.NewPCG(uint64(len(list)), 1))
	if len(list) < 30_000 {
		t.Fatalf("%d words", len(list))
	}
	for i := range 40 {
		word := list[r.IntN(len(list))].term
		if len(word) > MaxPatternChars {
			continue
		}
		checkFuzzy(t, d, list, typos(r, word, 2), options[i%len(options)])
		checkWild(t, d, list, strings.ReplaceAll(shape(r, word), "**", "*"))
	}
	p, err := NewFuzzy("recieve", Fuzzy{Distance: 1, Transpose: true})
	if err != nil {
		t.Fatal(err)
	}
	if near, _ := d.Nearest(p, 3); len(near) == 0 || string(near[0].Term) != "receive" {
		t.Errorf("near recieve: %s", texts(near))
	}
}

func TestPatternMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	list := append(dense(r, []string{"a", "b", "日", "\xff"}, 300, 5), terms2entries(terms(r, 300))...)
	for i := range 200 {
		word := typos(r, pick(r, list), 2)
		f := options[i%len(options)]
		p, err := NewFuzzy(word, f)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for _, n := range nearWords(list, word, f) {
			want[string(n.Term)] = n.Distance
		}
		pattern := shape(r, word)
		w, err := NewWildcard(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			near, ok := p.Match([]byte(e.term))
			if n, wantOK := want[e.term]; ok != wantOK || near != n {
				t.Fatalf("%q %+v: %q is %d, %v; want %d, %v", word, f, e.term, near, ok, n, wantOK)
			}
			if _, ok := w.Match([]byte(e.term)); ok != wild(runes(pattern), runes(e.term)) {
				t.Fatalf("%q: %q %v", pattern, e.term, ok)
			}
		}
	}
}

func terms2entries(list []string) (out []entry) {
	for _, t := range list {
		out = append(out, entry{term: t})
	}
	return out
}

func TestPatternRefused(t *testing.T) {
	long := strings.Repeat("ß", MaxPatternChars)
	for name, err := range map[string]error{
		"long wildcard": second(NewWildcard(long + "*")), "long word": second(NewFuzzy(long+"x", Fuzzy{Distance: 1})),
		"bytes": second(NewWildcard("a\xff*")), "bytes of a word": second(NewFuzzy("\xff", Fuzzy{})),
		"far": second(NewFuzzy("a", Fuzzy{Distance: 3})), "negative": second(NewFuzzy("a", Fuzzy{Distance: -1})),
		"negative prefix": second(NewFuzzy("a", Fuzzy{Prefix: -1})),
	} {
		if !errors.Is(err, ErrPattern) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(second(NewWildcard(long)), second(NewFuzzy(long, Fuzzy{Distance: 2}))); err != nil {
		t.Error(err)
	}
}

func second(_ *Pattern, err error) error { return err }

// FuzzMatch lets a fuzzer choose the terms and the pattern.
func FuzzMatch(f *testing.F) {
	f.Add("car cart cat dog", "cat", uint8(1))
	f.Add("日本 日本語 ab\xff\xfe a\xe6b", "日ab", uint8(9))
	f.Add("aaaa aaab aaba abaa", "a*?b", uint8(3))
	f.Fuzz(func(t *testing.T, text, pattern string, option uint8) {
		pattern = strings.ToValidUTF8(pattern, "")
		if len(text) > 2000 || len(pattern) > 40 {
			t.Skip()
		}
		set := map[string]bool{}
		for _, w := range strings.Split(text, " ") {
			if len(w) <= MaxTermBytes {
				set[w] = true
			}
		}
		var list []entry
		for w := range set {
			list = append(list, entry{term: w, info: Info{Docs: 1, Freq: 1}})
		}
		sortEntries(list)
		d := open(t, build(t, list))
		checkFuzzy(t, d, list, pattern, options[int(option)%len(options)])
		if strings.Count(pattern, "*") < 5 { // the oracle tries all places of all stars
			checkWild(t, d, list, pattern)
		}
	})
}

// match uses a damaged dictionary by patterns.
func match(d *Dict, probe []byte) {
	word := strings.ToValidUTF8(string(probe), "")
	for _, p := range []func() (*Pattern, error){
		func() (*Pattern, error) { return NewFuzzy(word, Fuzzy{Distance: 2, Transpose: true}) },
		func() (*Pattern, error) { return NewWildcard("*" + word[:len(word)/2]) },
	} {
		if p, err := p(); err == nil {
			for m := d.Match(p, 0); m.Next(); {
				m.Info()
			}
		}
	}
}

var wordsFile = flag.String("words", "", "a file of words, one a line, in the order of bytes, for BenchmarkMatch")

// BenchmarkMatch reads a whole vocabulary: real words of -words, or made ones.
func BenchmarkMatch(b *testing.B) {
	list := []entry{}
	if *wordsFile != "" {
		text, err := os.ReadFile(*wordsFile)
		if err != nil {
			b.Fatal(err)
		}
		for w := range strings.Lines(string(text)) {
			list = append(list, entry{term: strings.TrimSuffix(w, "\n"), info: Info{Docs: 1, Freq: 1}})
		}
	} else {
		list = slices.Clone(benchList())
	}
	d := open(b, build(b, list))
	asked := []string{"recieve", "goverment", "wikpedia", "philosphy", "einstien", "colour", "databse", "tomorow", "languge", "presdent"}
	for _, f := range options[1:] {
		b.Run(fmt.Sprintf("k=%d/prefix=%d/sure=%v/swaps=%v", f.Distance, f.Prefix, f.Sure, f.Transpose), func(b *testing.B) {
			var patterns []*Pattern
			for _, w := range asked {
				p, err := NewFuzzy(w, f)
				if err != nil {
					b.Fatal(err)
				}
				patterns = append(patterns, p)
			}
			benchPatterns(b, d, patterns)
		})
	}
	for _, w := range []string{"inter*ional", "colo?r", "c*r", "?uck", "*ness"} {
		b.Run("wildcard="+path.Base(w), func(b *testing.B) {
			p, err := NewWildcard(w)
			if err != nil {
				b.Fatal(err)
			}
			benchPatterns(b, d, []*Pattern{p})
		})
	}
}

func benchPatterns(b *testing.B, d *Dict, patterns []*Pattern) {
	n := 0
	for b.Loop() {
		for _, p := range patterns {
			for m := d.Match(p, 0); m.Next(); n++ {
			}
		}
	}
	calls := float64(b.N * len(patterns))
	b.ReportMetric(float64(b.Elapsed().Microseconds())/calls, "µs/pattern")
	b.ReportMetric(float64(n)/calls, "terms")
}
