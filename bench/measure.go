package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	openRounds   = 5
	addDocuments = 21
	addTimeout   = 10 * time.Minute
	mergeParts   = 8
	qpsSeconds   = 5
	qpsRounds    = 3 // the best counts: other load only takes away
)

// An opening is how long a fresh process takes to open an index in the page cache
// and to answer its first query; medians, in milliseconds.
type opening struct {
	Engine  string  `json:"engine"`
	OpenMs  float64 `json:"openMs"`
	FirstMs float64 `json:"firstMs"`
}

func (r *report) open(ctx context.Context, c *config, engines []engine) error {
	first := []query{{"AND2", "+costume +designers"}}
	for _, e := range engines {
		var opened, answered []float64
		for range openRounds {
			say("opening %s", e.name)
			d, err := e.start(ctx, c, false, "serve")
			if err != nil {
				return err
			}
			b := build{Engine: e.name, Corpus: c.corpus, Threads: 1}
			took, err := d.open(b.dir(c))
			if err != nil {
				return err
			}
			m := measured{d, results{}}
			if err := m.batch("TOP_10", first); err != nil {
				return err
			}
			if err := d.stop(); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			opened = append(opened, took.Seconds()*1e3)
			answered = append(answered, m.results[question{"TOP_10", first[0].text}].best/1e3)
		}
		slices.Sort(opened)
		slices.Sort(answered)
		r.Opens = append(r.Opens, opening{e.name, median(opened), median(answered)})
	}
	return nil
}

// An adding is how long one document takes until a query finds it, in
// milliseconds: nrt without a commit, commit with one.
type adding struct {
	Engine   string  `json:"engine"`
	Way      string  `json:"way"`
	MedianMs float64 `json:"medianMs"`
	MinMs    float64 `json:"minMs"`
	MaxMs    float64 `json:"maxMs"`
}

// add adds to a copy of the index.
func (r *report) add(ctx context.Context, c *config, engines []engine) error {
	for _, e := range engines {
		say("adding to %s", e.name)
		b := build{Engine: e.name, Corpus: c.corpus, Threads: 1}
		dir := b.dir(c) + ".add"
		defer os.RemoveAll(dir)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := command(ctx, addTimeout, ".", "cp", "-r", b.dir(c), dir); err != nil {
			return err
		}
		d, err := e.start(ctx, c, false, "add", dir, fmt.Sprint(addDocuments))
		if err != nil {
			return err
		}
		err = func() error {
			defer d.limit(addTimeout)()
			for {
				answer, err := d.read(1, "added")
				if errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				var ms []float64
				for i := range answer[0][1:] {
					took, err := nanoseconds(answer[0], i+1)
					if err != nil {
						return err
					}
					ms = append(ms, took.Seconds()*1e3)
				}
				if len(ms) == 0 {
					return fmt.Errorf("%s says added %q", e.name, answer[0])
				}
				slices.Sort(ms)
				r.Adds = append(r.Adds, adding{e.name, answer[0][0], median(ms), ms[0], ms[len(ms)-1]})
			}
		}()
		if err != nil {
			return err
		}
		os.RemoveAll(dir)
	}
	return nil
}

// A merging is one of several segments to one, in megabytes of text a second.
type merging struct {
	Engine string  `json:"engine"`
	Parts  int     `json:"parts"`
	Wall   float64 `json:"wall"` // seconds
	CPU    float64 `json:"cpu"`
	MBs    float64 `json:"mbPerSecond"`
	MBcpu  float64 `json:"mbPerCPUSecond"`
}

func (r *report) merge(ctx context.Context, c *config, engines []engine) error {
	for _, e := range engines {
		if !isTrawl(e.name) {
			continue
		}
		say("merging %s", e.name)
		dir := filepath.Join(c.cache, "index", c.corpus, e.name+".merge")
		defer os.RemoveAll(dir)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		built := build{Engine: e.name, Corpus: c.corpus, Threads: 1}
		if !built.load(c) {
			return fmt.Errorf("%s: no index of %s", e.name, c.corpus)
		}
		d, err := e.start(ctx, c, false, "merge", c.corpusFile(c.corpus), dir, fmt.Sprint(mergeParts))
		if err != nil {
			return err
		}
		stop := d.limit(indexTimeout)
		answer, err := d.read(1, "merged")
		stop()
		if err != nil {
			return err
		}
		m := merging{Engine: e.name, Parts: mergeParts}
		if _, err := fmt.Sscan(answer[0][0]+" "+answer[0][len(answer[0])-1], &m.Wall, &m.CPU); err != nil {
			return fmt.Errorf("%s says merged %q: %w", e.name, answer[0], err)
		}
		m.MBs, m.MBcpu = ratio(built.InputMB, m.Wall), ratio(built.InputMB, m.CPU)
		r.Merges = append(r.Merges, m)
		if err := d.stop(); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// A throughput is how many queries of mix.tsv (TOP_10) an engine answers a second.
type throughput struct {
	Engine string  `json:"engine"`
	One    float64 `json:"one"` // in one thread
	Two    float64 `json:"two"`
}

// qps asks one engine after the other, round by round.
func (r *report) qps(ctx context.Context, c *config, engines []engine) error {
	mix, err := parseQueries(filepath.Join(c.shared, "data/peers/mix.tsv"))
	if err != nil {
		return err
	}
	lines := ""
	for _, q := range mix {
		lines += q.line()
	}
	r.QPS = make([]throughput, len(engines))
	drivers := make([]*driver, len(engines))
	for i, e := range engines {
		r.QPS[i].Engine = e.name
		if drivers[i], err = openIndex(ctx, c, e); err != nil {
			return err
		}
		defer drivers[i].stop()
		if e.warm > 0 {
			if _, err := drivers[i].qps(2, 2*qpsSeconds, len(mix), lines); err != nil {
				return err
			}
		}
	}
	for round := range qpsRounds {
		say("throughput, round %d of %d", round+1, qpsRounds)
		for i, d := range drivers {
			if d.engine.rounds > 0 && round > 0 {
				continue
			}
			one, err := d.qps(1, qpsSeconds, len(mix), lines)
			if err != nil {
				return err
			}
			two, err := d.qps(2, qpsSeconds, len(mix), lines)
			if err != nil {
				return err
			}
			r.QPS[i].One, r.QPS[i].Two = max(r.QPS[i].One, one), max(r.QPS[i].Two, two)
		}
	}
	return nil
}

func (d *driver) qps(threads, seconds, n int, lines string) (float64, error) {
	answer, err := d.ask(batchTimeout, fmt.Sprintf("qps\t%d\t%d\t%d\n%s", threads, seconds, n, lines), 1, "qps")
	if err != nil {
		return 0, err
	}
	var qps float64
	if _, err := fmt.Sscan(answer[0][0], &qps); err != nil {
		return 0, fmt.Errorf("%s says qps %q: %w", d.engine.name, answer[0], err)
	}
	return qps, nil
}
