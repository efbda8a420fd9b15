package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A question is what was measured: a query under a command.
type question struct{ command, text string }

// A timing is what one engine did with a question, in all rounds.
type timing struct {
	part      string
	best, sum float64 // microseconds
	rounds    int
	count     uint64
	hits      string // id:score,… of the first round
}

func (t *timing) mean() float64 { return t.sum / float64(t.rounds) }

// results are an engine's timings.
type results map[question]*timing

// add enters one round. An engine that counts otherwise the next time is broken.
func (r results) add(command string, q query, took time.Duration, count uint64, hits string) error {
	us := float64(took.Nanoseconds()) / 1000
	key := question{command, q.text}
	t := r[key]
	if t == nil {
		r[key] = &timing{q.part, us, us, 1, count, hits}
		return nil
	}
	if counted(command) && t.count != count {
		return fmt.Errorf("%s %s: counted %d, and now %d", command, q.text, t.count, count)
	}
	t.best, t.sum, t.rounds = min(t.best, us), t.sum+us, t.rounds+1
	return nil
}

// counted tells whether the answer of a command has an exact count.
func counted(command string) bool { return strings.HasSuffix(command, "COUNT") }

// write writes lines of seven columns: command, part, query, best and mean
// microseconds, count, hits. peers/table.py reads them.
func (r results) write(out io.Writer) error {
	w := bufio.NewWriter(out)
	keys := slices.SortedFunc(maps.Keys(r), func(a, b question) int {
		return cmp.Or(slices.Index(commands, a.command)-slices.Index(commands, b.command), cmp.Compare(a.text, b.text))
	})
	for _, k := range keys {
		t := r[k]
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%.1f\t%d\t%s\n", k.command, t.part, k.text, t.best, t.mean(), t.count, t.hits)
	}
	return w.Flush()
}

// readResults reads what write wrote, or the six columns of the stored peers.
func readResults(in io.Reader) (results, error) {
	r := results{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 6 {
			return nil, fmt.Errorf("line %d: %d columns, want 6 or 7", len(r)+1, len(f))
		}
		best, err1 := strconv.ParseFloat(f[3], 64)
		mean, err2 := strconv.ParseFloat(f[4], 64)
		count, err3 := strconv.ParseUint(f[5], 10, 64)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(r)+1, err)
		}
		t := &timing{part: f[1], best: best, sum: mean, rounds: 1, count: count}
		if len(f) > 6 {
			t.hits = f[6]
		}
		r[question{f[0], f[2]}] = t
	}
	return r, lines.Err()
}

func loadResults(name string) (results, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r, err := readResults(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// writeFile puts a file in its place when it is whole.
func writeFile(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// storedPeers reads the per-query results of peers on this corpus that are kept
// with the data. They were measured on the same kind of machine, in other runs.
func storedPeers(ctx context.Context, dir string) (map[string]results, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.tsv.xz"))
	if err != nil {
		return nil, err
	}
	peers := map[string]results{}
	for _, name := range names {
		data, err := exec.CommandContext(ctx, "xz", "-dc", name).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		engine := strings.TrimSuffix(filepath.Base(name), ".tsv.xz")
		if peers[engine], err = readResults(bytes.NewReader(data)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if strings.HasPrefix(engine, "pisa") { // it has no positions: its phrases are conjunctions
			maps.DeleteFunc(peers[engine], func(_ question, t *timing) bool { return classOf(t.part) == "PHRASE" })
		}
	}
	return peers, nil
}
