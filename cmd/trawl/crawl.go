package main

import (
	"context"
	"fmt"
	"io"
	"strings"
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
command goes on where it stopped.

With --full all sites are crawled from nothing into a new index beside the one
that is searched. When that is complete it takes its place at once, unless it
lost too many pages or too many fetches failed: then it is held, nothing changes
for searches, and ` + "`trawl crawl diff`" + ` shows what is wrong. A held crawl is
published, or dropped, by command; what was published can be rolled back.`,
		Example: `  trawl crawl https://go.dev/doc/ --wait
  trawl crawl http://intranet.example/ --allow-private --delay=-1s --parallel 4 --collection intranet
  trawl crawl --full --wait --max-lost 0.05`,
		RunE: crawlSites,
	}
	addSession(c, "allow-private", "crawl-delay", "crawl-workers", "user-agent")
	addSource(c)
	c.Flags().Bool("wait", false, "return when every page can be searched")
	c.Flags().Bool("json", false, "print the final status as JSON")
	c.Flags().Bool("full", false, "crawl from nothing, into an index of its own that is published when it is complete")
	c.Flags().Float64("max-lost", api.DefaultMaxLost, "hold a full crawl that lost more than this share of the pages; kept with the collection")
	c.Flags().Float64("max-errors", api.DefaultMaxErrors, "hold a full crawl of whose fetches more than this share failed; kept with the collection")
	c.Flags().Int("keep-generations", api.DefaultKeepGenerations, "how many indexes of before stay for roll-back; kept with the collection")
	c.AddCommand(diffCommand(), publishCommand(), discardCommand(), rollbackCommand())
	return c
}

func crawlSites(c *cobra.Command, args []string) (err error) {
	req, collection, err := requestOf(c, args)
	if err != nil {
		return err
	}
	open := connectOrMake
	if len(req.Source.Seeds) == 0 && len(req.Source.Sitemaps) == 0 {
		open = connect // what is crawled again is there
	}
	s, err := open(c, "indexer", "searcher", "crawler", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	start := time.Now()
	asked, err := s.AskCrawl(c.Context(), collection, req)
	if err != nil {
		return err
	}
	wait, _ := c.Flags().GetBool("wait")
	asJSON, _ := c.Flags().GetBool("json")
	if !wait && !s.own {
		if asJSON {
			return printJSON(c.OutOrStdout(), asked)
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "Crawl %d of %s has begun; `trawl status %s` shows how it stands.\n", asked.Crawl, collection, collection)
		return err
	}
	done := func(st *api.Status) bool { return st.Done(asked.Crawl) }
	if req.Full {
		done = func(st *api.Status) bool { return judged(st, asked) }
	}
	st, err := waitUntil(c.Context(), s.Client, collection, done, progressTo(c.ErrOrStderr()))
	if err != nil {
		return err
	}
	if asJSON {
		if err := printJSON(c.OutOrStdout(), st); err != nil {
			return err
		}
	} else if err := printCrawled(c, collection, st, time.Since(start)); err != nil {
		return err
	}
	if req.Full {
		return outcome(collection, st, asked)
	}
	return s.nothingFetched(c.Context(), collection, req.Source.Seeds, st.Crawl)
}

// namedSeeds are how many seeds are named that could not be fetched.
const namedSeeds = 5

// nothingFetched tells why a crawl fetched no page, if that is so.
func (s *session) nothingFetched(ctx context.Context, collection string, seeds []string, st *api.CrawlStatus) error {
	if st == nil || st.Pages+st.NotModified > 0 || len(seeds) == 0 {
		return nil
	}
	var why []string
	for _, seed := range seeds[:min(namedSeeds, len(seeds))] {
		a, err := s.Address(ctx, collection, seed)
		if err != nil || !a.Known {
			continue // another process crawls: its counts have to do
		}
		line := strings.TrimSpace(a.URL + ": " + a.State + " " + a.Reason)
		if strings.Contains(a.Reason, "private-address") {
			line += ": the address is private, and --allow-private lets the crawler connect to it"
		}
		why = append(why, line)
	}
	if len(why) == 0 {
		why = append(why, fmt.Sprintf("%d failed%s, %d denied by robots.txt, %d queued", st.Failed, classes(st.Errors), st.Denied, st.Queued))
	}
	return fmt.Errorf("nothing was fetched: %s; `trawl url test URL` shows what an address answers", strings.Join(why, "; "))
}

// classes tells of errors how many there are of each class, the most first.
func classes(errs map[string]int64) string {
	if len(errs) == 0 {
		return ""
	}
	names := byCount(errs)
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, errs[n])
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// requestOf reads what is asked for. Limits that are not given stay as they are.
func requestOf(c *cobra.Command, args []string) (req api.CrawlRequest, collection string, err error) {
	if req.Source, collection, err = sourceOf(c, args); err != nil {
		return req, "", err
	}
	f := c.Flags()
	req.Full, _ = f.GetBool("full")
	var guard api.Guard
	for name, at := range map[string]**float64{"max-lost": &guard.MaxLost, "max-errors": &guard.MaxErrors} {
		if f.Changed(name) {
			v, _ := f.GetFloat64(name)
			*at, req.Guard = &v, &guard
		}
	}
	if f.Changed("keep-generations") {
		keep, _ := f.GetInt("keep-generations")
		req.KeepGenerations = &keep
	}
	col := api.Collection{Name: collection, Guard: req.Guard, KeepGenerations: req.KeepGenerations}
	if err := col.Check(); err != nil {
		return req, "", usagef("%s: %v", c.CommandPath(), err)
	}
	return req, collection, nil
}

func printCrawled(c *cobra.Command, collection string, st *api.Status, took time.Duration) error {
	crawl := st.Crawl
	if crawl == nil {
		crawl = &api.CrawlStatus{}
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%d pages fetched, %d unchanged, %d failed%s, %d denied by robots.txt; %d documents in %s; %s\n",
		crawl.Pages, crawl.NotModified, crawl.Failed, classes(crawl.Errors), crawl.Denied, st.Index.Docs, collection, took.Round(100*time.Millisecond))
	return err
}

// waitUntil follows a collection until it is done.
func waitUntil(ctx context.Context, client *api.Client, collection string, done func(*api.Status) bool, show func(*api.Status)) (*api.Status, error) {
	var last *api.Status
	for {
		err := client.Watch(ctx, collection, func(st *api.Status) bool {
			last = st
			show(st)
			return !done(st)
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
