package warc

import (
	"bufio"
	"bytes"
	"container/heap"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	// sortBytes is the memory of a sorter; beyond it lines go to a file that
	// has no name, so that no crash leaves it behind.
	sortBytes = 4 << 20
	// maxRuns bounds the files that a sorter has open.
	maxRuns = 32
	// maxLineBytes bounds a line of an index that we read. What we write is
	// shorter: a record's header has 64 KiB, and escaping makes that at most
	// nine times as long.
	maxLineBytes = 1 << 20
)

// A sorter puts any number of lines in the order of their bytes, each once.
type sorter struct {
	dir   string // for what does not fit into memory; empty: os.TempDir
	text  []byte
	lines [][2]int // begin and end in text
	runs  []*os.File
}

// add takes one line, without its end.
func (s *sorter) add(line []byte) error {
	if len(s.text)+len(line) > sortBytes && len(s.lines) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	at := len(s.text)
	s.text = append(s.text, line...)
	s.lines = append(s.lines, [2]int{at, len(s.text)})
	return nil
}

// writeTo writes all lines and frees what the sorter held. The sorter is then
// empty.
func (s *sorter) writeTo(w io.Writer) error {
	defer s.close()
	if len(s.runs) == 0 {
		return s.writeText(w)
	}
	if err := s.spill(); err != nil {
		return err
	}
	return s.merge(w)
}

func (s *sorter) merge(w io.Writer) error {
	rs := make([]io.Reader, len(s.runs))
	for i, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		rs[i] = f
	}
	return Merge(w, rs...)
}

func (s *sorter) close() {
	for _, f := range s.runs {
		f.Close()
	}
	*s = sorter{dir: s.dir}
}

// spill moves what is in memory to a run.
func (s *sorter) spill() error {
	if len(s.runs) == maxRuns {
		if err := s.run(s.merge, true); err != nil {
			return err
		}
	}
	if err := s.run(s.writeText, false); err != nil {
		return err
	}
	s.text, s.lines = s.text[:0], s.lines[:0]
	return nil
}

// run writes one more run, or one in place of all.
func (s *sorter) run(write func(io.Writer) error, instead bool) error {
	f, err := os.CreateTemp(s.dir, "cdxj-*.tmp")
	if err != nil {
		return err
	}
	os.Remove(f.Name()) // the file lives as long as it is open
	bw := bufio.NewWriterSize(f, 64<<10)
	if err := write(bw); err != nil {
		f.Close()
		return err
	}
	if err := bw.Flush(); err != nil {
		f.Close()
		return err
	}
	if instead {
		for _, old := range s.runs {
			old.Close()
		}
		s.runs = s.runs[:0]
	}
	s.runs = append(s.runs, f)
	return nil
}

func (s *sorter) writeText(w io.Writer) error {
	slices.SortFunc(s.lines, func(a, b [2]int) int { return bytes.Compare(s.text[a[0]:a[1]], s.text[b[0]:b[1]]) })
	var last []byte
	for _, l := range s.lines {
		line := s.text[l[0]:l[1]]
		if last != nil && bytes.Equal(line, last) {
			continue
		}
		last = line
		if _, err := w.Write(line); err != nil {
			return err
		}
		if _, err := w.Write([]byte("\n")); err != nil {
			return err
		}
	}
	return nil
}

// Merge makes one sorted index of several. A line that stands in several is
// written once. Memory is 64 KiB and a line for each.
func Merge(w io.Writer, indexes ...io.Reader) error {
	h := make(mergeHeap, 0, len(indexes))
	for _, r := range indexes {
		src := &source{br: bufio.NewReaderSize(r, 64<<10)}
		switch ok, err := src.next(); {
		case err != nil:
			return fmt.Errorf("warc: merge: %w", err)
		case ok:
			h = append(h, src)
		}
	}
	heap.Init(&h)
	bw := bufio.NewWriterSize(w, 64<<10)
	var last []byte
	for first := true; len(h) > 0; {
		src := h[0]
		if first || !bytes.Equal(src.line, last) {
			last, first = append(last[:0], src.line...), false
			bw.Write(src.line) // its error stays for Flush
			bw.WriteByte('\n')
		}
		ok, err := src.next()
		if err != nil {
			return fmt.Errorf("warc: merge: %w", err)
		}
		if ok {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("warc: merge: %w", err)
	}
	return nil
}

// A source is one index being merged, at one of its lines.
type source struct {
	br         *bufio.Reader
	line, prev []byte
}

// next moves to the next line that is not empty and says whether there is one.
func (s *source) next() (bool, error) {
	s.line, s.prev = s.prev, s.line
	for {
		line, err := readLine(s.br, s.line[:0])
		s.line = line
		switch {
		case err != nil && err != io.EOF:
			return false, err
		case len(line) == 0 && err == io.EOF:
			return false, nil
		case len(line) == 0:
			continue
		case bytes.Compare(line, s.prev) < 0:
			return false, fmt.Errorf("lines are not sorted: %.80q after %.80q", line, s.prev)
		}
		return true, nil
	}
}

// readLine reads a line, without its end, into buf.
func readLine(br *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		p, err := br.ReadSlice('\n')
		buf = append(buf, p...)
		if len(buf) > maxLineBytes {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLineBytes)
		}
		if err != bufio.ErrBufferFull {
			return bytes.TrimRight(buf, "\r\n"), err
		}
	}
}

type mergeHeap []*source

func (h mergeHeap) Len() int           { return len(h) }
func (h mergeHeap) Less(i, j int) bool { return bytes.Compare(h[i].line, h[j].line) < 0 }
func (h mergeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(x any)        { *h = append(*h, x.(*source)) }
func (h *mergeHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
