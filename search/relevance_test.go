package search

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/rank"
)

// A judged is a collection with queries and judgements, in an index.
type judged struct {
	writer *index.Writer
	ids    map[index.Key]string
}

// newJudged indexes docs.jsonl of a folder: its title and text.
func newJudged(t *testing.T, dir, lang string) *judged {
	schema := index.Schema{Lang: lang, Fields: []index.Field{{Name: "title", Kind: index.Text}, {Name: "body", Kind: index.Text}}}
	w, err := index.OpenWriter(t.Context(), index.Dir(t.TempDir()), schema, index.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	j := &judged{w, map[index.Key]string{}}
	for _, line := range lines(t, filepath.Join(dir, "docs.jsonl")) {
		var d struct{ ID, Title, Text string }
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		key := index.Key(document.KeyOf(d.ID))
		j.ids[key] = d.ID
		if err := w.Put(t.Context(), &index.Document{Key: key, Values: []index.Value{{Field: 0, Text: d.Title}, {Field: 1, Text: d.Text}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

// ndcg is the mean nDCG@10 of queries that have a relevant document.
func (j *judged) ndcg(t *testing.T, model *rank.Model, queries, qrels string) float64 {
	grades := map[string]map[string]float64{}
	for _, line := range lines(t, qrels) {
		f := strings.Fields(line)
		if grades[f[0]] == nil {
			grades[f[0]] = map[string]float64{}
		}
		grades[f[0]][f[2]], _ = strconv.ParseFloat(f[3], 64)
	}
	s := Local(live{j.writer}, model, Options{})
	sum, n := 0.0, 0
	for _, line := range lines(t, queries) {
		id, text, _ := strings.Cut(line, "\t")
		var ideal []float64
		for _, g := range grades[id] {
			ideal = append(ideal, g)
		}
		slices.SortFunc(ideal, func(a, b float64) int { return cmp.Compare(b, a) })
		best := dcg(ideal[:min(10, len(ideal))])
		if best == 0 {
			continue
		}
		res, err := s.Search(t.Context(), &Request{Query: withoutSigns(text), Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, h := range res.Hits {
			got = append(got, grades[id][j.ids[h.Key]])
		}
		sum += dcg(got) / best
		n++
	}
	return sum / float64(n)
}

// withoutSigns takes the signs of the query language from a text.
func withoutSigns(text string) string {
	return strings.NewReplacer(`"`, " ", "(", " ", ")", " ", "*", " ", "-", " ", "+", " ", ":", " ").Replace(text)
}

func dcg(grades []float64) float64 {
	sum := 0.0
	for i, g := range grades {
		sum += g / math.Log2(float64(i)+2)
	}
	return sum
}

func lines(t *testing.T, path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	var out []string
	in := bufio.NewScanner(bytes.NewReader(data))
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		out = append(out, in.Text())
	}
	return out
}

// TestSciFact holds the default model to the reference on claims that it was not
// tuned on: BM25 with k1=0.9, b=0.4 over title and text as one field has an
// nDCG@10 of .6789 (Anserini).
func TestSciFact(t *testing.T) {
	dir := filepath.Join(shareddata.Untar(t, "data/qrels-dev-scifact.tar.xz"), "scifact")
	j := newJudged(t, dir, "en")
	got := j.ndcg(t, rank.Default(), filepath.Join(dir, "queries.tsv"), filepath.Join(dir, "qrels.txt"))
	t.Logf("nDCG@10 %.4f", got)
	if got < .679 {
		t.Errorf("nDCG@10 is %.4f, below .679", got)
	}
}
