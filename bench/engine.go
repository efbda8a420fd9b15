package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An engine is how one is built and what may be asked of it.
type engine struct {
	name     string
	packages []string // of Debian
	build    []string // a command; BIN is where the driver goes, SRC the sources
	run      []string // the driver; BIN as above
	warm     int      // passes over all queries before the clock counts
	rounds   int      // at most so many; 0: as many as asked for
	single   bool     // it indexes in one thread only
}

// lucene is the engine that all others are compared with.
const lucene = "lucene"

const luceneJar = "/usr/share/java/lucene-core-8.7.0.jar" // the file of 8.8.1-4 is named so, its manifest says 8.8.1

// engines in the order of the tables. Only the JVM compiles as it goes: ten passes
// are 8,250 queries. Slow engines go round fewer times, so that a whole
// run of all stays below half an hour: a round of SQLite's TOP_10 takes a minute.
var engines = []engine{
	{name: "trawl", build: []string{"go", "build", "-o", "BIN", "./trawl"}, run: []string{"BIN"}, warm: 1},
	{name: lucene, packages: []string{"liblucene8-java", "openjdk-17-jdk-headless"},
		build: []string{"javac", "-cp", luceneJar, "-d", "BIN", "lucene/Driver.java"},
		run:   []string{"java", "-Xmx2g", "-cp", luceneJar + ":BIN", "Driver"}, warm: 10},
	{name: "bleve", build: []string{"go", "build", "-o", "BIN", "./bleve"}, run: []string{"BIN"}, rounds: 3},
	{name: "bluge", build: []string{"go", "build", "-o", "BIN", "./bluge"}, run: []string{"BIN"}, rounds: 3, single: true},
	{name: "xapian", packages: []string{"g++", "libxapian-dev"},
		build: []string{"sh", "-c", "g++ -std=c++17 -O2 -Wall -o BIN cxx/xapian.cc $(xapian-config --cxxflags --libs)"},
		run:   []string{"BIN"}, rounds: 3, single: true},
	{name: "sqlite", packages: []string{"g++", "libsqlite3-dev"},
		build: []string{"g++", "-std=c++17", "-O2", "-Wall", "-o", "BIN", "cxx/sqlite.cc", "-lsqlite3"},
		run:   []string{"BIN"}, rounds: 1, single: true},
}

// chosen finds engines by their names. trawl@REF is Trawl as it was at a commit,
// and is named by its hash, so that its index is not taken for another's;
// trawl+purego is Trawl without assembly, and so is trawl@REF+purego.
func chosen(names []string, purego bool) ([]engine, error) {
	var out []engine
	for _, name := range names {
		base, variant := name, ""
		if isTrawl(name) {
			_, ref, pure := trawlAt(name)
			base = "trawl"
			if ref != "" {
				hash, err := exec.Command("git", "rev-parse", "--verify", "--short", ref+"^{commit}").Output()
				if err != nil {
					return nil, fmt.Errorf("no such commit: %q", ref)
				}
				variant = "@" + strings.TrimSpace(string(hash))
			}
			if pure || purego {
				variant += "+purego"
			}
		}
		i := slices.IndexFunc(engines, func(e engine) bool { return e.name == base })
		if i < 0 {
			return nil, fmt.Errorf("no such engine: %q; there are %s", name, strings.Join(allEngines(), ", "))
		}
		e := engines[i]
		e.name += variant
		out = append(out, e)
	}
	return out, nil
}

// trawlAt takes a name apart: trawl, @REF, +purego.
func trawlAt(name string) (base, ref string, pure bool) {
	name, pure = strings.CutSuffix(name, "+purego")
	base, ref, _ = strings.Cut(name, "@")
	return base, ref, pure
}

// isTrawl tells whether an engine is Trawl, in whatever form: then its scores must
// be Lucene's too.
func isTrawl(name string) bool {
	base, _, _ := trawlAt(name)
	return base == "trawl"
}

func allEngines() (names []string) {
	for _, e := range engines {
		names = append(names, e.name)
	}
	return names
}

func (e engine) bin(c *config) string { return filepath.Join(c.cache, "bin", e.name) }

const (
	installTimeout = 10 * time.Minute
	buildTimeout   = 10 * time.Minute
)

// prepare installs what an engine needs and builds its driver.
func (e engine) prepare(ctx context.Context, c *config) error {
	if err := install(ctx, e.packages); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	src, args := ".", replace(e.build, e.bin(c))
	_, ref, pure := trawlAt(e.name)
	if ref != "" {
		var err error
		if src, err = checkout(ctx, c, ref); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	if e.name == lucene {
		if err := os.MkdirAll(e.bin(c), 0o755); err != nil {
			return err
		}
	}
	if pure {
		args = slices.Insert(args, 2, "-tags", "purego") // behind go build
	}
	return command(ctx, buildTimeout, src, args...)
}

func replace(args []string, bin string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.ReplaceAll(a, "BIN", bin)
	}
	return out
}

// install adds Debian packages that are not there.
func install(ctx context.Context, packages []string) error {
	var missing []string
	for _, p := range packages {
		out, _ := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Status}", p).Output()
		if !strings.HasSuffix(string(out), " installed") {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	say("installing %s", strings.Join(missing, " "))
	err := command(ctx, installTimeout, ".", append([]string{"apt-get", "install", "-y", "-qq", "--no-install-recommends"}, missing...)...)
	if err != nil { // the lists may be old
		if err = command(ctx, installTimeout, ".", "apt-get", "update", "-qq"); err == nil {
			err = command(ctx, installTimeout, ".", append([]string{"apt-get", "install", "-y", "-qq", "--no-install-recommends"}, missing...)...)
		}
	}
	if err != nil {
		return fmt.Errorf("needs the Debian packages %s, which could not be installed (root? network?): %w", strings.Join(missing, " "), err)
	}
	return nil
}

// checkout writes the sources of a commit, with the drivers as they are now, and
// returns the bench's folder in them.
func checkout(ctx context.Context, c *config, ref string) (string, error) {
	dir := filepath.Join(c.cache, "src", ref)
	script := `set -e; mkdir -p "$1"; git -C .. archive "$2" | tar -x -C "$1"; rm -rf "$1/bench"; mkdir "$1/bench"
cp -r go.mod go.sum drive trawl "$1/bench"`
	return filepath.Join(dir, "bench"), command(ctx, buildTimeout, ".", "sh", "-c", script, "sh", dir, ref)
}

// command runs a program for its effect; what it says is in the error.
func command(ctx context.Context, timeout time.Duration, dir string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		err = errors.Join(err, ctx.Err())
		return fmt.Errorf("%s: %w\n%s", strings.Join(args[:min(len(args), 3)], " "), err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}
