package main

import (
	"fmt"
	"io"
)

// printRest prints all but the queries. Brackets hold the ratio to Lucene.
func (r *report) printRest(w io.Writer) {
	var t table
	t.row("engine", "threads", "stored", "wall s to searchable", "to one segment", "MB/s wall", "CPU s", "MB per CPU s", "peak RSS MB (anonymous)", "index MB", "index/input", "load")
	for _, b := range r.Builds {
		ref := r.luceneBuild(b.Threads)
		t.row(b.Engine, fmt.Sprint(b.Threads), map[bool]string{false: "id", true: "text"}[b.Stored],
			number(b.Searchable), number(b.Merged), withRatio(b.InputMB/b.Merged, ref.InputMB/ref.Merged),
			number(b.CPU), withRatio(b.InputMB/b.CPU, ref.InputMB/ref.CPU),
			withRatio(b.PeakMB, ref.PeakMB)+" ("+number(b.PeakAnonMB)+")", withRatio(b.IndexMB, ref.IndexMB), number(b.IndexMB/b.InputMB), number(b.Load))
	}
	t.print(w, "Indexing (threads 1: the whole process on one core)")

	t = table{}
	t.row("engine", "parts", "wall s", "CPU s", "MB/s", "MB per CPU s")
	for _, m := range r.Merges {
		t.row(m.Engine, fmt.Sprint(m.Parts), number(m.Wall), number(m.CPU), number(m.MBs), number(m.MBcpu))
	}
	t.print(w, "Merging segments to one (MB of text)")

	t = table{}
	t.row("engine", "open ms", "first query ms")
	for _, o := range r.Opens {
		ref := opening{}
		for _, l := range r.Opens {
			if l.Engine == lucene {
				ref = l
			}
		}
		t.row(o.Engine, withRatio(o.OpenMs, ref.OpenMs), withRatio(o.FirstMs, ref.FirstMs))
	}
	t.print(w, fmt.Sprintf("Open in a fresh process, page cache warm (median of %d)", openRounds))

	t = table{}
	t.row("engine", "way", "median ms", "min", "max")
	for _, a := range r.Adds {
		ref := adding{}
		for _, l := range r.Adds {
			if l.Engine == lucene && l.Way == a.Way {
				ref = l
			}
		}
		t.row(a.Engine, a.Way, withRatio(a.MedianMs, ref.MedianMs), number(a.MinMs), number(a.MaxMs))
	}
	t.print(w, fmt.Sprintf("Add one document until a query finds it (%d times)", addDocuments))

	t = table{}
	t.row("engine", "1 thread", "2 threads", "2 to 1")
	for _, q := range r.QPS {
		ref := throughput{}
		for _, l := range r.QPS {
			if l.Engine == lucene {
				ref = l
			}
		}
		t.row(q.Engine, withRatio(q.One, ref.One), withRatio(q.Two, ref.Two), number(ratio(q.Two, q.One)))
	}
	t.print(w, fmt.Sprintf("Queries a second on the mix, TOP_10 (best of %d times %d s)", qpsRounds, qpsSeconds))
}

// luceneBuild is Lucene's build with as many threads, or nothing.
func (r *report) luceneBuild(threads int) build {
	for _, b := range r.Builds {
		if b.Engine == lucene && b.Threads == threads {
			return b
		}
	}
	return build{}
}

func withRatio(x, ref float64) string {
	if !(ref > 0) || x == ref {
		return number(x)
	}
	return fmt.Sprintf("%s [%s]", number(x), number(x/ref))
}

// judgeRest holds the measurements that are not of queries to the goals.
func (r *report) judgeRest(name string) (out []verdict) {
	atLeast := func(class, what string, is, goal, peerIs float64, peer string) {
		out = append(out, verdict{"–", class, what, is, goal, is >= goal, 0, peer, peerIs})
	}
	atMost := func(class, what string, is, goal, peerIs float64, peer string) {
		out = append(out, verdict{"–", class, what, is, goal, is <= goal, 0, peer, peerIs})
	}
	for _, b := range r.Builds {
		if b.Engine != name {
			continue
		}
		class := fmt.Sprintf("indexing, threads %d", b.Threads)
		switch {
		case b.Stored:
			atLeast(class+", text stored", "MB per CPU s", b.InputMB/b.CPU, 48, 0, "")
		case b.Threads == 1:
			atLeast(class, "MB per CPU s", b.InputMB/b.CPU, 70, 40, "tantivy")
			atMost(class, "index/input", b.IndexMB/b.InputMB, .35, .35, lucene)
			atMost(class, "peak RSS MB", b.PeakMB, 350, 313, "tantivy")
		default:
			atMost(class, "peak RSS MB", b.PeakMB, 350, 342, "tantivy")
		}
	}
	for _, m := range r.Merges {
		if m.Engine == name {
			atLeast("merge", "MB/s", m.MBs, 300, 0, "")
		}
	}
	for _, q := range r.QPS {
		if q.Engine == name && q.One > 0 {
			atLeast("QPS", "2 threads to 1", q.Two/q.One, 1.9, 2.01, "tantivy")
		}
	}
	return out
}
