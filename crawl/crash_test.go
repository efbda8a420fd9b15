package crawl

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/crawl/crawltest"
	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/document"
)

const crashPages = 400

// TestMain runs the test binary as the crawler that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TRAWL_CRAWL_TO_KILL"); dir != "" {
		os.Exit(crawlToBeKilled(dir))
	}
	os.Exit(m.Run())
}

// crawlToBeKilled crawls a generated site and writes what it emits to a file. A
// kill may tear a line: only one that ends in "." was taken.
func crawlToBeKilled(dir string) int {
	var t fakeTB
	web := crawltest.New(&t)
	defer t.cleanup()
	site := crawltest.Generate(8, crashPages)
	web.Site("a.test").Mount(site)
	emitted, err := os.OpenFile(filepath.Join(dir, "emitted"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	emitted.WriteString("\n")
	c, err := Open(Options{
		Dir: filepath.Join(dir, "crawl"), Delay: -1, Shards: 3, PerHost: 4, CacheBytes: 1 << 20,
		Fetch: fetch.Options{Resolver: web, Dial: web.Dial},
		Emit: func(_ context.Context, id string, part uint32, docs [][]byte) error {
			line := fmt.Sprintf("%s %d", id, part)
			for _, d := range docs {
				line += " " + hex.EncodeToString(d)
			}
			_, err := emitted.WriteString(line + " .\n")
			return err
		},
	})
	if err != nil {
		panic(err)
	}
	c.Add(context.Background(), []string{"http://a.test/"})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	fmt.Println("running")
	for !c.Idle() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		panic(err)
	}
	if st := c.Stats(); st.Pages != crashPages {
		panic(fmt.Sprintf("%+v", st))
	}
	if err := c.Close(); err != nil {
		panic(err)
	}
	return 0
}

// TestKill kills a crawl with SIGKILL at moments of chance until it gets through:
// every page has its document, no batch ever has two contents, and no more pages
// are fetched twice than were under way at the kills.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TRAWL_CRAWL_TO_KILL="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if kills < 12 {
			bufio.NewScanner(out).Scan() // "running"
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
			cmd.Process.Kill()
			kills++
		}
		if err := cmd.Wait(); err == nil {
			break
		} else if kills >= 12 && !strings.Contains(err.Error(), "killed") {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if kills > 20 {
			t.Fatalf("seed %d: does not get through", seed)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "emitted"))
	if err != nil {
		t.Fatal(err)
	}
	batches, order := map[string]string{}, 0
	docs := map[string]string{} // ID to the batch that brought it
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if n := len(fields); n == 0 || fields[n-1] != "." {
			continue
		} else {
			fields = fields[:n-1]
		}
		if was, known := batches[fields[0]]; known && was != line {
			t.Errorf("seed %d: batch %s has two contents", seed, fields[0])
		} else if !known {
			if !strings.HasSuffix(fields[0], fmt.Sprint("-", order)) {
				t.Errorf("seed %d: batch %s came as number %d", seed, fields[0], order)
			}
			order++
		}
		batches[fields[0]] = line
		for _, text := range fields[2:] {
			raw, _ := hex.DecodeString(text)
			d, err := document.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if was := docs[d.ID]; was != "" && was != fields[0] {
				t.Errorf("seed %d: %s came in batches %s and %s", seed, d.ID, was, fields[0])
			}
			docs[d.ID] = fields[0]
		}
	}
	if len(docs) != crashPages {
		t.Errorf("seed %d: %d documents, want %d", seed, len(docs), crashPages)
	}
	if n := capturesOf(t, filepath.Join(dir, "crawl"))["response"]; n < crashPages+1 || n > crashPages+1+kills {
		t.Errorf("seed %d: %d responses captured, want %d and one /sitemap.xml", seed, n, crashPages)
	}
	t.Logf("seed %d: %d kills", seed, kills)
}

// fakeTB is the testing.TB of a process that is no test.
type fakeTB struct {
	testing.TB
	ends []func()
}

func (t *fakeTB) Helper()          {}
func (t *fakeTB) Cleanup(f func()) { t.ends = append(t.ends, f) }
func (t *fakeTB) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

func (t *fakeTB) cleanup() {
	for _, f := range t.ends {
		f()
	}
}
