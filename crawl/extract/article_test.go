package extract

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
	"github.com/trawlsearch/trawl/weburl"
)

// An article is a page of Scrapinghub's article extraction benchmark.
type article struct {
	name, url, want string
	page            []byte
}

func articles(tb testing.TB) []article {
	tb.Helper()
	dir := filepath.Join(shareddata.Untar(tb, "suites/article-extraction.tar.xz"), "article-extraction")
	raw, err := os.ReadFile(filepath.Join(dir, "ground-truth.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var truth map[string]struct{ ArticleBody, URL string }
	if err := json.Unmarshal(raw, &truth); err != nil {
		tb.Fatal(err)
	}
	var out []article
	for name, t := range truth {
		out = append(out, article{name, t.URL, t.ArticleBody, readGzip(tb, filepath.Join(dir, "html", name+".html.gz"))})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func readGzip(tb testing.TB, path string) []byte {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

var wordPattern = regexp.MustCompile(`[\pL\pN\pM_]+`)

// shingles are the sequences of four words of a text, with their counts; a
// shorter text is one shingle. As string_shingle_matching of the benchmark's
// evaluate.py.
func shingles(text string) map[string]int {
	words := wordPattern.FindAllString(text, -1)
	out := make(map[string]int)
	for i := 0; i < max(1, len(words)-3); i++ {
		if s := strings.Join(words[i:min(i+4, len(words))], " "); s != "" {
			out[s]++
		}
	}
	return out
}

// agreement is the share of shingles found, too many and missing.
func agreement(want, got string) (tp, fp, fn float64) {
	w, g := shingles(want), shingles(got)
	for s, n := range w {
		tp += float64(min(n, g[s]))
		fn += float64(max(0, n-g[s]))
	}
	for s, n := range g {
		fp += float64(max(0, n-w[s]))
	}
	sum := max(tp+fp+fn, 1)
	return tp / sum, fp / sum, fn / sum
}

// score is the benchmark's measure: precision and recall averaged over pages.
type score struct{ precision, recall, pages, precise, recalled float64 }

func (s *score) add(tp, fp, fn float64) {
	s.pages++
	if tp+fp > 0 {
		s.precise++
		s.precision += tp / (tp + fp)
	}
	if tp+fn > 0 {
		s.recalled++
		s.recall += tp / (tp + fn)
	}
}

func (s *score) f1() (f1, p, r float64) {
	p, r = s.precision/s.precise, s.recall/s.recalled
	return 2 * p * r / (p + r), p, r
}

func TestArticleBenchmark(t *testing.T) {
	var half [2]score
	var all score
	type one struct {
		name          string
		f, tp, fp, fn float64
	}
	var worst []one
	for i, a := range articles(t) {
		u, err := weburl.Parse(a.url)
		if err != nil {
			t.Fatal(err)
		}
		p := HTML(u, nil, a.page, Options{})
		tp, fp, fn := agreement(a.want, p.Body)
		half[i%2].add(tp, fp, fn)
		all.add(tp, fp, fn)
		worst = append(worst, one{a.name, tp, tp, fp, fn})
	}
	for i := range half {
		f, p, r := half[i].f1()
		t.Logf("half %d: F1 %.3f, precision %.3f, recall %.3f", i, f, p, r)
	}
	f, p, r := all.f1()
	t.Logf("all: F1 %.4f, precision %.3f, recall %.3f", f, p, r)
	if os.Getenv("WORST") != "" {
		sort.Slice(worst, func(i, j int) bool { return worst[i].f < worst[j].f })
		for _, w := range worst[:45] {
			t.Logf("%s tp %.2f fp %.2f fn %.2f", w.name[:12], w.tp, w.fp, w.fn)
		}
	}
}

func BenchmarkArticles(b *testing.B) {
	list := articles(b)
	var bytes int64
	for _, a := range list {
		bytes += int64(len(a.page))
	}
	b.SetBytes(bytes / int64(len(list)))
	b.ReportAllocs()
	u, _ := weburl.Parse("http://a.test/")
	for i := 0; b.Loop(); i++ {
		HTML(u, nil, list[i%len(list)].page, Options{})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
