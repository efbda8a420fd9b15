package postings

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/trawlsearch/trawl/index/bitpack"
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
	docs, freq uint64
	last       uint32 // document added last
	posStart   uint64
	columns    columns
	payload    []byte
	levels     *levels // nil: none, and every impact is 255
	most       uint8   // highest level
	counts     [256]uint32
	windows    []byte // impacts by window of the segment

	// The current block.
	n       int
	docsOf  [BlockLen]uint32
	gaps    [BlockLen]uint32 // less 1
	freqs   [BlockLen]uint32 // less 1
	norms   [BlockLen]uint8
	deltas  [bitpack.N]uint32 // positions not yet packed
	nDeltas int
	widths  []byte // of the packed sub-blocks of the chunk
	packed  []byte
	head    []byte
}

type columns struct{ last, end, posEnd, impacts []byte }

// NewWriter starts at offset 0 of both streams. A nil pos means that the field
// keeps no positions. Of the impacts, k is K by norm; nil: every impact is 255.
// maxDoc is the number of documents of the segment.
func NewWriter(post, pos io.Writer, k *[256]float32, maxDoc uint32) *Writer {
	return &Writer{
		post: post, pos: pos, last: None, maxDoc: maxDoc,
		levels: newLevels(k), windows: make([]byte, windows(maxDoc)),
	}
}

// Add adds a document to the current list. Documents strictly rise; freq is
// 1..MaxFreq; positions, if the field keeps them, are freq many and do not fall,
// and are not kept. The norm is that of the document in this field. What is
// wrong is said by Finish.
func (w *Writer) Add(doc, freq uint32, norm uint8, positions []uint32) {
	gap := doc - w.last - 1 // None + 1 is 0: the first gap counts from -1
	switch {
	case w.err != nil:
		return
	case doc >= w.maxDoc || w.docs > 0 && doc <= w.last:
		w.fail("document %d of %d after %d", doc, w.maxDoc, w.last)
		return
	case freq == 0 || freq > MaxFreq:
		w.fail("document %d: frequency %d", doc, freq)
		return
	case w.pos != nil && uint32(len(positions)) != freq:
		w.fail("document %d: %d positions for frequency %d", doc, len(positions), freq)
		return
	}
	w.docsOf[w.n] = doc
	w.gaps[w.n], w.freqs[w.n], w.norms[w.n] = gap, freq-1, norm
	w.n++
	w.docs++
	w.freq += uint64(freq)
	w.last = doc
	if w.pos != nil {
		w.addPositions(positions)
	}
	if w.n == BlockLen {
		w.flushBlock()
	}
}

func (w *Writer) addPositions(positions []uint32) {
	var before uint32
	for _, p := range positions {
		if p < before {
			w.fail("document %d: position %d after %d", w.last, p, before)
			return
		}
		w.deltas[w.nDeltas] = p - before
		before = p
		if w.nDeltas++; w.nDeltas == len(w.deltas) {
			w.packDeltas()
		}
	}
}

func (w *Writer) packDeltas() {
	d := w.deltas[:w.nDeltas]
	width := bitpack.Width(d)
	w.widths = append(w.widths, byte(width))
	w.packed = bitpack.Pack(w.packed, d, width)
	w.nDeltas = 0
}

// flushBlock encodes the current block of a list that is blocked, for it is full
// or not the first.
func (w *Writer) flushBlock() {
	gapWidth, freqWidth := bitpack.Width(w.gaps[:w.n]), bitpack.Width(w.freqs[:w.n])
	w.payload = append(w.payload, byte(gapWidth), byte(freqWidth))
	w.payload = bitpack.Pack(w.payload, w.gaps[:w.n], gapWidth)
	w.payload = bitpack.Pack(w.payload, w.freqs[:w.n], freqWidth)
	if w.pos != nil {
		if w.nDeltas > 0 {
			w.packDeltas()
		}
		w.flushChunk()
	}
	posEnd := w.posSize - w.posStart
	if len(w.payload) > math.MaxUint32 || posEnd > math.MaxUint32 {
		w.fail("a list is longer than 4 GiB")
	}
	c := &w.columns
	c.last = binary.LittleEndian.AppendUint32(c.last, w.last)
	c.end = binary.LittleEndian.AppendUint32(c.end, uint32(len(w.payload)))
	if w.pos != nil {
		c.posEnd = binary.LittleEndian.AppendUint32(c.posEnd, uint32(posEnd))
	}
	c.impacts = append(c.impacts, w.impact())
	w.n = 0
}

// impact is that of the current block. It counts the levels of its postings, and
// raises the impacts of their windows.
func (w *Writer) impact() uint8 {
	most := uint8(0)
	for i, doc := range w.docsOf[:w.n] {
		level := uint8(maxLevel)
		if w.levels != nil {
			level = w.levels.of(w.freqs[i]+1, w.norms[i])
			w.counts[level]++
		}
		most = max(most, level)
		window := &w.windows[doc/WindowDocs]
		*window = max(*window, level+1)
	}
	w.most = max(w.most, most)
	return most + 1
}

func (w *Writer) flushChunk() {
	w.posSize += w.send(w.pos, w.widths) + w.send(w.pos, w.packed)
	w.widths, w.packed = w.widths[:0], w.packed[:0]
}

// Finish ends the current list, writes it, and says where. The next Add begins
// another. A list without documents is not written: its Docs is 0. After an
// error the Writer is of no use any more.
func (w *Writer) Finish() (List, error) {
	list := List{Docs: uint32(w.docs), Freq: w.freq, Post: w.postSize, Pos: w.posStart}
	switch {
	case w.docs == 0:
	case w.docs < BlockLen:
		w.finishShort(&list)
	default:
		w.finishBlocked()
	}
	list.PostSize, list.PosSize = w.postSize-list.Post, w.posSize-list.Pos
	w.docs, w.freq, w.n, w.last = 0, 0, 0, None
	w.posStart = w.posSize
	if w.err != nil {
		return List{}, w.err
	}
	return list, nil
}

// finishShort writes a list that is not blocked: its documents are all in the
// current block.
func (w *Writer) finishShort(list *List) {
	if w.n == 1 {
		list.Doc = w.last
	} else {
		head := w.head[:0]
		for i, gap := range w.gaps[:w.n] {
			if w.freqs[i] == 0 {
				head = binary.AppendUvarint(head, uint64(gap)<<1|1)
				continue
			}
			head = binary.AppendUvarint(head, uint64(gap)<<1)
			head = binary.AppendUvarint(head, uint64(w.freqs[i]-1))
		}
		w.head = head
		w.postSize += w.send(w.post, head)
	}
	if w.pos == nil {
		return
	}
	if len(w.widths) == 0 {
		for _, d := range w.deltas[:w.nDeltas] {
			w.packed = binary.AppendUvarint(w.packed, uint64(d))
		}
		w.nDeltas = 0
	} else if w.nDeltas > 0 {
		w.packDeltas()
	}
	w.flushChunk()
}

func (w *Writer) finishBlocked() {
	if w.n > 0 {
		w.flushBlock()
	}
	flags := byte(0)
	if w.pos != nil {
		flags |= flagPositions
	}
	c := &w.columns
	stored := []byte(nil)
	if storesWindows(w.docs, len(w.windows)) {
		flags |= flagWindows
		stored = w.windows
	}
	head := append(w.head[:0], flags, w.most+1)
	for _, k := range kths {
		level := uint8(0)
		if w.docs >= 2*uint64(k) {
			level = kthLevel(&w.counts, k)
		}
		head = append(head, level)
	}
	w.head = head
	for _, part := range [][]byte{head, c.last, c.end, c.posEnd, c.impacts, stored, w.payload} {
		w.postSize += w.send(w.post, part)
	}
	c.last, c.end, c.posEnd, c.impacts, w.payload = c.last[:0], c.end[:0], c.posEnd[:0], c.impacts[:0], w.payload[:0]
	w.most = 0
	clear(w.counts[:])
	clear(w.windows)
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
