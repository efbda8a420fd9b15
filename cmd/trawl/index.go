package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func indexCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "index FILE...",
		Short: "Put documents of your own into a collection: JSON lines, or web archives (WARC)",
		Long: `Index reads files of two kinds, and tells them apart by what they hold. "-" is
standard input.

Documents, one JSON object a line: "id" is required; "title", "text" (or
"body"), "url", "headings", "description" and "lang" have their meaning, other
names are searched too; {"id": "x", "deleted": true} removes a document. A
document replaces the one of the same id.

Web archives: WARC files (.warc, .warc.gz, .warc.zst, .wacz, or folders of
them) of wget --warc-file, Heritrix, Browsertrix, Common Crawl and others.
Their pages become documents as if they had been crawled, without a request;
scope and robots.txt do not apply, what a page says of itself (noindex) does. Of
an address the latest capture with status 200 counts, in whichever of the files
it is; revisits are resolved across them. Damage is named with its place and
passed over; then the exit code is 1.

Returns when all can be searched. Ctrl-C loses nothing that was taken; running
it again changes nothing that is there.`,
		Example: `  trawl index products.jsonl --collection shop
  trawl index crawl-*.warc.gz --collection archive
  xz -dc wiki.jsonl.xz | trawl index - --collection wiki --memory 512MB`,
		Args: atLeast(1, "file"),
		RunE: indexFiles,
	}
	addSession(c, "log-bytes")
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection that the documents go to")
	f.Bool("no-wait", false, "return when the documents are taken, before they can be searched")
	f.Bool("json", false, "print the outcome as JSON")
	return c
}

// An indexed is the outcome of `trawl index`.
type indexed struct {
	Collection string `json:"collection"`
	api.Captured
	Docs    uint64  `json:"docs"`  // in the collection; 0 with --no-wait
	Bytes   int64   `json:"bytes"` // that were read
	Seconds float64 `json:"seconds"`
}

func indexFiles(c *cobra.Command, args []string) (err error) {
	in, err := sortFiles(c.Context(), c.InOrStdin(), args)
	if err != nil {
		return err
	}
	s, err := connectOrMake(c, "indexer", "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	out := &indexed{}
	out.Collection, _ = c.Flags().GetString("collection")
	start := time.Now()
	shown := &progress{total: in.bytes, start: start}
	stop := shown.show(c.ErrOrStderr())
	err = in.push(c.Context(), s.Client, out, shown)
	stop()
	noWait, _ := c.Flags().GetBool("no-wait")
	switch {
	case err != nil && c.Context().Err() != nil:
		return interrupted("what was taken stays, and running it again changes nothing that is there")
	case err != nil:
		// What stood before the bad line is taken; let it be indexed before this process ends.
		if _, werr := waitIndexed(c.Context(), s.Client, out.Collection, c.ErrOrStderr()); werr != nil && !isUsage(werr) {
			return errors.Join(err, werr)
		}
		return err
	case !noWait:
		if out.Docs, err = waitIndexed(c.Context(), s.Client, out.Collection, c.ErrOrStderr()); err != nil {
			return err
		}
	}
	out.Bytes, out.Seconds = shown.done.Load(), time.Since(start).Seconds()
	asJSON, _ := c.Flags().GetBool("json")
	return out.print(c.OutOrStdout(), c.ErrOrStderr(), asJSON, noWait)
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
