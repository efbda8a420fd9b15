package index

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/trawlsearch/trawl/index/docvalues"
	"github.com/trawlsearch/trawl/index/internal/gate"
	"github.com/trawlsearch/trawl/index/internal/segfile"
	"github.com/trawlsearch/trawl/index/postings"
	"github.com/trawlsearch/trawl/index/stored"
	"github.com/trawlsearch/trawl/index/termdict"
)

// A Segment is an immutable piece of the index as one snapshot sees it: its
// documents are numbered from 0 to MaxDoc-1, and some of them may be deleted.
// Any number of goroutines; everything it returns lives no longer than the
// snapshot it came from.
type Segment struct {
	*body
	live    liveBits
	deleted uint32

	liveName string // object that holds live; empty if all are live, or not written yet
	liveSize int64
}

// body is what the snapshots of a segment share: the open object.
type body struct {
	name   string
	id     UUID
	object Object
	common *shared
	file   *segfile.File // its chunks are asked for before their bytes are read
	info   segmentInfo
	fields []bodyField
	keys   *docvalues.Keys
	store  *stored.Store
	refs   atomic.Int64 // the object is closed by the last
}

// bodyField is the sections of a field; those that the segment lacks are nil.
type bodyField struct {
	dict   *termdict.Dict
	lists  postings.Source // its Norms are the field's
	norms  *gate.Gate
	column *docvalues.Column
	has    liveBits // nil: all documents that the column has
	hasIt  *gate.Gate
	pairs  pairField
}

// openBody opens a segment object, with one reference to it.
func openBody(ctx context.Context, st Storage, name string, id UUID, docs uint32, size int64, common *shared) (*body, error) {
	o, err := st.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("index: open %s: %w", name, err)
	}
	b := &body{name: name, id: id, object: o, common: common}
	b.refs.Store(1)
	if err := b.read(docs, size, common); err != nil {
		o.Close()
		return nil, fmt.Errorf("index: open %s: %w", name, err)
	}
	common.keeper.add(b)
	return b, nil
}

// read checks the object's frame and its own account of itself, and opens what
// it needs to be searched.
func (b *body) read(docs uint32, size int64, common *shared) error {
	if n := b.object.Size(); n != size {
		return fmt.Errorf("%w: %d bytes, the manifest says %d", ErrCorrupt, n, size)
	}
	file, err := segfile.Open(b.object.Bytes(), segfile.Segment, segfile.Options{Name: b.name, Pager: pagerOf(b.object)})
	if err != nil {
		return err
	}
	b.file = file
	if got := UUID(file.Header().UUID); got != b.id {
		return fmt.Errorf("%w: it is segment %s, not %s", ErrCorrupt, got, b.id)
	}
	if b.info, err = readInfo(file); err != nil {
		return err
	}
	if b.info.Docs != docs {
		return fmt.Errorf("%w: %d documents, the manifest says %d", ErrCorrupt, b.info.Docs, docs)
	}
	return b.openSections(common)
}

// pagerOf is how an object is brought into memory; nil for one that is there.
func pagerOf(o Object) gate.Pager {
	if p, ok := o.(gate.Pager); ok {
		return p
	}
	return nil
}

// readInfo reads what a segment says of itself.
func readInfo(file *segfile.File) (info segmentInfo, err error) {
	data, ok := file.Section(sectionInfo, 0)
	if !ok || len(data) > maxInfoBytes {
		return info, fmt.Errorf("%w: section %s of %d bytes", ErrCorrupt, sectionInfo, len(data))
	}
	if err := file.Gate(sectionInfo, 0).All(); err != nil {
		return info, err
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return info, fmt.Errorf("%w: section %s: %v", ErrCorrupt, sectionInfo, err)
	}
	if err := info.Schema.check(); err != nil {
		return info, fmt.Errorf("%w: section %s: %v", ErrCorrupt, sectionInfo, err)
	}
	if len(info.Fields) != len(info.Schema.Fields) || len(info.Impacts) != len(info.Fields) || len(info.Frequent) > len(info.Fields) || info.Docs > maxSegmentDocs {
		return info, fmt.Errorf("%w: section %s: %d documents, statistics of %d fields", ErrCorrupt, sectionInfo, info.Docs, len(info.Fields))
	}
	return info, nil
}

func (b *body) openSections(common *shared) error {
	var bad error
	fail := func(section string, field int, err error) {
		if err != nil && bad == nil {
			bad = fmt.Errorf("section %s.%d: %w", section, field, err)
		}
	}
	length := func(section string, field, got int) {
		if got != int(b.info.Docs) {
			fail(section, field, fmt.Errorf("%w: %d documents of %d", ErrCorrupt, got, b.info.Docs))
		}
	}
	open := func(section string, field int, parse func(data []byte, g *gate.Gate) error) {
		if data, ok := b.file.Section(section, uint16(field)); ok {
			fail(section, field, parse(data, b.file.Gate(section, uint16(field))))
		}
	}
	open(sectionKeys, 0, func(data []byte, g *gate.Gate) (err error) {
		if b.keys, err = docvalues.OpenKeys(data, g); err == nil {
			length(sectionKeys, 0, b.keys.Len())
		}
		return err
	})
	open(sectionStored, 0, func(data []byte, g *gate.Gate) (err error) {
		if b.store, err = stored.Open(data, common.cache, g); err == nil {
			length(sectionStored, 0, b.store.Len())
		}
		return err
	})
	if bad == nil && (b.keys == nil || b.store == nil) {
		return fmt.Errorf("%w: no section %s or %s", ErrCorrupt, sectionKeys, sectionStored)
	}
	b.fields = make([]bodyField, len(b.info.Fields))
	for i := range b.fields {
		f := &b.fields[i]
		f.lists.MaxDoc = b.info.Docs
		if b.info.Schema.Fields[i].Kind == Text {
			f.lists.K = b.info.Impacts[i].Table(NormLength)
		}
		open(sectionNorms, i, func(data []byte, g *gate.Gate) error {
			f.lists.Norms, f.norms = data, g
			length(sectionNorms, i, len(data))
			return nil
		})
		open(sectionPost, i, func(data []byte, g *gate.Gate) error { f.lists.Post, f.lists.PostGate = data, g; return nil })
		open(sectionPos, i, func(data []byte, g *gate.Gate) error { f.lists.Pos, f.lists.PosGate = data, g; return nil })
		open(sectionDict, i, func(data []byte, g *gate.Gate) (err error) { f.dict, err = termdict.Open(data, g); return err })
		open(sectionCol, i, func(data []byte, g *gate.Gate) (err error) {
			if f.column, err = docvalues.Open(data, g); err == nil {
				length(sectionCol, i, f.column.Len())
			}
			return err
		})
		open(sectionHas, i, func(data []byte, g *gate.Gate) error {
			f.has, f.hasIt = data, g
			if err := g.Need(uint64(max(len(data)-8, 0)), uint64(min(len(data), 8))); err != nil { // all that check reads
				return err
			}
			if err := f.has.check(b.info.Docs); err != nil {
				return fmt.Errorf("%w: %v", ErrCorrupt, err)
			}
			return nil
		})
	}
	for i, f := range b.fields {
		if f.dict != nil && (f.lists.Post == nil || b.info.Schema.Fields[i].Kind == Text && f.lists.Norms == nil) {
			fail(sectionDict, i, fmt.Errorf("%w: its postings or norms are absent", ErrCorrupt))
		}
		fail(sectionPairs, i, b.openPairs(i))
	}
	return bad
}

// acquire takes another reference. The caller has one, or a lock that keeps
// another from being given back.
func (b *body) acquire() *body {
	b.refs.Add(1)
	return b
}

func (b *body) release() {
	switch n := b.refs.Add(-1); {
	case n == 0:
		b.common.keeper.drop(b)
		b.store.Close()
		b.object.Close()
	case n < 0:
		panic("index: a segment was released more often than acquired")
	}
}

// Name is the object of the segment.
func (g *Segment) Name() string { return g.name }

// Bytes is the size of the object.
func (g *Segment) Bytes() int64 { return g.object.Size() }

// MaxDoc is the number of documents, the deleted included: all documents are
// below it.
func (g *Segment) MaxDoc() uint32 { return g.info.Docs }

// Docs is the number of live documents.
func (g *Segment) Docs() uint32 { return g.info.Docs - g.deleted }

// Live tells whether a document, below MaxDoc, is not deleted.
func (g *Segment) Live(doc uint32) bool { return g.live.has(doc) }

// LiveBits is the live documents as a bitmap (document d is bit d%8 of byte d/8;
// whole words of 64), nil if no document is deleted.
func (g *Segment) LiveBits() []byte { return g.live }

// Key is the key of a document, below MaxDoc.
func (g *Segment) Key(doc uint32) Key { return g.keys.Get(doc) }

// Find is the live document with a key. If it finds none, that counts unless Err
// says otherwise.
func (g *Segment) Find(k Key) (uint32, bool) {
	doc, ok := g.keys.Find(k)
	return doc, ok && g.live.has(doc)
}

// field returns the parts of a field; all are nil if the segment lacks it.
func (g *Segment) field(field int) *bodyField {
	if field < 0 || field >= len(g.fields) {
		return new(bodyField)
	}
	return &g.fields[field]
}

// Norms is one byte a document of a Text field, or nil if no document has it. They
// are brought in whole, a byte a document: a search reads them all over.
func (g *Segment) Norms(field int) []byte {
	f := g.field(field)
	if !f.norms.Ready(0, uint64(len(f.lists.Norms))) {
		return make([]byte, len(f.lists.Norms)) // of any length, for Err spoils the result
	}
	return f.lists.Norms
}

// Impacts is the constants of the impacts of a Text field; zero for others.
func (g *Segment) Impacts(field int) postings.Impacts {
	if field < 0 || field >= len(g.info.Impacts) {
		return postings.Impacts{}
	}
	return g.info.Impacts[field]
}

// Postings puts c before the documents that hold the term in the field, deleted
// ones included, or tells that there are none. Of a Keyword field the term is the
// whole value.
func (g *Segment) Postings(c *postings.Cursor, field int, term []byte) bool {
	info, ok := g.Lookup(field, term)
	if ok {
		g.PostingsAt(c, field, info)
	}
	return ok
}

// Lookup says where the postings of a term lie, for PostingsAt, and how many
// there are.
func (g *Segment) Lookup(field int, term []byte) (termdict.Info, bool) {
	f := g.field(field)
	if f.dict == nil {
		return termdict.Info{}, false
	}
	return f.dict.Get(g.asTerm(field, term))
}

// PostingsAt puts c before the documents of a term whose Info came from Lookup or
// Terms.
func (g *Segment) PostingsAt(c *postings.Cursor, field int, info termdict.Info) {
	f := g.field(field)
	f.reset(c, &f.lists, info)
}

// reset puts c before a list of the field's.
func (f *bodyField) reset(c *postings.Cursor, lists *postings.Source, info termdict.Info) {
	if info.Docs < postings.BlockLen && !f.norms.Ready(0, uint64(len(lists.Norms))) {
		bare := *lists // short lists make their impacts of norms: then they have none, and Err is set
		bare.Norms = nil
		c.Reset(&bare, postings.List(info))
		return
	}
	c.Reset(lists, postings.List(info))
}

// A FieldList is the postings of a term that a search will read.
type FieldList struct {
	Field int
	Info  termdict.Info
}

// Load brings in what PostingsAt will read of some lists, and the norms of their
// fields, all at the same time: where they are not in memory, a search of five words
// waits once and not ten times. It need not be called. Lists that all begin in
// memory are taken to be there: the question is asked by every search.
func (g *Segment) Load(lists ...FieldList) error {
	if g.begun(lists) {
		return nil
	}
	extents := make([]gate.Extent, 0, 2*len(lists))
	for _, l := range lists {
		f := g.field(l.Field)
		extents = append(extents, f.lists.Extent(postings.List(l.Info)),
			gate.Extent{Gate: f.norms, N: uint64(len(f.lists.Norms))})
	}
	if err := gate.Need(extents...); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// begun tells whether the beginnings of lists are in memory.
func (g *Segment) begun(lists []FieldList) bool {
	for _, l := range lists {
		if !g.field(l.Field).lists.PostGate.Has(l.Info.Post, 1) {
			return false
		}
	}
	return true
}

// DocFreq is the number of documents that hold the term, deleted ones included.
func (g *Segment) DocFreq(field int, term []byte) uint32 {
	info, _ := g.Lookup(field, term)
	return info.Docs
}

// asTerm turns the value of a keyword into its term.
func (g *Segment) asTerm(field int, term []byte) []byte {
	if len(term) <= maxTermBytes || g.info.Schema.kind(field) != Keyword {
		return term
	}
	return keywordTerm(nil, term)
}

// Terms is the terms of a Text or Keyword field, or nil if no document has it.
// The ordinal of a term is its place among them.
func (g *Segment) Terms(field int) *termdict.Dict { return g.field(field).dict }

// Column is the values of an Int field or the ordinals of a Keyword field, or nil
// if no document has it.
func (g *Segment) Column(field int) *docvalues.Column { return g.field(field).column }

// Has tells whether a document has a value in the column of a field.
func (g *Segment) Has(field int, doc uint32) bool {
	f := g.field(field)
	switch {
	case f.column == nil:
		return false
	case g.info.Schema.kind(field) == Keyword:
		return f.column.Get(doc) >= 0
	}
	if at := uint64(doc / 8); !f.hasIt.Has(at, 1) && !f.hasIt.Ready(at, 1) {
		return false
	}
	return f.has.has(doc)
}

// HasBits is the documents that have a value of an Int field, as a bitmap like
// LiveBits; nil means all of them, if there is a Column. What cannot be read is as if
// it were not there, and Err says so.
func (g *Segment) HasBits(field int) []byte {
	f := g.field(field)
	if f.has != nil && !f.hasIt.Ready(0, uint64(len(f.has))) {
		return make([]byte, len(f.has))
	}
	return f.has
}

// FieldStats is how much of a field the segment has, deleted documents included.
func (g *Segment) FieldStats(field int) FieldStats {
	if field < 0 || field >= len(g.info.Fields) {
		return FieldStats{}
	}
	return g.info.Fields[field]
}

// Stored appends the stored values of a document to dst, in the order they were
// put.
func (g *Segment) Stored(doc uint32, dst []StoredValue) ([]StoredValue, error) {
	return g.StoredFields(doc, func(int) bool { return true }, dst)
}

// StoredFields is Stored for the fields that want says: texts of others are not
// copied.
func (g *Segment) StoredFields(doc uint32, want func(field int) bool, dst []StoredValue) ([]StoredValue, error) {
	var scratch [16]stored.Value
	values, err := g.store.Get(doc, scratch[:0])
	if err != nil {
		return dst, fmt.Errorf("index: %s: section %s: document %d: %w", g.name, sectionStored, doc, err)
	}
	for _, v := range values {
		kind := g.info.Schema.kind(v.Field)
		switch {
		case kind == 0:
			return dst, fmt.Errorf("index: %s: section %s: document %d: %w: field %d", g.name, sectionStored, doc, ErrCorrupt, v.Field)
		case kind == Int && len(v.Bytes) != 8:
			return dst, fmt.Errorf("index: %s: section %s: document %d: %w: integer of %d bytes", g.name, sectionStored, doc, ErrCorrupt, len(v.Bytes))
		case !want(v.Field):
		case kind == Int:
			dst = append(dst, StoredValue{Field: v.Field, Int: int64(binary.LittleEndian.Uint64(v.Bytes))})
		default:
			dst = append(dst, StoredValue{Field: v.Field, Text: string(v.Bytes)})
		}
	}
	return dst, nil
}

// Verify compares all checksums of the segment. The error is ErrCorrupt and names
// object, section and chunk.
func (g *Segment) Verify() error {
	if err := g.file.Verify(); err != nil {
		return fmt.Errorf("index: verify %s: %w", g.name, err)
	}
	return nil
}

// Err is the first damage that was met by what returns no error itself: keys, norms,
// columns and dictionaries. Whoever used them asks for it before the result counts.
// It stays: a segment that has an Err gives no more answers from them.
func (g *Segment) Err() error {
	if g.file == nil { // in tests
		return nil
	}
	var errs []error
	if err := g.file.Chunks().Err(); err != nil {
		errs = append(errs, fmt.Errorf("index: %w", err))
	}
	for i := range g.fields {
		if d := g.fields[i].dict; d != nil && d.Err() != nil {
			errs = append(errs, fmt.Errorf("index: %s: section %s.%d: %w", g.name, sectionDict, i, d.Err()))
		}
		if d := g.fields[i].pairs.dict; d != nil && d.Err() != nil {
			errs = append(errs, fmt.Errorf("index: %s: section %s.%d: %w", g.name, sectionPairs, i, d.Err()))
		}
	}
	return errors.Join(errs...)
}
