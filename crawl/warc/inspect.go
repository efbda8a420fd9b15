package warc

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Inspect writes a line for each record of a WARC file, or of those in a WACZ: its
// place and length in the file (0: one gzip stream holds several), its type, for an
// answer the status, when it was captured, the length of its block, the address, and
// what is wrong with it.
//
//	00000000     411  warcinfo      2026-11-23T10:44:00Z       203
//	0000019b    1228  response  200 2026-11-23T10:44:01Z      5120  http://a.test/
//
// The error tells how many places are damaged, or of the file itself.
func Inspect(w io.Writer, path string) error {
	files, err := archives([]string{path})
	if err != nil {
		return fmt.Errorf("warc: inspect: %w", err)
	}
	bad := 0
	for _, a := range files {
		if a.path != path {
			fmt.Fprintln(w, "# "+a.path)
		}
		n, err := a.inspect(w)
		if err != nil {
			return fmt.Errorf("warc: inspect %s: %w", a.path, err)
		}
		bad += n
	}
	if bad > 0 {
		return fmt.Errorf("warc: %s: %d records are damaged, or not what their digests say", path, bad)
	}
	return nil
}

func (a archive) inspect(w io.Writer) (bad int, err error) {
	f, err := a.open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for r := NewReader(f, ReaderOptions{}); ; {
		rec, err := r.Next()
		var corrupt *CorruptError
		switch {
		case err == io.EOF:
			return bad, nil
		case errors.As(err, &corrupt):
			bad++
			_, err = fmt.Fprintf(w, "%08x  DAMAGED: %v\n", corrupt.Offset, corrupt.Err)
		case err == nil:
			wrong := ""
			if derr := rec.CheckDigests(); derr != nil {
				wrong = fmt.Sprintf("  WRONG: %v", derr)
				bad++
			}
			_, err = fmt.Fprintf(w, "%08x %7d  %-9s %3s %-20s %9d  %s%s\n", rec.Offset, rec.Length, rec.Type, rec.status(), stamp(rec.Date), len(rec.Block), rec.TargetURI, wrong)
		}
		if err != nil {
			return bad, err
		}
	}
}

func (r *Record) status() string {
	if isHTTP(r.ContentType) && r.isAnswer() {
		if status, _, _, err := ParseResponse(r.Block); err == nil {
			return fmt.Sprint(status)
		}
	}
	return ""
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	return t.UTC().Format(time.RFC3339)
}
