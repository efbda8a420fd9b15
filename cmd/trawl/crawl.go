package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
)

func crawlCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "crawl [URL...]",
		Short: "Crawl sites into a collection; without addresses, crawl its sites again",
		Long: `Crawl adds seeds to a collection and asks for a crawl. With a server running on
the data directory (or named by --server) it returns at once unless --wait is
given; otherwise this process crawls by itself, shows its progress and ends
when every page is fetched and can be searched. Ctrl-C loses nothing: the same
command goes on where it stopped.`,
		Example: `  trawl crawl https://go.dev/doc/ --wait
  trawl crawl http://intranet.example/ --allow-private --delay=-1s --parallel 4 --collection intranet`,
		RunE: crawlSites,
	}
	addSession(c, "allow-private", "crawl-delay", "crawl-workers", "user-agent")
	addSource(c)
	c.Flags().Bool("wait", false, "return when every page can be searched")
	c.Flags().Bool("json", false, "print the final status as JSON")
	return c
}

func crawlSites(c *cobra.Command, args []string) (err error) {
	src, collection, err := sourceOf(c, args)
	if err != nil {
		return err
	}
	s, err := connect(c, "indexer", "searcher", "crawler", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	start := time.Now()
	number, err := s.Crawl(c.Context(), collection, src)
	if err != nil {
		return err
	}
	wait, _ := c.Flags().GetBool("wait")
	asJSON, _ := c.Flags().GetBool("json")
	if !wait && !s.own {
		if asJSON {
			return printJSON(c.OutOrStdout(), map[string]any{"collection": collection, "crawl": number})
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "Crawl %d of %s has begun; `trawl status %s` shows how it stands.\n", number, collection, collection)
		return err
	}
	st, err := waitDone(c.Context(), s.Client, collection, number, progressTo(c.ErrOrStderr()))
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), st)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%d pages fetched, %d unchanged, %d failed, %d denied by robots.txt; %d documents in %s; %s\n",
		st.Crawl.Pages, st.Crawl.NotModified, st.Crawl.Failed, st.Crawl.Denied, st.Index.Docs, collection, time.Since(start).Round(100*time.Millisecond))
	return err
}

// waitDone follows a collection until crawl number is done and searchable.
func waitDone(ctx context.Context, client *api.Client, collection string, number int64, show func(*api.Status)) (*api.Status, error) {
	var last *api.Status
	for {
		err := client.Watch(ctx, collection, func(st *api.Status) bool {
			last = st
			show(st)
			return !st.Done(number)
		})
		switch {
		case ctx.Err() != nil:
			return nil, interrupted("nothing is lost, and the same command goes on where it stopped")
		case err == nil:
			return last, nil
		}
		select { // the server restarts, or a proxy cut the line: listen again
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		if _, serr := client.Status(ctx, collection); serr != nil && ctx.Err() == nil {
			return nil, serr
		}
	}
}

// progressTo shows a status on one line that is rewritten on a terminal, and
// every ten seconds elsewhere.
func progressTo(w io.Writer) func(*api.Status) {
	tty := terminal(w)
	var last time.Time
	return func(st *api.Status) {
		if st.Crawl == nil || (!tty && time.Since(last) < 10*time.Second) {
			return
		}
		last = time.Now()
		line := fmt.Sprintf("%d pages (%.0f/s), %d queued, %d failed; %d documents searchable, %d on their way",
			st.Crawl.Pages, st.Crawl.PagesPerSecond, st.Crawl.Queued+st.Crawl.InFlight, st.Crawl.Failed, st.Index.Docs, st.Index.Pending)
		if tty {
			fmt.Fprintf(w, "\r\x1b[K%s", line)
			if st.Done(st.Crawl.Number) {
				fmt.Fprintln(w)
			}
			return
		}
		fmt.Fprintln(w, line)
	}
}
