// Command _train makes langid's table of n-grams from the language models
// inside the Go module github.com/pemistahl/lingua-go (Apache-2.0), which were
// counted on news of the Leipzig Corpora Collection.
//
//	go run .                           writes ../table.bin: some 10 minutes and 4 GB
//	go run . -compare FILE...          measures langid beside lingua-go and whatlanggo
//
// The models give P(letter | letters before) as exact fractions, so that counts
// come back whole, and with them what the models leave out, the edges of words
// (models.go). Of those a smoothed model of each language is made (lm.go), the
// n-grams are chosen that tell languages apart best for their bytes (select.go),
// and written (write.go). The same models make the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode"
)

const latin = 1 // the script's number

// A plan says which languages of a script are told apart, and by how many rows.
type plan struct {
	script byte // as numbered in ../table.go
	langs  string
	keep   func(rune) bool
	rows   int // at most: a row of Latin takes 27 bytes, of Cyrillic 6
}

var plans = []plan{
	{latin, "af az bs ca cs cy da de en eo es et eu fi fr ga hr hu id is it la lg lt lv mi ms nb nl nn pl pt ro sk sl sn so sq st sv sw tl tn tr ts vi xh yo zu sr", inScripts(unicode.Latin), 80000},
	{2, "be bg kk mk mn ru sr uk", inScripts(unicode.Cyrillic), 40000},
	{3, "ar fa ur", inScripts(unicode.Arabic), 20000},
	{4, "hi mr", inScripts(unicode.Devanagari), 10000},
}

func main() {
	out := flag.String("o", "../table.bin", "the table")
	step := flag.Float64("step", 0.5, "nats by level")
	power := flag.Float64("power", 1, "of one over the divergence of two languages, as the weight of telling them apart")
	flag.Float64Var(&smoothing, "smoothing", smoothing, "weight of shorter contexts")
	models := flag.String("models", "", "folder language-models of lingua-go; empty: that in the module cache")
	peers := flag.Bool("compare", false, "instead, compare langid with its peers over files of lines: tag, tab, text")
	flag.Parse()
	if *peers {
		if err := compare(flag.Args()); err != nil {
			log.Fatal(err)
		}
		return
	}
	log.SetFlags(log.Ltime)
	if *models == "" {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/pemistahl/lingua-go").Output()
		if err != nil {
			log.Fatalf("train: find lingua-go: %v", err)
		}
		*models = filepath.Join(strings.TrimSpace(string(dir)), "language-models")
	}
	var groups [][]byte
	for _, p := range plans {
		g, err := p.read(*models)
		if err != nil {
			log.Fatal(err)
		}
		g.confusion(*power)
		chosen := g.choose(p.rows)
		byOrder := map[int]int{}
		for _, i := range chosen {
			byOrder[g.rows[i].key.order()]++
		}
		log.Printf("script %d: %d languages, %d symbols, %d candidates, %d rows, by order %v", p.script, len(g.models), len(g.lex.runes), len(g.rows), len(chosen), byOrder)
		groups = append(groups, g.encode(chosen, *step))
	}
	b := table(*step, groups)
	if err := os.WriteFile(*out, b, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d bytes\n", *out, len(b))
}

func (p plan) read(dir string) (*group, error) {
	tags := strings.Fields(p.langs)
	langs, errs := make([]map[string]float64, len(tags)), make([]error, len(tags))
	parallel(len(tags), 1, func(i int) {
		c, err := loadCounts(filepath.Join(dir, tags[i]))
		switch {
		case err != nil:
			errs[i] = err
		case tags[i] == "sr" && p.script == latin:
			langs[i] = latinSerbian(c.withEdges(inScripts(unicode.Cyrillic)), rand.New(rand.NewPCG(1, 2)))
		default:
			langs[i] = c.withEdges(p.keep)
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	g := &group{script: p.script, lex: newLexicon(langs), models: make([]*model, len(tags))}
	parallel(len(tags), 1, func(i int) {
		g.models[i] = newModel(tags[i], langs[i], g.lex)
		langs[i] = nil
	})
	g.candidates()
	return g, nil
}
