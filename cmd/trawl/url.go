package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/node"
)

func urlCommand() *cobra.Command {
	c := &cobra.Command{Use: "url", Short: "Look at addresses as the crawler does", RunE: verbsOnly, Example: "  trawl url test https://go.dev/doc/\n  trawl url why https://go.dev/doc/faq\n  trawl url list"}
	test := &cobra.Command{
		Use:   "test URL",
		Short: "Fetch one address and tell all that the crawler makes of it",
		Long: `Test fetches one address, as the crawler would, and tells the verdict of
robots.txt with the line that decided, each redirect, the answer, and what was
extracted: title, headings, text, links. Nothing is stored.`,
		Example: "  trawl url test https://go.dev/doc/\n  trawl url test http://127.0.0.1:8000/ --allow-private --json",
		Args:    exactly(1, "one address"),
		RunE:    testURL,
	}
	addSettings(test, "user-agent", "allow-private")
	test.Flags().Bool("json", false, "print as JSON")
	why := &cobra.Command{
		Use:   "why URL",
		Short: "Tell what became of an address in a crawl, or why it was never queued",
		Long: `Why tells the state of an address in the crawl of a collection, and the reason:
the rule, line of robots.txt or budget that keeps it out, the address that stands
for it, when it was fetched and when it will be again. Without a running server
the crawl goes on while this process looks.`,
		Example: "  trawl url why https://go.dev/doc/faq\n  trawl url why go.dev/blog/ --collection docs --json",
		Args:    exactly(1, "one address"),
		RunE:    whyURL,
	}
	addSession(why, "allow-private")
	why.Flags().StringP("collection", "c", node.DefaultCollection, "collection")
	why.Flags().Bool("json", false, "print as JSON")
	c.AddCommand(test, why, listCommand())
	return c
}

func whyURL(c *cobra.Command, args []string) (err error) {
	addr, err := node.SeedURL(args[0])
	if err != nil {
		return usagef("trawl url why: %v", err)
	}
	s, err := connect(c, "indexer", "searcher", "crawler", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := c.Flags().GetString("collection")
	a, err := s.Address(c.Context(), collection, addr)
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), a)
	}
	return printAddress(c.OutOrStdout(), a)
}

func printAddress(w io.Writer, a *api.Address) error {
	state := "not met: nothing that was fetched has a link to it that is followed"
	if a.Known {
		state = a.State
	}
	lines := [][2]string{{"address", a.URL}, {"state", state}, {"reason", a.Reason}, {"scope", a.Scope}, {"robots.txt", a.Robots}, {"budget", a.Budget},
		{"stands for it", a.Alias}, {"found on", a.Referrer}}
	if a.Known {
		lines = append(lines, [2]string{"depth", fmt.Sprint(a.Depth)}, [2]string{"visits", fmt.Sprintf("%d, of which %d found a change", a.Visits, a.Changes)})
	}
	if a.Truncated {
		lines = append(lines, [2]string{"truncated", "a limit cut off some of its text or links"})
	}
	for _, u := range a.PerhapsOn {
		lines = append(lines, [2]string{"perhaps on", u + ", of which not all was read"})
	}
	if a.Status > 0 {
		lines = append(lines, [2]string{"last status", fmt.Sprint(a.Status)})
	}
	if a.Fetched != nil {
		lines = append(lines, [2]string{"fetched", a.Fetched.Local().Format(time.DateTime)})
	}
	if a.Due != nil {
		lines = append(lines, [2]string{"next visit", a.Due.Local().Format(time.DateTime)})
	}
	for _, l := range lines {
		if l[1] != "" {
			if _, err := fmt.Fprintf(w, "%-14s %s\n", l[0], l[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func testURL(c *cobra.Command, args []string) error {
	cfg, err := configOf(c)
	if err != nil {
		return err
	}
	addr, err := node.SeedURL(args[0])
	if err != nil {
		return usagef("trawl url test: %v", err)
	}
	read := node.ReadOptions(cfg)
	if _, err := os.Stat(cfg.Data); err != nil {
		read.Files.CacheDir = "" // none is made for one address
	}
	trace := crawl.Inspect(c.Context(), addr, node.FetchOptions(cfg, nil), read)
	if c.Context().Err() != nil {
		return interrupted("nothing is stored")
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), trace)
	}
	return printTrace(c.OutOrStdout(), trace)
}
