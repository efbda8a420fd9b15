// Package drive is a driver's half of the bench's protocol: a process that holds
// one engine, measures it by its own clock and answers on its standard output.
// The drivers in Java, C++ and C speak the same.
//
//	driver index CORPUS DIR THREADS stored|id    builds an index of CORPUS ("id TAB text" lines) in DIR,
//	                                             in one segment at last; prints
//	    indexed DOCS SEARCHABLE MERGED           seconds until all was searchable, and until it was one segment
//	driver add DIR N                             adds N documents to an index, one at a time; prints for each way
//	    added WAY NANOSECONDS…                   how long until a query found each
//	driver merge CORPUS DIR N                    builds N segments and merges them (Trawl alone); prints
//	    merged WALL CPU                          seconds of the merge
//	driver serve                                 reads requests, one a line:
//	    open DIR                                 -> opened NANOSECONDS
//	    batch COMMAND N, N lines of queries      -> N lines: NANOSECONDS COUNT id:score,…
//	    qps THREADS SECONDS N, N lines           -> qps QUERIES_PER_SECOND (TOP_10, round and round)
//
// Fields are parted by tabs. A query is a line "KIND TAB words parted by spaces",
// KIND one of TERM, AND, OR, PHRASE. A command is COUNT, TOP_10, TOP_100 or
// TOP_10_COUNT. What goes wrong is a line "error MESSAGE", and the driver ends.
//
// The clock of a query runs from its words, parsed, to its hits as the engine
// gives them, without their stored ids. A batch is parsed before and printed after.
package drive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// An Engine is what a driver drives. Search may be called by several goroutines.
type Engine interface {
	// Index builds an index in dir, each part in a goroutine of its own. It
	// calls searchable when all documents can be found, before it merges.
	Index(parts []Docs, dir string, stored bool, searchable func()) error

	// Open opens an index for Search.
	Open(dir string) error

	// Search answers one query with the best k, and with the exact count if it is wanted.
	Search(q Query, k int, count bool) (Found, error)

	// Adders opens an index for writing. Each way of adding a document returns
	// when Search finds it.
	Adders(dir string) (map[string]func(id, text string) error, error)
}

// A Merger is an Engine whose merging can be measured alone.
type Merger interface {
	// Merge makes a segment of each part, calls start, and merges them to one.
	Merge(parts []Docs, dir string, start func()) error
}

// A Query is words and what is asked of them: TERM, AND, OR or PHRASE.
type Query struct {
	Kind  string
	Words []string
}

// Found is what a search found. Hits reads the ids, when the clock has stopped.
type Found struct {
	Count uint64
	Hits  func() ([]Hit, error)
}

// A Hit is a document's stored id and its score.
type Hit struct {
	ID    string
	Score float64
}

// maxBatch bounds the queries of one request.
const maxBatch = 100_000

// Main serves the command line and returns the exit code.
func Main(e Engine) int {
	out := bufio.NewWriter(os.Stdout)
	err := run(e, os.Args[1:], os.Stdin, out)
	if err != nil {
		fmt.Fprintf(out, "error\t%s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if out.Flush() != nil || err != nil {
		return 1
	}
	return 0
}

func run(e Engine, args []string, in io.Reader, out *bufio.Writer) error {
	switch {
	case len(args) == 5 && args[0] == "index":
		threads, err := strconv.Atoi(args[3])
		if err != nil {
			return fmt.Errorf("threads: %w", err)
		}
		return index(e, args[1], args[2], threads, args[4] == "stored", out)
	case len(args) == 4 && args[0] == "merge":
		n, err := strconv.Atoi(args[3])
		if err != nil {
			return fmt.Errorf("segments: %w", err)
		}
		return merge(e, args[1], args[2], n, out)
	case len(args) == 3 && args[0] == "add":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return fmt.Errorf("documents to add: %w", err)
		}
		return add(e, args[1], n, out)
	case len(args) == 1 && args[0] == "serve":
		return serve(e, in, out)
	}
	return errors.New("usage: index CORPUS DIR THREADS stored|id, add DIR N, merge CORPUS DIR N, or serve")
}

func index(e Engine, corpus, dir string, threads int, stored bool, out io.Writer) error {
	var docs atomic.Int64
	parts, err := Split(corpus, threads, &docs)
	if err != nil {
		return err
	}
	start := time.Now()
	var searchable time.Duration
	if err := e.Index(parts, dir, stored, func() { searchable = time.Since(start) }); err != nil {
		return err
	}
	fmt.Fprintf(out, "indexed\t%d\t%.3f\t%.3f\n", docs.Load(), searchable.Seconds(), time.Since(start).Seconds())
	return nil
}

func merge(e Engine, corpus, dir string, n int, out io.Writer) error {
	m, ok := e.(Merger)
	if !ok {
		return errors.New("merging cannot be measured alone")
	}
	parts, err := Split(corpus, n, new(atomic.Int64))
	if err != nil {
		return err
	}
	var start time.Time
	var cpu time.Duration
	if err := m.Merge(parts, dir, func() { start, cpu = time.Now(), cpuTime() }); err != nil {
		return err
	}
	fmt.Fprintf(out, "merged\t%.3f\t%.3f\n", time.Since(start).Seconds(), (cpuTime() - cpu).Seconds())
	return nil
}

// cpuTime is the process's, of all threads.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// add adds documents that hold a word of their own, and looks for it.
func add(e Engine, dir string, n int, out io.Writer) error {
	ways, err := e.Adders(dir)
	if err != nil {
		return err
	}
	for way, put := range ways {
		fmt.Fprintf(out, "added\t%s", way)
		for i := range n {
			word := fmt.Sprintf("unheard%s%d", way, i)
			text := "A document that is new and holds the word " + word + " which no other does"
			start := time.Now()
			if err := put("new-"+word, text); err != nil {
				return err
			}
			found, err := e.Search(Query{"TERM", []string{word}}, 10, false)
			took := time.Since(start)
			if err != nil {
				return err
			}
			if hits, err := found.Hits(); err != nil || len(hits) != 1 {
				return fmt.Errorf("looked for %s, which was added, and found %d: %w", word, len(hits), err)
			}
			fmt.Fprintf(out, "\t%d", took.Nanoseconds())
		}
		fmt.Fprintln(out)
	}
	return nil
}

func serve(e Engine, in io.Reader, out *bufio.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		var err error
		switch {
		case f[0] == "open" && len(f) == 2:
			start := time.Now()
			err = e.Open(f[1])
			fmt.Fprintf(out, "opened\t%d\n", time.Since(start).Nanoseconds())
		case f[0] == "batch" && len(f) == 3:
			err = batch(e, f[1], f[2], lines, out)
		case f[0] == "qps" && len(f) == 4:
			err = qps(e, f[1], f[2], f[3], lines, out)
		default:
			err = fmt.Errorf("no such request: %q", lines.Text())
		}
		if err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

// command is what a command asks for: the best k, and whether all are counted.
func command(name string) (k int, count bool, err error) {
	switch name {
	case "COUNT":
		return 0, true, nil
	case "TOP_10":
		return 10, false, nil
	case "TOP_100":
		return 100, false, nil
	case "TOP_10_COUNT":
		return 10, true, nil
	}
	return 0, false, fmt.Errorf("no such command: %q", name)
}

func readQueries(count string, lines *bufio.Scanner) ([]Query, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > maxBatch {
		return nil, fmt.Errorf("batch of %q queries: want 1 to %d", count, maxBatch)
	}
	queries := make([]Query, n)
	for i := range queries {
		if !lines.Scan() {
			return nil, fmt.Errorf("batch ends after %d of %d queries: %w", i, n, lines.Err())
		}
		kind, words, _ := strings.Cut(lines.Text(), "\t")
		queries[i] = Query{kind, strings.Fields(words)}
	}
	return queries, nil
}

func batch(e Engine, name, count string, lines *bufio.Scanner, out io.Writer) error {
	k, total, err := command(name)
	if err != nil {
		return err
	}
	queries, err := readQueries(count, lines)
	if err != nil {
		return err
	}
	took, found := make([]time.Duration, len(queries)), make([]Found, len(queries))
	for i, q := range queries {
		start := time.Now()
		found[i], err = e.Search(q, k, total)
		took[i] = time.Since(start)
		if err != nil {
			return fmt.Errorf("%s %v: %w", name, q, err)
		}
	}
	for i, f := range found {
		fmt.Fprintf(out, "%d\t%d\t", took[i].Nanoseconds(), f.Count)
		if k > 0 {
			hits, err := f.Hits()
			if err != nil {
				return err
			}
			for j, h := range hits {
				if j > 0 {
					fmt.Fprint(out, ",")
				}
				fmt.Fprintf(out, "%s:%.9g", h.ID, h.Score)
			}
		}
		fmt.Fprintln(out)
	}
	return nil
}

// qps runs the queries in several goroutines, each from another place on, until
// the time is over.
func qps(e Engine, threads, seconds, count string, lines *bufio.Scanner, out io.Writer) error {
	n, err := strconv.Atoi(threads)
	if err != nil || n < 1 {
		return fmt.Errorf("threads: %q", threads)
	}
	secs, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return fmt.Errorf("seconds: %w", err)
	}
	queries, err := readQueries(count, lines)
	if err != nil {
		return err
	}
	var done atomic.Int64
	var failed atomic.Value
	var wg sync.WaitGroup
	start := time.Now()
	end := start.Add(time.Duration(secs * float64(time.Second)))
	for t := range n {
		wg.Go(func() {
			i := 0
			for ; time.Now().Before(end); i++ {
				if _, err := e.Search(queries[(i+t*len(queries)/n)%len(queries)], 10, false); err != nil {
					failed.Store(err)
					return
				}
			}
			done.Add(int64(i))
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	fmt.Fprintf(out, "qps\t%.1f\n", float64(done.Load())/time.Since(start).Seconds())
	return nil
}
