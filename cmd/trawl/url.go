package main

import (
	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/crawl"
	"github.com/trawlsearch/trawl/node"
)

func urlCommand() *cobra.Command {
	c := &cobra.Command{Use: "url", Short: "Look at one address as the crawler does", Example: "  trawl url test https://go.dev/doc/"}
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
	c.AddCommand(test)
	return c
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
	trace := crawl.Inspect(c.Context(), addr, node.FetchOptions(cfg, nil))
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), trace)
	}
	return printTrace(c.OutOrStdout(), trace)
}
