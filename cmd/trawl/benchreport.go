package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/index"
	"github.com/trawlsearch/trawl/speed"
)

// A benchReport is what `trawl bench --json` prints. What was not measured is
// absent.
type benchReport struct {
	Collection string `json:"collection"`
	Machine    string `json:"machine"`
	File       string `json:"file,omitempty"` // of queries; absent: they were made
	Seed       uint64 `json:"seed"`
	Limit      int    `json:"limit"`
	Rounds     int    `json:"rounds"`

	Docs          uint64  `json:"docs"`
	Deleted       uint64  `json:"deleted"` // documents that are still in segments
	Shards        int     `json:"shards,omitempty"`
	Segments      int     `json:"segments,omitempty"`
	Bytes         int64   `json:"bytes,omitempty"`
	OpenMS        float64 `json:"open_ms,omitempty"`
	VerifySeconds float64 `json:"verify_seconds,omitempty"`

	Process *speed.Report `json:"process,omitempty"`
	Fresh   *speed.Fresh  `json:"fresh,omitempty"`
	Server  *benchServer  `json:"server,omitempty"`
	HTTP    *speed.Report `json:"http,omitempty"`
	Trouble []string      `json:"trouble,omitempty"`
}

// A benchServer is what a server says of itself.
type benchServer struct {
	Base    string          `json:"base"`
	Status  api.IndexStatus `json:"status"`
	Refresh float64         `json:"refresh_ms,omitempty"` // means since its start
	Commit  float64         `json:"commit_ms,omitempty"`
}

// weigh counts what the index holds.
func (b *benchRun) weigh(snaps []*index.Snapshot, opened time.Duration) {
	out := &b.out
	out.Shards, out.OpenMS = len(snaps), float64(opened.Microseconds())/1000
	for _, s := range snaps {
		out.Docs += s.Docs()
		out.Segments += len(s.Segments())
		for _, g := range s.Segments() {
			out.Deleted += uint64(g.MaxDoc() - g.Docs())
			out.Bytes += g.Bytes()
		}
	}
}

// print writes the report as it was asked for.
func (r *benchReport) print(c *cobra.Command) error {
	w := c.OutOrStdout()
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(w, r)
	}
	_, err := io.WriteString(w, r.text())
	return err
}

func (r *benchReport) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d documents", r.Collection, r.Docs)
	if r.Segments > 0 {
		fmt.Fprintf(&b, " (and %d deleted) in %s of %s, %s, %.0f bytes a document; opened in %.1f ms",
			r.Deleted, count(r.Segments, "segment"), count(r.Shards, "shard"), sizeText(r.Bytes), float64(r.Bytes)/float64(max(r.Docs, 1)), r.OpenMS)
	}
	queries := "made of the collection"
	if r.File != "" {
		queries = "of " + r.File
	}
	fmt.Fprintf(&b, "\n%s; queries %s, asked %d times for %d hits, seed %d\n", r.Machine, queries, r.Rounds, r.Limit, r.Seed)
	if r.VerifySeconds > 0 {
		fmt.Fprintf(&b, "all checksums compared in %.1f s\n", r.VerifySeconds)
	}
	if r.Process != nil {
		speedText(&b, "in this process, µs", r.Process, true)
	}
	if f := r.Fresh; f != nil {
		fmt.Fprintf(&b, "\na document more is found after %.1f ms and durable %.1f ms later, in a scratch index of %d at %s\n",
			f.Visible/1000, f.Durable/1000, f.Docs, f.Dir)
	}
	if s := r.Server; s != nil {
		fmt.Fprintf(&b, "\n%s: %d documents, %d on their way, %d of %d shards serving\n", s.Base, s.Status.Docs, s.Status.Pending, s.Status.Serving, s.Status.Shards)
		if s.Refresh > 0 || s.Commit > 0 {
			fmt.Fprintf(&b, "its indexer took %.1f ms to make documents visible and %.1f ms to commit, in the mean\n", s.Refresh, s.Commit)
		}
	}
	if r.HTTP != nil {
		speedText(&b, "through HTTP, µs", r.HTTP, false)
	}
	for _, t := range r.Trouble {
		fmt.Fprintf(&b, "\nTROUBLE: %s\n", t)
	}
	return b.String()
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func sizeText(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// speedText is the tables of one way to ask. Only within the process it is known how long
// showing takes, and the processor time.
func speedText(b *strings.Builder, name string, rep *speed.Report, inside bool) {
	if len(rep.Classes) == 0 {
		return
	}
	row := func(name string, cells ...string) {
		fmt.Fprintf(b, "%-20s", name)
		for _, c := range cells {
			fmt.Fprintf(b, " %9s", c)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	head := []string{"queries", "matches", "first", "mean", "p50", "p90", "p99", "max"}
	if inside {
		head = append(head, "to show")
	}
	row(name, head...)
	for _, c := range rep.Classes {
		cells := []string{fmt.Sprint(c.Queries), fmt.Sprintf("%.0f", c.Matches)}
		times := []float64{c.First, c.Mean, c.P50, c.P90, c.P99, c.Max}
		if inside {
			times = append(times, c.Show)
		}
		for _, t := range times {
			cells = append(cells, fmt.Sprintf("%.1f", t))
		}
		row(c.Name, cells...)
	}
	if len(rep.Rates) > 0 {
		b.WriteByte('\n')
		head := []string{"a second", "p50", "p99"}
		if inside {
			head = append(head, "processor")
		}
		row("answers", head...)
	}
	for _, r := range rep.Rates {
		cells := []string{fmt.Sprintf("%.0f", r.PerSecond), fmt.Sprintf("%.1f", r.P50), fmt.Sprintf("%.1f", r.P99)}
		if inside {
			cells = append(cells, fmt.Sprintf("%.1f", r.CPU))
		}
		row(fmt.Sprintf("%d at a time", r.Threads), cells...)
	}
	for i, s := range rep.Slowest {
		if i == 0 {
			b.WriteString("\nthe slowest\n")
		}
		fmt.Fprintf(b, "%10.1f  %s  (%d match)\n", s.Mean, s.Query, s.Matches)
	}
}

// tell shows how far the run has come: on a terminal on one line, elsewhere a
// line for each stage. An empty stage is the end.
func (b *benchRun) tell(stage string, done, total int) {
	w := b.cmd.ErrOrStderr()
	switch {
	case terminal(w) && stage == "":
		fmt.Fprint(w, "\r\x1b[K")
	case terminal(w) && total > 0:
		fmt.Fprintf(w, "\r\x1b[K%s: %d of %d", stage, done, total)
	case terminal(w):
		fmt.Fprintf(w, "\r\x1b[K%s", stage)
	case stage != "" && stage != b.stage:
		fmt.Fprintf(w, "%s\n", stage)
	}
	b.stage = stage
}
