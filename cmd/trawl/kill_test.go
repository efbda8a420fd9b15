package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// TestKill kills the program with SIGKILL at a hundred random points of a
// crawl. What the API acknowledged must be there, nothing may be there twice,
// the index must open each time, and the crawl must end with exactly the pages
// of an undisturbed run.
func TestKill(t *testing.T) {
	kills, pages := 100, 3500
	if testing.Short() {
		kills, pages = 10, 300
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	bin := build(t)
	site := startSite(t, pages)

	undisturbed := crawlOnce(t, bin, t.TempDir(), site.url)
	if len(undisturbed) != pages {
		t.Fatalf("undisturbed crawl found %d of %d pages", len(undisturbed), pages)
	}
	site.reset()

	data := t.TempDir()
	acked := map[string]bool{}
	for i := range kills {
		life := startServe(t, bin, data, site.url)
		life.push(t, i, acked)
		time.Sleep(time.Duration(rng.IntN(250)) * time.Millisecond)
		life.kill(t)
		if t.Failed() {
			t.Fatalf("after kill %d", i)
		}
	}
	fetched := site.count()
	if fetched == 0 || site.distinct() >= pages {
		t.Logf("the crawl was over before the last kill: %d fetches, %d of %d pages", fetched, site.distinct(), pages)
	}
	after := crawlOnce(t, bin, data, site.url)
	for id := range acked {
		if !after[id] {
			t.Errorf("document %s was acknowledged and is lost", id)
		}
		delete(after, id)
	}
	for id := range after {
		if strings.HasPrefix(id, "pushed-") {
			delete(after, id) // sent, its answer lost with the process: either is right
		}
	}
	if !maps.Equal(after, undisturbed) {
		t.Errorf("%d pages after %d kills, %d undisturbed; missing %v", len(after), kills, len(undisturbed), missing(undisturbed, after))
	}
	t.Logf("%d kills, %d acknowledged documents, %d pages, %d fetches (%d more than pages)", kills, len(acked), pages, site.count(), site.count()-pages)
	// Each life may fetch again what it had in flight and one uncommitted group.
	if extra := site.count() - pages; extra > kills*(64+8) {
		t.Errorf("%d pages were fetched again in %d lives", extra, kills)
	}
}

func missing(want, got map[string]bool) []string {
	var out []string
	for id := range want {
		if !got[id] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out[:min(10, len(out))]
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "trawl")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return bin
}

// crawlFlags make a crawl of a loopback site slow enough to be killed in, and
// commits frequent enough to be killed at.
func crawlFlags(data string) []string {
	return []string{"--data", data, "--allow-private", "--delay", "4ms", "--memory", "256MB", "--refresh-interval", "20ms", "--commit-interval", "50ms"}
}

// crawlOnce crawls to the end and returns the ids of all documents.
func crawlOnce(t *testing.T, bin, data, url string) map[string]bool {
	t.Helper()
	life := startServe(t, bin, data, url)
	defer life.stop(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if _, err := waitDone(ctx, life.client, node.DefaultCollection, 1, func(*api.Status) {}); err != nil {
		t.Fatalf("crawl: %v\n%s", err, life.stderr.String())
	}
	ids := map[string]bool{}
	for offset := 0; ; offset += api.MaxHits {
		ans, err := life.client.Search(ctx, node.DefaultCollection, "*", api.MaxHits, offset, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range ans.Hits {
			if ids[h.ID] {
				t.Errorf("document %s is there twice", h.ID)
			}
			ids[h.ID] = true
		}
		if len(ans.Hits) < api.MaxHits {
			return ids
		}
	}
}

// A life is one process of `trawl serve`.
type life struct {
	cmd    *exec.Cmd
	stderr *lockedBuffer
	client *api.Client
}

func startServe(t *testing.T, bin, data, url string, more ...string) *life {
	t.Helper()
	l := &life{stderr: &lockedBuffer{}}
	args := append([]string{"serve", "--listen", "127.0.0.1:0"}, crawlFlags(data)...)
	if url != "" {
		args = append(args, url)
	}
	l.cmd = exec.Command(bin, append(args, more...)...)
	l.cmd.Stderr = l.stderr
	l.cmd.Stdout = l.stderr
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.cmd.Process.Kill() })
	deadline := time.Now().Add(20 * time.Second)
	for {
		if o, held := node.ReadOccupant(data); held && o.PID == l.cmd.Process.Pid {
			l.client = &api.Client{Base: "http://" + o.Listen, HTTP: &http.Client{Timeout: time.Minute}}
			return l
		}
		if time.Now().After(deadline) {
			t.Fatalf("serve did not come up: %s", l.stderr.String())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// push sends a few documents and notes those that were acknowledged.
func (l *life) push(t *testing.T, n int, acked map[string]bool) {
	t.Helper()
	var body bytes.Buffer
	var ids []string
	for i := range 3 {
		id := fmt.Sprintf("pushed-%d-%d", n, i)
		ids = append(ids, id)
		fmt.Fprintf(&body, "{\"id\":%q,\"title\":\"Pushed\",\"text\":\"life %d\"}\n", id, n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := l.client.Push(ctx, node.DefaultCollection, &body); err != nil {
		t.Errorf("push in life %d: %v\n%s", n, err, l.stderr.String())
		return
	}
	for _, id := range ids {
		acked[id] = true
	}
}

func (l *life) kill(t *testing.T) {
	t.Helper()
	if err := l.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Errorf("the process had ended by itself: %v\n%s", err, l.stderr.String())
	}
	l.cmd.Wait()
}

// stop asks the process to end and wants it to, in order.
func (l *life) stop(t *testing.T) {
	t.Helper()
	l.cmd.Process.Signal(syscall.SIGTERM)
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("drain: %v\n%s", err, l.stderr.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// waitDone follows a collection until crawl number is done and searchable.
func waitDone(ctx context.Context, client *api.Client, collection string, number int64, show func(*api.Status)) (*api.Status, error) {
	return waitUntil(ctx, client, collection, func(st *api.Status) bool { return st.Done(number) }, show)
}
