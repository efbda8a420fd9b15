package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve [URL...]",
		Short: "Crawl sites and serve their search page, until Ctrl-C",
		Long: `Serve runs the roles of one process: by default all of them, with everything
they need inside. Addresses become seeds of a collection; results appear while
the crawl runs. Ctrl-C stops in order and loses nothing: the same command goes
on where it stopped, and without addresses it goes on with what it knows.`,
		Example: `  trawl serve https://go.dev/doc/
  trawl serve --data /srv/trawl --listen :8080 --admin-token "$TOKEN"
  trawl serve --roles crawler,indexer --nats nats://10.0.0.1:4222 --blobs s3://pages?region=eu-west-1
  trawl serve --roles searcher,gateway --nats nats://10.0.0.1:4222 --blobs s3://pages?region=eu-west-1`,
		RunE: serve,
	}
	addSettings(c)
	addSource(c)
	c.Flags().Bool("json", false, "print as JSON where the server listens")
	return c
}

func serve(c *cobra.Command, args []string) error {
	cfg, err := configOf(c)
	if err != nil {
		return err
	}
	src, collection, err := sourceOf(c, args)
	if err != nil {
		return err
	}
	n, err := node.Open(c.Context(), cfg, newLogger(cfg, c.ErrOrStderr()))
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if err := n.Seed(c.Context(), collection, src); err != nil {
			n.Close()
			return err
		}
	}
	asJSON, _ := c.Flags().GetBool("json")
	switch addr := n.Addr(); {
	case asJSON:
		if err := printJSON(c.OutOrStdout(), map[string]any{"pid": os.Getpid(), "listen": addr, "roles": cfg.Roles, "data": cfg.Data}); err != nil {
			n.Close()
			return err
		}
	case addr != "":
		fmt.Fprintf(c.OutOrStdout(), "Search page: http://%s/   manual: http://%s/docs/   Ctrl-C stops\n", addr, addr)
	}
	return n.Run(c.Context())
}

// addSource gives a verb the flags of a source.
func addSource(c *cobra.Command) {
	f := c.Flags()
	f.StringP("collection", "c", node.DefaultCollection, "collection that the pages go to")
	f.String("import", "", "configuration of Elastic's Open Web Crawler (YAML) or DocSearch's scraper (JSON) to take seeds and rules from")
	f.String("scope", "", "which links are followed: host (of the seeds), domain, prefix or any (default host)")
	f.StringArray("include", nil, "RE2 pattern that an address must match to be fetched; may be repeated")
	f.StringArray("exclude", nil, "RE2 pattern of addresses that are not fetched; may be repeated")
	f.Duration("delay", 0, "time between two requests to a host; below zero: none (default --crawl-delay)")
	f.Int("parallel", 0, "requests in flight to one host (default 1)")
	f.Int64("max-pages", 0, "stop after this many pages; 0: no limit")
	f.Int("max-depth", 0, "follow links this far from a seed; 0: no limit")
	f.String("javascript", "", "run the scripts of pages in Chromium: auto, where a page has no text without; all; or off (default off)")
}

// imported is the source of another crawler's configuration. What could not be taken
// over is told. Its name for a collection holds where none was given.
func imported(c *cobra.Command, name string, src api.Source, collection *string) (api.Source, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return src, usagef("%s: --import: %v", c.CommandPath(), err)
	}
	im, err := node.ImportSource(b)
	if err != nil {
		return src, usagef("%s: --import %s: %v", c.CommandPath(), name, err)
	}
	for _, n := range im.Notes {
		fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", name, n)
	}
	if im.Collection != "" && !c.Flags().Changed("collection") {
		*collection = im.Collection
	}
	return src.OrElse(im.Source), nil
}

func sourceOf(c *cobra.Command, seeds []string) (api.Source, string, error) {
	f := c.Flags()
	src := api.Source{}
	for _, s := range seeds {
		u, err := node.SeedURL(s)
		if err != nil {
			return src, "", usagef("%s: %v", c.CommandPath(), err)
		}
		src.Seeds = append(src.Seeds, u)
	}
	collection, _ := f.GetString("collection")
	if name, _ := f.GetString("import"); name != "" {
		var err error
		if src, err = imported(c, name, src, &collection); err != nil {
			return src, "", err
		}
	}
	given := src
	src.Scope, _ = f.GetString("scope")
	src.Include, _ = f.GetStringArray("include")
	src.Exclude, _ = f.GetStringArray("exclude")
	delay, _ := f.GetDuration("delay")
	src.Delay = api.Duration(delay)
	src.Parallel, _ = f.GetInt("parallel")
	src.MaxPages, _ = f.GetInt64("max-pages")
	src.MaxDepth, _ = f.GetInt("max-depth")
	src.JavaScript, _ = f.GetString("javascript")
	src = src.OrElse(given)
	col := api.Collection{Name: collection, Source: &src}
	if err := col.Check(); err != nil {
		return src, "", usagef("%s: %v", c.CommandPath(), err)
	}
	return src, collection, nil
}
