package postings

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// A Writer writes the lists of one field, or of several one after the other,
// into two streams. It holds the encoded documents of one list, and the encoded
// positions of one block. One goroutine.
type Writer struct {
	post, pos         io.Writer
	postSize, posSize uint64 // bytes written so far
	maxDoc            uint32
	err               error

	// The current list.
	size, freq uint64 // documents in blocks that were flushed; occurrences in all
	next       uint32 // one behind the last document of those blocks
	posStart   uint64
	columns    columns
	payload    []byte
	bounds     bounds

	// The current block.
	n       int
	docs    [BlockLen]uint32
	freqs   [BlockLen]uint32 // less 1
	norms   [BlockLen]uint8
	gaps    [BlockLen]uint32 // scratch
	deltas  [BlockLen]uint32 // positions not yet packed
	nDeltas int
	tokens  []byte // of the packed sub-blocks of the chunk
	packed  []byte
	scratch []byte
}

// columns are those of the current list, all but impacts in 4 bytes each.
type columns struct{ last, end, posEnd, impacts []byte }

// narrow turns ends, in place, into as few bytes each as the last needs, and adds
// to the flags how many.
func narrow(ends []byte, flags *byte, shift int) []byte {
	if len(ends) == 0 {
		return ends
	}
	width := max((bits.Len32(word(ends, len(ends)/4-1))+7)/8, leastEnd)
	*flags |= byte(width-leastEnd) << shift
	for from, to := 4, width; from < len(ends); from, to = from+4, to+width {
		copy(ends[to:to+width], ends[from:])
	}
	return ends[:len(ends)/4*width]
}

// NewWriter starts at offset 0 of both streams. A nil pos means that the field
// keeps no positions. Of the impacts, k is K by norm; nil: every impact is 255.
// maxDoc is the number of documents of the segment.
func NewWriter(post, pos io.Writer, k *[256]float32, maxDoc uint32) *Writer {
	return &Writer{
		post: post, pos: pos, maxDoc: maxDoc,
		bounds: bounds{levels: newLevels(k), windows: make([]byte, windows(maxDoc))},
	}
}

// Add adds a document to the current list. Documents strictly rise and are below
// maxDoc; freq is 1..MaxFreq; positions, if the field keeps them, are freq many,
// at most MaxPosition, do not fall, and are not kept. The norm is that of the
// document in this field. What is wrong is said by Finish.
func (w *Writer) Add(doc, freq uint32, norm uint8, positions []uint32) {
	i := w.n & (BlockLen - 1)
	w.docs[i], w.freqs[i], w.norms[i] = doc, freq-1, norm
	w.freq += uint64(freq)
	if w.pos != nil {
		if uint32(len(positions)) != freq {
			w.fail("document %d: %d positions for frequency %d", doc, len(positions), freq)
			return
		}
		before := uint32(0)
		for _, p := range positions {
			w.deltas[w.nDeltas&(BlockLen-1)] = p - before // one that falls takes 32 bits
			before = p
			if w.nDeltas++; w.nDeltas == BlockLen {
				w.packDeltas()
			}
		}
	}
	if w.n = i + 1; w.n == BlockLen {
		w.flushBlock()
	}
}

// AddBlock adds any number of documents as Add does, in less time. deltas are the
// positions of all of them one behind the other, the first of each document as it
// is and each other as its distance from the one before. Nothing is kept.
func (w *Writer) AddBlock(docs, freqs []uint32, norms []uint8, deltas []uint32) {
	if len(freqs) != len(docs) || len(norms) != len(docs) {
		w.fail("%d documents, %d frequencies, %d norms", len(docs), len(freqs), len(norms))
		return
	}
	for len(docs) > 0 {
		at := w.n & (BlockLen - 1)
		n := copy(w.docs[at:], docs)
		copy(w.norms[at:], norms[:n])
		sum := uint64(0)
		to := w.freqs[at:]
		for i, freq := range freqs[:n] {
			to[i] = freq - 1
			sum += uint64(freq)
		}
		w.freq += sum
		if w.pos != nil {
			if sum > uint64(len(deltas)) || n == len(docs) && sum < uint64(len(deltas)) {
				w.fail("%d positions for %d documents of frequency %d", len(deltas), n, sum)
				return
			}
			w.addDeltas(deltas[:sum])
			deltas = deltas[sum:]
		}
		if w.n = at + n; w.n == BlockLen {
			w.flushBlock()
		}
		docs, freqs, norms = docs[n:], freqs[n:], norms[n:]
	}
}

func (w *Writer) addDeltas(deltas []uint32) {
	for len(deltas) > 0 {
		n := copy(w.deltas[w.nDeltas:], deltas)
		deltas = deltas[n:]
		if w.nDeltas += n; w.nDeltas == BlockLen {
			w.packDeltas()
		}
	}
}

func (w *Writer) packDeltas() {
	clear(w.deltas[w.nDeltas:])
	token, top := chooseToken(&w.deltas, w.nDeltas, worthPositions)
	if top > positionBits {
		w.fail("positions that fall, or above %d", MaxPosition)
	}
	w.tokens = append(w.tokens, token)
	w.packed = appendPacked(w.packed, &w.deltas, w.nDeltas, token)
	w.nDeltas = 0
}

// flushBlock encodes the current block of a list that is blocked, for it is full
// or not the first.
func (w *Writer) flushBlock() {
	if w.err != nil || !w.setGaps() {
		w.n = 0
		return
	}
	clear(w.freqs[w.n:])
	c := &w.columns
	c.impacts = append(c.impacts, w.bounds.add(w.docs[:w.n], &w.freqs, &w.norms))
	w.payload = w.appendBlock(w.payload)
	if w.pos != nil {
		if w.nDeltas > 0 {
			w.packDeltas()
		}
		w.flushChunk()
		c.posEnd = binary.LittleEndian.AppendUint32(c.posEnd, uint32(w.posSize-w.posStart))
	}
	if len(w.payload) > math.MaxUint32 || w.posSize-w.posStart > math.MaxUint32 {
		w.fail("a list is longer than 4 GiB")
	}
	last := w.docs[w.n-1]
	c.last = binary.LittleEndian.AppendUint32(c.last, last)
	c.end = binary.LittleEndian.AppendUint32(c.end, uint32(len(w.payload)))
	w.size += uint64(w.n)
	w.n, w.next = 0, last+1
}

// setGaps sets the gaps, less 1, of the current block, and checks its documents.
func (w *Writer) setGaps() bool {
	clear(w.gaps[w.n:])
	next, falls := w.next, false
	for i, doc := range w.docs[:w.n] {
		if doc < next {
			falls = true
		}
		w.gaps[i] = doc - next
		next = doc + 1
	}
	if falls || next-1 >= w.maxDoc {
		w.fail("documents of a list do not rise to one below %d", w.maxDoc)
		return false
	}
	return true
}

// flushChunk writes the positions of a block or of a short list.
func (w *Writer) flushChunk() {
	w.posSize += w.send(w.pos, w.tokens) + w.send(w.pos, w.packed)
	w.tokens, w.packed = w.tokens[:0], w.packed[:0]
}

// Finish ends the current list, writes it, and says where. The next Add begins
// another. A list without documents is not written: its Docs is 0. After an
// error the Writer is of no use any more.
func (w *Writer) Finish() (List, error) {
	list := List{Docs: uint32(w.size) + uint32(w.n), Freq: w.freq, Post: w.postSize, Pos: w.posStart}
	switch {
	case w.err != nil || list.Docs == 0:
	case w.size == 0:
		w.finishShort(&list)
	default:
		if w.n > 0 {
			w.flushBlock()
		}
		w.finishBlocked()
	}
	list.PostSize, list.PosSize = w.postSize-list.Post, w.posSize-list.Pos
	w.size, w.freq, w.n, w.next = 0, 0, 0, 0
	w.posStart = w.posSize
	if w.err != nil {
		return List{}, w.err
	}
	return list, nil
}

// finishShort writes a list that is not blocked: its documents are all in the
// current block. Readers compute its impact.
func (w *Writer) finishShort(list *List) {
	if !w.setGaps() {
		return
	}
	out := w.scratch[:0]
	for i, freq := range w.freqs[:w.n] {
		gap := uint64(w.gaps[i]) << 1
		switch {
		case freq >= MaxFreq:
			w.fail("frequency %d", freq+1)
			return
		case freq == 0:
			out = binary.AppendUvarint(out, gap|1)
		default:
			out = binary.AppendUvarint(out, gap)
			out = binary.AppendUvarint(out, uint64(freq-1))
		}
	}
	w.scratch = out
	if w.n == 1 {
		list.Doc = w.docs[0]
	} else {
		w.postSize += w.send(w.post, out)
	}
	if w.pos == nil {
		return
	}
	if len(w.tokens) == 0 {
		for _, d := range w.deltas[:w.nDeltas] {
			if d > MaxPosition {
				w.fail("positions that fall, or above %d", MaxPosition)
			}
			w.packed = binary.AppendUvarint(w.packed, uint64(d))
		}
		w.nDeltas = 0
	} else if w.nDeltas > 0 {
		w.packDeltas()
	}
	w.flushChunk()
}

// finishBlocked writes columns and payload.
func (w *Writer) finishBlocked() {
	if w.err != nil {
		return
	}
	flags, stored := byte(0), []byte(nil)
	if w.pos != nil {
		flags |= flagPositions
	}
	if storesWindows(w.size, len(w.bounds.windows)) {
		flags |= flagWindows
		stored = w.bounds.windows
	}
	c := &w.columns
	end, posEnd := narrow(c.end, &flags, shiftEnd), narrow(c.posEnd, &flags, shiftPosEnd)
	head := w.bounds.appendHead(append(w.scratch[:0], flags), w.size)
	w.scratch = head
	for _, part := range [][]byte{head, c.last, end, posEnd, c.impacts, stored, w.payload} {
		w.postSize += w.send(w.post, part)
	}
	c.last, c.end, c.posEnd, c.impacts, w.payload = c.last[:0], c.end[:0], c.posEnd[:0], c.impacts[:0], w.payload[:0]
	w.bounds.reset()
}

func (w *Writer) send(to io.Writer, p []byte) uint64 {
	if w.err == nil && len(p) > 0 {
		if _, err := to.Write(p); err != nil {
			w.err = fmt.Errorf("postings: write: %w", err)
		}
	}
	return uint64(len(p))
}

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("postings: write: "+format, args...)
	}
}
