package warc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	files   []archive
	own     bool // indexes beside the files are not believed
	indexes []fileIndex
	temp    string // where indexes are made that are not there
	ready   bool
}

// A fileIndex is the index of one file, which it calls by its name, or for a nil file
// of all, which it calls by their numbers.
type fileIndex struct {
	path string
	file *archive
}

// A candidate is a capture that may be an original.
type candidate struct {
	Capture
	file archive
}

func (o *originals) close() {
	if o.temp != "" {
		os.RemoveAll(o.temp)
	}
}

// prepare sees to it that each file has an index.
func (o *originals) prepare(ctx context.Context) error {
	if o.ready {
		return nil
	}
	if o.own {
		if err := o.indexAll(ctx); err != nil {
			return err
		}
		o.ready = true
		return nil
	}
	for i := range o.files {
		file := &o.files[i]
		beside := IndexName(file.path)
		if _, err := os.Stat(beside); err == nil {
			o.indexes = append(o.indexes, fileIndex{beside, file})
			continue
		}
		made, err := o.place(fmt.Sprint(i))
		if err != nil {
			return err
		}
		if err := file.index(ctx, made); err != nil {
			return err
		}
		o.indexes = append(o.indexes, fileIndex{made, file})
	}
	o.ready = true
	return nil
}

// indexAll makes one index of all files, so that a revisit costs one search however
// many there are.
func (o *originals) indexAll(ctx context.Context) error {
	path, err := o.place("all")
	if err != nil {
		return err
	}
	s := &sorter{dir: o.temp}
	defer s.close()
	for i := range o.files {
		in, err := o.files[i].open()
		if err != nil {
			return err
		}
		_, err = indexInto(s, untilDone{in, ctx}, numbered(i))
		in.Close()
		if err != nil {
			return err
		}
	}
	if err := writeFile(path, s.writeTo); err != nil {
		return err
	}
	o.indexes = []fileIndex{{path: path}}
	return nil
}

// numbered is what the index of all files calls one: numbers sort as the files do.
func numbered(i int) string { return fmt.Sprintf("%08d", i) }

// place names an index to be made.
func (o *originals) place(name string) (string, error) {
	if o.temp == "" {
		dir, err := os.MkdirTemp("", "warc-walk-")
		if err != nil {
			return "", err
		}
		o.temp = dir
	}
	return filepath.Join(o.temp, name+indexSuffix), nil
}

func (a archive) index(ctx context.Context, to string) error {
	in, err := a.open()
	if err != nil {
		return err
	}
	defer in.Close()
	return writeFile(to, func(w io.Writer) error {
		_, err := Index(untilDone{in, ctx}, filepath.Base(a.path), w)
		return err
	})
}

// untilDone is a file that cannot be read any more when ctx is done.
type untilDone struct {
	file
	ctx context.Context
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.file.Read(p)
}

func writeFile(path string, write func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	bw := bufio.NewWriterSize(out, 64<<10)
	if err := errors.Join(write(bw), bw.Flush()); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// called is what an index calls a file, and named the file that it calls so.
func (o *originals) called(i int) string {
	if o.own {
		return numbered(i)
	}
	return filepath.Base(o.files[i].path)
}

func (o *originals) named(ix fileIndex, name string) (a archive, ok bool) {
	if ix.file != nil {
		return *ix.file, name == filepath.Base(ix.file.path)
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(o.files) {
		return archive{}, false
	}
	return o.files[i], true
}

// find gives the record with the payload of a revisit, which stands at offset
// in a file, or nil.
func (o *originals) find(ctx context.Context, rev *Record, in archive, offset int64, depth int) (*Record, error) {
	if depth == 0 {
		return nil, nil
	}
	if err := o.prepare(ctx); err != nil {
		return nil, err
	}
	list, err := o.candidates(rev, in, offset)
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		if i == maxTries {
			break
		}
		rec, err := c.file.read(c.Ref)
		if err != nil {
			continue // damaged: another may do
		}
		if rec.Type == TypeRevisit {
			if rec, err = o.find(ctx, rec, c.file, c.Offset, depth-1); err != nil || rec == nil {
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
func (o *originals) candidates(rev *Record, in archive, offset int64) ([]candidate, error) {
	uri := rev.RefersToURI
	if uri == "" {
		uri = rev.TargetURI
	}
	named := rev.RefersToDate.Truncate(time.Second)
	own := Capture{Time: rev.Date.Truncate(time.Second), Ref: Ref{File: o.called(slices.Index(o.files, in)), Offset: offset}}
	key := SURT(uri)
	var list []candidate
	for _, ix := range o.indexes {
		found, err := lookupFile(ix.path, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ix.path, err)
		}
		for _, c := range found {
			file, known := o.named(ix, c.File)
			switch {
			case !known || c.URL != uri || file == in && c.Offset == offset:
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
