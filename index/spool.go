package index

import (
	"fmt"
	"io"
	"os"
)

// A spool holds the bytes of a section that is written while another one is
// being streamed to the object: in memory up to a limit, then in a temporary
// file that has no name, so that a crash leaves nothing. One goroutine.
type spool struct {
	dir   string
	limit int
	mem   []byte
	file  *os.File
	size  int64
}

func newSpool(dir string, limit int) *spool { return &spool{dir: dir, limit: limit} }

func (s *spool) Write(p []byte) (int, error) {
	if len(s.mem)+len(p) > s.limit {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.size += int64(len(p))
	if len(p) > s.limit {
		return s.file.Write(p)
	}
	s.mem = append(s.mem, p...)
	return len(p), nil
}

// spill moves what is in memory to the file.
func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "trawl-section-*.tmp")
		if err != nil {
			return fmt.Errorf("index: spill: %w", err)
		}
		os.Remove(f.Name()) // where an open file cannot be removed, close does it
		s.file = f
	}
	if _, err := s.file.Write(s.mem); err != nil {
		return fmt.Errorf("index: spill: %w", err)
	}
	s.mem = s.mem[:0]
	return nil
}

// copyTo writes all that was written to w.
func (s *spool) copyTo(w io.Writer) error {
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("index: spill: %w", err)
		}
		if _, err := io.Copy(w, s.file); err != nil {
			return fmt.Errorf("index: spill: %w", err)
		}
	}
	_, err := w.Write(s.mem)
	return err
}

// close frees the spool. It may be called twice.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
	s.mem, s.file = nil, nil
}
