package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
)

func inspectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Dump a file of Trawl's with its bytes explained",
		Long: `Inspect knows segments (*.seg), live bitmaps, manifests (*.json), encoded
documents and frontier directories. It checks what it reads: a corrupt file is
named, with the place, and the exit code is 1.`,
		Example: "  trawl inspect trawl-data/blobs/index/web/1/000/manifest/00000000000000000042.json\n  trawl inspect trawl-data/crawl/web/frontier",
		Args:    exactly(1, "one file or frontier directory"),
		RunE: func(c *cobra.Command, args []string) error {
			return inspect(c.OutOrStdout(), args[0])
		},
	}
	return c
}

func inspect(w io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return usagef("trawl inspect: %v", err)
	}
	if info.IsDir() {
		return frontier.Inspect(w, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return usagef("trawl inspect: %v", err)
	}
	if bytes.HasPrefix(data, []byte("TRWD")) {
		return document.Inspect(w, data)
	}
	if err := index.Inspect(w, filepath.Base(name), data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
