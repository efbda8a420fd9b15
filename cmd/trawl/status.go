package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "status [COLLECTION]",
		Short:   "Tell how a collection's crawl and index stand",
		Example: "  trawl status\n  trawl status web --json",
		Args:    cobra.MaximumNArgs(1),
		RunE:    showStatus,
	}
	addSession(c)
	c.Flags().Bool("json", false, "print as JSON")
	return c
}

func showStatus(c *cobra.Command, args []string) (err error) {
	collection := node.DefaultCollection
	if len(args) > 0 {
		collection = args[0]
	}
	s, err := connect(c, "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	st, err := s.Status(c.Context(), collection)
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), st)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d documents searchable, %d on their way, %d of %d shards serving\n%s", st.Collection,
		st.Index.Docs, st.Index.Pending, st.Index.Serving, st.Index.Shards, crawlLine(st.Crawl))
	return err
}

func crawlLine(cs *api.CrawlStatus) string {
	if cs == nil {
		return "no crawl is running\n"
	}
	return fmt.Sprintf("crawl %d %s: %d pages (%.1f/s), %d queued, %d in flight, %d failed, %d denied by robots.txt\n",
		cs.Number, cs.State, cs.Pages, cs.PagesPerSecond, cs.Queued, cs.InFlight, cs.Failed, cs.Denied)
}
