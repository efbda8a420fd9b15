package postings

import (
	"encoding/binary"
	"math/bits"

	"github.com/trawlsearch/trawl/index/bitpack"
)

// What exceptions or a bitset must save, in bytes of a block, to be used: they take
// time to decode.
const (
	worthDocs      = 8
	worthFreqs     = 4
	worthPositions = 4
	worthBitset    = -16 // it costs 16 bytes to be as fast as a bitset is in a conjunction
)

// appendBlock encodes the documents, whose gaps are set, and the frequencies of the
// current block.
func (w *Writer) appendBlock(dst []byte) []byte {
	first, last := w.next, w.docs[w.n-1]
	docToken, _ := chooseToken(&w.gaps, w.n, worthDocs) // only one of them can take 32 bits
	freqToken, top := chooseToken(&w.freqs, w.n, worthFreqs)
	if top > maxFreqWidth {
		w.fail("a frequency is 0, or above %d", MaxFreq)
	}
	words := uint64(bitsetWords(first, last))
	if docToken != 0 && 8*words <= uint64(packedSize(w.n, docToken)-worthBitset) {
		dst = append(dst, tokenBitset, freqToken)
		dst = appendBitset(dst, w.docs[:w.n], first)
	} else {
		dst = append(dst, docToken, freqToken)
		dst = appendPacked(dst, &w.gaps, w.n, docToken)
	}
	return appendPacked(dst, &w.freqs, w.n, freqToken)
}

// bitsetWords is how many words of 64 documents a bitset has, from first to last.
func bitsetWords(first, last uint32) uint32 { return (last-first)/64 + 1 }

func appendBitset(dst []byte, docs []uint32, first uint32) []byte {
	word, at := uint64(0), uint32(0)
	for _, doc := range docs {
		for ; (doc-first)/64 > at; at++ {
			dst = binary.LittleEndian.AppendUint64(dst, word)
			word = 0
		}
		word |= 1 << ((doc - first) % 64)
	}
	return binary.LittleEndian.AppendUint64(dst, word)
}

// bitsetEnds tells whether the last bit of a bitset is that of the document last.
func bitsetEnds(set []byte, first, last uint32) bool {
	word := binary.LittleEndian.Uint64(set[len(set)-8:])
	return uint32(bits.Len64(word)) == (last-first)%64+1
}

// ramp is 0, 1, 2 …: documents side by side.
var ramp = func() (v [BlockLen]uint32) {
	for i := range v {
		v[i] = uint32(i)
	}
	return v
}()

// decodeGaps decodes n documents behind before. ok is false if they may not rise: the
// gaps of a block could add up to more than 2^32.
func decodeGaps(docs *[BlockLen]uint32, src []byte, n int, token byte, before uint32) (ok bool) {
	if token == 0 {
		*docs = ramp
		bitpack.Add(docs, before+1)
		return true
	}
	width, exceptions := splitToken(token)
	bitpack.UnpackDelta1(docs, whole(src, n, width), n, width, before)
	if exceptions == 0 {
		return width <= 24
	}
	at := src[lowSize(n, width):][:2*exceptions]
	bitpack.AddTails(docs, at[:exceptions], at[exceptions:], width)
	return width <= 20 // 128 gaps below 2^20, and 7 below 2^28
}
