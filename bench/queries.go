package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

var (
	commands = []string{"COUNT", "TOP_10", "TOP_100", "TOP_10_COUNT"}
	classes  = []string{"TERM", "AND", "OR", "PHRASE"}
	parts    = []string{"TERM_HI", "TERM_MED", "TERM_LO", "AND2", "AND3", "AND4+", "OR2", "OR3", "OR4+", "PHRASE2", "PHRASE3", "PHRASE4+"}
)

// A query is a line of queries.tsv: its part of a class (AND2) and its text.
type query struct{ part, text string }

// classOf is the class of a part.
func classOf(part string) string {
	part, _, _ = strings.Cut(part, "_")
	return strings.TrimRight(part, "0123456789+")
}

// words are what a driver is told: +a +b of AND, "a b" of PHRASE, a b of the others.
func (q query) words() string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r == '"' {
			return -1
		}
		return r
	}, q.text)
}

// line is the query in the drivers' protocol.
func (q query) line() string { return classOf(q.part) + "\t" + q.words() + "\n" }

// parseQueries reads lines "PART TAB text".
func parseQueries(name string) ([]query, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []query
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		part, text, ok := strings.Cut(lines.Text(), "\t")
		q := query{part, text}
		if !ok || !slices.Contains(parts, part) || strings.Trim(q.words(), "abcdefghijklmnopqrstuvwxyz0123456789 ") != "" {
			return nil, fmt.Errorf("%s: line %d is no query: %q", name, len(out)+1, lines.Text())
		}
		out = append(out, q)
	}
	return out, lines.Err()
}

// choose keeps the queries of some classes or parts, and every n-th of each part.
func choose(all []query, only []string, n int) []query {
	seen := map[string]int{}
	var out []query
	for _, q := range all {
		if len(only) > 0 && !slices.Contains(only, q.part) && !slices.Contains(only, classOf(q.part)) {
			continue
		}
		if seen[q.part]++; (seen[q.part]-1)%max(n, 1) == 0 {
			out = append(out, q)
		}
	}
	return out
}

// batches cuts the queries, in an order of its own each round, in runs of n.
// The first of a batch finds the caches cold, and that is not always the same one.
func batches(queries []query, n int, round int) [][]query {
	shuffled := slices.Clone(queries)
	r := rand.New(rand.NewPCG(uint64(round), 42))
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return slices.Collect(slices.Chunk(shuffled, n))
}
