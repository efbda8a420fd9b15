package analysis

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"
)

// This file is the way of texts into the index: the words that Tokens finds, in
// batches that stay in the first cache, with the stemmer left to who asks for it.
//
// A window of text is classified 64 bytes at a time to bit masks, edges of words
// are the bits where a mask differs from itself shifted, and only words that a
// mask cannot decide (one with an underscore or a byte beyond ASCII, or followed
// by a byte that may join it to the next) are read byte by byte: 2 % of the words
// of English.

// A Word is one word of a Batch. Its position is one behind that of the word
// before, unless Kind says otherwise.
type Word struct {
	Off  uint32 // of its folded bytes in Batch.Bytes
	Len  uint16 // 0: the word is no term, and leaves a hole of one position
	Kind WordKind
}

// A WordKind is a set of bits.
type WordKind uint16

const (
	SamePos WordKind = 1 << iota // the position is that of the word before
	Whole                        // the bytes are the term: Analyzer.Term would be wrong
)

// A Batch is consecutive words of a text. It lives until the next call of Next or
// Begin.
type Batch struct {
	Bytes []byte // at least 8 bytes can be read from each Word.Off on
	Words []Word
	Plain bool // all words have a length, MaxTermBytes at most, and Kind 0
}

const (
	windowBytes = 4 << 10
	windowWords = windowBytes / 2

	// batchWords bounds the words of a batch, but for a single run of a
	// spaceless script.
	batchWords = windowWords + 1

	wordPad   = 16 // bytes that can be read behind the last word
	longShort = 56 // bytes of the longest word that the masks decide
)

// masks are the classes of 64 bytes, a bit for each: letters and digits,
// underscores, what may join words, and what is not ASCII.
type masks struct{ word, under, mid, wide uint64 }

// scan is the state of Begin and Next.
type scan struct {
	words words
	pos   int64 // of the last word, -1 before the first

	batch  Batch
	room   []Word
	bytes  []byte // windowBytes and a pad, then words that are folded one by one
	masks  [windowBytes / 64]masks
	danger [windowBytes/8 + 16]byte // bits of bytes that the masks do not decide
	edges  [windowBytes + 64]uint16
	tokens []Token
}

// Begin starts on a text, whose words Next gives.
func (a *Analyzer) Begin(text string) {
	if len(text) > math.MaxUint32 {
		text = text[:math.MaxUint32]
	}
	if a.scan == nil {
		a.scan = &scan{room: make([]Word, 0, batchWords), bytes: make([]byte, windowBytes+64, windowBytes+1024)}
	}
	a.scan.words = words{text: text, alnum: a.lang.alnum, run: a.scan.words.run}
	a.scan.pos = -1
	a.pos, a.buf = 0, a.buf[:0]
}

// Next returns the next words of the text, or nil at its end.
func (a *Analyzer) Next() *Batch {
	s := a.scan
	s.batch.Plain = true
	s.room, s.bytes = s.room[:0], s.bytes[:windowBytes+64]
	for len(s.room) == 0 {
		if s.words.at >= len(s.words.text) && !s.words.slow {
			return nil
		}
		if s.words.slow || a.lang.dotless {
			a.careful()
			continue
		}
		a.window()
	}
	s.bytes = append(s.bytes, make([]byte, wordPad)...)
	s.batch.Bytes, s.batch.Words = s.bytes, s.room
	if cap(s.room) > 16*batchWords { // a spaceless run like a book: once is enough
		s.room, s.bytes = make([]Word, 0, batchWords), make([]byte, windowBytes+64, windowBytes+1024)
	}
	return &s.batch
}

// Plain tells whether every folded word is its own term, if it is not longer than
// terms may be: then Term need not be asked.
func (a *Analyzer) Plain() bool {
	return a.lang.stem == nil && !a.lang.possessive && len(a.lang.elided) == 0
}

// Term is the term of a folded word, nil if it is none. It lives until the
// Analyzer is used again.
func (a *Analyzer) Term(word []byte) []byte {
	a.buf = append(a.buf[:0], word...)
	return a.finish(a.buf)
}

// window adds the words of the next window of the text, or of as much of it as
// can be decided there.
func (a *Analyzer) window() {
	s := a.scan
	base := s.words.at
	text := s.words.text[base:]
	last := len(text) <= windowBytes
	text = text[:min(len(text), windowBytes)]
	n := len(text)
	edges := s.edges[:s.classify(text)]
	limit := n + 1
	if !last {
		limit = n - 1 // the word, and the byte behind it, is within the window
	}
	done := 0 // all before is done
	at := len(s.room)
	room := s.room[:cap(s.room)]
	for i := 0; i+1 < len(edges); i += 2 {
		start, end := int(edges[i]), int(edges[i+1])
		if start < done {
			continue
		}
		if end >= limit && start > 0 || at >= windowWords {
			s.room = room[:at]
			s.words.at = base + start
			return
		}
		length := end - start
		danger := binary.LittleEndian.Uint64(s.danger[start>>3:]) >> (start & 7)
		if uint(length) > longShort || danger<<((63-length)&63) != 0 {
			s.room = room[:at]
			s.words.at = base + start
			if !a.run(base+end) || s.words.slow {
				return
			}
			done = s.words.at - base
			at, room = len(s.room), s.room[:cap(s.room)]
			continue
		}
		room[at] = Word{Off: uint32(start), Len: uint16(length)}
		at++
		s.pos++
	}
	s.room = room[:at]
	s.words.at = max(s.words.at, base+n)
}

// classify puts the window in lower case into s.bytes, marks what is in danger,
// and writes the edges of runs: where each begins and ends. It returns how many.
func (s *scan) classify(text string) int {
	whole := len(text) &^ 63
	classes(s.bytes, text[:whole], s.masks[:])
	groups := whole / 64
	if rest := len(text) - whole; rest > 0 {
		var tail [64]byte
		copy(tail[:], text[whole:])
		classes(s.bytes[whole:], unsafe.String(&tail[0], len(tail)), s.masks[groups:])
		groups++
	}
	count := 0
	carry := uint64(0) // whether the byte before was of a run
	for i := range groups {
		m := &s.masks[i]
		if s.words.alnum {
			m.under, m.mid = 0, 0
		}
		odd := m.under | m.wide
		run := m.word | odd
		next := run >> 1
		if i+1 < groups {
			after := &s.masks[i+1]
			first := after.word | after.wide
			if !s.words.alnum {
				first |= after.under
			}
			next |= first << 63
		}
		binary.LittleEndian.PutUint64(s.danger[8*i:], odd|m.mid&next)
		edge := run ^ (run<<1 | carry)
		carry = run >> 63
		left := bits.OnesCount64(edge)
		out := s.edges[count:]
		for j := 0; j < left; j += 4 {
			four := out[j : j+4 : j+4]
			four[0] = uint16(64*i + bits.TrailingZeros64(edge))
			edge &= edge - 1
			four[1] = uint16(64*i + bits.TrailingZeros64(edge))
			edge &= edge - 1
			four[2] = uint16(64*i + bits.TrailingZeros64(edge))
			edge &= edge - 1
			four[3] = uint16(64*i + bits.TrailingZeros64(edge))
			edge &= edge - 1
		}
		count += left
	}
	binary.LittleEndian.PutUint64(s.danger[8*groups:], 0)
	if count&1 != 0 { // the text ends with a run
		s.edges[count] = uint16(len(text))
		count++
	}
	return count
}

// run adds the words of the run that the text is at and which seems to end at end.
// It is false where the batch is full.
func (a *Analyzer) run(end int) bool {
	w := &a.scan.words
	if !a.lang.alnum {
		a.careful() // the run is one word, or a run of the segmenter's
		return len(a.scan.room) < windowWords
	}
	for end < len(w.text) && class[w.text[end]]&(letter|digit|wide) != 0 {
		end++
	}
	text := w.text
	w.text = text[:end] // it may hold several words, and the last is not to be passed
	for a.careful() {
	}
	w.text = text
	return len(a.scan.room) < windowWords
}

// careful adds the next word of the text, and all that follow of a run that the
// segmenter has in hand. It is false where the batch is full or the text at its end.
func (a *Analyzer) careful() bool {
	s := a.scan
	w := &s.words
	for len(s.room) < windowWords && w.next() {
		switch {
		case w.spaceless:
			a.spaceless()
		case w.end-w.start > 4*MaxTermBytes: // folding makes no word four times shorter
			s.put(0, 0)
			s.batch.Plain = false
			a.pos++
		default:
			from := len(s.bytes)
			if word := w.text[w.start:w.end]; w.ascii {
				s.bytes = lowerASCII(s.bytes, word, a.lang.dotless)
			} else {
				s.bytes = a.foldWord(s.bytes, word)
			}
			s.put(from, 0)
			a.pos++
		}
		if !w.slow && !a.lang.dotless {
			return true
		}
	}
	return false
}

// put adds the word of the bytes from on, one position behind the last.
func (s *scan) put(from int, kind WordKind) {
	n := len(s.bytes) - from
	if from == 0 {
		n = 0
	}
	if n == 0 || n > MaxTermBytes || kind != 0 {
		s.batch.Plain = false
	}
	s.room = append(s.room, Word{Off: uint32(from), Len: uint16(n), Kind: kind})
	if kind&SamePos == 0 {
		s.pos++
	}
}

// spaceless adds the pairs of a run of a spaceless script.
func (a *Analyzer) spaceless() {
	s := a.scan
	a.buf = a.buf[:0]
	a.pos = uint32(s.pos + 1)
	s.tokens = a.pairs(s.tokens[:0], &s.words, true)
	for i := range s.tokens {
		t := &s.tokens[i]
		for int64(t.Pos) > s.pos+1 {
			s.put(0, 0)
		}
		kind := Whole
		if int64(t.Pos) == s.pos {
			kind |= SamePos
		}
		from := len(s.bytes)
		s.bytes = append(s.bytes, t.Term...)
		s.put(from, kind)
	}
	for int64(a.pos) > s.pos+1 {
		s.put(0, 0)
	}
	if cap(s.tokens) > 16*batchWords {
		s.tokens, a.buf = nil, nil
	}
}

// classesPlain is the plain twin of the vector code.
func classesPlain(folded []byte, text string, out []masks) {
	for i := range len(text) / 64 {
		var m masks
		low := folded[64*i:][:64]
		for j, c := range []byte(text[64*i:][:64]) {
			k := class[c]
			bit := uint64(1) << j
			switch {
			case k&(letter|digit) != 0:
				m.word |= bit
				if 'A' <= c && c <= 'Z' {
					c += 'a' - 'A'
				}
			case k == 0:
			case k == underscore:
				m.under |= bit
			case k == wide:
				m.wide |= bit
			default:
				m.mid |= bit
			}
			low[j] = c
		}
		out[i] = m
	}
}
