package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
)

const completionExample = `  source <(trawl completion bash)
  trawl completion zsh > "${fpath[1]}/_trawl"
  trawl completion fish > ~/.config/fish/completions/trawl.fish`

// completionPatience bounds the wait for a server while somebody presses Tab.
const completionPatience = time.Second

// completeCollections lets the shell complete names of collections, and files only
// where a verb takes them.
func completeCollections(root *cobra.Command) {
	for _, c := range root.Commands() {
		completeCollections(c)
	}
	if c := root.Flags().Lookup("collection"); c != nil {
		_ = root.RegisterFlagCompletionFunc("collection", collectionNames) // fails where it is done already
	}
	switch root.Name() {
	case "status":
		root.ValidArgsFunction = collectionNames
	case "index", "inspect", "trawl", "completion", "bash", "zsh", "fish", "powershell":
	default:
		if root.ValidArgsFunction == nil {
			root.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// collectionNames are those of the server that the verb would speak to; without one,
// those that have an index in the data directory.
func collectionNames(c *cobra.Command, args []string, begun string) (names []string, _ cobra.ShellCompDirective) {
	const only = cobra.ShellCompDirectiveNoFileComp
	cfg, err := configOf(c)
	if err != nil || c.Name() == "status" && len(args) > 0 {
		return nil, only
	}
	s, _ := occupant(cfg)
	server := os.Getenv("TRAWL_SERVER")
	if f := c.Flag("server"); f != nil && f.Value.String() != "" { // serve has none
		server = f.Value.String()
	}
	if server != "" {
		s = remote(cfg, strings.TrimSuffix(server, "/"))
	}
	if s != nil {
		ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
		defer cancel()
		list, err := s.Collections(ctx)
		if err == nil {
			return matching(list, begun), only
		}
	}
	folders, _ := filepath.Glob(filepath.Join(cfg.Data, "blobs", "index", "*"))
	var list []api.Collection
	for _, f := range folders {
		list = append(list, api.Collection{Name: filepath.Base(f)})
	}
	return matching(list, begun), only
}

func matching(list []api.Collection, begun string) (names []string) {
	for _, col := range list {
		if strings.HasPrefix(col.Name, begun) {
			names = append(names, col.Name)
		}
	}
	return names
}
