package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/abadojack/whatlanggo"
	"github.com/pemistahl/lingua-go"

	"github.com/trawlsearch/trawl/langid"
)

// A sample is a text and the language it is in.
type sample struct{ tag, text string }

// readSamples reads lines of a tag, a tab and a text.
func readSamples(path string) ([]sample, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	var out []sample
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if tag, text, ok := strings.Cut(s.Text(), "\t"); ok {
			out = append(out, sample{tag, text})
		}
	}
	return out, s.Err()
}

// compare prints how well each peer knows the samples, whole and by words.
func compare(paths []string) error {
	low := lingua.NewLanguageDetectorBuilder().FromAllLanguages().WithLowAccuracyMode().Build()
	high := lingua.NewLanguageDetectorBuilder().FromAllLanguages().Build()
	peers := []struct {
		name string
		tag  func(text string) string
	}{
		{"langid", func(text string) string { tag, _ := langid.Detect(text); return tag }},
		{"whatlanggo", func(text string) string { return whatlangTag(whatlanggo.DetectLang(text)) }},
		{"lingua low", func(text string) string { return linguaTag(low, text) }},
		{"lingua high", func(text string) string { return linguaTag(high, text) }},
	}
	for _, path := range paths {
		whole, err := readSamples(path)
		if err != nil {
			return err
		}
		for _, p := range peers {
			p.tag("load the models before the clock runs")
			for _, unit := range []struct {
				name    string
				samples []sample
			}{{"texts", whole}, {"word pairs", cut(whole, 2)}, {"words", cut(whole, 1)}} {
				// The peers are slow: every language keeps its share of a few thousand samples.
				samples := thin(unit.samples, 6000)
				right, all, size := map[string]int{}, map[string]int{}, 0
				start := cpu()
				for _, s := range samples {
					size += len(s.text)
					all[s.tag]++
					if p.tag(s.text) == s.tag {
						right[s.tag]++
					}
				}
				took, macro := cpu()-start, 0.0
				for tag, n := range all {
					macro += float64(right[tag]) / float64(n) / float64(len(all))
				}
				fmt.Printf("%s: %-12s %-10s macro %.4f over %d languages, %d samples, %.2f MB by second of CPU\n",
					path, p.name, unit.name, macro, len(all), len(samples), float64(size)/1e6/took.Seconds())
			}
		}
	}
	return nil
}

// cpu is the time this process has computed, which a busy machine does not change.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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

func thin(samples []sample, limit int) []sample {
	step := (len(samples) + limit - 1) / limit
	var out []sample
	for i := 0; i < len(samples); i += max(step, 1) {
		out = append(out, samples[i])
	}
	return out
}

func linguaTag(d lingua.LanguageDetector, text string) string {
	lang, ok := d.DetectLanguageOf(text)
	if !ok {
		return ""
	}
	return strings.ToLower(lang.IsoCode639_1().String())
}

// whatlangTag is the tag of a language of whatlanggo, which has ISO 639-3 codes
// for all and 639-1 for most.
func whatlangTag(lang whatlanggo.Lang) string {
	switch code := lang.Iso6391(); {
	case code != "":
		return code
	case lang == whatlanggo.Cmn:
		return "zh"
	}
	return whatlanggo.LangToString(lang)
}
