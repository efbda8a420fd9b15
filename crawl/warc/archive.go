package warc

import (
	zipfile "archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An archive is one WARC file to walk: on disk by itself, or stored in a WACZ, a
// zip file that has its WARC files in the folder archive (WACZ 1.1.1, 5.2.1).
type archive struct {
	path  string // as it is called; in a WACZ x.wacz/archive/data.warc.gz
	disk  string // the file that is opened
	at, n int64  // where in it; n < 0: all of it
}

const (
	suffixWACZ = ".wacz"
	// maxDirectoryBytes bounds the directory of a zip file: some 80,000 files.
	maxDirectoryBytes = 8 << 20
)

// A file can be read anywhere, by several at once.
type file interface {
	io.ReadSeekCloser
	io.ReaderAt
}

func (a archive) open() (file, error) {
	f, err := os.Open(a.disk)
	if err != nil || a.n < 0 {
		return f, err
	}
	return part{io.NewSectionReader(f, a.at, a.n), f}, nil
}

// A part is a range of a file.
type part struct {
	*io.SectionReader
	io.Closer
}

// archives gives the WARC files that paths name, those below folders and in WACZ
// files, sorted by name, each once.
func archives(paths []string) ([]archive, error) {
	var list []archive
	add := func(path string) error {
		if !strings.HasSuffix(strings.ToLower(path), suffixWACZ) {
			list = append(list, archive{path: path, disk: path, n: -1})
			return nil
		}
		in, err := stored(path)
		list = append(list, in...)
		return err
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if err := add(p); err != nil {
				return nil, err
			}
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !HasSuffix(path) {
				return err
			}
			return add(path)
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b archive) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(list), nil
}

// HasSuffix tells whether a file is named as archives are: .warc, .warc.gz,
// .warc.zst, .wacz.
func HasSuffix(path string) bool {
	path = strings.ToLower(path)
	return isWARC(path) || strings.HasSuffix(path, suffixWACZ)
}

func isWARC(path string) bool {
	return slices.ContainsFunc(warcSuffixes, func(s string) bool { return strings.HasSuffix(path, s) })
}

// stored gives the WARC files in a WACZ, where they stand as they are: their
// records are found by their offset.
func stored(path string) ([]archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return storedIn(path, f, info.Size())
}

func storedIn(path string, f io.ReaderAt, size int64) (list []archive, err error) {
	z, err := zipfile.NewReader(&boundedAt{f, maxDirectoryBytes}, size)
	if err != nil {
		return nil, fmt.Errorf("%s: no WACZ: %w", path, err)
	}
	left := size // so that files that overlap are not read again and again
	for _, e := range z.File {
		if !isWARC(strings.ToLower(e.Name)) {
			continue
		}
		name := path + "/" + e.Name
		if e.Method != zipfile.Store {
			return nil, fmt.Errorf("%s is compressed within the zip file, which a WACZ does not allow: unzip it and read what comes out", name)
		}
		at, err := e.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		n := int64(e.CompressedSize64)
		if at < 0 || n < 0 || n > size-at || n > left {
			return nil, fmt.Errorf("%s: the zip file is cut short, or its files overlap", name)
		}
		left -= n
		list = append(list, archive{path: name, disk: path, at: at, n: n})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no WARC file is in it", path)
	}
	return list, nil
}

var errDirectory = errors.New("its directory is too long")

// boundedAt gives left bytes in all, wherever they stand.
type boundedAt struct {
	io.ReaderAt
	left int
}

func (b *boundedAt) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errDirectory
	}
	return b.ReaderAt.ReadAt(p, off)
}

// Sniff tells from the first bytes of a file, 4 KiB of them if there are as many,
// whether it is an archive: one that is read, or ARC, of which an error tells.
func Sniff(head []byte) bool {
	return isVersion(head) || isZstd(head) || beginsRecord(head) ||
		bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte(magicARC))
}
