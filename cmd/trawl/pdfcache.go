package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/crawl/extract/convert/pdf"
)

// pdfCacheCommand is for this program itself, not for people: a process that
// crawls starts it for the first PDF, so that the memory which PDFium's
// compilation takes is not its own.
func pdfCacheCommand() *cobra.Command {
	return &cobra.Command{
		Use:     pdf.CompileVerb + " DIR",
		Short:   "Compile what reads PDF into a folder",
		Example: "  trawl " + pdf.CompileVerb + " trawl-data/cache/pdf",
		Hidden:  true,
		Args:    exactly(1, "a folder"),
		RunE:    func(_ *cobra.Command, args []string) error { return pdf.Compile(args[0]) },
	}
}

// program is the file of this program, empty where it is not known or is a
// binary of tests, which would run its tests.
func program() string {
	name, err := os.Executable()
	if err != nil || strings.HasSuffix(strings.TrimSuffix(name, ".exe"), ".test") {
		return ""
	}
	return name
}
