package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func indexCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "index FILE.jsonl",
		Short: "Put documents of your own into a collection",
		Long: `Index reads one JSON object a line ("-" reads standard input): "id" is required;
"title", "text" (or "body"), "url", "headings", "description" and "lang" have
their meaning, other names are searched too; {"id": "x", "deleted": true}
removes a document. A document replaces the one of the same id. Returns when
all can be searched. Ctrl-C loses nothing that was taken; running it again
changes nothing that is there.`,
		Example: `  trawl index products.jsonl --collection shop
  xz -dc wiki.jsonl.xz | trawl index - --collection wiki --memory 512MB`,
		Args: exactly(1, "one file"),
		RunE: indexFile,
	}
	addSession(c, "log-bytes")
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection that the documents go to")
	f.Bool("no-wait", false, "return when the documents are taken, before they can be searched")
	f.Bool("json", false, "print the outcome as JSON")
	return c
}

func indexFile(c *cobra.Command, args []string) (err error) {
	in := c.InOrStdin()
	if args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return usagef("trawl index: %v", err)
		}
		defer f.Close()
		in = f
	}
	s, err := connect(c, "indexer", "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := c.Flags().GetString("collection")
	start := time.Now()
	counted := &countingReader{r: in}
	stop := showBytes(c.ErrOrStderr(), counted, start)
	n, err := s.Push(c.Context(), collection, counted)
	stop()
	if err != nil {
		if c.Context().Err() != nil {
			return interrupted("what was taken stays, and running it again changes nothing that is there")
		}
		// What stood before the bad line is taken; let it be indexed before this process ends.
		if _, werr := waitIndexed(c.Context(), s.Client, collection, c.ErrOrStderr()); werr != nil && !isUsage(werr) {
			return errors.Join(err, werr)
		}
		return err
	}
	noWait, _ := c.Flags().GetBool("no-wait")
	var docs uint64
	if !noWait {
		if docs, err = waitIndexed(c.Context(), s.Client, collection, c.ErrOrStderr()); err != nil {
			return err
		}
	}
	took := time.Since(start)
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), map[string]any{"collection": collection, "accepted": n, "docs": docs, "bytes": counted.n.Load(), "seconds": took.Seconds()})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%d documents taken, %d in %s; %.1f MB in %s (%.0f documents/s)\n",
		n, docs, collection, float64(counted.n.Load())/1e6, took.Round(10*time.Millisecond), float64(n)/took.Seconds())
	return err
}

// How long nothing may be indexed before the wait is explained, and given up
// where a shard is in trouble.
const (
	explainAfter = 30 * time.Second
	giveUpAfter  = 30 * time.Second
)

// waitIndexed follows a collection until nothing waits to be indexed.
func waitIndexed(ctx context.Context, client *api.Client, collection string, stderr io.Writer) (docs uint64, err error) {
	least, since := uint64(math.MaxUint64), time.Now()
	told := since
	for {
		st, err := client.Status(ctx, collection)
		if err != nil && ctx.Err() == nil {
			return 0, err
		}
		switch left := st.Index.Pending; {
		case ctx.Err() != nil:
		case left == 0:
			return st.Index.Docs, nil
		case left < least:
			least, since = left, time.Now()
		case len(st.Index.Trouble) > 0 && time.Since(since) >= giveUpAfter:
			return 0, fmt.Errorf("%d documents are taken and wait in the log, but nothing is indexed: %s: mend that; the documents are indexed then",
				left, strings.Join(st.Index.Trouble, "; "))
		case time.Since(told) >= explainAfter && time.Since(since) >= explainAfter:
			told = time.Now()
			fmt.Fprintf(stderr, "still waiting: %d documents on their way, none indexed for %s; is an indexer running?\n", left, time.Since(since).Round(time.Second))
		}
		select {
		case <-ctx.Done():
			return 0, interrupted("the documents are taken, and are indexed when a server runs")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// showBytes tells on a terminal how far a push has come, until stop is called.
func showBytes(w io.Writer, c *countingReader, start time.Time) (stop func()) {
	if !terminal(w) {
		return func() {}
	}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				mb := float64(c.n.Load()) / 1e6
				fmt.Fprintf(w, "\r\x1b[K%.1f MB taken (%.1f MB/s)", mb, mb/time.Since(start).Seconds())
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
