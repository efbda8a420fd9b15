package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func reparseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reparse",
		Short: "Make the documents of crawled pages anew from their captures, without fetching",
		Long: `Reparse reads the captures (WARC) of a collection and puts the documents of its
pages into the index anew: after an upgrade that reads pages better. No site is
asked for anything. Pages that only have text with their scripts stay as they
are. It may be stopped and begun again.`,
		Example: "  trawl reparse\n  trawl reparse --collection docs --json",
		Args:    exactly(0, "no argument; --collection names the collection"),
		RunE:    reparse,
	}
	addSession(c, "allow-private")
	c.Flags().StringP("collection", "c", node.DefaultCollection, "collection")
	c.Flags().Bool("json", false, "print the result as JSON")
	return c
}

func reparse(c *cobra.Command, _ []string) (err error) {
	s, err := connect(c, "indexer", "searcher", "crawler", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := c.Flags().GetString("collection")
	asJSON, _ := c.Flags().GetBool("json")
	st, err := s.Reparse(c.Context(), collection, func(p api.Reparsed) {
		if !asJSON && !p.Done {
			fmt.Fprintf(c.ErrOrStderr(), "%d captures, %d documents\n", p.Captures, p.Documents)
		}
	})
	switch {
	case err != nil && c.Context().Err() != nil:
		return interrupted("what was made anew stays, and the same command begins again")
	case err != nil:
		return err
	case asJSON:
		return printJSON(c.OutOrStdout(), st)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d documents made anew from %d captures; %d were older or of no page, %d had no text, %d places were damaged\n",
		collection, st.Documents, st.Captures, st.Stale, st.Unread, st.Corrupt)
	return err
}
