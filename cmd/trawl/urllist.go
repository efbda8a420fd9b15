package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func listCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the addresses of a crawl that are in some states, with the reasons",
		Long: `List tells which addresses of a crawl are in the states that --state names, host
by host, each with its reason and the page that has a link to it: for each address
the state, the reason, the address and, behind "from", that page. Without --state these
are what cannot be found although it was met: failed, denied (by robots.txt or scope)
and gone (404, 410). Failed and denied ones are at hand; for other states all addresses may have to be read.
With --truncated: what was read, but of which a limit cut off some text or links.`,
		Example: "  trawl url list\n  trawl url list --state gone --limit 1000 --json\n  trawl url list --state skipped --collection docs\n  trawl url list --truncated",
		Args:    exactly(0, "no arguments"),
		RunE:    listURLs,
	}
	addSession(c)
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection")
	f.StringSlice("state", nil, "states: queued, held, done, skipped, gone, redirect, denied, failed (default failed,denied,gone)")
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions([]string{"queued", "held", "done", "skipped", "gone", "redirect", "denied", "failed"}, cobra.ShellCompDirectiveNoFileComp))
	f.Bool("truncated", false, "only what was read in part: a limit cut off text or links")
	f.Int("limit", 100, fmt.Sprintf("how many at most, 1 to %d", api.MaxAddresses))
	f.Bool("json", false, "print as JSON")
	return c
}

func listURLs(c *cobra.Command, _ []string) (err error) {
	limit, _ := c.Flags().GetInt("limit")
	if limit < 1 || limit > api.MaxAddresses {
		return usagef("trawl url list: --limit is 1 to %d", api.MaxAddresses)
	}
	states, _ := c.Flags().GetStringSlice("state")
	s, err := connect(c, "indexer", "searcher", "crawler", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := c.Flags().GetString("collection")
	truncated, _ := c.Flags().GetBool("truncated")
	list, err := s.List(c.Context(), collection, api.Listing{States: states, Truncated: truncated, Limit: limit})
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), list)
	}
	return printAddresses(c.OutOrStdout(), list, limit)
}

func printAddresses(w io.Writer, list *api.Addresses, limit int) error {
	var b strings.Builder
	for _, a := range list.Addresses {
		fmt.Fprintf(&b, "%-8s %-20s %s", a.State, a.Reason, a.URL)
		if a.Referrer != "" {
			fmt.Fprintf(&b, " from %s", a.Referrer)
		}
		b.WriteByte('\n')
	}
	switch {
	case list.More:
		fmt.Fprintf(&b, "... and more: --limit %d lists more\n", min(10*limit, api.MaxAddresses))
	case len(list.Addresses) == 0:
		b.WriteString("there are no such addresses\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
