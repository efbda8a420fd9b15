package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "status [COLLECTION]",
		Short:   "Tell how a collection's crawl and index stand",
		Example: "  trawl status\n  trawl status web --json",
		Args:    atMost(1, "one collection"),
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
	past, err := s.Crawls(c.Context(), collection, lastCrawls)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d documents searchable, %d on their way, %d of %d shards serving\n%s%s%s%s", st.Collection,
		st.Index.Docs, st.Index.Pending, st.Index.Serving, st.Index.Shards, troubleLines(st.Index.Trouble), generationLines(st), crawlLine(st.Crawl), pastLines(past))
	if err != nil || st.Generation == 1 && st.Candidate == nil {
		return err
	}
	events, err := s.History(c.Context(), collection, lastEvents)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.OutOrStdout(), eventLines(events))
	return err
}

// lastCrawls and lastEvents are how many past crawls, and events, are shown.
const (
	lastCrawls = 5
	lastEvents = 5
)

func troubleLines(trouble []string) string {
	var b strings.Builder
	for _, t := range trouble {
		fmt.Fprintf(&b, "NOT INDEXED: %s\n", t)
	}
	return b.String()
}

func pastLines(past []api.Crawl) string {
	var b strings.Builder
	for i, p := range past {
		if i == 0 {
			b.WriteString("last crawls:\n")
		}
		took := "not finished"
		if p.Finished != nil {
			took = "took " + p.Finished.Sub(p.Started).Round(time.Second).String()
		}
		fmt.Fprintf(&b, "  %d  begun %s, %s, %d pages, %d failed\n", p.Number, p.Started.Local().Format("2006-01-02 15:04:05"), took, p.Pages, p.Failed)
	}
	return b.String()
}

func crawlLine(cs *api.CrawlStatus) string {
	if cs == nil {
		return "no crawl is running\n"
	}
	by := ""
	if cs.Processes > 1 {
		by = fmt.Sprintf(" in %d processes", cs.Processes)
	}
	line := fmt.Sprintf("crawl %d %s%s: %d pages (%.1f/s), %d queued, %d in flight, %d failed%s, %d denied by robots.txt\n",
		cs.Number, cs.State, by, cs.Pages, cs.PagesPerSecond, cs.Queued, cs.InFlight, cs.Failed, classes(cs.Errors), cs.Denied)
	if p := cs.Oldest; p != nil {
		if age := cs.Reported.Sub(p.Since).Round(time.Second); age >= longInHand {
			line += fmt.Sprintf("  in hand for %s: %s (%s)\n", age, p.URL, p.Stage)
		}
	}
	return line
}

// longInHand is how long a page is in hand before status names it: most take less than
// a second, slow ones up to a minute.
const longInHand = 30 * time.Second
