package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trawlsearch/trawl/node"
)

var (
	fenced  = regexp.MustCompile("(?s)```\n(.*?)```")
	inlined = regexp.MustCompile("`([^`\n]+)`")
	quoted  = regexp.MustCompile(`'[^']*'|"[^"]*"`)
)

// manual gives the pages for people and the file that each is of.
func manual(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, name := range append(names, "../../README.md", "../../ARCHITECTURE.md", "../../CONTRIBUTING.md") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(name)] = string(b)
	}
	if len(pages) < 10 {
		t.Fatalf("%d pages", len(pages))
	}
	return pages
}

// TestDocumentedCommands parses every command of ours in the manual, the README and
// the examples of --help: verb, flags and number of arguments.
func TestDocumentedCommands(t *testing.T) {
	n := 0
	check := func(where, line string) {
		for part := range strings.SplitSeq(line, " | ") {
			command, ok := strings.CutPrefix(strings.TrimSpace(part), "trawl ")
			if !ok {
				continue
			}
			n++
			args := words(command)
			if err := parses(args, true); err != nil {
				t.Errorf("%s: trawl %s: %v", where, strings.Join(args, " "), err)
			}
		}
	}
	for name, text := range manual(t) {
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", ""), "\n") {
				check(name, line)
			}
		}
		for _, code := range inlined.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.HasPrefix(code[1], "trawl ") {
				n++
				if err := parses(words(code[1][len("trawl "):]), false); err != nil {
					t.Errorf("%s: %s: %v", name, code[1], err)
				}
			}
		}
	}
	for _, c := range allVerbs(rootCommand()) {
		if c.Example == "" && c.HasParent() && c.Parent().Name() != "completion" && c.Name() != "help" && !c.Hidden {
			t.Errorf("%s --help has no example", c.CommandPath())
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
			check(c.CommandPath()+" --help", line)
		}
	}
	if n < 80 {
		t.Errorf("only %d commands were found", n)
	}
}

// words splits a line as a shell would, without what is redirected or remarked.
func words(line string) []string {
	var kept []string
	line = quoted.ReplaceAllStringFunc(line, func(s string) string {
		kept = append(kept, s[1:len(s)-1])
		return "\x00"
	})
	for _, end := range []string{" > ", " # "} {
		line, _, _ = strings.Cut(line, end)
	}
	var out []string
	for f := range strings.FieldsSeq(line) {
		for strings.Contains(f, "\x00") {
			f = strings.Replace(f, "\x00", kept[0], 1)
			kept = kept[1:]
		}
		out = append(out, f)
	}
	return out
}

// parses tells what is wrong with a command, or with as much of one as a sentence names.
func parses(args []string, whole bool) error {
	root := rootCommand()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if c == root {
		return usagef("no verb")
	}
	if err := c.ParseFlags(rest); errors.Is(err, pflag.ErrHelp) || err == nil && !whole {
		return nil
	} else if err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

func allVerbs(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		list = append(list, allVerbs(sub)...)
	}
	return list
}

// TestDocumentedSettings holds the table of settings to the settings.
func TestDocumentedSettings(t *testing.T) {
	_, table, ok := strings.Cut(manual(t)["operations.md"], "| setting | default | meaning |\n")
	if !ok {
		t.Fatal("no table of settings")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	n := 0
	for row := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) < 4 {
			continue
		}
		names, defaults := inlined.FindAllStringSubmatch(cells[1], -1), inlined.FindAllStringSubmatch(cells[2], -1)
		for i, name := range names {
			n++
			at := slices.IndexFunc(node.Settings(), func(s node.Setting) bool { return s.Key == name[1] })
			if at < 0 {
				t.Errorf("there is no setting %s", name[1])
				continue
			}
			if len(defaults) == len(names) && node.Settings()[at].Default != defaults[i][1] {
				t.Errorf("%s: default %q is documented as %q", name[1], node.Settings()[at].Default, defaults[i][1])
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d settings were found", n)
	}
}

// TestDocumentedTests looks for what the README says that a claim is shown by.
func TestDocumentedTests(t *testing.T) {
	readme := manual(t)["README.md"]
	n := 0
	for _, m := range regexp.MustCompile("`go test ([^`]*)`").FindAllStringSubmatch(readme, -1) {
		n++
		args := words(m[1])
		run := ""
		var found []string
		for i, a := range args {
			if a == "-run" && i+1 < len(args) {
				run = args[i+1]
			}
			if strings.HasPrefix(a, "./") {
				files, _ := filepath.Glob("../../" + a + "/*_test.go")
				for _, f := range files {
					b, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(string(b), -1) {
						found = append(found, name[1])
					}
				}
			}
		}
		pattern, err := regexp.Compile(run)
		if err != nil || !slices.ContainsFunc(found, pattern.MatchString) {
			t.Errorf("go test %s runs nothing", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:scripts|bench)/[a-z-]+\.(?:sh|py)`).FindAllString(readme, -1) {
		n++
		if _, err := os.Stat("../../" + m); err != nil {
			t.Errorf("README: %v", err)
		}
	}
	if n < 12 {
		t.Errorf("only %d commands were found", n)
	}
}
