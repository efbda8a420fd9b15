package warc

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/internal/durable"
)

// ours matches the names that nextName makes: nothing else in the folder is
// ever touched.
var ours = regexp.MustCompile(`^\d{20}-[0-9a-f]{8}\.warc\.gz$`)

// List gives the names of the WARC files of a folder, oldest first.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("warc: list: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// recover brings the folder to the committed position and opens the file to go
// on in.
func (w *Writer) recover() error {
	names, err := List(w.dir)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		w.last = names[len(names)-1]
	}
	if to := w.opt.TruncateTo; to != nil && to.File != "" {
		if !ours.MatchString(to.File) {
			return fmt.Errorf("position names %q, which is not a file of a writer", to.File)
		}
		w.last = max(w.last, to.File)
		if names, err = w.cutBehind(names, *to); err != nil {
			return err
		}
	} else if names, err = w.mend(names); err != nil {
		return err
	}
	return w.sealOld(names)
}

// cutBehind removes what was written behind a position, goes on in its file,
// and gives the names of the files before it.
func (w *Writer) cutBehind(names []string, to Position) ([]string, error) {
	keep := names[:sort.SearchStrings(names, to.File)]
	rest := names[len(keep):]
	found := len(rest) > 0 && rest[0] == to.File
	if found {
		rest = rest[1:]
	}
	for _, name := range rest {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
			return nil, err
		}
		if err := os.Remove(filepath.Join(w.dir, IndexName(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := w.unmark(name); err != nil {
			return nil, err
		}
	}
	w.name, w.at = to.File, to.Offset
	if begun, _ := w.sealed(to.File); !found || begun {
		// It was sealed, and perhaps moved away: it may not change any more.
		return names[:len(names)-len(rest)], durable.SyncDir(w.dir)
	}
	f, err := os.OpenFile(filepath.Join(w.dir, to.File), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	w.f = f
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size < to.Offset || to.Offset < 0 {
		return nil, fmt.Errorf("%s has %d bytes, but %d were committed: the disk lost data", to.File, size, to.Offset)
	}
	if err := f.Truncate(to.Offset); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if to.Offset == 0 {
		// Nothing of the file was committed, not even its warcinfo.
		f.Close()
		w.f, w.name = nil, ""
		if err := os.Remove(filepath.Join(w.dir, to.File)); err != nil {
			return nil, err
		}
	}
	return keep, durable.SyncDir(w.dir)
}

// mend cuts the torn last record that a crash left in the newest file, where
// no position says what was committed, and gives the names that remain. It
// reads that file once: some 5 s for a full 1 GiB.
func (w *Writer) mend(names []string) ([]string, error) {
	if len(names) == 0 {
		return names, nil
	}
	if begun, _ := w.sealed(names[len(names)-1]); begun {
		return names, nil
	}
	path := filepath.Join(w.dir, names[len(names)-1])
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	good, err := wholeRecords(f)
	if err != nil {
		return nil, err
	}
	if good == 0 {
		return names[:len(names)-1], os.Remove(path)
	}
	if err := f.Truncate(good); err != nil {
		return nil, err
	}
	return names, f.Sync()
}

// wholeRecords gives the end of the last whole record before the first that is
// not.
func wholeRecords(r io.Reader) (int64, error) {
	rd := NewReader(r, ReaderOptions{MaxBlockBytes: 1})
	end := int64(0)
	for {
		rec, err := rd.Next()
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return end, nil
		case errors.As(err, &corrupt):
			return end, nil
		case err != nil:
			return 0, err
		}
		end = rec.Offset + rec.Length
	}
}

// sealOld seals the files that an earlier writer completed, and forgets the
// marks of files that are gone.
func (w *Writer) sealOld(names []string) error {
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
		if _, done := w.sealed(name); !done {
			w.ready = append(w.ready, name)
		}
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, isMark := strings.CutSuffix(e.Name(), markSuffix)
		if isMark && ours.MatchString(name) && !have[name] && name != w.name {
			if err := os.Remove(filepath.Join(w.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	err = w.sealReady()
	var seal *SealError
	if errors.As(err, &seal) {
		return nil // the first Sync tries again, and says so
	}
	return err
}

// A SealError says that Options.Sealed failed for a file. All that the call was
// to write is written; Sealed is tried again at the next Sync.
type SealError struct {
	File string
	Err  error
}

func (e *SealError) Error() string { return fmt.Sprintf("warc: seal %s: %v", e.File, e.Err) }
func (e *SealError) Unwrap() error { return e.Err }

// sealReady writes the indexes of the files whose time has come, and calls
// Sealed for them, oldest first.
func (w *Writer) sealReady() error {
	for len(w.ready) > 0 {
		name := w.ready[0]
		path := filepath.Join(w.dir, name)
		// From here on the file may not change: a copy of it may be anywhere.
		if err := os.WriteFile(path+markSuffix, nil, 0o644); err != nil {
			return fmt.Errorf("warc: mark %s: %w", name, err)
		}
		if err := durable.SyncDir(w.dir); err != nil {
			return fmt.Errorf("warc: mark %s: %w", name, err)
		}
		if err := w.writeIndex(name); err != nil {
			return &SealError{File: name, Err: err}
		}
		if w.opt.Sealed != nil {
			if err := w.opt.Sealed(path); err != nil {
				return &SealError{File: name, Err: err}
			}
		}
		// This needs no fsync: if a crash takes it, Sealed is called again.
		if err := os.WriteFile(path+markSuffix, []byte("sealed\n"), 0o644); err != nil {
			return fmt.Errorf("warc: mark %s: %w", name, err)
		}
		w.ready = w.ready[1:]
	}
	return nil
}

// writeIndex puts the index beside a file, if it is not there: from what Append
// noted, else from the file, which is read once (some 10 s for 1 GiB).
func (w *Writer) writeIndex(name string) error {
	path := filepath.Join(w.dir, IndexName(name))
	noted := w.indexes[name]
	delete(w.indexes, name)
	if noted != nil {
		defer noted.close()
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.Open(filepath.Join(w.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Sealed took it away before a crash
	}
	if err != nil {
		return err
	}
	defer f.Close()
	err = durable.WriteNew(path, func(out io.Writer) error {
		if noted != nil {
			return noted.writeTo(out)
		}
		_, err := Index(f, name, out)
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (w *Writer) freeIndexes() {
	if w.lines != nil {
		w.lines.close()
	}
	for _, s := range w.indexes {
		s.close()
	}
	w.lines, w.indexes = nil, nil
}

// sealed says whether Sealed was ever called for a file, and whether it
// returned nil.
func (w *Writer) sealed(name string) (begun, done bool) {
	info, err := os.Stat(filepath.Join(w.dir, name+markSuffix))
	return err == nil, err == nil && info.Size() > 0
}

func (w *Writer) unmark(name string) error {
	err := os.Remove(filepath.Join(w.dir, name+markSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// nextName makes a name that sorts behind every name seen here, also when the
// clock was set back.
func (w *Writer) nextName() string {
	stamp := func(t time.Time) string { return strings.Replace(t.Format("20060102150405.000000"), ".", "", 1) }
	t := w.opt.Now().UTC()
	s := stamp(t)
	if len(w.last) >= 20 && s <= w.last[:20] {
		if prev, err := time.Parse("20060102150405.000000", w.last[:14]+"."+w.last[14:20]); err == nil {
			s = stamp(prev.Add(time.Microsecond))
		}
	}
	var b [4]byte
	rand.Read(b[:]) // cannot fail
	return s + "-" + hex.EncodeToString(b[:]) + suffix
}

// oneLine keeps a setting from writing lines of its own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s)
}
