package main

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"unicode"
)

// order is the length of the longest n-gram, in symbols: a letter or the edge
// of a word.
const order = 5

// edge is the symbol before the first and after the last letter of a word.
const edge = ' '

// counts holds how often each n-gram of letters stands in the text a model was
// made from; counts[n] has those of n letters.
type counts [order + 1]map[string]float64

// loadCounts reads the five files of one language in the lingua module. They
// hold P(last letter | letters before) as doubles of exact fractions, from
// which the counts come back as whole numbers: the rarest letter stands a few times.
func loadCounts(dir string) (*counts, error) {
	var c counts
	for n, name := range []string{"", "unigrams", "bigrams", "trigrams", "quadrigrams", "fivegrams"} {
		if n == 0 {
			continue
		}
		probs, err := loadModel(filepath.Join(dir, name+".pb.bin.zip"))
		if err != nil {
			return nil, err
		}
		c[n] = make(map[string]float64, len(probs))
		unit := 1.0
		if n == 1 {
			unit = one(probs)
		}
		for g, p := range probs {
			count := p / unit
			if n > 1 {
				r := []rune(g)
				count = p * c[n-1][string(r[:n-1])]
			}
			whole := math.Round(count)
			if whole < 1 || math.Abs(count-whole) > 0.01 {
				return nil, fmt.Errorf("train: %s %s: %q stands %g times, which is no count", dir, name, g, count)
			}
			c[n][g] = whole
		}
	}
	return &c, nil
}

// one is the probability of a letter that stands once: the largest that makes
// all counts whole.
func one(probs map[string]float64) float64 {
	least := 1.0
	for _, p := range probs {
		least = min(least, p)
	}
	for times := 1.0; times < 1000; times++ {
		whole := true
		for _, p := range probs {
			n := p / least * times
			whole = whole && math.Abs(n-math.Round(n)) < 0.01
		}
		if whole {
			return least / times
		}
	}
	return least
}

// loadModel reads one zipped protocol buffer: sets (field 4) of a probability
// (field 1, a double) and the n-grams that have it (field 2).
func loadModel(path string) (map[string]float64, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("train: open %s: %w", path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("train: read %s: %w", path, err)
	}
	out := map[string]float64{}
	for len(b) > 0 {
		var set []byte
		if set, b = field(b); set == nil {
			continue
		}
		var p float64
		var grams []string
		for len(set) > 0 {
			if set[0]&7 == 1 {
				p = math.Float64frombits(binary.LittleEndian.Uint64(set[1:]))
				set = set[9:]
				continue
			}
			var g []byte
			g, set = field(set)
			grams = append(grams, string(g))
		}
		for _, g := range grams {
			out[g] = p
		}
	}
	return out, nil
}

// field returns the bytes of a length-delimited field, or nil for a number,
// and what follows.
func field(b []byte) (value, rest []byte) {
	tag, k := binary.Uvarint(b)
	b = b[k:]
	v, k := binary.Uvarint(b)
	b = b[k:]
	if tag&7 != 2 {
		return nil, b
	}
	return b[:v:v], b[v:]
}

// withEdges adds the edges of words, which the models leave out and which still
// follow from them: an n-gram that stands more often than it is followed by a
// letter ends that many words, and so forth.
//
//	" abcd"  N(abcd) - sum N(xabcd)
//	"abcd "  N(abcd) - sum N(abcdx)
//	" abc "  N(abc) - sum N(xabc) - sum N(abcx) + sum N(xabcy)
func (c *counts) withEdges(keep func(rune) bool) map[string]float64 {
	before, after, both := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for n := 2; n <= order; n++ {
		for g, k := range c[n] {
			r := []rune(g)
			before[string(r[1:])] += k
			after[string(r[:n-1])] += k
			if n > 2 {
				both[string(r[1:n-1])] += k
			}
		}
	}
	out := map[string]float64{}
	add := func(g string, k float64) {
		if k > 0 {
			out[g] += k
		}
	}
	words := 0.0
	for n := 1; n <= order; n++ {
		for g, k := range c[n] {
			if !all(g, keep) {
				continue
			}
			add(g, k)
			if n == order {
				continue
			}
			start, end := k-before[g], k-after[g]
			add(string(edge)+g, start)
			add(g+string(edge), end)
			if n == 1 {
				words += start
			}
			if n < order-1 {
				add(string(edge)+g+string(edge), start+end-k+both[g])
			}
		}
	}
	out[string(edge)] = words
	return out
}

func all(g string, keep func(rune) bool) bool {
	for _, r := range g {
		if !keep(r) {
			return false
		}
	}
	return true
}

// inScripts tells letters of some scripts.
func inScripts(tables ...*unicode.RangeTable) func(rune) bool {
	return func(r rune) bool { return unicode.IsLetter(r) && unicode.In(r, tables...) }
}
