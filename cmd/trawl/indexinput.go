package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/api"
	"github.com/trawlsearch/trawl/crawl/warc"
)

// An input is what `trawl index` was given, sorted by kind.
type input struct {
	lines    []string // files of JSON lines
	archives []string // files of WARC, and folders
	stdin    *bufio.Reader
	stdinIs  string // lines or archive; empty: not given
	bytes    int64  // of all files
}

// sniffBytes are looked at to tell what a file is.
const sniffBytes = 4 << 10

func sortFiles(ctx context.Context, stdin io.Reader, args []string) (*input, error) {
	in := &input{}
	for _, name := range args {
		if name != "-" {
			if err := in.add(name); err != nil {
				return nil, err
			}
			continue
		}
		if in.stdin != nil {
			return nil, usagef(`trawl index: "-" stands for standard input, which can be read once only`)
		}
		in.stdin = bufio.NewReaderSize(stdin, 64<<10)
	}
	if in.stdin == nil {
		return in, nil
	}
	// What comes first, without waiting for more: lines may come slowly.
	came := make(chan []byte, 1)
	go func() {
		in.stdin.Peek(1) // an error comes again with the rest
		head, _ := in.stdin.Peek(min(in.stdin.Buffered(), sniffBytes))
		came <- head
	}()
	select {
	case head := <-came:
		var err error
		in.stdinIs, err = kindOf("standard input", "", head)
		return in, err
	case <-ctx.Done():
		return nil, interrupted("nothing was taken yet")
	}
}

func (in *input) add(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return usagef("trawl index: %v", err)
	}
	if info.IsDir() {
		size, n, err := archivesBelow(name)
		if err != nil {
			return usagef("trawl index: %v", err)
		}
		if n == 0 {
			return usagef("trawl index: %s: no file below this folder is named as WARC (.warc, .warc.gz, .warc.zst, .wacz)", name)
		}
		in.archives, in.bytes = append(in.archives, name), in.bytes+size
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return usagef("trawl index: %v", err)
	}
	defer f.Close()
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("read %s: %w", name, err)
	}
	kind, err := kindOf(name, name, head[:n])
	if err != nil {
		return err
	}
	if kind == kindArchive {
		in.archives = append(in.archives, name)
	} else {
		in.lines = append(in.lines, name)
	}
	in.bytes += info.Size()
	return nil
}

const (
	kindLines   = "lines"
	kindArchive = "archive"
)

// kindOf tells what a file holds, by its first bytes or, where they are damaged, by
// its name.
func kindOf(called, name string, head []byte) (string, error) {
	switch {
	case warc.Sniff(head):
		if name == "" && strings.HasPrefix(string(head), "PK") {
			return "", usagef("trawl index: %s: a WACZ cannot be read from a pipe: name its file", called)
		}
		return kindArchive, nil
	case warc.HasSuffix(name):
		return kindArchive, nil
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		return "", usagef("trawl index: %s is gzip of something other than WARC: `gzip -dc FILE | trawl index -` reads JSON lines", called)
	}
	return kindLines, nil
}

func archivesBelow(dir string) (size int64, n int, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !warc.HasSuffix(path) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size, n = size+info.Size(), n+1
		return nil
	})
	return size, n, err
}

// push hands all of it to a server: files of lines in their order, then the
// archives, which are one.
func (in *input) push(ctx context.Context, client *api.Client, out *indexed, shown *progress) error {
	lines := func(r io.Reader) error {
		n, err := client.Push(ctx, out.Collection, &countingReader{r, &shown.done})
		out.Accepted += int64(n)
		return err
	}
	for _, name := range in.lines {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = lines(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(in.archives) > 0 {
		got, err := pushArchives(ctx, client, out.Collection, in.archives, shown)
		out.add(got, "")
		if err != nil {
			return err
		}
	}
	switch in.stdinIs {
	case kindLines:
		return lines(in.stdin)
	case kindArchive:
		got, err := client.PushCaptures(ctx, out.Collection, &countingReader{in.stdin, &shown.done})
		out.add(got, "standard input")
		return err
	}
	return nil
}

// Bounds of what is read of archives here: with four records in memory, 128 MiB.
const (
	openArchives    = 4
	maxArchiveBlock = 32 << 20
	namedDamage     = 100 // places of damage that are named
)

// pushArchives sends the captures of files in the order in which they were made.
func pushArchives(ctx context.Context, client *api.Client, collection string, paths []string, shown *progress) (*api.Captured, error) {
	var damage []api.Damage
	var counts warc.WalkCounts
	pr, pw := io.Pipe()
	joined := make(chan error, 1)
	go func() {
		var err error
		counts, err = warc.Join(ctx, pw, paths, warc.WalkOptions{
			MaxOpen: openArchives, MaxBlockBytes: maxArchiveBlock, OwnIndexes: true,
			Read: func(n int64) { shown.done.Add(n) },
			Corrupt: func(path string, err *warc.CorruptError) {
				if len(damage) < namedDamage {
					damage = append(damage, api.Damage{File: path, Offset: err.Offset, Error: err.Err.Error()})
				}
			},
		})
		pw.CloseWithError(err)
		joined <- err
	}()
	out, err := client.PushCaptures(ctx, collection, pr)
	pr.Close()
	if jerr := <-joined; jerr != nil && !errors.Is(jerr, io.ErrClosedPipe) {
		err = jerr
	}
	out.Damage, out.Corrupt = append(damage, out.Damage...), out.Corrupt+int64(counts.Corrupt)
	if counts.NotHTTP > 0 && err == nil {
		out.Captures += int64(counts.NotHTTP)
		out.Skipped = merged(out.Skipped, map[string]int64{"not-http": int64(counts.NotHTTP)})
	}
	return out, err
}

func merged(a, b map[string]int64) map[string]int64 {
	if a == nil {
		a = map[string]int64{}
	}
	for k, n := range b {
		a[k] += n
	}
	return a
}

// add takes in what a server made of captures; damage without a file is in file.
func (o *indexed) add(got *api.Captured, file string) {
	o.Accepted, o.Captures, o.Corrupt = o.Accepted+got.Accepted, o.Captures+got.Captures, o.Corrupt+got.Corrupt
	if len(got.Skipped) > 0 {
		o.Skipped = merged(o.Skipped, got.Skipped)
	}
	for _, d := range got.Damage {
		d.File = cmp.Or(d.File, file)
		o.Damage = append(o.Damage, d)
	}
}

// print tells the outcome; damage in what was read is an error.
func (o *indexed) print(stdout, stderr io.Writer, asJSON, noWait bool) error {
	var err error
	if asJSON {
		err = printJSON(stdout, o)
	} else if o.Captures > 0 || o.Corrupt == 0 {
		_, err = io.WriteString(stdout, o.summary(noWait))
		for _, d := range o.Damage {
			fmt.Fprintf(stderr, "damaged: %s at byte %d: %s\n", d.File, d.Offset, d.Error)
		}
	}
	switch {
	case err != nil || o.Corrupt == 0:
		return err
	case o.Captures == 0:
		return fmt.Errorf("no WARC record could be read: %s at byte %d: %s", o.Damage[0].File, o.Damage[0].Offset, o.Damage[0].Error)
	}
	return fmt.Errorf("%d damaged %s could not be read; all else is indexed", o.Corrupt, plural(o.Corrupt, "place", "places"))
}

func plural(n int64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

func (o *indexed) summary(noWait bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d documents taken", o.Accepted)
	if !noWait {
		fmt.Fprintf(&b, ", %d in %s", o.Docs, o.Collection)
	}
	b.WriteString("; ")
	if o.Captures > 0 {
		fmt.Fprintf(&b, "%d captures, ", o.Captures)
	}
	fmt.Fprintf(&b, "%.1f MB in %s (%.0f documents/s)\n", float64(o.Bytes)/1e6,
		time.Duration(o.Seconds*float64(time.Second)).Round(10*time.Millisecond), float64(o.Accepted)/o.Seconds)
	reasons := byCount(o.Skipped)
	for i, r := range reasons {
		if i == shownReasons {
			fmt.Fprintf(&b, "  and %d reasons more; --json has them all\n", len(reasons)-i)
			break
		}
		fmt.Fprintf(&b, "  %6d not: %s\n", o.Skipped[r], r)
	}
	return b.String()
}

// byCount are the keys of counts, the most frequent first.
func byCount[N int64 | uint64](counts map[string]N) []string {
	return slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), strings.Compare(x, y))
	})
}

const shownReasons = 12
