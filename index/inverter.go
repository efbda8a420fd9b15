package index

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"

	"github.com/trawlsearch/trawl/analysis"
	"github.com/trawlsearch/trawl/index/stored"
)

const (
	// maxAnalyzers bounds the languages at hand: documents name them, and
	// documents come from strangers.
	maxAnalyzers = 64

	// maxScratchIDs bounds the ids of one batch of words that are kept for the
	// next.
	maxScratchIDs = 64 << 10

	rankBytes = 24 // of a term while a flush sorts the vocabulary
)

// An inverter turns documents into streams of term ids, and at last into a
// segment. Its size is known to the byte. One goroutine at a time, but for held.
type inverter struct {
	schema Schema
	docs   uint32
	fields []inverterField
	stored storedBuffer
	pool   *chunkPool
	sort   []uint32 // of flushes

	analyzers map[string]*analysis.Analyzer
	ids       []uint32 // scratch of addText
	values    []Value

	held atomic.Int64 // bytes, as of the last document; any goroutine may read it
}

// inverterField is what an inverter has of one field. Which parts are used depends
// on the field's kind.
type inverterField struct {
	terms  *vocab
	forms  map[string]*forms // by language, of those that stem
	stream stream
	ints   intColumn

	// Of the document that is being put.
	begun bool
	next  uint32 // position where its next value begins
}

// forms are the words of a language as they were met, with the terms that its
// stemmer makes of them: it is asked once for each.
type forms struct {
	words *vocab
	term  []uint32 // by word: id of its term, noSlot if it is none
}

func (f *forms) bytes() int64 { return f.words.bytes() + 4*int64(cap(f.term)) }

// intColumn is the integers of the documents that have one, in their order.
type intColumn struct {
	docs   []uint32
	values []int64
}

func (c *intColumn) bytes() int64 { return 4*int64(cap(c.docs)) + 8*int64(cap(c.values)) }

func newInverter(schema Schema) *inverter {
	v := &inverter{
		schema:    schema,
		fields:    make([]inverterField, len(schema.Fields)),
		pool:      new(chunkPool),
		analyzers: map[string]*analysis.Analyzer{},
	}
	for i := range v.fields {
		if schema.Fields[i].Kind.hasTerms() {
			v.fields[i].terms = newVocab()
			v.fields[i].stream.pool = v.pool
		}
	}
	v.reset()
	return v
}

// reset empties the inverter for the next segment.
func (v *inverter) reset() {
	v.docs = 0
	v.stored.reset()
	for i := range v.fields {
		f := &v.fields[i]
		if f.terms != nil {
			f.terms.reset()
			f.stream.reset()
		}
		f.forms, f.ints = nil, intColumn{}
	}
	v.held.Store(v.bytes())
}

// slack is what trim would free.
func (v *inverter) slack() int64 {
	return int64(len(v.pool.free))*chunkBytes + max(0, 4*int64(cap(v.sort))-4*v.mostTokens())
}

// trim gives up memory that is kept for the next documents of the same kind.
func (v *inverter) trim() {
	v.pool.trim()
	v.sort = nil
	v.held.Store(v.bytes())
}

// bytes is the memory held, with what flushing it takes: a word a token and a
// quarter, of the largest field.
func (v *inverter) bytes() int64 {
	n := v.stored.bytes() + v.pool.bytes()
	for i := range v.fields {
		f := &v.fields[i]
		n += f.ints.bytes()
		if f.terms == nil {
			continue
		}
		n += f.terms.bytes() + int64(f.terms.terms())*rankBytes + f.stream.bytes()
		for _, forms := range f.forms {
			n += forms.bytes()
		}
	}
	tokens := v.mostTokens()
	return n + max(4*int64(cap(v.sort)), 4*tokens) + tokens
}

// mostTokens is how many the largest field has.
func (v *inverter) mostTokens() int64 {
	n := uint32(0)
	for i := range v.fields {
		n = max(n, v.fields[i].stream.tokens.n)
	}
	return int64(n)
}

// put adds a document: all are numbered as they come.
func (v *inverter) put(lang string, values []Value) {
	doc := v.docs
	v.docs++
	v.values = v.values[:0]
	for _, value := range values {
		spec := v.schema.Fields[value.Field]
		if spec.kept() {
			v.values = append(v.values, value)
		}
		f := &v.fields[value.Field]
		switch spec.Kind {
		case Text:
			v.addText(f, doc, lang, value.Text)
		case Keyword:
			f.addKeyword(doc, value.Text)
		case Int:
			f.addInt(doc, value.Int)
		}
	}
	v.stored.add(v.schema, v.values)
	for _, value := range values {
		f := &v.fields[value.Field]
		f.begun, f.next = false, 0
	}
	if cap(v.ids) > maxScratchIDs {
		v.ids = nil
	}
	clear(v.values) // the texts are the caller's
}

// analyzer returns the one of a language, empty for the schema's.
func (v *inverter) analyzer(lang string) *analysis.Analyzer {
	a := v.analyzers[lang]
	if a == nil {
		if len(v.analyzers) >= maxAnalyzers {
			clear(v.analyzers)
			for i := range v.fields {
				v.fields[i].forms = nil
			}
		}
		a = analysis.For(lang)
		v.analyzers[lang] = a
	}
	return a
}

// addText adds the words of one value behind those of the values before it.
func (v *inverter) addText(f *inverterField, doc uint32, lang, text string) {
	if lang == "" {
		lang = v.schema.Lang
	}
	a := v.analyzer(lang)
	var known *forms
	if !a.Plain() {
		known = f.forms[lang]
		if known == nil {
			if f.forms == nil {
				f.forms = map[string]*forms{}
			}
			known = &forms{words: newVocab()}
			f.forms[lang] = known
		}
	}
	pos, last := int64(f.next)-1, int64(-1) // of the last word, and of the last that became a token
	a.Begin(text)
	for b := a.Next(); b != nil; b = a.Next() {
		if cap(v.ids) < len(b.Words) {
			v.ids = make([]uint32, len(b.Words))
		}
		ids := v.ids[:len(b.Words)]
		whole := f.lookup(a, known, b, ids)
		if whole && pos+int64(len(ids)) <= maxPosition {
			f.begin(doc)
			if f.stream.length()+uint32(len(ids)) <= maxPosition {
				f.stream.add(ids, uint32(pos+1))
				pos += int64(len(ids))
				last = pos
				continue
			}
		}
		if pos, last = f.addEach(doc, b, ids, pos, last); pos > maxPosition {
			f.next = maxPosition + 1 // nothing follows
			return
		}
	}
	if last >= 0 {
		f.next = uint32(last) + 1 + valueGap
	}
}

// addEach adds the tokens of a batch that has holes or shared positions, or may
// reach the end of positions: then it returns one behind the end.
func (f *inverterField) addEach(doc uint32, b *analysis.Batch, ids []uint32, pos, last int64) (int64, int64) {
	for i, id := range ids {
		if b.Words[i].Kind&analysis.SamePos == 0 {
			pos++
		}
		if id == noSlot {
			continue
		}
		f.begin(doc)
		if pos > maxPosition || f.stream.length() >= maxPosition {
			return maxPosition + 1, last
		}
		f.stream.add(ids[i:i+1], uint32(pos))
		last = pos
	}
	return min(pos, maxPosition), last
}

// lookup finds the term ids of a batch, noSlot for a word that is no term. It
// tells whether all words are terms at positions of their own, in a row.
func (f *inverterField) lookup(a *analysis.Analyzer, known *forms, b *analysis.Batch, ids []uint32) bool {
	switch {
	case !b.Plain:
		for i, w := range b.Words {
			ids[i] = f.lookupOne(a, known, b.Bytes[w.Off:w.Off+uint32(w.Len)], w.Kind)
		}
		return false
	case known == nil:
		f.terms.addWords(b.Bytes, b.Words, ids)
		return true
	}
	known.words.addWords(b.Bytes, b.Words, ids)
	for n := len(known.term); n < known.words.terms(); n++ {
		id := uint32(noSlot)
		if term := a.Term(known.words.term(uint32(n))); term != nil {
			id = f.terms.add(term)
		}
		known.term = append(known.term, id)
	}
	whole := true
	for i, word := range ids {
		ids[i] = known.term[word]
		whole = whole && ids[i] != noSlot
	}
	return whole
}

func (f *inverterField) lookupOne(a *analysis.Analyzer, known *forms, word []byte, kind analysis.WordKind) uint32 {
	if known != nil && len(word) > 0 && kind&analysis.Whole == 0 {
		word = a.Term(word)
	}
	if len(word) == 0 || len(word) > maxTermBytes {
		return noSlot
	}
	return f.terms.add(word)
}

// addKeyword adds one value as a term. An empty one is none.
func (f *inverterField) addKeyword(doc uint32, value string) {
	if value == "" {
		return
	}
	f.begin(doc)
	n := f.stream.length()
	if n >= maxPosition {
		return
	}
	var scratch [maxTermBytes]byte
	id := [1]uint32{f.terms.add(keywordTerm(scratch[:0], value))}
	f.stream.add(id[:], n)
}

// addInt keeps the first integer of a document.
func (f *inverterField) addInt(doc uint32, v int64) {
	if n := len(f.ints.docs); n > 0 && f.ints.docs[n-1] == doc {
		return
	}
	f.ints.docs = append(f.ints.docs, doc)
	f.ints.values = append(f.ints.values, v)
}

func (f *inverterField) begin(doc uint32) {
	if !f.begun {
		f.stream.begin(doc)
		f.begun = true
	}
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

// each calls fn with the values of the documents of order, or of all in theirs if
// that is nil. They live until fn returns.
func (s *storedBuffer) each(order []uint32, fn func(values []stored.Value) error) error {
	var places []storedPlace
	for i, chunk := range s.chunks {
		for at := 0; at < len(chunk); {
			places = append(places, storedPlace{uint32(i), uint32(at)})
			at += skipStored(chunk[at:])
		}
	}
	var values []stored.Value
	one := func(doc uint32) error {
		chunk := s.chunks[places[doc].chunk][places[doc].at:]
		values = appendStored(values[:0], chunk)
		return fn(values)
	}
	if order == nil {
		for doc := range places {
			if err := one(uint32(doc)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, doc := range order {
		if err := one(doc); err != nil {
			return err
		}
	}
	return nil
}

// storedPlace is where the values of a document stand.
type storedPlace struct{ chunk, at uint32 }

// appendStored appends the values of the first document of a chunk.
func appendStored(dst []stored.Value, chunk []byte) []stored.Value {
	take := func() int {
		v, n := binary.Uvarint(chunk)
		chunk = chunk[n:]
		return int(v)
	}
	for n := take(); n > 0; n-- {
		field := take()
		size := take()
		dst = append(dst, stored.Value{Field: field, Bytes: chunk[:size]})
		chunk = chunk[size:]
	}
	return dst
}

// skipStored is the length of the first document of a chunk.
func skipStored(chunk []byte) int {
	at := 0
	take := func() int {
		v, n := binary.Uvarint(chunk[at:])
		at += n
		return int(v)
	}
	for n := take(); n > 0; n-- {
		take() // the field
		size := take()
		at += size
	}
	return at
}
