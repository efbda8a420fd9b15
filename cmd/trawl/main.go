// Command trawl is a search engine in one file: it crawls the sites you choose,
// indexes them, answers searches and measures itself.
//
// Each verb is a file here, and none has logic of its own: verbs read flags,
// call a package and print. `trawl help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/node"
)

// Exit codes: 1 for what went wrong, 2 for what was asked wrongly, 130 (as
// shells say of Ctrl-C) for a verb that was interrupted before it was done. A
// server that is asked to stop has done what it should: 0.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errInterrupted marks the end of a verb by Ctrl-C or SIGTERM.
var errInterrupted = errors.New("interrupted")

// interrupted tells what became of the work, and how to go on.
func interrupted(what string) error { return fmt.Errorf("%w; %s", errInterrupted, what) }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program; tests call it in their own process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C does not wait for the first: the handler is gone by then.
	context.AfterFunc(ctx, stop)
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	stopped := errors.Is(err, context.Canceled) && ctx.Err() != nil
	if stopped && !errors.Is(err, errInterrupted) {
		err = errInterrupted // the words of whoever was waited for tell nothing
	}
	fmt.Fprintln(stderr, "trawl: "+oneLine(err)+advice(err))
	switch {
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case isUsage(err):
		return exitUsage
	}
	return exitFailed
}

// oneLine makes one line of an error, however many parts it has.
func oneLine(err error) string {
	var parts []string
	for _, line := range strings.Split(err.Error(), "\n") {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "node: "), "api: ")
		if line != "" && !slices.Contains(parts, line) {
			parts = append(parts, strings.TrimSuffix(line, ":"))
		}
	}
	return strings.Join(parts, "; ")
}

// advice says what to do where the error itself cannot know.
func advice(err error) string {
	var problem *api.Problem
	switch {
	case errors.Is(err, api.ErrUnreachable):
		return ": start `trawl serve` there, or correct --server"
	case strings.HasPrefix(err.Error(), "unknown command") && !strings.Contains(err.Error(), "--help"):
		return "; see `trawl --help`"
	case errors.As(err, &problem) && problem.Code == "collection_not_found":
		return ": `trawl crawl URL` and `trawl index FILE` make one; --collection names another"
	}
	return ""
}

// isUsage tells whether the caller asked wrongly, by this program's word, by
// the server's, or by cobra's.
func isUsage(err error) bool {
	var usage usageError
	var problem *api.Problem
	return errors.As(err, &usage) || errors.Is(err, node.ErrUsage) || isCobraUsage(err) ||
		errors.As(err, &problem) && (problem.Status == http.StatusBadRequest || problem.Status == http.StatusNotFound)
}

// A usageError is the caller's to mend: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// isCobraUsage knows cobra's own complaints, which have no type.
func isCobraUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs an argument", "invalid argument", "required flag", "bad flag syntax"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "trawl",
		Short: "Google for the sites you choose: crawl, index and search in one file",
		Long: `Trawl crawls the sites you choose, indexes them and answers searches, all in
one process on one machine: no other program, no database, no container.`,
		Example:       "  trawl serve https://www.postgresql.org/docs/current/\n  trawl search \"create index concurrently\"",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	root.AddCommand(serveCommand(), crawlCommand(), searchCommand(), indexCommand(), statusCommand(), urlCommand(), reparseCommand(), evalCommand(), benchCommand(),
		inspectCommand(), configCommand(), versionCommand(), pdfCacheCommand())
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.RunE = verbsOnly
		completion.Args = nil
		completion.Example = completionExample
	}
	completeCollections(root)
	return root
}

// atLeast, atMost and exactly refuse the wrong number of arguments in our words.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < n || n > 0 && strings.TrimSpace(strings.Join(args, "")) == "" {
			return usagef("%s: no %s given; see `%s --help`", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}

func atMost(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n {
			return usagef("%s: want %s at most, got %d arguments; see `%s --help`", c.CommandPath(), what, len(args), c.CommandPath())
		}
		return nil
	}
}

// verbsOnly is what a verb does that only has verbs beneath it.
func verbsOnly(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q for %q; see `%s --help`", args[0], c.CommandPath(), c.CommandPath())
	}
	return c.Help()
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%s: want %s, got %d arguments; see `%s --help`", c.CommandPath(), what, len(args), c.CommandPath())
		}
		return nil
	}
}
