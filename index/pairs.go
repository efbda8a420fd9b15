package index

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/termdict"
)

// # Pairs
//
// A Text field of which Field.Pairs is asked has two more sections:
//
//	pairpost  field  postings with frequencies, without positions
//	pairs     field  where they lie (termdict), by terms a 00 b
//
// and in the info of the segment its frequent words, in their order: at most 54.
// The list of a 00 b holds the documents where a frequent word a stands at some
// position p and a frequent word b at p+1; its frequency is how many such p there
// are. A pair of frequent words that is not in the dictionary never occurs. Impacts
// are made as those of the field's words are, so that they bound a phrase.
//
// A phrase of frequent words is the slowest of all: "to be or not to be" has to look
// at the positions of a third of all tokens. Of 575,642 passages of Wikipedia (415 MB)
// the 64 most frequent words are 39 % of the tokens; their pairs are 3,900, with 6.4
// million postings, and take 5.0 % of an index without stored texts; those of 54 words
// take 4.4 %. Finding them takes 4 % of the time of a flush.
const (
	sectionPairs    = "pairs"
	sectionPairPost = "pairpost"

	frequentBits     = 6   // of the place of such a word
	maxFrequent      = 54  // words of a field whose pairs are kept
	maxFrequentBytes = 100 // of such a word: two and a byte are a term
)

// A pairKey is two frequent words by their places among them, a·55 + b, where 54 is
// every word that is not frequent. Those of frequent words have the order of the terms
// that they stand for, since no frequent word has a zero byte.
type pairKey = uint32

const (
	notFrequent = maxFrequent
	pairStride  = maxFrequent + 1
	pairKeys    = pairStride * pairStride
	noRow       = pairKey(notFrequent * pairStride) // of a word that is not frequent
)

// pairTerm appends the term of a pair.
func pairTerm[T string | []byte](dst []byte, a, b T) []byte {
	dst = append(dst, a...)
	dst = append(dst, 0)
	return append(dst, b...)
}

// mayBeFrequent tells whether a word may be among the frequent: it has to be a part of
// a term, and of the segment's info, which is JSON.
func mayBeFrequent(word []byte) bool {
	return len(word) <= maxFrequentBytes && bytes.IndexByte(word, 0) < 0 && utf8.Valid(word)
}

// tally picks the words with the most tokens, as they come by.
type tally struct{ words []tallied }

type tallied struct {
	tokens uint64
	id     int // of the word: of equals the first stays
}

// wants tells whether a word of so many tokens is among them so far. Most are not.
func (t *tally) wants(tokens uint64) bool {
	return tokens > 0 && (len(t.words) < maxFrequent || t.words[maxFrequent-1].tokens < tokens)
}

// add adds a word that is wanted.
func (t *tally) add(id int, tokens uint64) {
	if len(t.words) == maxFrequent {
		t.words = t.words[:maxFrequent-1]
	}
	at := len(t.words)
	for at > 0 && t.words[at-1].tokens < tokens {
		at--
	}
	t.words = slices.Insert(t.words, at, tallied{tokens, id})
}

// ids returns the words that were picked, in the order of their ids.
func (t *tally) ids() []int {
	var ids []int
	for _, w := range t.words {
		ids = append(ids, w.id)
	}
	slices.Sort(ids)
	return ids
}

// eachPair calls fn with the pairs of words of which some stand at one position and
// the others at the next: bit i is frequent word i.
func eachPair(at, next uint64, fn func(key pairKey)) {
	for ; at != 0 && next != 0; at &= at - 1 {
		a := bits.TrailingZeros64(at)
		for rest := next; rest != 0; rest &= rest - 1 {
			fn(pairKey(a*pairStride + bits.TrailingZeros64(rest)))
		}
	}
}

// A pairWriter writes the pairs of one field. The lists go to the object at once; the
// dictionary, of at most 2,916 terms, waits in memory.
type pairWriter struct {
	w     *segmentWriter
	field int
	words []string
	lists *postings.Writer
	dict  *termdict.Builder
	out   bytes.Buffer // of dict
	term  []byte

	anyOrder bool     // documents of a pair come in any order, and then wait for its end:
	loose    []uint64 // document << 32 | frequency << 8 | norm

	n     int // documents of the current pair that wait:
	docs  [postings.BlockLen]uint32
	freqs [postings.BlockLen]uint32
	norms [postings.BlockLen]uint8
}

// pairs begins the pairs of a field, whose terms were written.
func (w *segmentWriter) pairs(field int, words []string) *pairWriter {
	for len(w.info.Frequent) < len(w.info.Fields) {
		w.info.Frequent = append(w.info.Frequent, nil)
	}
	w.info.Frequent[field] = words
	p := &pairWriter{w: w, field: field, words: words}
	p.dict = termdict.NewBuilder(&p.out)
	k := w.info.Impacts[field].Table(NormLength)
	p.lists = postings.NewWriter(w.section(sectionPairPost, field), nil, k, w.info.Docs)
	return p
}

// add adds a document to the current pair.
func (p *pairWriter) add(doc, freq uint32, norm byte) {
	if p.anyOrder {
		p.loose = append(p.loose, uint64(doc)<<32|uint64(freq)<<8|uint64(norm))
		return
	}
	p.put(doc, freq, norm)
}

func (p *pairWriter) put(doc, freq uint32, norm byte) {
	i := p.n & (postings.BlockLen - 1)
	p.docs[i], p.freqs[i], p.norms[i] = doc, freq, norm
	if p.n = i + 1; p.n == postings.BlockLen {
		p.flush()
	}
}

func (p *pairWriter) flush() {
	p.lists.AddBlock(p.docs[:p.n], p.freqs[:p.n], p.norms[:p.n], nil)
	p.n = 0
}

// end ends the current pair. Pairs come in their order.
func (p *pairWriter) end(key pairKey) error {
	p.sort()
	p.flush()
	list, err := p.lists.Finish()
	if err != nil || list.Docs == 0 {
		return err
	}
	p.term = pairTerm(p.term[:0], p.words[key/pairStride], p.words[key%pairStride])
	return p.dict.Add(p.term, termdict.Info(list))
}

// sort puts the documents that came in any order; some may have come in parts.
func (p *pairWriter) sort() {
	slices.Sort(p.loose)
	for i, one := range p.loose {
		doc, freq := one>>32, one>>8&(1<<24-1)
		if i+1 < len(p.loose) && p.loose[i+1]>>32 == doc {
			p.loose[i+1] += freq << 8
			continue
		}
		p.put(uint32(doc), uint32(freq), byte(one))
	}
	p.loose = p.loose[:0]
}

// close writes the dictionary.
func (p *pairWriter) close() error {
	if err := p.dict.Finish(); err != nil {
		return err
	}
	_, err := p.w.section(sectionPairs, p.field).Write(p.out.Bytes())
	return err
}

// A pairField is the pairs of a field as a segment has them; the zero pairField
// knows none.
type pairField struct {
	words []string // the frequent ones, in their order
	dict  *termdict.Dict
	lists postings.Source
}

// checkFrequent is the gate of what a segment says of its frequent words.
func checkFrequent(words []string) error {
	if len(words) > maxFrequent {
		return fmt.Errorf("%w: %d frequent words", ErrCorrupt, len(words))
	}
	for i, word := range words {
		if !mayBeFrequent([]byte(word)) || i > 0 && words[i-1] >= word {
			return fmt.Errorf("%w: frequent word %q", ErrCorrupt, word)
		}
	}
	return nil
}

// openPairs opens the pairs of a field, whose other sections are open.
func (b *body) openPairs(field int) (err error) {
	if field >= len(b.info.Frequent) || len(b.info.Frequent[field]) == 0 {
		return nil
	}
	words := b.info.Frequent[field]
	if err := checkFrequent(words); err != nil {
		return err
	}
	f := &b.fields[field]
	dict, haveDict := b.file.Section(sectionPairs, uint16(field))
	post, havePost := b.file.Section(sectionPairPost, uint16(field))
	if !haveDict || !havePost || f.lists.Norms == nil || b.info.Schema.Fields[field].Kind != Text {
		return fmt.Errorf("%w: frequent words, and no postings of pairs or no norms", ErrCorrupt)
	}
	if f.pairs.dict, err = termdict.Open(dict, b.file.Gate(sectionPairs, uint16(field))); err != nil {
		return err
	}
	f.pairs.words, f.pairs.lists = words, f.lists
	f.pairs.lists.Post, f.pairs.lists.PostGate = post, b.file.Gate(sectionPairPost, uint16(field))
	f.pairs.lists.Pos, f.pairs.lists.PosGate = nil, nil
	return nil
}

// place is the place of a frequent word.
func (p *pairField) place(word []byte) (int, bool) {
	low, high := 0, len(p.words)
	for low < high {
		mid := int(uint(low+high) / 2)
		if p.words[mid] < string(word) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(p.words) && p.words[low] == string(word)
}

// get finds a pair; known tells whether both words are frequent.
func (p *pairField) get(a, b []byte) (info termdict.Info, known bool) {
	if len(p.words) == 0 {
		return info, false
	}
	if _, known = p.place(a); known {
		_, known = p.place(b)
	}
	if !known {
		return info, false
	}
	var scratch [2*maxFrequentBytes + 1]byte
	info, _ = p.dict.Get(pairTerm(scratch[:0], a, b))
	return info, true
}

// Pair says where the postings of two words of a Text field lie that stand side by
// side, a and behind it b, for PairAt: their frequency is how often they do in a
// document. known: the segment keeps such pairs, and both are among the field's
// frequent words there; if then info has no documents, they never do. As with Lookup
// that counts unless Err says otherwise.
func (g *Segment) Pair(field int, a, b []byte) (info termdict.Info, known bool) {
	return g.field(field).pairs.get(a, b)
}

// PairAt puts c before the documents of a pair whose Info came from Pair.
func (g *Segment) PairAt(c *postings.Cursor, field int, info termdict.Info) {
	f := g.field(field)
	f.reset(c, &f.pairs.lists, info)
}
