package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// A goal is what issue 3 wants of the mean, as a ratio to Lucene 8.8.1.
type goal struct {
	command, class string
	reach          float64
	best           float64 // what the best peer reaches
	peer           string
}

var goals = []goal{
	{"COUNT", "TERM", .35, .31, "tantivy"},
	{"COUNT", "AND", .33, .42, "tantivy"},
	{"COUNT", "OR", .12, .16, "lucene10"},
	{"COUNT", "PHRASE", .40, .50, "tantivy"},
	{"TOP_10", "TERM", .15, .20, "tantivy"},
	{"TOP_10", "AND", .33, .41, "tantivy"},
	{"TOP_10", "OR", .12, .20, "pisa-bpq"},
	{"TOP_10", "PHRASE", .38, .50, "tantivy"},
	{"TOP_100", "OR", .15, .24, "pisa-bpq"},
	{"TOP_10_COUNT", "OR", .18, .22, "pisa-bpq"},
}

// pureGoal is the ratio of the TOP_10 classes without assembly: 1.3 times faster.
const pureGoal = 1 / 1.3

// number prints microseconds and ratios with three digits that count.
func number(x float64) string {
	switch {
	case x == 0:
		return "–"
	case x < .1:
		return fmt.Sprintf("%.2g", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func (s summary) String() string {
	if s.N == 0 {
		return "–"
	}
	return number(s.Mean) + " / " + number(s.P50) + " / " + number(s.P90) + " / " + number(s.P99)
}

// A table is printed as Markdown.
type table struct{ rows [][]string }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer, title string) {
	if len(t.rows) < 2 {
		return
	}
	fmt.Fprintf(w, "\n#### %s\n\n", title)
	for i, r := range t.rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
		if i == 0 {
			fmt.Fprintln(w, strings.Repeat("|---", len(r))+"|")
		}
	}
}

// named is an engine's results; tables keep the order of the engines.
type named struct {
	name string
	results
}

func find(all []named, name string) results {
	for _, n := range all {
		if n.name == name {
			return n.results
		}
	}
	return nil
}

// printLatency prints the tables of specs/peers.md: for each command mean, median,
// and the 90th and 99th of a hundred of the best times.
func printLatency(w io.Writer, all []named, title string) {
	for _, command := range commands {
		var t table
		t.row(append([]string{"engine"}, classes...)...)
		for _, e := range all {
			cells, any := []string{e.name}, false
			for _, class := range classes {
				s := e.of(command, class, nil)
				any = any || s.N > 0
				cells = append(cells, s.String())
			}
			if any {
				t.row(cells...)
			}
		}
		t.print(w, command+": "+title)
	}
}

// printRatios prints each engine's ratios to Lucene by parts of the classes, as
// mean (median); of the parts and not the classes, because that is where a slow
// loop shows.
func printRatios(w io.Writer, all []named) {
	ref := find(all, lucene)
	if ref == nil {
		return
	}
	for _, e := range all {
		if e.name == lucene {
			continue
		}
		var t table
		t.row(append([]string{"command"}, parts...)...)
		for _, command := range commands {
			cells, any := []string{command}, false
			for _, part := range parts {
				s := e.of(command, part, ref)
				mean, p50, _ := s.ratios(ref.of(command, part, e.results))
				if s.N == 0 || mean == 0 {
					cells = append(cells, "–")
					continue
				}
				any = true
				cells = append(cells, fmt.Sprintf("%s = %s (%s)", number(s.Mean), number(mean), number(p50)))
			}
			if any {
				t.row(cells...)
			}
		}
		t.print(w, e.name+": mean µs = ratio to Lucene 8.8.1 (ratio of medians)")
	}
}

// A verdict is what became of one goal.
type verdict struct {
	Command string  `json:"command"`
	Class   string  `json:"class"`
	What    string  `json:"what"` // mean ratio, or p99 in microseconds
	Is      float64 `json:"is"`
	Goal    float64 `json:"goal"`
	Met     bool    `json:"met"`
	Scaled  float64 `json:"scaled,omitempty"` // the goal at the speed of this machine
	Peer    string  `json:"peer"`
	PeerIs  float64 `json:"peerIs"`
}

// judge holds Trawl's results to the goals: means to Lucene of the same run, and
// p99 to the best of the stored peers, which only the whole corpus and all
// queries can tell. Those were measured elsewhere: how much slower Lucene is here
// than it was there is the speed at which their p99 would be here.
func judge(name string, r, ref results, peers map[string]results) (out []verdict) {
	_, _, pure := trawlAt(name)
	slower := slowdown(ref, peers["lucene8"])
	for _, g := range goals {
		mean, _, _ := r.of(g.command, g.class, ref).ratios(ref.of(g.command, g.class, r))
		if pure {
			if g.command != "TOP_10" {
				continue
			}
			g.reach = pureGoal
		}
		if mean > 0 {
			out = append(out, verdict{g.command, g.class, "mean ratio", mean, g.reach, mean <= g.reach, 0, g.peer, g.best})
		}
	}
	if pure {
		return out
	}
	for _, command := range commands {
		for _, class := range classes {
			s := r.of(command, class, nil)
			best, peer := 0.0, ""
			for name, p := range peers {
				if o := p.of(command, class, nil); o.N > 0 && o.N == s.N && (best == 0 || o.P99 < best) {
					best, peer = o.P99, name
				}
			}
			if peer != "" {
				out = append(out, verdict{command, class, "p99 µs", s.P99, best, s.P99 < best, slower * best, peer, best})
			}
		}
	}
	return out
}

// slowdown is the geometric mean of the ratios of one engine's best times to those
// of another run; 0 if they have nothing in common.
func slowdown(now, then results) float64 {
	sum, n := 0.0, 0
	for k, t := range now {
		if o := then[k]; o != nil && t.best > 0 && o.best > 0 {
			sum, n = sum+math.Log(t.best/o.best), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return math.Exp(sum / float64(n))
}

func printVerdicts(w io.Writer, name string, verdicts []verdict) {
	var t table
	t.row("command", "class", "what", "is", "goal", "", "best peer", "goal at this machine's speed", "")
	met := 0
	for _, v := range verdicts {
		word := "missed"
		if v.Met {
			word = "met"
			met++
		}
		scaled := ""
		if v.Scaled > 0 {
			scaled = map[bool]string{false: "missed", true: "met"}[v.Is < v.Scaled]
		}
		t.row(v.Command, v.Class, v.What, number(v.Is), number(v.Goal), word, v.Peer+" "+number(v.PeerIs), number(v.Scaled), scaled)
	}
	t.print(w, fmt.Sprintf("%s: %d of %d goals met", name, met, len(verdicts)))
}
