package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// A turn is a verb that changes which generation of a collection is live.
func turn(use, short, long string, do func(*session, context.Context, string) (*api.Generations, error), say func(*api.Generations) string) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: exactly(0, "no argument; --collection names the collection"),
		Example: "  trawl crawl " + use + "\n  trawl crawl " + use + " --collection shop --json",
		RunE: func(c *cobra.Command, _ []string) (err error) {
			s, err := connect(c, "searcher", "gateway")
			if err != nil {
				return err
			}
			defer s.close(&err)
			collection, _ := c.Flags().GetString("collection")
			g, err := do(s, c.Context(), collection)
			if err != nil {
				return err
			}
			if asJSON, _ := c.Flags().GetBool("json"); asJSON {
				return printJSON(c.OutOrStdout(), g)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", collection, say(g))
			return err
		},
	}
	addGenerations(c)
	return c
}

func addGenerations(c *cobra.Command) {
	addSession(c)
	c.Flags().StringP("collection", "c", node.DefaultCollection, "collection")
	c.Flags().Bool("json", false, "print as JSON")
}

func publishCommand() *cobra.Command {
	return turn("publish", "Publish a full crawl that the guard holds",
		`Publish lets searches be answered from a full crawl that was held. The index of
before stays; `+"`trawl crawl rollback`"+` goes back to it.`,
		func(s *session, ctx context.Context, name string) (*api.Generations, error) {
			return s.Publish(ctx, name)
		},
		func(g *api.Generations) string {
			return fmt.Sprintf("generation %d is live%s", g.Live.Number, wayBack(g))
		})
}

func discardCommand() *cobra.Command {
	return turn("discard", "Drop a full crawl that is held, or that still runs",
		`Discard drops a full crawl and the index that it built. Searches are answered
as before.`,
		func(s *session, ctx context.Context, name string) (*api.Generations, error) {
			return s.Discard(ctx, name)
		},
		func(g *api.Generations) string {
			return fmt.Sprintf("the full crawl is dropped; generation %d stays live", g.Live.Number)
		})
}

func rollbackCommand() *cobra.Command {
	return turn("rollback", "Go back to the index before the last one that was published",
		`Rollback lets searches be answered from the index that was live before the last
full crawl was published. Documents that were pushed since are in both. A second
rollback goes forward again.`,
		func(s *session, ctx context.Context, name string) (*api.Generations, error) {
			return s.Rollback(ctx, name)
		},
		func(g *api.Generations) string {
			return fmt.Sprintf("generation %d is live%s", g.Live.Number, wayBack(g))
		})
}

func wayBack(g *api.Generations) string {
	if len(g.Previous) == 0 {
		return ""
	}
	return fmt.Sprintf("; `trawl crawl rollback` goes back to generation %d", g.Previous[0].Number)
}

func diffCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff",
		Short: "Compare a full crawl with the index that is live",
		Long: `Diff compares the full crawl that is held, or still runs, with the index that is
live: pages that were lost, and why; that have moved; that are new or changed.
Without such a crawl it compares the live index with the one before.`,
		Example: "  trawl crawl diff\n  trawl crawl diff --collection shop --limit 1000 --json",
		Args:    exactly(0, "no argument; --collection names the collection"),
		RunE:    showDiff,
	}
	addGenerations(c)
	c.Flags().IntP("limit", "n", 10, "how many addresses of each kind to list")
	return c
}

func showDiff(c *cobra.Command, _ []string) (err error) {
	limit, _ := c.Flags().GetInt("limit")
	if limit < 0 || limit > api.MaxDiffPages {
		return usagef("trawl crawl diff: --limit is 0 to %d", api.MaxDiffPages)
	}
	s, err := connect(c, "searcher", "gateway")
	if err != nil {
		return err
	}
	defer s.close(&err)
	collection, _ := c.Flags().GetString("collection")
	d, err := s.Diff(c.Context(), collection, limit)
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), d)
	}
	_, err = io.WriteString(c.OutOrStdout(), diffText(d))
	return err
}

func diffText(d *api.Diff) string {
	var b strings.Builder
	what := map[string]string{"building": "still being built", "held": "held", "live": "live"}[d.State]
	fmt.Fprintf(&b, "%s: from generation %d, %d pages, to generation %d, %d pages (%s)\n", d.Collection, d.From, d.FromPages, d.To, d.ToPages, what)
	if d.Verdict != nil && d.State == "held" {
		fmt.Fprintf(&b, "HELD: %s\n", strings.Join(d.Verdict.Reasons, "; "))
	}
	fmt.Fprintf(&b, "%d lost, %d moved, %d new, %d changed, %d the same\n", d.Lost, d.Moved, d.Added, d.Changed, d.Same)
	if len(d.Reasons) > 0 {
		b.WriteString("lost, by reason:\n")
		for _, name := range byCount(d.Reasons) {
			fmt.Fprintf(&b, "%8d  %s\n", d.Reasons[name], name)
		}
	}
	for _, p := range d.LostPages {
		fmt.Fprintf(&b, "- %s  (%s)\n", p.URL, p.Reason)
	}
	for _, p := range d.AddedPages {
		fmt.Fprintf(&b, "+ %s\n", p)
	}
	for _, p := range d.ChangedPages {
		fmt.Fprintf(&b, "~ %s\n", p)
	}
	return b.String()
}

// judged tells whether a full crawl has come to its end: published, held or dropped.
func judged(st *api.Status, asked api.CrawlAccepted) bool {
	c := st.Candidate
	if c != nil && c.Number == asked.Generation {
		return c.Held != nil
	}
	return st.Generation != asked.Generation || st.Index.Pending == 0
}

// outcome is nil for a full crawl that was published.
func outcome(collection string, st *api.Status, asked api.CrawlAccepted) error {
	switch c := st.Candidate; {
	case c != nil && c.Number == asked.Generation:
		return fmt.Errorf("the crawl is held, and searches are answered as before: %s: `trawl crawl diff -c %s` shows what is lost, "+
			"`trawl crawl publish` publishes it nonetheless, `trawl crawl discard` drops it", strings.Join(c.Held.Reasons, "; "), collection)
	case st.Generation == asked.Generation || slices.ContainsFunc(st.Previous, func(g api.Generation) bool { return g.Number == asked.Generation }):
		return nil
	}
	return errors.New("the full crawl was discarded before it was complete")
}

// generationLines tell what there is beside a first generation that is live.
func generationLines(st *api.Status) string {
	var b strings.Builder
	if st.Generation != 1 || len(st.Previous) > 0 {
		fmt.Fprintf(&b, "generation %d is live", st.Generation)
		for i, p := range st.Previous {
			fmt.Fprintf(&b, "%s%d", []string{"; kept for roll-back: ", ", "}[min(i, 1)], p.Number)
		}
		b.WriteString("\n")
	}
	switch c := st.Candidate; {
	case c == nil:
	case c.Held != nil:
		fmt.Fprintf(&b, "HELD: generation %d, of crawl %d: %s\n      `trawl crawl diff -c %s` shows what is lost, `trawl crawl publish` publishes it nonetheless, `trawl crawl discard` drops it\n",
			c.Number, c.Crawl, strings.Join(c.Held.Reasons, "; "), st.Collection)
	default:
		fmt.Fprintf(&b, "generation %d is being built by crawl %d: %d documents so far\n", c.Number, c.Crawl, st.CandidateDocs)
	}
	return b.String()
}

func eventLines(events []api.Event) string {
	var b strings.Builder
	for i, e := range events {
		if i == 0 {
			b.WriteString("last events:\n")
		}
		line := fmt.Sprintf("  %s  generation %d %s", e.At.Local().Format("2006-01-02 15:04:05"), e.Generation, strings.ReplaceAll(e.Kind, "_", " "))
		if e.Detail != "" {
			line += ": " + e.Detail
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
