package crawltest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// A Generated site follows from its seed: the same pages, texts and links each
// time. All of it can be reached from "/".
//
// It is an http.Handler, for Site.Mount. Pages have an ETag and a Last-Modified
// and answer 304 where they did not change.
type Generated struct {
	Pages  []GeneratedPage // Pages[0] is "/"
	byPath map[string]int
}

// A GeneratedPage is one page of a Generated site.
type GeneratedPage struct {
	Path  string
	Title string // no two pages have the same
	Text  string // 40 to 200 words
	// Word stands in this page's text and in no other page of the site, once.
	// No stemmer changes it.
	Word     string
	Links    []string // paths, in the order of the page
	Modified time.Time
}

// Generate makes a site of n pages, at least one. Each page is linked from one
// that was made before it, eight at most by each, so that the depth is
// log8(n); further links go anywhere.
func Generate(seed uint64, n int) *Generated {
	rnd := rand.New(rand.NewPCG(seed, 0x7261776c))
	g := &Generated{byPath: map[string]int{}}
	vocabulary := words(rnd, 2000)
	for i := range max(1, n) {
		p := GeneratedPage{
			Path:     fmt.Sprintf("/%s/%s-%d.html", vocabulary[i/64%len(vocabulary)], vocabulary[rnd.IntN(len(vocabulary))], i),
			Word:     unique(seed, i),
			Modified: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC),
		}
		if i == 0 {
			p.Path = "/"
		}
		text := make([]string, 40+rnd.IntN(160))
		for j := range text {
			// The square makes some words frequent, as in a language.
			f := rnd.Float64()
			text[j] = vocabulary[int(f*f*float64(len(vocabulary)))]
		}
		p.Title = fmt.Sprintf("%s %s %d", capital(text[0]), text[1], i)
		text[rnd.IntN(len(text))] = p.Word
		p.Text = capital(strings.Join(text, " ")) + "."
		g.byPath[p.Path] = i
		g.Pages = append(g.Pages, p)
	}
	for i := range g.Pages {
		p := &g.Pages[i]
		for child := 8*i + 1; child <= 8*i+8 && child < len(g.Pages); child++ {
			p.Links = append(p.Links, g.Pages[child].Path)
		}
		for range rnd.IntN(5) {
			p.Links = append(p.Links, g.Pages[rnd.IntN(len(g.Pages))].Path)
		}
		rnd.Shuffle(len(p.Links), func(a, b int) { p.Links[a], p.Links[b] = p.Links[b], p.Links[a] })
	}
	return g
}

// ServeHTTP answers for all pages, and 404 for the rest.
func (g *Generated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, ok := g.byPath[r.URL.Path]
	if !ok {
		Page{Status: http.StatusNotFound, Title: "Not found"}.ServeHTTP(w, r)
		return
	}
	p := g.Pages[i]
	Page{
		Title: p.Title, Text: p.Text, Links: p.Links,
		ETag: `"` + p.Word + `"`, LastModified: p.Modified,
	}.ServeHTTP(w, r)
}

// words makes n distinct words of syllables.
func words(rnd *rand.Rand, n int) []string {
	const consonants, vowels = "bcdfghklmnprstvz", "aeiou"
	seen := map[string]bool{}
	var out []string
	for len(out) < n {
		var b strings.Builder
		for range 2 + rnd.IntN(2) {
			b.WriteByte(consonants[rnd.IntN(len(consonants))])
			b.WriteByte(vowels[rnd.IntN(len(vowels))])
		}
		b.WriteByte(consonants[rnd.IntN(len(consonants))])
		if w := b.String(); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// unique is the word of page i: it has a q, which no word of the vocabulary
// has, and ends in its only x, which no suffix does: none stands in another.
func unique(seed uint64, i int) string {
	var b []byte
	for v := i; ; v /= 20 {
		b = append(b, "bcdfghjklmnpqrstvwyz"[v%20], 'o')
		if v < 20 {
			break
		}
	}
	return fmt.Sprintf("q%c%sx", 'a'+byte(seed%26), b)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
