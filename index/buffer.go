package index

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/trawlsearch/trawl/analysis"
)

const (
	// deadDoc is where remap sends documents that a segment does not get.
	deadDoc = math.MaxUint32

	// maxDocumentBytes and maxDocumentValues bound one document, so that one
	// Put cannot outgrow the budget by more than some ten times this, and all
	// of it can be stored (stored.MaxDocBytes).
	maxDocumentBytes  = 12 << 20
	maxDocumentValues = 64 << 10

	// maxScratchTokens bounds the tokens of one value that are kept for the
	// next: 40 bytes each.
	maxScratchTokens = 64 << 10

	// maxAnalyzers bounds the languages at hand: documents name them, and
	// documents come from strangers.
	maxAnalyzers = 64

	keyEntryBytes = 48 // of a map[Key]uint32, at its growth
	rankBytes     = 24 // of a term while a flush sorts the vocabulary
)

// A buffer holds documents in memory until they are flushed to a segment. Its
// size is known to the byte, but for the maps. One goroutine.
type buffer struct {
	schema Schema
	keys   []Key          // by document
	dead   []bool         // by document: replaced or deleted since
	byKey  map[Key]uint32 // the live ones
	fields []bufferField
	stored storedBuffer
	pool   *chunkPool

	analyzers map[string]*analysis.Analyzer
	tokens    []analysis.Token // scratch of put
	values    []Value
}

// bufferField is what the buffer has of one field. Which parts are used depends
// on the field's kind.
type bufferField struct {
	terms  *vocab
	stream stream
	norms  []byte // by document, up to the last that has the field

	ints intColumn

	// Of the document that is being put.
	begun  bool
	next   uint32 // position where its next value begins
	length uint32
}

// intColumn is the integers of the documents that have one, in their order.
type intColumn struct {
	docs   []uint32
	values []int64
}

func (c *intColumn) bytes() int64 { return 4*int64(cap(c.docs)) + 8*int64(cap(c.values)) }

func newBuffer(schema Schema) *buffer {
	b := &buffer{
		schema:    schema,
		fields:    make([]bufferField, len(schema.Fields)),
		pool:      new(chunkPool),
		analyzers: map[string]*analysis.Analyzer{},
	}
	for i := range b.fields {
		if schema.Fields[i].Kind.hasTerms() {
			b.fields[i].terms = newVocab()
			b.fields[i].stream.pool = b.pool
		}
	}
	b.reset()
	return b
}

// reset empties the buffer for the next segment.
func (b *buffer) reset() {
	b.keys, b.dead, b.byKey = nil, nil, map[Key]uint32{}
	b.stored.reset()
	for i := range b.fields {
		f := &b.fields[i]
		if f.terms != nil {
			f.terms.reset()
			f.stream.reset()
		}
		f.norms, f.ints = nil, intColumn{}
	}
}

// docs is the number of documents put, dead ones included.
func (b *buffer) docs() int { return len(b.keys) }

// bytes is the memory held, what flushing it takes for its terms included.
func (b *buffer) bytes() int64 {
	n := int64(cap(b.keys))*int64(len(Key{})) + int64(cap(b.dead)) + int64(len(b.byKey))*keyEntryBytes
	n += b.stored.bytes() + b.pool.bytes()
	for i := range b.fields {
		f := &b.fields[i]
		if f.terms != nil {
			n += f.terms.bytes() + int64(f.terms.terms())*rankBytes
		}
		n += int64(cap(f.norms)) + f.ints.bytes()
	}
	return n
}

// check refuses a document that put could not take whole.
func (b *buffer) check(d *Document) error {
	size := 0
	for _, v := range d.Values {
		if b.schema.kind(v.Field) == 0 {
			return fmt.Errorf("index: put %s: no field %d in a schema of %d", d.Key, v.Field, len(b.schema.Fields))
		}
		size += len(v.Text)
	}
	if size > maxDocumentBytes || len(d.Values) > maxDocumentValues {
		return fmt.Errorf("index: put %s: %d values of %d bytes: more than a document may have", d.Key, len(d.Values), size)
	}
	return nil
}

// remove marks the live document of a key as dead.
func (b *buffer) remove(k Key) {
	if doc, ok := b.byKey[k]; ok {
		b.dead[doc] = true
		delete(b.byKey, k)
	}
}

// put adds a document that check has passed, in the place of another of its key.
func (b *buffer) put(d *Document) {
	b.remove(d.Key)
	doc := uint32(len(b.keys))
	b.keys = append(b.keys, d.Key)
	b.dead = append(b.dead, false)
	b.byKey[d.Key] = doc

	b.values = b.values[:0]
	for _, v := range d.Values {
		spec := b.schema.Fields[v.Field]
		if spec.kept() {
			b.values = append(b.values, v)
		}
		f := &b.fields[v.Field]
		switch spec.Kind {
		case Text:
			f.addText(doc, b.analyze(d.Lang, v.Text))
		case Keyword:
			f.addKeyword(doc, v.Text)
		case Int:
			f.addInt(doc, v.Int)
		}
	}
	b.stored.add(b.schema, b.values)
	for _, v := range d.Values {
		b.fields[v.Field].end(doc)
	}
	if cap(b.tokens) > maxScratchTokens {
		b.tokens = nil
	}
}

// analyze returns the tokens of a text; they live until the next call.
func (b *buffer) analyze(lang, text string) []analysis.Token {
	if lang == "" {
		lang = b.schema.Lang
	}
	a := b.analyzers[lang]
	if a == nil {
		if len(b.analyzers) >= maxAnalyzers {
			clear(b.analyzers)
		}
		a = analysis.For(lang)
		b.analyzers[lang] = a
	}
	b.tokens = a.Tokens(b.tokens[:0], text)
	return b.tokens
}

// addText adds the tokens of one value behind those of the values before it.
func (f *bufferField) addText(doc uint32, tokens []analysis.Token) {
	if len(tokens) == 0 {
		return
	}
	f.begin(doc)
	base := f.next
	for i := range tokens {
		t := &tokens[i]
		pos := base + t.Pos
		if t.Pos > maxPosition || pos > maxPosition || f.length >= maxPosition {
			f.next = maxPosition + 1 // nothing follows
			return
		}
		term := t.Term
		if len(term) > maxTermBytes {
			term = term[:maxTermBytes]
		}
		f.stream.add(f.terms.add(term), pos)
		f.length++
	}
	f.next = base + tokens[len(tokens)-1].Pos + 1 + valueGap
}

// addKeyword adds one value as a term. An empty one is none.
func (f *bufferField) addKeyword(doc uint32, value string) {
	if value == "" || f.length >= maxPosition {
		return
	}
	f.begin(doc)
	var scratch [maxTermBytes]byte
	f.stream.add(f.terms.add(keywordTerm(scratch[:0], value)), 0)
	f.length++
}

// addInt keeps the first integer of a document.
func (f *bufferField) addInt(doc uint32, v int64) {
	if n := len(f.ints.docs); n > 0 && f.ints.docs[n-1] == doc {
		return
	}
	f.ints.docs = append(f.ints.docs, doc)
	f.ints.values = append(f.ints.values, v)
}

func (f *bufferField) begin(doc uint32) {
	if !f.begun {
		f.stream.begin(doc)
		f.begun = true
	}
}

// end closes the document's part of the field; more than once does no harm.
func (f *bufferField) end(doc uint32) {
	if !f.begun {
		return
	}
	for uint32(len(f.norms)) < doc {
		f.norms = append(f.norms, 0)
	}
	f.norms = append(f.norms, normOf(f.length))
	f.begun, f.next, f.length = false, 0, 0
}

// keywordTerm appends the term of a keyword: itself, or, if it is longer than
// terms may be, its beginning and a digest of the whole.
func keywordTerm[T string | []byte](dst []byte, value T) []byte {
	if len(value) <= maxTermBytes {
		return append(dst, value...)
	}
	sum := sha256.Sum256([]byte(value))
	dst = append(dst, value[:maxTermBytes-16]...)
	return hex.AppendEncode(dst, sum[:8])
}

// storedBuffer is the stored values of the documents, in their order:
//
//	{ uvarint values { uvarint field, uvarint length, bytes } } …
//
// in chunks that no document crosses.
type storedBuffer struct {
	chunks  [][]byte
	scratch []byte
	held    int64
}

const storedChunk = 256 << 10

func (s *storedBuffer) reset() { s.chunks, s.held = nil, 0 }

func (s *storedBuffer) bytes() int64 { return s.held + int64(cap(s.scratch)) }

func (s *storedBuffer) add(schema Schema, values []Value) {
	out := binary.AppendUvarint(s.scratch[:0], uint64(len(values)))
	for _, v := range values {
		out = binary.AppendUvarint(out, uint64(v.Field))
		if schema.Fields[v.Field].Kind == Int {
			out = append(out, 8)
			out = binary.LittleEndian.AppendUint64(out, uint64(v.Int))
			continue
		}
		out = append(binary.AppendUvarint(out, uint64(len(v.Text))), v.Text...)
	}
	s.scratch = out[:0]
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+len(out) > cap(s.chunks[last]) {
		chunk := make([]byte, 0, max(storedChunk, len(out)))
		s.chunks = append(s.chunks, chunk)
		s.held += int64(cap(chunk))
		last++
	}
	s.chunks[last] = append(s.chunks[last], out...)
}
