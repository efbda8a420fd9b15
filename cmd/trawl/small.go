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

func configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Document every setting, with its default",
		Long: `Config prints every key of the configuration as a YAML file that may be kept and
edited. A key may be given as a flag of ` + "`trawl serve`" + `, in the environment, or
in the file named by --config; a flag beats the environment, which beats the file.`,
		Example: "  trawl config > trawl.yaml\n  trawl serve --config trawl.yaml",
		Args:    exactly(0, "no argument"),
	}
	asJSON := c.Flags().Bool("json", false, "print as JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *asJSON {
			var out []map[string]string
			for _, s := range node.Settings() {
				out = append(out, map[string]string{"key": s.Key, "default": s.Default, "env": s.Env(), "doc": s.Doc})
			}
			return printJSON(c.OutOrStdout(), out)
		}
		for _, s := range node.Settings() {
			if _, err := fmt.Fprintf(c.OutOrStdout(), "# %s\n# environment: %s\n%s: %q\n\n", s.Doc, s.Env(), s.Key, s.Default); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}
