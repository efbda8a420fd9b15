package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/node"
)

func versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Tell which build this is",
		Example: "  trawl version --json",
		Args:    exactly(0, "no argument"),
	}
	asJSON := c.Flags().Bool("json", false, "print as JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		revision := "unknown"
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					revision = s.Value
				}
			}
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), map[string]string{"version": node.Version, "revision": revision, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "trawl %s (%s, %s, %s/%s)\n", node.Version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
	return c
}
