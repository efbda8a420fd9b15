package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func searchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search a collection",
		Long: `Search prints the best documents for a query. Words find documents that hold
any of them; "in quotes" means the exact phrase, +word must and -word must not
be there; AND, OR, NOT and parentheses combine; intitle:, inurl:, site:, lang:,
author:, type:, filetype: and published:>=2024-06 narrow; win*, wom?n and
recieve~ are words known in part.
See ` + "`trawl serve`" + ` and its manual at /docs/ for all of it.`,
		Example: `  trawl search "create index concurrently"
  trawl search --json --limit 3 'title:vacuum -full'
  trawl search --sort=-fetched --facet site --facet lang:5 'release notes'`,
		Args: atLeast(1, "query"),
		RunE: searchFor,
	}
	addSession(c)
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection to search")
	f.IntP("limit", "n", 10, "how many hits")
	f.Int("offset", 0, "how many hits to pass over")
	f.Bool("json", false, "print the answer as JSON")
	f.Bool("explain", false, "tell how each score came about")
	f.String("sort", "", "sort by a field of numbers, fetched, updated or published; behind a minus, highest first")
	f.StringArray("facet", nil, "count the values of a field (site, lang, type, author, filetype) over all results; site:20 lists 20 of them")
	return c
}

// printSections tells where on the page the snippet is from, and which other sections
// answer.
func printSections(w io.Writer, h api.Hit, bold, reset string) {
	from := ""
	if h.Section != nil {
		from = h.Section.URL
		fmt.Fprintf(w, "    from %s%s%s  %s\n", bold, h.Section.Title, reset, from)
	}
	for _, s := range h.Sections {
		if s.URL != from {
			fmt.Fprintf(w, "    - %s%s%s  %s\n      %s\n", bold, s.Title, reset, s.URL, s.Snippet)
		}
	}
}

func searchFor(c *cobra.Command, args []string) (err error) {
	f := c.Flags()
	collection, _ := f.GetString("collection")
	limit, _ := f.GetInt("limit")
	offset, _ := f.GetInt("offset")
	explain, _ := f.GetBool("explain")
	sortBy, _ := f.GetString("sort")
	facets, _ := f.GetStringArray("facet")
	if limit < 0 || limit > api.MaxHits || offset < 0 || offset > api.MaxOffset {
		return usagef("trawl search: --limit is 0 to %d, --offset 0 to %d", api.MaxHits, api.MaxOffset)
	}
	s, err := connect(c, "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	ans, err := s.Ask(c.Context(), collection, api.Question{
		Query: strings.Join(args, " "), Limit: limit, Offset: offset, Explain: explain, Sort: sortBy, Facets: facets,
	})
	if err != nil {
		return err
	}
	if asJSON, _ := f.GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), ans)
	}
	return printAnswer(c, ans, offset, explain)
}

func printAnswer(c *cobra.Command, ans *api.Answer, offset int, explain bool) error {
	w := c.OutOrStdout()
	bold, dim, reset := "", "", ""
	if terminal(w) {
		bold, dim, reset = "\x1b[1m", "\x1b[2m", "\x1b[0m"
	}
	noun := "results"
	if ans.Total == 1 {
		noun = "result"
	}
	fmt.Fprintf(w, "%d %s of %d documents, %.1f ms\n", ans.Total, noun, ans.Docs, ans.TookMS)
	if ans.Shards.Failed > 0 {
		fmt.Fprintf(w, "INCOMPLETE: %d of %d shards did not answer\n", ans.Shards.Failed, ans.Shards.Total)
	}
	for i, h := range ans.Hits {
		title, where := h.Title, h.URL
		if title == "" {
			title = h.ID
		}
		if where == "" {
			where = h.ID
		}
		fmt.Fprintf(w, "\n%2d. %s%s%s  %s(%.3f)%s\n    %s\n", offset+i+1, bold, title, reset, dim, h.Score, reset, where)
		if h.Snippet != "" {
			fmt.Fprintf(w, "    %s\n", h.Snippet)
		}
		printSections(w, h, bold, reset)
		if explain && h.Explain != nil {
			fmt.Fprint(w, "    ")
			if err := printJSON(w, h.Explain); err != nil {
				return err
			}
		}
	}
	for _, facet := range ans.Facets {
		fmt.Fprintf(w, "\n%s%s%s\n", bold, facet.Field, reset)
		for _, v := range facet.Values {
			fmt.Fprintf(w, "%8d  %s\n", v.Count, v.Value)
		}
	}
	return nil
}
