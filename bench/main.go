// Command bench measures Trawl beside other engines, on one corpus, in one run.
// README.md says what, how, and how to run a part of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// A config is what the flags say.
type config struct {
	engines  []engine
	steps    []string
	commands []string
	classes  []string
	rounds   int
	forks    int
	batch    int
	sample   int
	corpus   string

	rebuild, reusePeers, growth, json bool
	profile, out, cache, shared       string
}

var steps = []string{"index", "open", "add", "merge", "queries", "qps"}

func main() {
	c, err := parseFlags(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = run(ctx, c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string) (*config, error) {
	c := new(config)
	f := flag.NewFlagSet("bench/run.sh", flag.ContinueOnError)
	names := f.String("engines", "trawl,lucene", "engines, of "+strings.Join(allEngines(), ",")+"; trawl@REF is Trawl at a commit, trawl+purego Trawl without assembly")
	all := f.Bool("all", false, "all engines")
	stepList := f.String("steps", "", "what to measure, of "+strings.Join(steps, ",")+" (default all; only queries if --commands, --class, --sample or --profile is given)")
	commandList := f.String("commands", strings.Join(commands, ","), "commands to ask")
	classList := f.String("class", "", "classes or parts of queries to ask, such as OR or AND2,PHRASE (default all)")
	f.IntVar(&c.rounds, "rounds", 10, "how often each engine answers each query; slow engines do at most 1 or 3")
	f.IntVar(&c.forks, "forks", 1, "how often all that is done in new processes; 3 for figures to publish")
	f.IntVar(&c.batch, "batch", 64, "queries an engine answers before the next has its turn")
	f.IntVar(&c.sample, "sample", 1, "every n-th query of each part")
	f.StringVar(&c.corpus, "corpus", "para", "para (575,642 passages); or a cut of them: huge (~100 k), sent (2.7 M), line (~5 M)")
	f.BoolVar(&c.rebuild, "rebuild", false, "build the indexes of the chosen engines again, not only those that are missing")
	f.BoolVar(&c.reusePeers, "reuse-peers", false, "take the query results of all engines but Trawl from the run before")
	purego := f.Bool("purego", false, "build Trawl without assembly (-tags purego): every trawl is trawl+purego")
	f.BoolVar(&c.growth, "growth", false, "run the queries on corpora of 100 k to 5 M documents and print how ratios grow")
	f.BoolVar(&c.json, "json", false, "print JSON, not tables (it is written to --out in any case)")
	f.StringVar(&c.profile, "profile", "", "write a CPU profile of Trawl's driver to this file")
	f.StringVar(&c.out, "out", "", "folder of results (default CACHE/results/CORPUS)")
	f.StringVar(&c.cache, "cache", envOr("TRAWL_BENCH_CACHE", "/tmp/enwiki"), "folder of corpora, indexes and drivers")
	f.StringVar(&c.shared, "shared", envOr("TRAWL_SHARED", "../../shared"), "folder that holds data/")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("no arguments, only flags: %q", f.Args())
	}
	partial := false
	f.Visit(func(f *flag.Flag) {
		partial = partial || slices.Contains([]string{"commands", "class", "sample", "profile"}, f.Name)
	})
	switch {
	case *stepList != "":
		c.steps = split(*stepList)
	case partial:
		c.steps = []string{"queries"}
	default:
		c.steps = steps
	}
	c.commands, c.classes = split(*commandList), split(*classList)
	known := func(what string, got []string, want ...string) error {
		for _, g := range got {
			if !slices.Contains(want, g) {
				return fmt.Errorf("no such %s: %q; there are %s", what, g, strings.Join(want, ", "))
			}
		}
		return nil
	}
	err := errors.Join(
		known("step", c.steps, steps...),
		known("command", c.commands, commands...),
		known("class", c.classes, slices.Concat(classes, parts)...),
		known("corpus", []string{c.corpus}, corpora()...),
	)
	if c.rounds < 1 || c.forks < 1 || c.batch < 1 || c.sample < 1 {
		err = errors.Join(err, errors.New("rounds, forks, batch and sample are 1 or more"))
	}
	list := split(*names)
	if *all {
		list = allEngines()
	}
	var eerr error
	if c.engines, eerr = chosen(list, *purego); eerr != nil {
		err = errors.Join(err, eerr)
	}
	for _, p := range []*string{&c.cache, &c.shared, &c.profile, &c.out} {
		if *p != "" {
			abs, aerr := filepath.Abs(*p)
			*p, err = abs, errors.Join(err, aerr)
		}
	}
	return c, err
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func envOr(name, other string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return other
}

// say tells on standard error how the run goes.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

func (c *config) has(step string) bool { return slices.Contains(c.steps, step) }

// outDir is where results of a corpus go.
func (c *config) outDir() string {
	if c.out != "" {
		return c.out
	}
	return filepath.Join(c.cache, "results", c.corpus)
}
