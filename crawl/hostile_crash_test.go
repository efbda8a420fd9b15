package crawl

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/document"
)

// The test binary is also the crawler that is killed, or has no disk: TestMain runs
// it as that where the environment holds a victim.
const victimEnv = "TRAWL_CRAWL_VICTIM"

// A victim is how such a process crawls. It writes what it emits to its standard
// output, a line for each batch, which ends in "." if it was taken.
type victim struct {
	Dir       string
	Web       crawltest.Remote
	Seeds     []string
	Delay     time.Duration
	PerHost   int
	Any       bool // all hosts are in scope
	NoWARC    bool
	FileLimit uint64        // no file may grow above it; 0: none
	Life      time.Duration // ends by itself after; 0: when all is done
}

const (
	victimStopped = 3 // exit status: Run told why it could not go on
	victimWorkers = 32
	// What is in flight: pages that are leased and not yet committed, which are those
	// of the workers and one group (specs/crawler.md 4.1).
	victimInFlight = victimWorkers + groupPages
)

func TestMain(m *testing.M) {
	if text := os.Getenv(victimEnv); text != "" {
		var v victim
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			panic(err)
		}
		os.Exit(v.live())
	}
	os.Exit(m.Run())
}

func (v victim) live() int {
	if v.FileLimit > 0 {
		signal.Ignore(syscall.SIGXFSZ) // so that a write fails instead
		limit := syscall.Rlimit{Cur: v.FileLimit, Max: v.FileLimit}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			panic(err)
		}
	}
	var scope Scope
	if v.Any {
		scope.Mode = "any"
	}
	c, err := Open(Options{
		Dir: v.Dir, Scope: scope, Delay: v.Delay, Shards: 3, PerHost: v.PerHost, Workers: victimWorkers, CacheBytes: 1 << 20, NoWARC: v.NoWARC,
		Fetch: fetch.Options{Resolver: v.Web, Dial: v.Web.Dial, RootCAs: v.Web.RootCAs()},
		Emit: func(_ context.Context, id string, part uint32, docs [][]byte) error {
			line := fmt.Sprintf("%s %d", id, part)
			for _, d := range docs {
				line += " " + hex.EncodeToString(d)
			}
			_, err := os.Stdout.WriteString(line + " .\n")
			return err
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "stopped:", err)
		return victimStopped
	}
	c.Add(context.Background(), v.Seeds)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	fmt.Println("running")
	for start := time.Now(); !(c.Idle() && c.Stats().Queued == 0) && (v.Life == 0 || time.Since(start) < v.Life); {
		select {
		case err := <-done:
			c.Close()
			fmt.Fprintln(os.Stderr, "stopped:", err)
			return victimStopped
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	err = <-done
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stopped:", err)
		return victimStopped
	}
	return 0
}

// emitted is what all lives of a victim wrote.
type emitted struct {
	batches map[string]string
	order   int
	docs    map[string]string // ID to the batch that brought it
}

// run lives once. After "running" it is killed when kill says so; nil: it may end
// by itself. It tells how it ended.
func (e *emitted) run(h *trial, v victim, kill func()) (status int, stderr string) {
	h.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+string(text))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	if kill != nil {
		defer cmd.Process.Kill()
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if lines.Text() == "running" {
			if kill != nil {
				go func() {
					kill()
					cmd.Process.Kill()
				}()
			}
			continue
		}
		e.take(h, lines.Text())
	}
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), errs.String()
}

// take reads a batch: never the same name with other bytes, never out of order, no
// document in two unless it was deleted between.
func (e *emitted) take(h *trial, line string) {
	h.t.Helper()
	fields := strings.Fields(line)
	n := len(fields)
	if n == 0 || fields[n-1] != "." {
		return // the process died while it wrote
	}
	id := fields[0]
	if was, known := e.batches[id]; known {
		if was != line {
			h.t.Errorf("batch %s has two contents", id)
		}
		return
	}
	if !strings.HasSuffix(id, fmt.Sprint("-", e.order)) {
		h.t.Errorf("batch %s came as number %d", id, e.order)
	}
	e.order++
	e.batches[id] = line
	for _, text := range fields[2 : n-1] {
		raw, err := hex.DecodeString(text)
		if err != nil {
			h.t.Fatal(err)
		}
		d, err := document.Decode(raw)
		if err != nil {
			h.t.Fatal(err)
		}
		switch was := e.docs[d.ID]; {
		case d.Deleted: // a page that was learned to be none
			delete(e.docs, d.ID)
			continue
		case was != "":
			h.t.Errorf("%s came in batches %s and %s", d.ID, was, id)
		}
		e.docs[d.ID] = id
	}
}

func newEmitted() *emitted { return &emitted{batches: map[string]string{}, docs: map[string]string{}} }

// wantSite: every page of a generated site has a document, and there is no other.
func (e *emitted) wantSite(h *trial, host string, pages int) {
	h.t.Helper()
	n := 0
	for id := range e.docs {
		if strings.HasPrefix(id, "http://"+host+"/") {
			n++
		}
	}
	if n != pages {
		h.t.Errorf("%s has %d documents, want %d", host, n, pages)
	}
}

// killRow kills a crawl with SIGKILL at a hundred moments of chance.
func killRow(h *trial) {
	const kills = 100
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	v := victim{Dir: filepath.Join(h.t.TempDir(), "crawl"), Web: h.web.Remote(), Seeds: h.row.Seeds, Delay: -1, PerHost: 4}
	e := newEmitted()
	seen := map[string]bool{}
	for i := range kills {
		before := h.web.Total()
		status, stderr := e.run(h, v, func() { time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond) })
		if status != -1 && status != 0 {
			h.t.Fatalf("seed %d: life %d ended with status %d: %s", seed, i, status, stderr)
		}
		twice := 0
		for _, q := range h.web.Requests()[before:] {
			if q.Path() == "/robots.txt" || q.Path() == "/sitemap.xml" {
				continue
			}
			if seen[q.Target] {
				twice++
			}
			seen[q.Target] = true
		}
		if twice > victimInFlight {
			h.t.Errorf("seed %d: after kill %d, %d pages were fetched again", seed, i, twice)
		}
	}
	left := crawltest.C08Pages - len(seen)
	if status, stderr := e.run(h, v, nil); status != 0 {
		h.t.Fatalf("seed %d: the last life ended with status %d: %s", seed, status, stderr)
	}
	e.wantSite(h, "c08.test", crawltest.C08Pages)
	twice := len(h.web.RequestsTo("c08.test", "")) - crawltest.C08Pages
	h.t.Logf("seed %d: %d kills, %d pages left then, %d requests more than pages", seed, kills, left, twice)
}

// diskRow gives a crawl files that cannot grow, once those of the captures and once
// those of the frontier, and then room.
func diskRow(h *trial) {
	for _, noWARC := range []bool{false, true} {
		v := victim{
			Dir: filepath.Join(h.t.TempDir(), fmt.Sprint("crawl", noWARC)), Web: h.web.Remote(), Seeds: h.row.Seeds,
			Delay: -1, PerHost: 4, NoWARC: noWARC, FileLimit: 100 << 10,
		}
		e := newEmitted()
		status, stderr := e.run(h, v, nil)
		if status != victimStopped || !strings.Contains(stderr, "file too large") || strings.Contains(stderr, "goroutine ") {
			h.t.Errorf("without captures %v: ended with status %d: %.500s", noWARC, status, stderr)
		}
		full := len(e.docs)
		if full == 0 || full == crawltest.C09Pages {
			h.t.Errorf("without captures %v: %d documents when the disk was full", noWARC, full)
		}
		v.FileLimit = 0
		if status, stderr := e.run(h, v, nil); status != 0 {
			h.t.Errorf("without captures %v: did not go on: status %d: %.500s", noWARC, status, stderr)
		}
		e.wantSite(h, "c09.test", crawltest.C09Pages)
	}
}
