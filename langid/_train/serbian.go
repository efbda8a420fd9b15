package main

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// serbianWords is how many words of the Cyrillic model are drawn: as many as
// the models of the smaller languages were counted on.
const serbianWords = 3_000_000

var gaj = strings.NewReplacer("а", "a", "б", "b", "в", "v", "г", "g", "д", "d", "ђ", "đ", "е", "e", "ж", "ž", "з", "z", "и", "i",
	"ј", "j", "к", "k", "л", "l", "љ", "lj", "м", "m", "н", "n", "њ", "nj", "о", "o", "п", "p", "р", "r", "с", "s", "т", "t",
	"ћ", "ć", "у", "u", "ф", "f", "х", "h", "ц", "c", "ч", "č", "џ", "dž", "ш", "š")

// latinSerbian counts the n-grams of Serbian in Latin letters, of which there
// is no model: words are drawn from the Cyrillic model, symbol after symbol,
// and written in Gaj's alphabet.
func latinSerbian(grams map[string]float64, rnd *rand.Rand) map[string]float64 {
	type next struct {
		symbols []rune
		sums    []float64
	}
	follow := map[string]*next{}
	keys := make([]string, 0, len(grams))
	for g := range grams {
		keys = append(keys, g)
	}
	slices.Sort(keys)
	for _, g := range keys {
		r := []rune(g)
		if len(r) < 2 || len(r) < order && r[0] != edge {
			continue
		}
		ctx, last := string(r[:len(r)-1]), r[len(r)-1]
		f := follow[ctx]
		if f == nil {
			f = &next{}
			follow[ctx] = f
		}
		sum := grams[g]
		if n := len(f.sums); n > 0 {
			sum += f.sums[n-1]
		}
		f.symbols, f.sums = append(f.symbols, last), append(f.sums, sum)
	}
	out := map[string]float64{}
	for range serbianWords {
		word := []rune{edge}
		for len(word) < 40 {
			f := follow[string(word[max(0, len(word)-order+1):])]
			if f == nil {
				break
			}
			at, _ := slices.BinarySearch(f.sums, rnd.Float64()*f.sums[len(f.sums)-1])
			word = append(word, f.symbols[min(at, len(f.symbols)-1)])
			if word[len(word)-1] == edge {
				break
			}
		}
		if len(word) < 3 || word[len(word)-1] != edge {
			continue
		}
		countGrams(out, []rune(gaj.Replace(string(word))))
	}
	return out
}

// countGrams counts the n-grams of a word with its edges; the edge alone once.
func countGrams(out map[string]float64, word []rune) {
	out[string(edge)]++
	for i := range word {
		for n := 1; n <= order && i+n <= len(word); n++ {
			if n > 1 || word[i] != edge {
				out[string(word[i:i+n])]++
			}
		}
	}
}
