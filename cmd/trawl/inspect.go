package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/crawl/frontier"
	"github.com/trawlsearch/trawl/crawl/warc"
	"github.com/trawlsearch/trawl/document"
	"github.com/trawlsearch/trawl/index"
)

func inspectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Dump a file of Trawl's with its bytes explained",
		Long: `Inspect knows segments (*.seg), live bitmaps, manifests (*.json), encoded
documents, frontier directories and web archives (WARC, WACZ), of which it
lists the records. It checks what it reads: a corrupt file is named, with the
place, and the exit code is 1.`,
		Example: "  trawl inspect crawl.warc.gz\n  trawl inspect trawl-data/blobs/index/web/1/000/manifest/00000000000000000042.json\n  trawl inspect trawl-data/crawl/web/frontier",
		Args:    exactly(1, "one file or frontier directory"),
	}
	asJSON := c.Flags().Bool("json", false, "print as JSON: the file, its lines, and what is wrong with it")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !*asJSON {
			return inspect(c.OutOrStdout(), args[0])
		}
		var dump bytes.Buffer
		err := inspect(&dump, args[0])
		out := struct {
			File  string   `json:"file"`
			Lines []string `json:"lines"`
			Error string   `json:"error,omitempty"`
		}{File: args[0], Lines: strings.Split(strings.TrimRight(dump.String(), "\n"), "\n")}
		if err != nil {
			out.Error = err.Error()
		}
		return errors.Join(printJSON(c.OutOrStdout(), out), err)
	}
	return c
}

func inspect(w io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return usagef("trawl inspect: %v", err)
	}
	if info.IsDir() {
		err := frontier.Inspect(w, name)
		if found, _ := filepath.Glob(filepath.Join(name, "*.sst")); err != nil && len(found) == 0 {
			return usagef("trawl inspect: %s is no frontier directory: %v", name, err)
		}
		return err
	}
	if isArchive(name) {
		return warc.Inspect(w, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return usagef("trawl inspect: %v", err)
	}
	if bytes.HasPrefix(data, []byte("TRWD")) {
		return document.Inspect(w, data)
	}
	object, ok := objectName(name, data)
	if !ok {
		return usagef("trawl inspect: %s is no file of Trawl's: it knows segments, live bitmaps, manifests, encoded documents, frontier directories and WARC files", name)
	}
	if err := index.Inspect(w, object, data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// isArchive tells whether a file is WARC or WACZ, by what it holds or is called.
func isArchive(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false // it is told by who reads it
	}
	defer f.Close()
	head := make([]byte, sniffBytes)
	n, _ := io.ReadFull(f, head)
	return warc.Sniff(head[:n]) || warc.HasSuffix(name)
}

// objectName is the name that the file had in an index, by its folder or, for
// a copy, by what it is called and begins with.
func objectName(name string, data []byte) (string, bool) {
	base, folder := filepath.Base(name), filepath.Base(filepath.Dir(name))
	switch {
	case folder == "manifest" || folder == "seg" || folder == "live":
		return folder + "/" + base, true
	case strings.HasSuffix(base, ".seg"):
		return "seg/" + base, true
	case strings.HasSuffix(base, ".live"), strings.HasSuffix(base, ".liv"):
		return "live/" + base, true
	case strings.HasSuffix(base, ".json") && bytes.Contains(data, []byte("last_seq")):
		return "manifest/" + base, true
	}
	return "", false
}
