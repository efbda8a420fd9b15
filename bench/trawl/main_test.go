package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trawlsearch/trawl/bench/drive"
)

// TestCounts drives Trawl through the protocol's doors on a small random corpus
// and holds its counts to a loop over the texts.
func TestCounts(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	words := strings.Fields("red wine white grape don't 3.14 sun-dried a")
	var texts []string
	var corpus strings.Builder
	for i := range 300 {
		var text []string
		for range 1 + r.IntN(12) {
			text = append(text, words[min(r.IntN(len(words)), r.IntN(len(words)))])
		}
		texts = append(texts, strings.Join(text, " "))
		fmt.Fprintf(&corpus, "%d\t%s\n", i, texts[i])
	}
	name := filepath.Join(t.TempDir(), "corpus.tsv")
	if err := os.WriteFile(name, []byte(corpus.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	e, dir := new(engine), t.TempDir()
	parts, err := drive.Split(name, 2, new(atomic.Int64))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Index(parts, dir, false, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := e.Open(dir); err != nil {
		t.Fatal(err)
	}
	for _, q := range []drive.Query{
		{Kind: "TERM", Words: []string{"red"}}, {Kind: "TERM", Words: []string{"don"}}, {Kind: "TERM", Words: []string{"none"}},
		{Kind: "AND", Words: []string{"red", "grape"}}, {Kind: "AND", Words: []string{"14", "sun", "wine"}},
		{Kind: "OR", Words: []string{"grape", "a"}}, {Kind: "OR", Words: []string{"a", "none"}},
		{Kind: "PHRASE", Words: []string{"red", "wine"}}, {Kind: "PHRASE", Words: []string{"3", "14", "red"}},
	} {
		want := 0
		for _, text := range texts {
			if matches(q, text) {
				want++
			}
		}
		for _, k := range []int{0, 10} {
			found, err := e.Search(q, k, true)
			if err != nil {
				t.Fatal(err)
			}
			if found.Count != uint64(want) {
				t.Errorf("seed %d: %v counts %d, want %d", seed, q, found.Count, want)
			}
			hits, err := found.Hits()
			if err != nil || len(hits) != min(k, want) {
				t.Errorf("seed %d: %v has %d hits, want %d: %v", seed, q, len(hits), min(k, want), err)
			}
			for _, h := range hits {
				var id int
				if _, err := fmt.Sscan(h.ID, &id); err != nil || !matches(q, texts[id]) {
					t.Errorf("seed %d: %v finds %q", seed, q, h.ID)
				}
			}
		}
	}
}

func matches(q drive.Query, text string) bool {
	tokens := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	has := func(w string) bool { return slices.Contains(tokens, w) }
	switch q.Kind {
	case "OR", "TERM":
		return slices.ContainsFunc(q.Words, has)
	case "AND":
		return !slices.ContainsFunc(q.Words, func(w string) bool { return !has(w) })
	}
	return strings.Contains(" "+strings.Join(tokens, " ")+" ", " "+strings.Join(q.Words, " ")+" ")
}
