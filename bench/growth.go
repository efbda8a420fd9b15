package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A size is one corpus of a growth run.
type size struct {
	Corpus string                        `json:"corpus"`
	Docs   int64                         `json:"docs"`
	Mean   map[string]map[string]float64 `json:"mean"`  // microseconds, by "COMMAND CLASS" and engine
	Ratio  map[string]map[string]float64 `json:"ratio"` // likewise, of the mean to Lucene's
}

// growth asks the queries of all cuts of the text, smallest first, and prints what
// becomes of the ratios. The words are the same, so the lists grow by as many
// documents as there are.
func growth(ctx context.Context, c *config) error {
	var sizes []size
	var failed error
	for _, k := range cuts {
		at := *c
		at.corpus, at.steps = k.name, []string{"queries"}
		if c.out != "" {
			at.out = filepath.Join(c.out, k.name)
		}
		r, err := runCorpus(ctx, &at)
		failed = errors.Join(failed, err)
		if r == nil || ctx.Err() != nil {
			break
		}
		b := build{Engine: c.engines[0].name, Corpus: k.name, Threads: 1}
		b.load(&at)
		s := size{k.name, b.Docs, map[string]map[string]float64{}, map[string]map[string]float64{}}
		ref := find(r.timings, lucene)
		for _, command := range c.commands {
			for _, class := range classes {
				row := command + " " + class
				s.Mean[row], s.Ratio[row] = map[string]float64{}, map[string]float64{}
				for _, t := range r.timings {
					s.Mean[row][t.name] = t.of(command, class, nil).Mean
					s.Ratio[row][t.name], _, _ = t.of(command, class, ref).ratios(ref.of(command, class, t.results))
				}
			}
		}
		sizes = append(sizes, s)
	}
	if !c.json {
		printGrowth(os.Stdout, c, sizes)
	}
	name := filepath.Join(c.cache, "results", "growth.json")
	if c.out != "" {
		name = filepath.Join(c.out, "growth.json")
	}
	return errors.Join(failed, writeFile(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(sizes) }))
}

func printGrowth(w io.Writer, c *config, sizes []size) {
	for _, e := range c.engines {
		if e.name == lucene {
			continue
		}
		var t table
		head := []string{"command", "class"}
		for _, s := range sizes {
			head = append(head, fmt.Sprintf("%s: %d documents", s.Corpus, s.Docs))
		}
		t.row(append(head, "last to first")...)
		for _, command := range c.commands {
			for _, class := range classes {
				cells, any := []string{command, class}, false
				var first, last float64
				for i, s := range sizes {
					ratio := s.Ratio[command+" "+class][e.name]
					cells = append(cells, fmt.Sprintf("%s = %s", number(s.Mean[command+" "+class][e.name]), number(ratio)))
					if any = any || ratio > 0; i == 0 {
						first = ratio
					}
					last = ratio
				}
				if any {
					t.row(append(cells, number(ratio(last, first)))...)
				}
			}
		}
		t.print(w, e.name+": mean µs = ratio to Lucene 8.8.1, as documents grow and words do not")
	}
}
