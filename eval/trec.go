// Package eval measures how good answers are on judged collections.
//
// Measures follow trec_eval (https://github.com/usnistgov/trec_eval): every one
// is the mean over the queries that have at least one relevant document; a
// query that found nothing counts as zero.
//
//   - nDCG@10: gain is the grade, discount log2(rank+1), divided by the same sum
//     over the ten best grades.
//   - MAP: mean over queries of the sum of precision at each relevant document
//     found (to depth 1,000) over the number of relevant documents.
//   - MRR@10: reciprocal of the first relevant rank, zero beyond ten.
//   - P@1, Recall@100.
package eval

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// maxLine bounds a line of any input file, in bytes.
const maxLine = 1 << 20

// A Query is one line of a query file: an identifier, a tab, the words.
type Query struct{ ID, Text string }

// ReadQueries reads "id TAB query" lines.
func ReadQueries(r io.Reader) ([]Query, error) {
	var out []Query
	err := lines(r, func(n int, line string) error {
		id, text, ok := strings.Cut(line, "\t")
		if !ok || id == "" {
			return fmt.Errorf("eval: queries, line %d: want \"id TAB query\"", n)
		}
		out = append(out, Query{ID: id, Text: text})
		return nil
	})
	return out, err
}

// Qrels are judgements: query, document, grade; above zero is relevant.
type Qrels map[string]map[string]int

// ReadQrels reads TREC judgements: "query iteration document grade" lines.
func ReadQrels(r io.Reader) (Qrels, error) {
	out := Qrels{}
	err := lines(r, func(n int, line string) error {
		f := strings.Fields(line)
		if len(f) != 4 {
			return fmt.Errorf("eval: qrels, line %d: want \"query iteration document grade\"", n)
		}
		grade, err := strconv.Atoi(f[3])
		if err != nil {
			return fmt.Errorf("eval: qrels, line %d: grade %q is not a whole number", n, f[3])
		}
		if out[f[0]] == nil {
			out[f[0]] = map[string]int{}
		}
		out[f[0]][f[2]] = grade
		return nil
	})
	return out, err
}

// ReadPatterns reads one RE2 pattern a line; lines that begin with # are remarks.
// A plain file name is a pattern too: it matches itself.
func ReadPatterns(r io.Reader) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	err := lines(r, func(n int, line string) error {
		if strings.HasPrefix(line, "#") {
			return nil
		}
		p, err := regexp.Compile(strings.TrimSpace(line))
		if err != nil {
			return fmt.Errorf("eval: patterns, line %d: %v", n, err)
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// lines calls fn for each line that is not blank, counting from one.
func lines(r io.Reader, fn func(n int, line string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSuffix(sc.Text(), "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := fn(n, line); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	return nil
}

// WriteRun writes rankings as a TREC run file.
func WriteRun(w io.Writer, tag string, rankings []Ranking) error {
	bw := bufio.NewWriter(w)
	for _, r := range rankings {
		for i, d := range r.Docs {
			fmt.Fprintf(bw, "%s Q0 %s %d %.6f %s\n", r.Query, d.ID, i+1, d.Score, tag)
		}
	}
	return bw.Flush()
}
