package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	indexSuffix = ".cdxj"
	// maxLookup bounds the captures of one address that are given.
	maxLookup = 10_000
)

// IndexName is the name of the index that stands beside a WARC file: its own
// name with .cdxj in place of .warc, .warc.gz or .warc.zst.
func IndexName(file string) string {
	for _, s := range warcSuffixes {
		if base, ok := strings.CutSuffix(file, s); ok {
			return base + indexSuffix
		}
	}
	return file + indexSuffix
}

var warcSuffixes = []string{".warc.gz", ".warc.zst", ".warc"}

// Lookup gives the captures of an address, oldest first, by the indexes of a
// folder; other spellings of the address that have its SURT are among them. A
// file that has no index yet, such as the one being written, is not looked
// into. It costs some 20 small reads for each index, and gives at most 10,000
// captures of each.
func Lookup(dir, address string) ([]Capture, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("warc: look up: %w", err)
	}
	var out []Capture
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), indexSuffix) {
			continue
		}
		found, err := lookupFile(filepath.Join(dir, e.Name()), SURT(address))
		if err != nil {
			return nil, fmt.Errorf("warc: look up in %s: %w", e.Name(), err)
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, byTime)
	return out, nil
}

// byTime is the order of captures: in one second, that of their places.
func byTime(a, b Capture) int {
	if d := a.Time.Compare(b.Time); d != 0 {
		return d
	}
	if d := strings.Compare(a.File, b.File); d != 0 {
		return d
	}
	return int(min(1, max(-1, a.Offset-b.Offset)))
}

// lookupFile gives the captures that have a key, in the order of the file.
func lookupFile(path, key string) ([]Capture, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	prefix := []byte(key + " ")
	at, err := findLine(f, info.Size(), prefix)
	if err != nil {
		return nil, err
	}
	var out []Capture
	br := bufio.NewReader(io.NewSectionReader(f, at, info.Size()-at))
	for len(out) < maxLookup {
		line, err := readLine(br, nil)
		if err != nil && err != io.EOF {
			return nil, err
		}
		if !bytes.HasPrefix(line, prefix) {
			break
		}
		c, perr := parseCapture(string(line))
		if perr != nil {
			return nil, perr
		}
		out = append(out, c)
		if err == io.EOF {
			break
		}
	}
	return out, nil
}

// findLine gives the place of the first line that does not sort before prefix.
// What begins before lo sorts before it; a line that begins at or behind hi
// does not.
func findLine(f io.ReaderAt, size int64, prefix []byte) (int64, error) {
	lo, hi := int64(0), size
	for lo < hi {
		mid := lo + (hi-lo)/2
		start, err := lineStart(f, size, lo, mid)
		if err != nil {
			return 0, err
		}
		if start >= hi {
			hi = mid
			continue
		}
		line, err := readLine(bufio.NewReaderSize(io.NewSectionReader(f, start, size-start), 1<<10), nil)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if bytes.Compare(line, prefix) < 0 {
			n, err := readRest(f, size, start)
			if err != nil && err != io.EOF {
				return 0, err
			}
			if lo = start + n; err == io.EOF {
				lo = size // the last line has no end
			}
			continue
		}
		hi = mid
	}
	return lo, nil
}

// lineStart gives the first place at or behind mid where a line begins; one
// begins at lo.
func lineStart(f io.ReaderAt, size, lo, mid int64) (int64, error) {
	if mid == lo {
		return lo, nil
	}
	line, err := readRest(f, size, mid-1)
	if errors.Is(err, io.EOF) {
		return size, nil
	}
	return mid - 1 + line, err
}

// readRest counts the bytes from at up to and with the next line end.
func readRest(f io.ReaderAt, size, at int64) (int64, error) {
	br := bufio.NewReaderSize(io.NewSectionReader(f, at, size-at), 1<<10)
	var n int64
	for {
		p, err := br.ReadSlice('\n')
		n += int64(len(p))
		switch {
		case err == nil:
			return n, nil
		case err != bufio.ErrBufferFull:
			return 0, err
		case n > maxLineBytes:
			return 0, fmt.Errorf("a line is longer than %d bytes", maxLineBytes)
		}
	}
}
