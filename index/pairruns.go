package index

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// pairRuns sorts places where pairs stand by pair and document: in memory up to the
// limit of a spool, then in runs in a file that has no name.
type pairRuns struct {
	tmp    scratch
	places []uint64 // key << 40 | document << 8 | norm
	file   *os.File
	size   int64
	runs   []*pairRunReader
}

// A pairRunReader reads a sorted run.
type pairRunReader struct {
	in   *bufio.Reader // nil: the run is in memory
	rest []uint64
	head uint64 // the next place; noPlace at the end
}

const (
	noPlace      = math.MaxUint64
	placeBytes   = 8
	runReadBytes = 16 << 10
)

func (r *pairRuns) add(key pairKey, doc uint32, norm byte) error {
	if len(r.places) >= max(r.tmp.spoolBytes/placeBytes, 1024) {
		if err := r.spill(); err != nil {
			return err
		}
	}
	r.places = append(r.places, uint64(key)<<40|uint64(doc)<<8|uint64(norm))
	return nil
}

// spill writes what is in memory as a run.
func (r *pairRuns) spill() error {
	if r.file == nil {
		f, err := os.CreateTemp(r.tmp.dir, "trawl-pairs-*.tmp")
		if err != nil {
			return fmt.Errorf("index: spill: %w", err)
		}
		os.Remove(f.Name()) // where an open file cannot be removed, close does it
		r.file = f
	}
	slices.Sort(r.places)
	out := bufio.NewWriterSize(r.file, 64<<10)
	var b [placeBytes]byte
	for _, place := range r.places {
		binary.LittleEndian.PutUint64(b[:], place)
		out.Write(b[:])
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("index: spill: %w", err)
	}
	n := int64(len(r.places)) * placeBytes
	in := io.NewSectionReader(r.file, r.size, n)
	r.runs = append(r.runs, &pairRunReader{in: bufio.NewReaderSize(in, runReadBytes)})
	r.size += n
	r.places = r.places[:0]
	return nil
}

// rewind begins the reading, behind the last add.
func (r *pairRuns) rewind() error {
	slices.Sort(r.places)
	r.runs = append(r.runs, &pairRunReader{rest: r.places})
	for _, run := range r.runs {
		if err := run.next(); err != nil {
			return err
		}
	}
	return nil
}

func (r *pairRunReader) next() error {
	r.head = noPlace
	if r.in == nil {
		if len(r.rest) > 0 {
			r.head, r.rest = r.rest[0], r.rest[1:]
		}
		return nil
	}
	var b [placeBytes]byte
	switch _, err := io.ReadFull(r.in, b[:]); {
	case err == io.EOF:
	case err != nil:
		return fmt.Errorf("index: spill: %w", err)
	default:
		r.head = binary.LittleEndian.Uint64(b[:])
	}
	return nil
}

// until adds the documents of a pair that are below one, each as often as it was
// added. Keys come in their order; so do the documents of each, unless the merge has
// another.
func (r *pairRuns) until(key pairKey, below uint32, out *pairWriter) error {
	last, freq := uint64(noPlace), uint32(0)
	for _, run := range r.runs {
		for run.head>>8 < uint64(key)<<32|uint64(below) {
			if run.head != last {
				if freq > 0 {
					out.add(uint32(last>>8), freq, byte(last))
				}
				last, freq = run.head, 0
			}
			freq++
			if err := run.next(); err != nil {
				return err
			}
		}
	}
	if freq > 0 {
		out.add(uint32(last>>8), freq, byte(last))
	}
	return nil
}

func (r *pairRuns) close() {
	if r.file != nil {
		r.file.Close()
		os.Remove(r.file.Name())
	}
	r.file, r.places, r.runs = nil, nil, nil
}
