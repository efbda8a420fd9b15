package drive

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

// Docs calls put for each document of a part of the corpus.
type Docs func(put func(id, text string) error) error

// readBytes is what a part reads at a time.
const readBytes = 1 << 20

// Split parts a corpus in n runs of bytes that end with their lines.
func Split(corpus string, n int, count *atomic.Int64) ([]Docs, error) {
	info, err := os.Stat(corpus)
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, fmt.Errorf("%d threads", n)
	}
	parts := make([]Docs, n)
	for i := range parts {
		from, to := info.Size()*int64(i)/int64(n), info.Size()*int64(i+1)/int64(n)
		parts[i] = func(put func(id, text string) error) error {
			docs, err := readPart(corpus, from, to, put)
			count.Add(docs)
			return err
		}
	}
	return parts, nil
}

// readPart puts the lines that begin in [from, to).
func readPart(corpus string, from, to int64, put func(id, text string) error) (docs int64, err error) {
	f, err := os.Open(corpus)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	at := max(from-1, 0) // the byte before tells whether a line begins at from
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(f, readBytes)
	if from > 0 {
		skipped, err := r.ReadString('\n')
		if err == io.EOF {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
		at += int64(len(skipped))
	}
	for at < to {
		line, err := r.ReadString('\n')
		at += int64(len(line))
		if line != "" {
			id, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if !ok {
				return docs, fmt.Errorf("%s: line before byte %d has no tab", corpus, at)
			}
			if err := put(id, text); err != nil {
				return docs, err
			}
			docs++
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return docs, err
		}
	}
	return docs, nil
}

// All reads the parts at once, each in a goroutine.
func All(parts []Docs, put func(id, text string) error) error {
	errs := make(chan error, len(parts))
	for _, p := range parts {
		go func() { errs <- p(put) }()
	}
	var failed error
	for range parts {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return failed
}
