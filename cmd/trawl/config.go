package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/node"
)

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
