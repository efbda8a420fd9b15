package neardup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// vocabulary makes texts whose words follow Zipf's law.
type vocabulary struct {
	r *rand.Rand
	z *rand.Zipf
}

func newVocabulary(seed uint64) *vocabulary {
	r := rand.New(rand.NewPCG(seed, 1))
	return &vocabulary{r, rand.NewZipf(r, 1.1, 4, 20000)}
}

func (v *vocabulary) text(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("w", v.z.Uint64())
	}
	return out
}

// jaccard is the likeness by its definition.
func jaccard(a, b []string) float64 {
	sets := [2]map[string]bool{{}, {}}
	for i, words := range [][]string{a, b} {
		for j := range len(words) - shingle + 1 {
			sets[i][strings.Join(words[j:j+shingle], " ")] = true
		}
	}
	both := 0
	for s := range sets[0] {
		if sets[1][s] {
			both++
		}
	}
	return float64(both) / float64(len(sets[0])+len(sets[1])-both)
}

// changed replaces a share of the words of a text, in blocks.
func (v *vocabulary) changed(words []string, share float64, block int) []string {
	out := slices.Clone(words)
	for left := int(share * float64(len(words))); left > 0; left -= block {
		at := v.r.IntN(max(1, len(out)-block))
		copy(out[at:], v.text(min(block, left)))
	}
	return out
}

func sketch(t *testing.T, words []string) Sketch {
	t.Helper()
	s, ok := Of(strings.Join(words, " "))
	if !ok {
		t.Fatalf("no sketch of %d words", len(words))
	}
	return s
}

// TestLikeness holds the estimate to the definition, over texts of all lengths, and
// the bands to their formula.
func TestLikeness(t *testing.T) {
	seed := rand.Uint64()
	v := newVocabulary(seed)
	sum, n := 0.0, 0
	shared, expected := 0.0, 0.0
	for range 3000 {
		a := v.text(MinWords + int(math.Exp(v.r.Float64()*7)))
		b := v.changed(a, v.r.Float64()*v.r.Float64(), 1+v.r.IntN(40))
		x, y := sketch(t, a), sketch(t, b)
		j := jaccard(a, b)
		d := x.Likeness(&y) - j
		sum, n = sum+d*d, n+1
		if math.Abs(d) > .35 {
			t.Errorf("seed %d: %d words, likeness %.2f is estimated as %.2f", seed, len(a), j, x.Likeness(&y))
		}
		expected += 1 - math.Pow(1-math.Pow(j, rows), Bands)
		p, q := x.Bands(), y.Bands()
		for i := range p {
			if p[i] == q[i] {
				shared++
				break
			}
		}
	}
	if rms := math.Sqrt(sum / float64(n)); rms > .07 {
		t.Errorf("seed %d: the estimate is off by %.3f", seed, rms)
	}
	if math.Abs(shared-expected) > 4*math.Sqrt(float64(n))*.5 {
		t.Errorf("seed %d: %.0f pairs share a band, not %.0f", seed, shared, expected)
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("one two three four five six ", 5)
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"case and signs", long, strings.ToUpper(strings.ReplaceAll(long, " ", " - ")), true},
		{"accents", strings.ReplaceAll(long, "one", "Été"), strings.ReplaceAll(long, "one", "été"), true},
		{"other words", long, strings.ReplaceAll(long, "one", "eins"), false},
		{"numbers", long + "at 10:31, visitor 7", "No. 812 " + long + "at 23:59, visitor 4711", false},
		{"numbers", long + "at 10:31, visitor 7", "812. " + long + "at 23:59, visitor 4711", true},
		{"times", long + "at 2026-11-23T10:31:00.5Z", long + "at 2025-01-02T03:04:05.067Z", true},
		{"numbers in words", strings.ReplaceAll(long, "one", "x100"), strings.ReplaceAll(long, "one", "x200"), false},
		{"ideographs", strings.Repeat("搜索引擎测试文本分析", 4), strings.Repeat("搜索 引擎 测试 文本 分析 ", 4), true},
	} {
		x, ok := Of(c.a)
		y, ok2 := Of(c.b)
		if !ok || !ok2 {
			t.Fatalf("%s: no sketch", c.name)
		}
		if got := x.Likeness(&y) == 1; got != c.same {
			t.Errorf("%s: likeness %.2f", c.name, x.Likeness(&y))
		}
	}
	if _, ok := Of("too short"); ok {
		t.Error("two words have a sketch")
	}
}

// TestStable: sketches are on disk.
func TestStable(t *testing.T) {
	s, _ := Of(strings.Repeat("the quick brown fox jumps over the lazy dog ", 4))
	if got, want := s.Bands()[0], uint64(0x954440c5a34306ae); got != want {
		t.Errorf("band 0 is %#x, not %#x: sketches of before do not compare", got, want)
	}
	back, ok := Decode(s.Append(nil))
	if !ok || back != s {
		t.Error("a sketch does not come back")
	}
	if _, ok := Decode(make([]byte, Bytes)); ok {
		t.Error("a sketch of nothing")
	}
	if _, ok := Decode(nil); ok {
		t.Error("nothing is a sketch")
	}
}

func FuzzOf(f *testing.F) {
	f.Add("a b c d e f g h i j k l m n o p q r s t u v w x y z")
	f.Add("\xff\xfe搜索")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := Of(text)
		back, ok2 := Decode(s.Append(nil))
		if ok != ok2 || ok && (back != s || s.Likeness(&back) != 1 || s.Length(&back) != 1) {
			t.Fatalf("%v, %v", ok, ok2)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	text := strings.Join(newVocabulary(1).text(2000), " ")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Of(text)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/word")
}
