package warc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxChain bounds how many revisits lead to one original.
	maxChain = 8
	// maxTries bounds how many captures are read in search of one original.
	maxTries = 8
)

// originals finds the record that a revisit speaks of.
type originals struct {
	files   []string
	indexes map[string]string // file to index
	temp    string            // where indexes are made that are not there
	ready   bool
}

// A candidate is a capture that may be an original.
type candidate struct {
	Capture
	path string // of its file
}

func (o *originals) close() {
	if o.temp != "" {
		os.RemoveAll(o.temp)
	}
}

// prepare sees to it that each file has an index.
func (o *originals) prepare() error {
	if o.ready {
		return nil
	}
	for i, file := range o.files {
		beside := IndexName(file)
		if _, err := os.Stat(beside); err == nil {
			o.indexes[file] = beside
			continue
		}
		if o.temp == "" {
			dir, err := os.MkdirTemp("", "warc-walk-")
			if err != nil {
				return err
			}
			o.temp = dir
		}
		made := filepath.Join(o.temp, fmt.Sprint(i, indexSuffix))
		if err := indexFile(file, made); err != nil {
			return err
		}
		o.indexes[file] = made
	}
	o.ready = true
	return nil
}

func indexFile(file, to string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := Index(in, filepath.Base(file), out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// find gives the record with the payload of a revisit, which stands at offset
// in the file path, or nil.
func (o *originals) find(rev *Record, path string, offset int64, depth int) (*Record, error) {
	if depth == 0 {
		return nil, nil
	}
	if err := o.prepare(); err != nil {
		return nil, err
	}
	list, err := o.candidates(rev, path, offset)
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		if i == maxTries {
			break
		}
		rec, err := readPath(c.path, c.Ref)
		if err != nil {
			continue // damaged: another may do
		}
		if rec.Type == TypeRevisit {
			if rec, err = o.find(rec, c.path, c.Offset, depth-1); err != nil || rec == nil {
				return nil, err
			}
		}
		return rec, nil
	}
	return nil, nil
}

// candidates are the captures that may be what a revisit speaks of, the
// likeliest first: the one of the date that it names, then those before it,
// latest first. One whose payload is known to be another is none.
func (o *originals) candidates(rev *Record, path string, offset int64) ([]candidate, error) {
	uri := rev.RefersToURI
	if uri == "" {
		uri = rev.TargetURI
	}
	named := rev.RefersToDate.Truncate(time.Second)
	own := Capture{Time: rev.Date.Truncate(time.Second), Ref: Ref{File: filepath.Base(path), Offset: offset}}
	key := SURT(uri)
	var list []candidate
	for _, file := range o.files {
		found, err := lookupFile(o.indexes[file], key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.indexes[file], err)
		}
		for _, c := range found {
			switch {
			case c.File != filepath.Base(file) || c.URL != uri || file == path && c.Offset == offset:
			case rev.PayloadDigest != "" && c.Digest != "" && !sameDigest(rev.PayloadDigest, c.Digest):
			case !rev.RefersToDate.IsZero() && c.Time.Equal(named), byTime(c, own) < 0:
				list = append(list, candidate{c, file})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if an, bn := a.Time.Equal(named), b.Time.Equal(named); an != bn {
			if an {
				return -1
			}
			return 1
		}
		return byTime(b.Capture, a.Capture)
	})
	return list, nil
}

// sameDigest compares labelled digests; those of two algorithms may be of the
// same payload.
func sameDigest(a, b string) bool {
	an, av, aok := strings.Cut(a, ":")
	bn, bv, bok := strings.Cut(b, ":")
	if !aok || !bok {
		return strings.HasSuffix(a, b) || strings.HasSuffix(b, a)
	}
	return !strings.EqualFold(an, bn) || strings.EqualFold(av, bv)
}
