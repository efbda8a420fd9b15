package analysis

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// batched writes the words of Begin and Next as show writes tokens.
func batched(t testing.TB, a *Analyzer, text string) string {
	var b strings.Builder
	pos := -1
	a.Begin(text)
	for batch := a.Next(); batch != nil; batch = a.Next() {
		for _, w := range batch.Words {
			if batch.Plain && (w.Len == 0 || w.Kind != 0) {
				t.Fatalf("%q: a plain batch has %+v", text, w)
			}
			if w.Kind&SamePos == 0 {
				pos++
			}
			term := batch.Bytes[w.Off : w.Off+uint32(w.Len)]
			_ = batch.Bytes[w.Off : w.Off+8]
			switch {
			case w.Len == 0, a.Plain() && w.Kind&Whole == 0 && w.Len > MaxTermBytes:
				continue
			case w.Kind&Whole == 0 && !a.Plain():
				if term = a.Term(term); term == nil {
					continue
				}
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%d:%s", pos, term)
		}
	}
	return b.String()
}

// checkBatched holds batches to Tokens.
func checkBatched(t testing.TB, text string) {
	t.Helper()
	for _, lang := range []string{"en", "und", "fr", "tr", "ru", "x-alnum"} {
		got, want := batched(t, For(lang), text), show(For(lang).Tokens(nil, text))
		if got != want {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			at = max(0, at-60)
			t.Fatalf("%s: %.200q (%d bytes)\nbatches ..%.200s\n tokens ..%.200s", lang, text, len(text), got[min(at, len(got)):], want[min(at, len(want)):])
		}
	}
}

// pieces are what random texts are made of: all that joins, parts and is odd.
var pieces = []string{"a", "B", "word", "Words", "9", "42", "_", ".", "'", ":", ",", ";", " ", "  ", "-", "\n", "’", "é", "İ", "I",
	"ß", "東", "東京タワー", "ที่", "\u0301", "\u00AD", "x_y", "3.14", "can't", "e.g.", "—", "\x80", "\x00", "½", "l'eau", "dogs's", "ии"}

func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	letters := r.IntN(3) > 0
	for b.Len() < n {
		switch k := r.IntN(200); {
		case k == 0:
			b.WriteString(strings.Repeat(pieces[r.IntN(len(pieces))], r.IntN(600)))
		case k < 150 && letters:
			for range 1 + r.IntN(9) {
				b.WriteByte(byte('a' + r.IntN(26)))
			}
			b.WriteByte(' ')
		default:
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
	}
	return b.String()
}

func TestBatchesAreTokens(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 80
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 4))
		text := randomText(r, r.IntN(200)+r.IntN(2)*r.IntN(20_000))
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { checkBatched(t, text) })
	}
	for n := range 130 { // every length around the groups, and every end of a window
		checkBatched(t, strings.Repeat("x", n)+"_y")
		checkBatched(t, strings.Repeat("ab ", n)+"é")
		for _, tail := range []string{"it's", "a.b c", "x_y", "é x", "word"} {
			checkBatched(t, strings.Repeat("a ", windowBytes/2-64)+strings.Repeat(".", n)+tail+" end")
		}
	}
	for _, text := range wiki(t, 1<<20) {
		checkBatched(t, text)
	}
}

func TestAlnum(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got := show(For("x-alnum").Tokens(nil, in)); got != want {
			t.Errorf("Tokens(%q)\n got %s\nwant %s", in, got, want)
		}
	}
	check("The can't_do 3.14, Émile's ½ 東京-x", "0:the 1:can 2:t 3:do 4:3 5:14 6:émile 7:s 8:½ 9:東京 10:x")
	check("—a—", "0:a")
	check(strings.Repeat("x", 256)+" y", "1:y")
	if For("X-Alnum").Stop([]byte("the")) {
		t.Error("it has stop words")
	}
}

// TestClassesTwins holds the vector code to its plain twin, on every byte in
// every place.
func TestClassesTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for round := range 600 {
		text := make([]byte, 64*(1+r.IntN(3)))
		for i := range text {
			text[i] = byte(r.Uint32())
			if round < 256 {
				text[i] = byte(round + i)
			}
		}
		n := len(text) / 64
		lowA, lowB := make([]byte, len(text)), make([]byte, len(text))
		a, b := make([]masks, n), make([]masks, n)
		classes(lowA, string(text), a)
		classesPlain(lowB, string(text), b)
		if string(lowA) != string(lowB) || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("round %d: %x\n%x\n%x\n%v\n%v", round, text, lowA, lowB, a, b)
		}
	}
}

func FuzzBatches(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomText(rand.New(rand.NewPCG(seed, 5)), 300), uint16(seed*700))
	}
	f.Fuzz(func(t *testing.T, text string, before uint16) {
		if !utf8.ValidString(text) {
			t.Skip() // where the segmenter is itself undecided
		}
		checkBatched(t, strings.Repeat("w ", int(before)%(windowBytes+64)/2)+text)
	})
}

func BenchmarkBatches(b *testing.B) {
	texts := wiki(b, 4<<20)
	var n int64
	for _, t := range texts {
		n += int64(len(t))
	}
	for _, lang := range []string{"x-alnum", "und", "en"} {
		b.Run(lang, func(b *testing.B) {
			a := For(lang)
			b.SetBytes(n)
			b.ReportAllocs()
			words := 0
			for b.Loop() {
				words = 0
				for _, text := range texts {
					a.Begin(text)
					for batch := a.Next(); batch != nil; batch = a.Next() {
						words += len(batch.Words)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(words), "ns/word")
		})
	}
}
