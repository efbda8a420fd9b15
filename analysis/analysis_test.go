package analysis

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	snowballporter "github.com/blevesearch/snowballstem/porter"
	uax29 "github.com/clipperhouse/uax29/v2/words"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// show writes tokens as pos:term, parted by spaces.
func show(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d:%s", t.Pos, t.Term)
	}
	return b.String()
}

func TestTokens(t *testing.T) {
	check := func(lang, in, want string) {
		t.Helper()
		if got := show(For(lang).Tokens(nil, in)); got != want {
			t.Errorf("For(%q).Tokens(%q)\n got %s\nwant %s", lang, in, got, want)
		}
	}
	check("", "", "")
	check("", "  .,;:  -- ' ", "")
	check("en", "The cats' Toy", "0:the 1:cat 2:toi")
	check("en-GB", "connections, connected; connecting", "0:connect 1:connect 2:connect")
	check("en", "dog's dog’s can't o'neil", "0:dog 1:dog 2:can't 3:o'neil")
	check("en", "pg_stat_activity O_RDONLY _x __ http.Client 3.14 1,000 a:b e.g. end.", "0:pg_stat_act 1:o_rdonli 2:_x 3:http.client 4:3.14 5:1,000 6:a:b 7:e.g 8:end")
	check("en", "IS us as", "0:is 1:us 2:as")
	check("en", "café CAFE\u0301 ﬁle ＡＢＣ", "0:café 1:café 2:file 3:abc")
	check("en", "x-é.y abc.é", "0:x 1:é.y 2:abc.é")
	check("de", "Straße Häuser", "0:strass 1:haus")
	check("fr", "l'avion l’avion aujourd'hui", "0:avion 1:avion 2:aujourd'hui")
	check("tr", "ISIRGAN İstanbul", "0:ısırga 1:istanbul")
	check("xx", "Running cats", "0:running 1:cats")
	check("el", "ΛΌΓΟΣ λόγος", "0:λόγοσ 1:λόγοσ")
	check("zh", "搜索引擎", "0:搜 0:搜索 1:索 1:索引 2:引 2:引擎 3:擎")
	check("ja", "東京タワーへ go", "0:東 0:東京 1:京 1:京タ 2:タ 2:タワ 3:ワ 3:ワー 4:ー 4:ーへ 5:へ 6:go")
	check("ko", "검색 엔진은", "0:검 0:검색 1:색 2:엔 2:엔진 3:진 3:진은 4:은")
	check("th", "ที่นี่", "0:ที่ 0:ที่นี่ 1:นี่")
	check("en", strings.Repeat("x", 255)+" "+strings.Repeat("y", 256)+" z", "0:"+strings.Repeat("x", 255)+" 2:z")
}

func TestQueryTokens(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := show(For("zh").QueryTokens(nil, in)); got != want {
			t.Errorf("QueryTokens(%q)\n got %s\nwant %s", in, got, want)
		}
	}
	check("搜索引擎", "0:搜索 1:索引 2:引擎")
	check("搜", "0:搜")
	check("a 搜 索引", "0:a 1:搜 2:索引")
}

func TestStop(t *testing.T) {
	check := func(lang, word string, want bool) {
		t.Helper()
		a := For(lang)
		if got := a.Stop(a.Tokens(nil, word)[0].Term); got != want {
			t.Errorf("%s: Stop(%s) = %v", lang, word, got)
		}
	}
	n := 0
	for w := range set(stopWords["en"]) {
		check("en", w, true)
		n++
	}
	if n != 33 {
		t.Errorf("%d English stop words, not Lucene's 33", n)
	}
	check("en", "cat", false)
	check("de", "für", true)
	check("xx", "the", false)
}

func TestPorter(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := string(porter([]byte(in))); got != want {
			t.Errorf("porter(%s) = %s, want %s", in, got, want)
		}
	}
	// The examples of the paper.
	check("caresses", "caress")
	check("ponies", "poni")
	check("agreed", "agre")
	check("feed", "feed")
	check("bled", "bled")
	check("motoring", "motor")
	check("sing", "sing")
	check("hopping", "hop")
	check("filing", "file")
	check("happy", "happi")
	check("sky", "sky")
	check("relational", "relat")
	check("conditional", "condit")
	check("vietnamization", "vietnam")
	check("sensibiliti", "sensibl")
	check("triplicate", "triplic")
	check("adoption", "adopt")
	check("replacement", "replac")
	check("rate", "rate")
	check("cease", "ceas")
	check("controll", "control")
	check("roll", "roll")
}

// TestPorterAgainstSnowball holds our stemmer to Snowball's on real words.
func TestPorterAgainstSnowball(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range wiki(t, 4<<20) {
		for _, tok := range For("xx").Tokens(nil, text) {
			w := string(tok.Term)
			if seen[w] || len(w) <= 2 {
				continue
			}
			seen[w] = true
			env := snowballstem.NewEnv(w)
			snowballporter.Stem(env)
			// The paper makes one of every double consonant before -ed; Snowball
			// has a list of them, without kk and the like.
			if got := string(porter([]byte(w))); got != env.Current() && !strings.HasPrefix(w, got+got[len(got)-1:]) {
				t.Errorf("porter(%s) = %s, Snowball has %s", w, got, env.Current())
			}
		}
	}
	t.Logf("%d words", len(seen))
}

// TestStemCache wants the same tokens with and without the cache.
func TestStemCache(t *testing.T) {
	for _, lang := range []string{"en", "de"} {
		with := For(lang)
		with.cache = new(stemCache)
		for _, text := range wiki(t, 1<<20) {
			text = text[:min(len(text), stemCacheFrom-1)]
			if a, b := show(with.Tokens(nil, text)), show(For(lang).Tokens(nil, text)); a != b {
				t.Fatalf("%s: with cache %s\nwithout %s", lang, a, b)
			}
		}
	}
}

// boundaries is the plain twin of words: every segment of UAX #29, by the library
// alone. Runs of spaceless scripts are given segment by segment.
func boundaries(text string) [][2]int {
	var out [][2]int
	it := uax29.FromString(text)
	for it.Next() {
		if found, _, _ := inspect(it.Value()); found {
			out = append(out, [2]int{it.Start(), it.End()})
		}
	}
	return out
}

func checkBoundaries(t *testing.T, text string) {
	t.Helper()
	want := boundaries(text)
	w := words{text: text}
	for w.next() {
		at := w.start
		for at < w.end {
			if len(want) == 0 || want[0][0] != at || want[0][1] > w.end {
				t.Fatalf("%q: word %q at %d, UAX #29 has %v", text, text[w.start:w.end], w.start, want)
			}
			at = want[0][1]
			want = want[1:]
			if !w.spaceless {
				break
			}
		}
		if at != w.end {
			t.Fatalf("%q: word %q ends at %d, UAX #29 at %d", text, text[w.start:w.end], w.end, at)
		}
	}
	if len(want) > 0 {
		t.Fatalf("%q: words of UAX #29 not found: %v", text, want)
	}
}

func TestWordsAreUAX29(t *testing.T) {
	for _, text := range wiki(t, 2<<20) {
		checkBoundaries(t, text)
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"a.b 1,2 it's", "x-é.y", "a: b", "1.a", "_a_", "東京タワー 3", "א\"ב", "a\u0301b ", "ที่นี่", "1:2 a;b a,1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) { // the library itself is undecided over cut characters
			checkBoundaries(t, text)
		}
		for _, lang := range []string{"en", "fr", "tr", "ru"} {
			a := For(lang)
			tokens := a.Tokens(nil, text)
			var last Token
			for _, tok := range tokens {
				if tok.Pos < last.Pos || tok.Start < last.Start || tok.End > uint32(len(text)) || tok.Start >= tok.End ||
					len(tok.Term) == 0 || len(tok.Term) > MaxTermBytes {
					t.Fatalf("%s %q: bad token %+v after %+v", lang, text, tok, last)
				}
				last = tok
			}
			all := map[string]bool{}
			for _, tok := range tokens {
				all[fmt.Sprint(tok.Pos, string(tok.Term))] = true
			}
			for _, tok := range For(lang).QueryTokens(nil, text) {
				if !all[fmt.Sprint(tok.Pos, string(tok.Term))] {
					t.Fatalf("%s %q: query token %+v is not indexed", lang, text, tok)
				}
			}
		}
	})
}

// wiki is the first bytes of the Wikipedia corpus, one text an article.
func wiki(tb testing.TB, bytes int) []string {
	tb.Helper()
	path := filepath.Join(shareddata.Dir(tb), "data", "enwiki-2015-head.jsonl.xz")
	cmd := exec.Command("xz", "-dc", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Skipf("xz: %v", err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	var texts []string
	in := bufio.NewReaderSize(out, 1<<20)
	for bytes > 0 {
		line, err := in.ReadBytes('\n')
		if err != nil {
			tb.Skipf("wiki: %v", err)
		}
		var doc struct{ Body string }
		if err := json.Unmarshal(line, &doc); err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, doc.Body)
		bytes -= len(doc.Body)
	}
	return texts
}

func BenchmarkTokens(b *testing.B) {
	texts := wiki(b, 4<<20)
	var n int64
	for _, t := range texts {
		n += int64(len(t))
	}
	for _, lang := range []string{"en", "xx", "de"} {
		b.Run(lang, func(b *testing.B) {
			a := For(lang)
			var tokens []Token
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range texts {
					tokens = a.Tokens(tokens[:0], text)
				}
			}
		})
	}
}
