package stored

import (
	"cmp"
	"encoding/binary"

	"github.com/trawlsearch/trawl/index/internal/corrupt"
)

// fewBlocks is how many blocks a store must have for them to be copied: the block
// that is open is ended for them, so a smaller store would leave small ones behind.
const fewBlocks = 8

// Copy adds the documents of a store that are live, all if that is nil. Blocks of
// at least half the usual size in which all are live are copied as they are, which
// costs no more than their bytes; of others the documents are added one by one. It
// asks next before each block, and ends with its error.
func (w *Writer) Copy(s *Store, live func(doc uint32) bool, next func() error) error {
	var values []Value
	for block := 0; block < s.blocks && w.err == nil; block++ {
		if err := next(); err != nil {
			return err
		}
		first, _ := s.span(block)
		if at, err := s.find(uint32(first)); err != nil || at != block {
			return cmp.Or(err, corrupt.Errorf("stored: document %d is the first of blocks %d and %d", first, block, at))
		}
		from, to := s.span(block)
		if s.blocks >= fewBlocks && s.rawSize(block) >= blockBytes/2 && allLive(live, from, to) {
			if err := w.copyBlock(s, block, to-from); err != nil {
				return err
			}
			continue
		}
		for doc := from; doc < to; doc++ {
			if live != nil && !live(uint32(doc)) {
				continue
			}
			var err error
			if values, err = s.Get(uint32(doc), values[:0]); err != nil {
				return err
			}
			if err := w.Add(values); err != nil {
				return err
			}
		}
	}
	return w.err
}

func allLive(live func(doc uint32) bool, from, to uint64) bool {
	for doc := from; live != nil && doc < to; doc++ {
		if !live(uint32(doc)) {
			return false
		}
	}
	return true
}

// copyBlock adds a block of n documents as it is. Whoever reads it will find out
// if it does not hold what its entry says.
func (w *Writer) copyBlock(s *Store, block int, n uint64) error {
	w.flush()
	start, end := s.bounds(block)
	if err := s.gate.Need(start, end-start); err != nil {
		return err
	}
	w.first = binary.LittleEndian.AppendUint32(w.first, uint32(w.docs))
	w.offsets = binary.LittleEndian.AppendUint64(w.offsets, w.written)
	w.sizes = binary.LittleEndian.AppendUint32(w.sizes, s.rawSize(block))
	w.send(s.data[start:end])
	w.written += end - start
	w.docs += n
	return w.err
}
