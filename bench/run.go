package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A report is all that one run found out; it is written as JSON.
type report struct {
	Corpus   string                                   `json:"corpus"`
	Machine  string                                   `json:"machine"`
	Load     float64                                  `json:"load"`              // average, when it began
	Partial  string                                   `json:"partial,omitempty"` // why not all was measured
	Builds   []build                                  `json:"builds,omitempty"`
	Opens    []opening                                `json:"opens,omitempty"`
	Adds     []adding                                 `json:"adds,omitempty"`
	Merges   []merging                                `json:"merges,omitempty"`
	QPS      []throughput                             `json:"qps,omitempty"`
	Latency  map[string]map[string]map[string]summary `json:"latency,omitempty"` // by engine, command, and class or part; microseconds
	Verdicts map[string][]verdict                     `json:"verdicts,omitempty"`
	Differ   []string                                 `json:"differ"`

	timings []named
}

// run prepares the engines, and measures what the config says on one corpus or on
// all.
func run(ctx context.Context, c *config) error {
	if err := install(ctx, []string{"xz-utils", "python3"}); err != nil {
		return err
	}
	for _, e := range c.engines {
		if c.reuses(e) {
			continue
		}
		if err := e.prepare(ctx, c); err != nil {
			return err
		}
	}
	if c.growth {
		return growth(ctx, c)
	}
	_, err := runCorpus(ctx, c)
	return err
}

// runCorpus measures, prints and writes. What was measured when the context ends
// or an engine fails is printed too.
func runCorpus(ctx context.Context, c *config) (*report, error) {
	if err := prepareCorpus(ctx, c); err != nil {
		return nil, err
	}
	r := &report{Corpus: c.corpus, Machine: machine(), Load: loadAverage()}
	failed := r.measure(ctx, c)
	if failed != nil {
		r.Partial = failed.Error()
	}
	differ := r.compare()
	if err := r.finish(context.WithoutCancel(ctx), c); err != nil {
		return nil, errors.Join(failed, err)
	}
	return r, errors.Join(failed, differ)
}

// reuses tells whether an engine's results are those of the run before.
func (c *config) reuses(e engine) bool { return c.reusePeers && !isTrawl(e.name) }

func (r *report) measure(ctx context.Context, c *config) error {
	var fresh []engine
	for _, e := range c.engines {
		if c.reuses(e) {
			continue
		}
		fresh = append(fresh, e)
		if err := r.buildAll(ctx, c, e); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, *config, []engine) error
	}{{"open", r.open}, {"add", r.add}, {"merge", r.merge}, {"queries", r.queries}, {"qps", r.qps}} {
		if !c.has(step.name) {
			continue
		}
		if err := step.do(ctx, c, fresh); err != nil {
			return err
		}
	}
	return nil
}

// buildAll makes the index that queries are asked of, if it is missing, and
// measures the other ways of building.
func (r *report) buildAll(ctx context.Context, c *config, e engine) error {
	ways := []build{{Engine: e.name, Corpus: c.corpus, Threads: 1}}
	if c.has("index") && !e.single {
		ways = append(ways, build{Engine: e.name, Corpus: c.corpus, Threads: 2})
	}
	if c.has("index") && isTrawl(e.name) {
		ways = append(ways, build{Engine: e.name, Corpus: c.corpus, Threads: 1, Stored: true})
	}
	for i := range ways {
		b := &ways[i]
		if c.rebuild || !b.load(c) {
			if err := b.make(ctx, c, e); err != nil {
				return err
			}
		}
		if c.has("index") {
			r.Builds = append(r.Builds, *b)
		}
		if i > 0 { // the first is searched, the others were only measured
			if err := os.RemoveAll(b.dir(c)); err != nil {
				return err
			}
		}
	}
	return nil
}

// queries asks all engines all queries.
func (r *report) queries(ctx context.Context, c *config, _ []engine) error {
	all, err := parseQueries(filepath.Join(c.shared, "data/peers/queries.tsv"))
	if err != nil {
		return err
	}
	asked := choose(all, c.classes, c.sample)
	if len(asked) == 0 {
		return errors.New("no queries are left")
	}
	var fresh []*measured
	for _, e := range c.engines {
		m := &measured{&driver{engine: e}, results{}}
		if c.reuses(e) {
			old, err := loadResults(c.resultsFile(e.name))
			if err != nil {
				return fmt.Errorf("no results of %s to reuse: %w", e.name, err)
			}
			m.results = old
		} else {
			fresh = append(fresh, m)
		}
		r.timings = append(r.timings, named{e.name, m.results})
	}
	for fork := range c.forks {
		for _, command := range c.commands {
			if err := runFork(ctx, c, fresh, fork, command, all, asked); err != nil {
				return err
			}
		}
	}
	return nil
}

// runFork asks one command in processes of its own, as the search benchmark game
// does: a JIT compiles for what it has seen. Lucene's COUNT of OR took 0.84 to
// 1.5 ms, by the process, where four commands took turns in one, and 0.93 ms alone.
func runFork(ctx context.Context, c *config, engines []*measured, fork int, command string, all, asked []query) (err error) {
	var running []*measured
	defer func() {
		for _, m := range running {
			if serr := m.stop(); err == nil && serr != nil {
				err = fmt.Errorf("%s: %w", m.engine.name, serr)
			}
		}
	}()
	for _, m := range engines {
		if m.engine.rounds > 0 && fork*c.rounds >= m.engine.rounds {
			continue
		}
		if m.driver, err = openIndex(ctx, c, m.engine); err != nil {
			return err
		}
		running = append(running, m)
		if err := m.warm(ctx, command, all); err != nil {
			return err
		}
	}
	return rounds(ctx, c, running, fork*c.rounds, command, asked)
}

// openIndex starts a driver and opens the engine's index; one that cannot be
// read, because its format is older than the engine, is built again.
func openIndex(ctx context.Context, c *config, e engine) (*driver, error) {
	b := build{Engine: e.name, Corpus: c.corpus, Threads: 1}
	for again := false; ; again = true {
		d, err := e.start(ctx, c, false, "serve")
		if err != nil {
			return nil, err
		}
		if _, err = d.open(b.dir(c)); err == nil {
			return d, nil
		}
		if again || ctx.Err() != nil {
			return nil, err
		}
		say("%v: building the index again", err)
		if err := b.make(ctx, c, e); err != nil {
			return nil, err
		}
	}
}

func (c *config) resultsFile(engine string) string {
	return filepath.Join(c.outDir(), engine+".tsv")
}

// compare holds all engines' counts, and the scores of those that count BM25 as
// it does, to Lucene's.
func (r *report) compare() error {
	ref := find(r.timings, lucene)
	if ref == nil {
		return nil
	}
	r.Differ = []string{}
	for _, t := range r.timings {
		if t.name == lucene {
			continue
		}
		diffs, n, worst := compare(t.name, t.results, ref, isTrawl(t.name))
		for _, d := range diffs {
			r.Differ = append(r.Differ, d.String())
		}
		say("%s: %d answers compared with Lucene's, %d differ; scores are within %.2g", t.name, n, len(diffs), worst)
	}
	if len(r.Differ) == 0 {
		return nil
	}
	const shown = 20
	list := strings.Join(r.Differ[:min(shown, len(r.Differ))], "\n  ")
	return fmt.Errorf("%d answers differ from Lucene's:\n  %s", len(r.Differ), list)
}

// finish prints and writes the report.
func (r *report) finish(ctx context.Context, c *config) error {
	r.Latency, r.Verdicts = map[string]map[string]map[string]summary{}, map[string][]verdict{}
	for _, t := range r.timings {
		byCommand := map[string]map[string]summary{}
		for _, command := range commands {
			byName := map[string]summary{}
			for _, name := range append(append([]string{}, classes...), parts...) {
				if s := t.of(command, name, nil); s.N > 0 {
					byName[name] = s
				}
			}
			if len(byName) > 0 {
				byCommand[command] = byName
			}
		}
		r.Latency[t.name] = byCommand
		if len(t.results) > 0 {
			if err := c.keep(t); err != nil {
				return err
			}
		}
	}
	var peers map[string]results
	if c.corpus == "para" {
		var err error
		if peers, err = storedPeers(ctx, filepath.Join(c.shared, "data/peers")); err != nil {
			return err
		}
	}
	ref := find(r.timings, lucene)
	for _, t := range r.timings {
		if isTrawl(t.name) && ref != nil {
			r.Verdicts[t.name] = judge(t.name, t.results, ref, peers)
		}
	}
	for _, e := range c.engines {
		if _, _, pure := trawlAt(e.name); isTrawl(e.name) && !pure {
			r.Verdicts[e.name] = append(r.Verdicts[e.name], r.judgeRest(e.name)...)
		}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }
	if err := writeFile(filepath.Join(c.outDir(), "report.json"), write); err != nil {
		return err
	}
	if c.json {
		return write(os.Stdout)
	}
	r.print(os.Stdout)
	return nil
}

// keep writes an engine's results for --reuse-peers: a run of a part of the
// queries leaves those of the others as they were.
func (c *config) keep(t named) error {
	kept := results{}
	if old, err := loadResults(c.resultsFile(t.name)); err == nil {
		kept = old
	}
	maps.Copy(kept, t.results)
	return writeFile(c.resultsFile(t.name), kept.write)
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "corpus %s, %s, load %.2f\n", r.Corpus, r.Machine, r.Load)
	if r.Partial != "" {
		fmt.Fprintf(w, "\n**Not all was measured, and goals are judged by what was: %s**\n", r.Partial)
	}
	printLatency(w, r.timings, "mean / p50 / p90 / p99 of best µs per query")
	printRatios(w, r.timings)
	r.printRest(w)
	for _, name := range slices.Sorted(maps.Keys(r.Verdicts)) {
		printVerdicts(w, name, r.Verdicts[name])
	}
}

// machine is the processor's name.
func machine() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": ")
		}
	}
	return "unknown processor"
}
