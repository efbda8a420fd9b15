package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// TestRoles runs crawler and indexer in one process, searcher and gateway in
// another, over one broker and one bucket, and wants the answers of a single
// process: the same documents, scores and order.
func TestRoles(t *testing.T) {
	const pages = 120
	bin := build(t)
	site := startSite(t, pages)
	alone := startServe(t, bin, t.TempDir(), site.url)
	want := answers(t, alone, pages)
	alone.stop(t)

	nats, blobs := startBroker(t), "file://"+t.TempDir()
	shared := []string{"--nats", nats, "--blobs", blobs}
	back := startServe(t, bin, t.TempDir(), site.url, append(shared, "--roles", "crawler,indexer")...)
	front := startServe(t, bin, t.TempDir(), "", append(shared, "--roles", "searcher,gateway")...)
	got := answers(t, front, pages)
	for q, hits := range want {
		if got[q] != hits {
			t.Errorf("%q\nacross processes: %s\nin one process:   %s", q, got[q], hits)
		}
	}
	front.stop(t)

	// The gateway alone asks the searcher of a third process by gRPC.
	third := startServe(t, bin, t.TempDir(), "", append(shared, "--roles", "searcher")...)
	gateway := startServe(t, bin, t.TempDir(), "", append(shared, "--roles", "gateway")...)
	got = answers(t, gateway, pages)
	for q, hits := range want {
		if got[q] != hits {
			t.Errorf("%q\nby gRPC:        %s\nin one process: %s", q, got[q], hits)
		}
	}
	gateway.stop(t)
	third.stop(t)
	back.stop(t)
}

// answers waits until the crawl is done and asks some queries.
func answers(t *testing.T, l *life, pages int) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	queries := []string{"*", "page", "word17x", `"page number 42"`, "page -number", "+word3x note", "nothing-here"}
	for {
		if _, err := waitDone(ctx, l.client, node.DefaultCollection, 1, func(*api.Status) {}); err == nil {
			ans, err := l.client.Search(ctx, node.DefaultCollection, "*", 1, 0, false)
			if err == nil && ans.Total == uint64(pages) {
				break
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("the crawl was not seen to end:\n%s", l.stderr.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
	out := map[string]string{}
	for _, q := range queries {
		ans, err := l.client.Search(ctx, node.DefaultCollection, q, 20, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%d of %d, %d failed:", ans.Total, ans.Docs, ans.Shards.Failed)
		for _, h := range ans.Hits {
			text += fmt.Sprintf(" %s=%.9f %q", h.ID, h.Score, h.Snippet)
		}
		out[q] = text
	}
	return out
}

// startBroker runs the NATS server of this module's own go.mod as a process.
func startBroker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build of nats-server: %v: %s", err, out)
	}
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "nats.conf")
	text := fmt.Sprintf("host: %s\nport: %s\njetstream { store_dir: %q, sync_interval: always }\n", host, port, dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 500 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return "nats://" + addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nats-server did not come up")
	return ""
}

// freeAddr is a loopback address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
